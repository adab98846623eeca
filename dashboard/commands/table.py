"""Tables on a terminal: aligned columns, and nothing in them that a terminal would obey."""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Any

from tracker.plain_text import printable as printable

NARROWEST = 8

LONGEST = 1000
"""Characters of a cell on a terminal, which shows a few hundred: 600 MB took more than a minute to be printed."""

ALIGNED = 60
"""Columns of a terminal that a name takes at most; and how wide a column is where there is no terminal and nothing is
cut: a longer cell moves the rest of its own line, and not that of all others."""


def render(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None = None, named: Collection[str] = ()
) -> str:
    """Rows as text: numbers to the right, the widest columns cut where the terminal ends.

    Args:
        headers: A name for each column.
        rows: Cells of any kind; None is empty.
        width: Of the terminal; its own by default, none where there is no terminal.
        named: Columns of names, which differ at their ends as often as not: these are cut in their middle.
    """
    cells = [[cell(value) for value in row] for row in rows]
    names = [printable(str(name)) for name in headers]
    widths = [max([_columns(name), *(_columns(row[i]) for row in cells)]) for i, name in enumerate(names)]
    limit = width or (_terminal() if sys.stdout.isatty() else 0)
    if limit:
        widths = [min(each, ALIGNED if name in named else limit) for each, name in zip(widths, headers, strict=True)]
        while sum(widths) + 2 * len(widths) > limit and max(widths) > NARROWEST:
            widths[widths.index(max(widths))] -= 1
    else:
        widths = [min(each, ALIGNED) for each in widths]
    cuts = [(_cut_middle if name in named else _cut) if limit else None for name in headers]
    right = [all(isinstance(row[i], (int, float)) or row[i] is None for row in rows) for i in range(len(headers))]
    return "\n".join(
        "  ".join(_fit(text, widths[i], right[i], cuts[i]) for i, text in enumerate(line)).rstrip()
        for line in [names, *cells]
    )


def cell(value: Any) -> str:
    """A value as a cell: floats in 6 digits, control characters as their escapes."""
    if value is None:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return f"{value:.6g}"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    return printable(str(value))


def shortened(value: Any) -> Any:
    """A value whose text is no longer than a terminal has use for; it says how much is cut."""
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    return value


def _terminal() -> int:
    """How many columns the terminal has; 0 where it does not say."""
    import shutil  # here: it brings two compressors

    return shutil.get_terminal_size((0, 0)).columns


def _columns(text: str) -> int:
    """How wide a terminal draws a text."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fit(text: str, width: int, right: bool, cut: Callable[[str, int], str] | None) -> str:
    columns = _columns(text)
    if columns > width and cut is not None:
        text = cut(text, width)
        columns = _columns(text)
    space = " " * (width - columns)
    return space + text if right else text + space


def _cut(text: str, width: int) -> str:
    """The beginning of a text."""
    return text[: _fitting(text, width - 1)] + "…"


def _cut_middle(text: str, width: int) -> str:
    """The beginning and the end of a text."""
    behind = (width - 1) // 2
    kept = _fitting(text[::-1], behind)
    return _cut(text, width - behind) + text[len(text) - kept :]


def _fitting(text: str, width: int) -> int:
    """How many of the first characters a terminal draws in so many columns."""
    columns = 0
    for place, char in enumerate(text):
        columns += _columns(char)
        if columns > width:
            return place
    return len(text)
