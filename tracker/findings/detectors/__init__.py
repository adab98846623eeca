"""A file a kind: its definition, its thresholds with their reasons, its source, and the function that finds it."""
