"""Alerts that a training raises by itself: how bad they are."""

from __future__ import annotations

from typing import Any

from tracker.errors import LoggedTypeError, message

LEVELS = {"info": "info", "warn": "warning", "warning": "warning", "error": "error"}
"""What may be said, in letters of any size, and what it is."""


def level_of(said: Any) -> str:
    """A level as it is stored; W&B's `AlertLevel` is understood.

    Raises:
        LoggedTypeError: there is no such level.
    """
    word = getattr(said, "value", said)
    found = LEVELS.get(word.lower()) if isinstance(word, str) else None
    if found is None:
        raise LoggedTypeError(message("An alert has no such level.", expected="info | warning | error", got=repr(said)))
    return found
