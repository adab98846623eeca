"""Values of a row, as PostgreSQL can keep them.

It has NaN and -0.0, but our NULL means NaN, as SQLite keeps it. It has no text with a NUL in it, which ours may have:
NUL stands there as two characters that begin with SUB, as SUB itself does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.store.shipment import Row

_SUB = "\x1a"


def keepable(text: str) -> str:
    """A text without NUL."""
    if "\0" not in text and _SUB not in text:
        return text
    return text.replace(_SUB, f"{_SUB}s").replace("\0", f"{_SUB}0")


def kept(text: str) -> str:
    """The text that was kept so."""
    return text if _SUB not in text else text.replace(f"{_SUB}0", "\0").replace(f"{_SUB}s", _SUB)


def keeper(kinds: tuple[str, ...]) -> Callable[[int, Row], tuple[Any, ...]]:
    """Makes rows of a table, in the order of its columns, with the number of their segment before them.

    Args:
        kinds: PostgreSQL's types of the columns, without the segment's.
    """
    texts = [place for place, kind in enumerate(kinds) if kind == "text"]
    numbers = [place for place, kind in enumerate(kinds) if kind == "float8"]
    if not texts and not numbers:
        return lambda segment, row: (segment, *row)

    def keep(segment: int, row: Row) -> tuple[Any, ...]:
        found = list(row)
        for place in texts:
            if found[place] is not None:
                found[place] = keepable(found[place])
        for place in numbers:
            if found[place] is not None:
                found[place] = _real(found[place])
        return (segment, *found)

    return keep


def _real(value: float) -> float | None:
    if type(value) is int:
        if int(float(value)) != value:  # SQLite keeps an integer as one in any column
            raise DamagedBytesError("a time or value is an integer that no float64 is")
        return float(value)
    return value if value == value else None
