"""What was asked of a run on the page, and what the run answered: the rows of `commands`, with their `receipts`.

The page's file may come from anybody and be of any size: what is no command of ours is passed over, and of one file so
much is read and no more.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from tracker import coerce, logdir
from tracker.errors import StoreError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import read_only, segments
from tracker.store.read.run_files import RunFiles
from tracker.values.control_definition import is_plain, read_json

CONTROL, EVENT = "control:", "event:"
"""What the names of commands begin with; all others are edits of the page."""

PATIENCE_S = 1.0
"""What reading the page's file may take of SQLite's time."""

MOST_BYTES = 64 << 20
"""Of a page's file in which commands are looked for: ours hold some kilobytes to a megabyte."""

MOST_CHARACTERS = 200_000
"""Of a value, as `page_file` writes it."""

MOST_NONCE, MOST_NAME = 200, 1_000

MOST_COMMANDS = 100_000
"""That are read of one run."""


class Asked(NamedTuple):
    """A row of `commands`: what somebody asked for, as it stands there."""

    id: int
    nonce: str
    wall_time: float
    name: str
    """Without `control:`; with `event:`."""
    value: str
    """JSON, or what should be."""
    expected: str | None
    author: str | None


class Command(NamedTuple):
    """What was asked for, and what became of it.

    Attributes:
        name: The control or the action.
        value: What was asked for.
        old: What it replaced, once it was applied.
        author: Who asked.
        wall_time: When that was.
        step: After which it took effect; None until then.
        outcome: "pending", "applied", "refused"; of actions "started", "done" or "failed"; "never applied" when the run
            ended before.
        why: A sentence, where there is more to say.
        nonce: Its own name.
        applied: When the run answered, in seconds since the epoch; None until then.
    """

    name: str
    value: Any
    old: Any
    author: str | None
    wall_time: float
    step: int | None
    outcome: str
    why: str | None
    nonce: str
    applied: float | None


_NEWEST = "SELECT max(id) FROM commands"

_SIZES = (
    "typeof(nonce)='text' AND length(nonce) BETWEEN 1 AND ? AND typeof(name)='text' AND length(name)<=? "
    "AND typeof(value)='text' AND length(value)<=? AND typeof(wall_time) IN ('real', 'integer') "
    "AND (expected IS NULL OR (typeof(expected)='text' AND length(expected)<=?)) "
    "AND (author IS NULL OR (typeof(author)='text' AND length(author)<=?))"
)
_BOUNDS = (MOST_NONCE, MOST_NAME, MOST_CHARACTERS, MOST_CHARACTERS, MOST_NAME)
_ASKED = (
    f"SELECT id, nonce, wall_time, name, value, expected, author FROM commands WHERE id>? "
    f"AND (substr(name, 1, 8)='{CONTROL}' OR (? AND substr(name, 1, 6)='{EVENT}')) AND {_SIZES} ORDER BY id LIMIT ?"
)
_RECEIPTS = f"{columns.select('receipts', columns.RECEIPT)} ORDER BY id"


def asked(folder: Path, after: int, limit: int, *, events: bool = False) -> tuple[list[Asked], int]:
    """The commands in a folder's file behind a row, in order, and the newest row (0 without any).

    Raises:
        StoreError: it is no file of ours, or damaged.
        OSError: it cannot be opened. FileNotFoundError: there is none.
    """
    path = folder / logdir.PAGE_FILE
    if os.stat(path).st_size > MOST_BYTES:
        raise StoreError(path, "it is larger than any page's file, and no command is read from it")
    with read_only.snapshot(path, PATIENCE_S) as connection:
        newest = connection.execute(_NEWEST).fetchone()[0] or 0
        rows = connection.execute(_ASKED, (after, events, *_BOUNDS, limit)).fetchall()
        return [_row(row) for row in rows], int(newest)


def _row(row: tuple[Any, ...]) -> Asked:
    number, nonce, wall_time, name, value, expected, author = row
    return Asked(number, nonce, float(wall_time), name.removeprefix(CONTROL), value, expected, author)


def receipts(files: RunFiles) -> dict[str, tuple[int | None, float, dict[str, Any]]]:
    """What a run answered: nonce -> step, wall time, outcome. A later word on the same replaces an earlier one."""
    found: dict[str, tuple[int | None, float, dict[str, Any]]] = {}
    for segment in files.segments():
        with files.snapshot(segment.path) as connection:
            for row in connection.execute(_RECEIPTS):
                _, nonce, step, wall_time, outcome = checksums.checked(row, "damaged: a receipt")
                said = read_json(str(outcome), ValueError("a receipt that is no JSON"))
                if isinstance(said, dict) and isinstance(said.get("outcome"), str):  # those of imports say other things
                    found[str(nonce)] = (None if step is None else int(step), float(wall_time), said)
    return found


def commands(files: RunFiles, folder: Path) -> list[Command]:
    """What was asked of a run and what it answered, in the order of asking; see `StoredRun.commands`."""
    answers = receipts(files)
    try:
        rows, _ = asked(folder, 0, MOST_COMMANDS)
    except (StoreError, OSError):
        rows = []  # what was answered stands in the run's own files
    is_running = segments.status_of(files.segments(), time.time()) == "running"
    found = [_command(row, answers.pop(row.nonce, None), is_running) for row in rows]
    found += [_command(_said(nonce, answer[2]), answer, is_running) for nonce, answer in answers.items()]
    return sorted(found, key=lambda command: command.wall_time)


def _said(nonce: str, outcome: dict[str, Any]) -> Asked:
    """A command as its receipt says it, when the page's file does not (any more)."""
    when, author = outcome.get("asked"), outcome.get("author")
    asked_at = float(when) if isinstance(when, (int, float)) else 0.0
    value = coerce.dumps(outcome.get("value"))
    return Asked(0, nonce, asked_at, str(outcome.get("name")), value, None, None if author is None else str(author))


def _command(
    row: Asked, answer: tuple[int | None, float, dict[str, Any]] | None, is_running: bool
) -> Command:
    try:
        value = read_json(row.value, ValueError())
    except ValueError:
        value = None
    if answer is None:
        outcome = "pending" if is_running else "never applied"
        why = _WAITING.get(row.name, "it takes effect between two steps") if is_running else "the run was over"
        return Command(row.name, value, None, row.author, row.wall_time, None, outcome, why, row.nonce, None)
    step, when, said = answer
    why = said.get("why")
    if said["outcome"] == "started" and not is_running:
        why = "the run ended before this was done"
    old = said.get("old")
    return Command(
        row.name, said.get("value", value), old if is_plain(old) else None, row.author, row.wall_time, step,
        said["outcome"], None if why is None else str(why), row.nonce, when,
    )  # fmt: skip


_WAITING = {"stop": "the training has not looked at run.should_stop yet"}
