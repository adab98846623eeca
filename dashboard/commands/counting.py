"""Numbers with their nouns, as commands print them."""

from __future__ import annotations


def so_many(count: int, noun: str) -> str:
    """1 run, 2 runs, 1,000 runs."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
