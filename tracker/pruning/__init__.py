"""Pruning: what of finished runs is let go, chosen by rules and taken out of their files."""
