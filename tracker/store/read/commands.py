"""What was asked of a run on the page, and what the run answered: the rows of `commands`, with their `receipts`.

The page's file may come from anybody and be of any size: what is no command of ours is passed over, and of one file so
much is read and no more.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from tracker import coerce, databases, logdir
from tracker.errors import StoreError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import page_tables, read_only, segments
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


class Cursor(NamedTuple):
    """How far a page's file was read: the number of a row and its nonce, by which it is told from another file's."""

    id: int = 0
    nonce: Any = None


_NEWEST = "SELECT id, nonce FROM commands ORDER BY id DESC LIMIT 1"
_AT = "SELECT nonce FROM commands WHERE id=?"
_SIZES = (
    "typeof(nonce)='text' AND length(nonce) BETWEEN 1 AND ? AND typeof(name)='text' AND length(name)<=? "
    "AND typeof(value)='text' AND length(value)<=? AND abs(wall_time)<1e12 "
    "AND typeof(wall_time) IN ('real', 'integer') "
    "AND (expected IS NULL OR (typeof(expected)='text' AND length(expected)<=?)) "
    "AND (author IS NULL OR (typeof(author)='text' AND length(author)<=?))"
)
_BOUNDS = (MOST_NONCE, MOST_NAME, MOST_CHARACTERS, MOST_CHARACTERS, MOST_NAME)
_ASKED = (
    f"SELECT id, nonce, wall_time, name, value, expected, author FROM commands WHERE id>? "
    f"AND (substr(name, 1, 8)='{CONTROL}' OR (? AND substr(name, 1, 6)='{EVENT}')) AND {_SIZES} ORDER BY id LIMIT ?"
)
_RECEIPTS = f"{columns.select('receipts', columns.RECEIPT)} ORDER BY id"


def newest(folder: Path) -> Cursor:
    """The end of a folder's file; errors as `asked`."""
    with _opened(folder) as connection:
        return _end(connection)


def asked(folder: Path, after: Cursor, limit: int, *, events: bool = False) -> tuple[list[Asked], Cursor]:
    """The commands in a folder's file behind a cursor, at most so many, in order; and how far that is.

    Where the file is another one than the cursor is of, as when a copy was put back, all of it is behind the cursor.

    Args:
        folder: The run's.
        after: Where to go on.
        limit: At most so many. As many as that: there may be more.
        events: Whether those of panes too.

    Raises:
        StoreError: it is no file of ours, or damaged.
        OSError: it cannot be opened. FileNotFoundError: there is none.
    """
    with _opened(folder) as connection:
        if after.id and connection.execute(_AT, (after.id,)).fetchone() != (after.nonce,):
            after = Cursor()
        rows = connection.execute(_ASKED, (after.id, events, *_BOUNDS, limit)).fetchall()
        found = [_row(row) for row in rows]
        return found, Cursor(found[-1].id, found[-1].nonce) if len(found) == limit else _end(connection)


def _opened(folder: Path) -> contextlib.AbstractContextManager[read_only.Connection]:
    path = folder / logdir.PAGE_FILE
    size = os.stat(path).st_size if databases.of(folder) is None else 1
    if not size:
        raise FileNotFoundError(path)  # as it lies there for a moment before anything is in it
    if size > MOST_BYTES:
        raise StoreError(path, "it is larger than any page's file, and no command is read from it")
    return page_tables.opened(folder, PATIENCE_S)


def _end(connection: read_only.Connection) -> Cursor:
    row = connection.execute(_NEWEST).fetchone()
    return Cursor() if row is None else Cursor(int(row[0]), row[1])


def _row(row: tuple[Any, ...]) -> Asked:
    number, nonce, wall_time, name, value, expected, author = row
    return Asked(int(number), nonce, float(wall_time), name.removeprefix(CONTROL), value, expected, author)


