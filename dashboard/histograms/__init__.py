"""Distributions of tensors, from sketches to what a picture of them shows."""
