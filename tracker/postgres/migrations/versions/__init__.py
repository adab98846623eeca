"""A file for each step, applied in order; one that was released never changes."""
