"""Which settings led where."""
