"""Figures: each is a matplotlib Figure made by one function from a table, saved as PNG and SVG by `svg`."""
