"""What everything else stands on: errors, the machine, signals, isolated processes, resources shipped with the package."""
