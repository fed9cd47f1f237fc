"""Studies: models tuned alike, evaluated over fresh seeds in pairs, and judged by the rules written before the runs."""
