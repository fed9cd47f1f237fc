"""What everything else uses: errors, the machine, signals, isolated processes, resources of the package."""
