"""Curves of many runs: read, worked out, and made as narrow as a chart."""
