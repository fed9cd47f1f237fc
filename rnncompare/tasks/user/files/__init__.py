"""Files and frames as tables, arrays and texts, before anything in them has a meaning."""
