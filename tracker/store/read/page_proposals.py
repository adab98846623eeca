"""Proposals: what an agent would have a run asked, until a person has accepted or declined it in the page.

A property each, so that two who propose or answer at the same time do not undo each other's: `proposal:<id>` while it
waits, `answered:<id>` afterwards. A run's process looks at neither; see `tracker.store.write.page_proposals`.
"""

from __future__ import annotations

import math
import sqlite3
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tracker.errors import StoreError
from tracker.store.read import page_tables
from tracker.store.read.properties import ANSWERED, PATIENCE_S, WAITING
from tracker.values.control_definition import MAX_NAME, is_plain, read_json

MOST_WAITING, MOST_ANSWERED = 50, 200
"""Of one run; of those that were answered the newest stay."""

MOST_CHARACTERS = 150_000
"""Of one, as JSON: a text of a control as it is and as it is to be, at worst six characters a letter."""

MOST_AUTHOR, MOST_WHY = 100, 500

KEPT_S = 7 * 86_400.0
"""So long it is told what was answered."""

_OF_A_KIND = (
    "SELECT key, value, wall_time FROM properties WHERE key>=? AND key<? AND length(value)<=? "
    "ORDER BY wall_time DESC, key LIMIT ?"
)


class Proposal(NamedTuple):
    """What somebody proposed, and what a person said to it.

    Attributes:
        id: Its own name.
        control: The control or the action.
        value: What it is to be.
        expected: What it was when that was proposed; None for an action.
        author: The agent, as it named itself.
        why: Its reason.
        wall_time: When that was, in seconds since the epoch.
        accepted: Whether it was accepted; None while it waits.
        by: Who answered.
        answered: When that was; None while it waits.
    """

    id: str
    control: str
    value: Any
    expected: Any
    author: str
    why: str
    wall_time: float
    accepted: bool | None = None
    by: str = ""
    answered: float | None = None

    @property
    def nonce(self) -> str:
        """Of the command that it becomes, so that it becomes one only."""
        return f"proposal {self.id}"


def proposals(folder: Path) -> list[Proposal]:
    """Of the run in a folder, the oldest first.

    None without a file, or when it cannot be read.
    """
    try:
        with page_tables.opened(folder, PATIENCE_S) as connection:
            found = [
                _proposal(str(key).removeprefix(kind), *rest, is_answered=kind == ANSWERED)
                for kind, most in ((WAITING, MOST_WAITING), (ANSWERED, MOST_ANSWERED))
                for key, *rest in islice(
                    connection.execute(_OF_A_KIND, (kind, kind[:-1] + ";", MOST_CHARACTERS, most)), most
                )
            ]
    except (StoreError, OSError, sqlite3.Error):
        return []  # as of other properties: the run itself is none the worse for it
    return sorted((each for each in found if each is not None), key=lambda each: each.wall_time)


def _proposal(id: str, value: Any, wall_time: Any, *, is_answered: bool) -> Proposal | None:
    """One of them; None where it is no such thing. The file may come from anybody."""
    try:
        said = read_json(value, ValueError())
    except (ValueError, TypeError):
        return None
    if not isinstance(said, dict):
        return None
    texts = [said.get(key) for key in ("control", "author", "why")]
    times = [said.get("wall_time"), wall_time]
    if not all(isinstance(each, str) for each in texts) or not all(_is_time(each) for each in times):
        return None
    if not is_plain(said.get("value")) or not is_plain(said.get("expected")):
        return None
    control, author, why = (str(each) for each in texts)
    if len(control) > MAX_NAME:
        return None
    found = Proposal(
        id, control, said.get("value"), said.get("expected"), author[:MOST_AUTHOR], why[:MOST_WHY],
        float(said["wall_time"]),
    )  # fmt: skip
    if not is_answered:
        return found
    accepted, by = said.get("accepted"), said.get("by")
    if not isinstance(accepted, bool) or not isinstance(by, str):
        return None
    return found._replace(accepted=accepted, by=by[:MOST_AUTHOR], answered=float(wall_time))


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
