"""Settings composed from the words of a command line, as Hydra understands them."""
