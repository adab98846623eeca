"""Look: what one look at all event files of a logdir found."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """What was found."""

    unread: dict[str, list[str]]
    """By run a sentence for each file that could not be read."""
    said: list[str]
    """What else was met, a sentence each."""
    is_certain: bool
    """Whether another look at the same files would find the same: none of them is written to, and nothing failed that
    may go well the next time."""
