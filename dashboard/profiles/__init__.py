"""Profiles: traces as columns, what they say in plain words, and the interface to them."""
