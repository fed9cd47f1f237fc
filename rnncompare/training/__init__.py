"""Training: settings, the loop, checkpoints, and one experiment from settings to record."""
