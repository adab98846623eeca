"""Proposals of agents, kept until a person answers; an accepted one becomes a command in the same transaction."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

from tracker import coerce
from tracker.errors import PageChangeError, message
from tracker.store.read.page_proposals import (
    KEPT_S,
    MOST_ANSWERED,
    MOST_AUTHOR,
    MOST_CHARACTERS,
    MOST_WAITING,
    MOST_WHY,
    Proposal,
)
from tracker.store.read.properties import ANSWERED, WAITING
from tracker.store.write import page_file

MOST_ALTOGETHER = 1 << 20
"""Characters of those of a run that wait, and as many of those that were answered: each change of the page's file
copies them."""

_FALL_AWAY = (
    "DELETE FROM properties WHERE key GLOB ? AND (wall_time<? OR key IN (SELECT key FROM (SELECT key, "
    "row_number() OVER newest AS place, sum(length(value)) OVER newest AS size FROM properties WHERE key GLOB ? "
    "WINDOW newest AS (ORDER BY wall_time DESC, key)) WHERE place>? OR size>?))"
)


def propose(folder: Path, control: str, value: Any, expected: Any, author: str, why: str) -> str:
    """Keeps what an agent would have a run asked; its id. The same of the same agent, while it waits, is one.

    Args:
        folder: The run's.
        control: The control or the action.
        value: What it is to be.
        expected: What it is now; None for an action.
        author: The agent.
        why: Its reason.

    Raises:
        PageChangeError: it is too long, too many wait, or the file cannot be written.
    """
    if len(why) > MOST_WHY or len(author) > MOST_AUTHOR:
        raise PageChangeError(message("That is too long for a reason.", expected=f"{MOST_WHY} characters"))
    now, id = time.time(), secrets.token_hex(8)
    said = {"control": coerce.text(control), "value": value, "expected": expected}
    said |= {"author": coerce.text(author), "why": coerce.text(why)}
    text = json.dumps({**said, "wall_time": now}, allow_nan=False)
    if len(text) > MOST_CHARACTERS:
        raise PageChangeError(
            message("That is too long to keep.", expected=f"{MOST_CHARACTERS:,} characters", got=f"{len(text):,}")
        )
    with page_file.changing(folder) as connection:
        _fall_away(connection, now)
        rows = connection.execute("SELECT key, value FROM properties WHERE key GLOB ?", (WAITING + "*",)).fetchall()
        for key, known in rows:
            if _is_same(known, said):
                return str(key).removeprefix(WAITING)
        if len(rows) >= MOST_WAITING or sum(len(str(known)) for _, known in rows) + len(text) > MOST_ALTOGETHER:
            raise PageChangeError(
                message(
                    f"{len(rows)} proposals wait for an answer already.",
                    expected=f"at most {MOST_WAITING}",
                    hint="A person answers them on the page.",
                )
            )
        connection.execute(page_file.PROPERTY, (WAITING + id, text, now))
    return id


def answer(folder: Path, proposal: Proposal, by: str, author: str | None) -> bool:
    """Answers a proposal; whether it still waited. Who comes first is who answers.

    Args:
        folder: The run's.
        proposal: As it was read.
        by: Who answers.
        author: Of the command that it becomes; None declines it.

    Raises:
        PageChangeError: the file cannot be written, or a command has the nonce of this proposal.
    """
    now = time.time()
    name, value, expected = f"control:{proposal.control}", proposal.value, proposal.expected
    command = author and page_file.command_row(proposal.nonce, name, value, expected, author)
    try:
        with page_file.changing(folder) as connection:
            row = connection.execute("SELECT value FROM properties WHERE key=?", (WAITING + proposal.id,)).fetchone()
            if row is None:
                raise _AnsweredError  # which leaves the file as it is
            if command and not page_file.insert_command(connection, command):
                raise PageChangeError("Another command has the name that this proposal was to have.")
            text = json.dumps({**json.loads(row[0]), "accepted": bool(command), "by": coerce.text(by)})
            connection.execute("DELETE FROM properties WHERE key=?", (WAITING + proposal.id,))
            connection.execute(page_file.PROPERTY, (ANSWERED + proposal.id, text, now))
            _fall_away(connection, now)
    except _AnsweredError:
        return False
    return True


class _AnsweredError(Exception):
    """Somebody was first."""


def _fall_away(connection: sqlite3.Connection, now: float) -> None:
    every = ANSWERED + "*"
    connection.execute(_FALL_AWAY, (every, now - KEPT_S, every, MOST_ANSWERED, MOST_ALTOGETHER))


def _is_same(known: Any, said: dict[str, Any]) -> bool:
    try:
        found = json.loads(known)
    except (ValueError, TypeError, RecursionError):
        return False
    return isinstance(found, dict) and all(
        found.get(key) == said[key] for key in ("control", "value", "expected", "author")
    )
