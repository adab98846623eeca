"""Frameworks that can log to us; each file imports its own when it is used."""
