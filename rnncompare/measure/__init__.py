"""Measurement: time, memory, load, and processes that share nothing."""
