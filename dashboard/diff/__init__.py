"""Two runs, or two groups of seeds, beside each other: what is different, since when, and whether it means anything."""
