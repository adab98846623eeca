"""What commands print and ask of many runs alike: numbers with their nouns and units, names by pattern."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence


def so_many(count: int, noun: str) -> str:
    """1 run, 2 runs, 1,000 runs."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def so_large(size: int) -> str:
    """Bytes in three digits, as the page has them: 812 B, 1.24 MB."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.{max(0, 2 - (size >= 10 * unit) - (size >= 100 * unit))}f} {name}"
    return f"{size} B"


def is_meant(name: str, asked: Sequence[str]) -> bool:
    """Whether a run is among those that are asked for, by its name or by a pattern."""
    return any(name == each or fnmatch.fnmatchcase(name, each) for each in asked)
