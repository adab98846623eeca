"""Computational graphs, in pieces that a page can hold."""
