"""Studies: models tuned alike, compared in pairs over seeds, and judged by rules written before the runs."""
