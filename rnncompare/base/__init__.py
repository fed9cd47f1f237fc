"""What everything else stands on: errors, the machine, signals, isolated processes, resources of the package."""
