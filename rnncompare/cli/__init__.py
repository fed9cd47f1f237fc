"""The command line: Hydra's application, what is printed, and data described in words."""