def receipts(files: RunFiles, *, live: bool = False) -> dict[str, tuple[int | None, float, dict[str, Any]]]:
    """What a run answered: nonce -> step, wall time, outcome. A later word on the same replaces an earlier one.

    Args:
        files: The run's.
        live: Whether only what is on the live line, which a rewind cuts.
    """
    found: dict[str, tuple[int | None, float, dict[str, Any]]] = {}
    now = time.time()
    own = files.segments()
    limits = segments.live_until(own) if live else {}
    for segment in own:
        is_over = segment.status(now) != "running"
        limit = limits.get(segment.id)
        with files.snapshot(segment.path) as connection:
            for row in connection.execute(_RECEIPTS):
                _, nonce, step, wall_time, outcome = checksums.checked(row, "damaged: a receipt")
                said = outcome_of(outcome)
                if said is not None and not (limit is not None and step is not None and step > limit):
                    if is_over and said["outcome"] == "started":
                        said["why"] = "The run ended before this was done."
                    found[str(nonce)] = (None if step is None else int(step), float(wall_time), said)
    return found


def outcome_of(outcome: Any) -> dict[str, Any] | None:
    """What a receipt says of a command; None for one of an import, which says other things.

    Raises:
        ValueError: it is no JSON.
    """
    said = read_json(str(outcome), ValueError("a receipt that is no JSON"))
    is_a_commands = (
        isinstance(said, dict) and isinstance(said.get("outcome"), str) and isinstance(said.get("name"), str)
    )
    return said if is_a_commands else None


def commands(files: RunFiles, folder: Path) -> list[Command]:
    """What was asked of a run and what it answered, in the order of asking; see `StoredRun.commands`."""
    try:
        rows, _ = asked(folder, Cursor(), MOST_COMMANDS)
    except (StoreError, OSError):
        rows = []  # what was answered stands in the run's own files
    # In this order, or what is still to be applied, or was just now, is told as never applied: by a process that began
    # after one had died and before its rows were read, or that answered and died before its answers were.
    is_running = segments.status_of(files.segments(), time.time()) == "running"
    answers = receipts(files)
    first = {row.nonce: row for row in reversed(rows)}  # a file of ours holds no nonce twice
    found = [_command(row, answers.pop(nonce, None), is_running) for nonce, row in first.items()]
    found += [_command(_said(nonce, answer[2]), answer, is_running) for nonce, answer in answers.items()]
    return sorted(found, key=lambda command: command.wall_time)


def unanswered(files: RunFiles, folder: Path) -> list[Asked]:
    """What was asked of a run that lives and has not answered yet, in the order of asking; errors as `asked`."""
    rows, _ = asked(folder, Cursor(), MOST_COMMANDS)
    if segments.status_of(files.segments(), time.time()) != "running":
        return []
    answers = receipts(files)
    return [row for row in rows if row.nonce not in answers]


def _said(nonce: str, outcome: dict[str, Any]) -> Asked:
    """A command as its receipt says it, when the page's file does not (any more)."""
    when, author = outcome.get("asked"), outcome.get("author")
    asked_at = float(when) if isinstance(when, (int, float)) else 0.0
    value = coerce.dumps(outcome.get("value"))
    return Asked(0, nonce, asked_at, str(outcome.get("name")), value, None, None if author is None else str(author))


def _command(row: Asked, answer: tuple[int | None, float, dict[str, Any]] | None, is_running: bool) -> Command:
    try:
        value = read_json(row.value, ValueError())
    except ValueError:
        value = None
    if answer is None:
        outcome, reasons = ("pending", _WAITING) if is_running else ("never applied", _OVER)
        why = reasons.get(row.name, reasons[""])
        return Command(row.name, value, None, row.author, row.wall_time, None, outcome, why, row.nonce, None)
    step, when, said = answer
    reason = said.get("why")
    old = said.get("old")
    return Command(
        row.name, said.get("value", value), old if is_plain(old) else None, row.author, row.wall_time, step,
        said["outcome"], None if reason is None else str(reason), row.nonce, when,
    )  # fmt: skip


_WAITING = {
    "": "It takes effect after the present step.",
    "stop": "The training has not looked at run.should_stop yet.",
}
_OVER = {"": "The run was over.", "stop": "The run was over before it looked at run.should_stop."}
"""Why something has no answer, by its name and otherwise."""
