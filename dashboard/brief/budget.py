"""Budget: how many tokens of a language model a text may take, and what of it is left out to keep to that."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_PIECES = re.compile(r"[A-Za-z]+|[0-9]+|\n+|[^\sA-Za-z0-9]")

LETTERS, DIGITS = 4, 2
"""That a token holds, on the low side: what models count with splits words into parts of 4 to 6 letters, and numbers
into groups of 2 or 3 digits."""


def tokens(text: str) -> int:
    """An estimate on the high side; no vocabulary is at hand offline, and each model has its own."""
    total = 0
    for piece in _PIECES.findall(text):
        size = DIGITS if piece[0].isdigit() else LETTERS
        is_long = piece[0].isascii() and piece[0].isalnum()
        total += math.ceil(len(piece) / size) if is_long else 1 if piece.isascii() else 2
    return total


@dataclass(frozen=True)
class Section:
    """Lines that belong together.

    Attributes:
        title: Stands above them.
        lines: The most important first; the last go first where there is no room.
        kept: So many of them stay whatever else must go.
        noun: What a line is of, for what is said of those that are left out.
    """

    title: str
    lines: Sequence[str]
    kept: int = 1
    noun: str = "lines"
    weight: float = 1.0
    """How much of the room that is left it is given beside the others."""


def fitted(sections: Sequence[Section], most: int) -> str:
    """The sections within a budget. What is left out is counted; the first lines of each are left out last.

    Args:
        sections: In their order, the most important first.
        most: Tokens, as `tokens` estimates them.
    """
    shown = [min(each.kept, len(each.lines)) for each in sections]  # -1: not even how many there would be
    text = _joined(sections, shown)
    while tokens(text) > most and any(count >= 0 for count in shown):
        shown[max(i for i, count in enumerate(shown) if count >= 0)] -= 1
        text = _joined(sections, shown)
    waiting = set(range(len(sections)))
    while waiting:
        place = min(waiting, key=lambda i: ((shown[i] - sections[i].kept) / sections[i].weight, i))
        if shown[place] == len(sections[place].lines):
            waiting.remove(place)
            continue
        shown[place] += 1
        longer = _joined(sections, shown)
        if tokens(longer) > most:
            shown[place] -= 1
            waiting.remove(place)
        else:
            text = longer
    return text or _cut(next((each.lines[0] for each in sections if each.lines), ""), most)


def _joined(sections: Sequence[Section], shown: Sequence[int]) -> str:
    parts = []
    for section, count in zip(sections, shown, strict=True):
        if not section.lines or count < 0:
            continue
        lines = [section.title, *section.lines[:count]] if section.title else list(section.lines[:count])
        left = len(section.lines) - count
        if left:
            lines.append(f"(and {left:,} more {section.noun})")
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _cut(text: str, most: int) -> str:
    """As much of a text as there is room for, at the end of a line or a word."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if tokens(f"{text[:middle]}…") <= most:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…" if low else ""
