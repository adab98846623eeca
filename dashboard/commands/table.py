"""Tables on a terminal: aligned columns, and nothing in them that a terminal would obey."""

from __future__ import annotations

import math
import shutil
import unicodedata
from collections.abc import Sequence
from typing import Any

NARROWEST = 8

LONGEST = 1000
"""Characters of a cell on a terminal, which shows a few hundred: 600 MB took more than a minute to be printed."""

WIDEST = 100_000
"""How far columns are aligned where there is no terminal, and nothing is cut."""


def render(headers: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None = None) -> str:
    """Rows as text: numbers to the right, the widest columns cut where the terminal ends.

    Args:
        headers: A name for each column.
        rows: Cells of any kind; None is empty.
        width: Of the terminal; its own by default, none where there is no terminal.
    """
    cells = [[cell(value) for value in row] for row in rows]
    names = [printable(str(name)) for name in headers]
    widths = [max([_columns(name), *(_columns(row[i]) for row in cells)]) for i, name in enumerate(names)]
    limit = width or shutil.get_terminal_size((WIDEST, 0)).columns
    is_cut = limit != WIDEST
    widths = [min(each, limit) for each in widths]
    while sum(widths) + 2 * len(widths) > limit and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    right = [all(isinstance(row[i], (int, float)) or row[i] is None for row in rows) for i in range(len(headers))]
    return "\n".join(
        "  ".join(_fit(text, widths[i], right[i], is_cut) for i, text in enumerate(line)).rstrip()
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


def printable(text: str) -> str:
    """Text without anything that a terminal would obey: escape sequences, line ends, marks that turn the line round."""
    if text.isprintable():  # nearly always, and at once however long it is
        return text
    return "".join(
        char if unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode() for char in text
    )


def _columns(text: str) -> int:
    """How wide a terminal draws a text."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fit(text: str, width: int, right: bool, is_cut: bool) -> str:
    columns = _columns(text)
    if columns > width and is_cut:
        columns = 0
        for place, char in enumerate(text):
            if columns + _columns(char) > width - 1:
                text = text[:place] + "…"
                columns += 1
                break
            columns += _columns(char)
    space = " " * (width - columns)
    return space + text if right else text + space
