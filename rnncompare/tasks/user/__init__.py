"""Loaders: readers of the file formats that real data come in, and what tasks on them share."""
