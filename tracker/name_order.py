"""The order of names: runs and tags as people count, `m2` before `m12`. The page's text/name_order.js says the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_NUMBERS = re.compile(r"(?<![A-Za-z0-9./])([0-9]+)\.([0-9]+)(?![0-9]|\.[0-9])|[0-9]+")
"""Decimals, as of lr=0.15, which is less than lr=0.2; and whole numbers: in layer3.10.weight layers are counted."""


@lru_cache(maxsize=1 << 15)  # a thousand runs of one sweep have the same hundred tags
def name_order(name: str) -> tuple[str, str]:
    """A key for `sorted`: by characters, as they stand in Unicode, but numbers in a name by their size.

    Where the numbers are the same, as in `m1` and `m01`, the names themselves decide: no two names are equal.
    """
    return _NUMBERS.sub(_by_size, name), name


def _by_size(number: re.Match[str]) -> str:
    """A number as a text that is less the smaller it is, and beside other characters stands where digits do."""
    whole, fraction = number[1] or number[0], number[2]
    digits = whole.lstrip("0")
    return f"0{chr(min(len(digits), 0xD7FF))}{digits}" + (f".{fraction}" if fraction else "")


def naturally(names: Iterable[str]) -> list[str]:
    """The names in this order."""
    return sorted(names, key=name_order)
