"""A run in so many words: what it is, where it stands, what changed and what is wrong, for scripts and agents."""
