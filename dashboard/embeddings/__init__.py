"""Embeddings: projections, and maps that take minutes."""
