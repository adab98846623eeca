"""The free windows of a run: what is shown in them, and what comes back from there."""
