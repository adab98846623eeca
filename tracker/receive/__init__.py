"""Receiving: segments that were written elsewhere, taken into a folder or a database, whoever brings them."""
