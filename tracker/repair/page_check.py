"""What is wrong with a page's file, and what of it is written anew: what users said of a run, or of the logdir."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tracker.errors import DamagedStoreError, NewerSchemaError, StoreError, TrackerError
from tracker.repair import salvage
from tracker.repair.raw_pages import HEAD_BYTES, MAGIC, RawPages
from tracker.store import columns, run_page
from tracker.store.read import journal, read_only
from tracker.store.read.left_out import why
from tracker.store.run_page import Command, Property
from tracker.store.write import page_file

_SELECT = (
    "SELECT key, value, wall_time FROM properties",
    "SELECT nonce, wall_time, name, value, expected, author FROM commands",
)


class Examined(NamedTuple):
    """What is wrong, and what was done about it."""

    what: str
    done: str


def examine(path: Path, *, repair: bool) -> Examined | None:
    """What is wrong with a page's file, whatever is met in it; None where nothing is."""
    what = check(path)
    if what is None:
        return None
    what, done = f"what was said on the page: {what}", ""
    if repair:
        try:
            done = save(path) or ""
        except (TrackerError, OSError, sqlite3.Error, UnicodeDecodeError) as error:
            what += f"; nothing could be saved ({why(error)})"
    return Examined(what, done)


def check(path: Path) -> str | None:
    """What is wrong with it, in a sentence; None where nothing is, or nothing is there."""
    try:
        if not os.lstat(path).st_size:
            return None  # as it lies there for a moment before anything is in it
        with read_only.snapshot(path) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise DamagedStoreError(path, str(found))
            for statement, is_row in zip(_SELECT, (_is_property, _is_command), strict=True):
                bad = sum(not is_row(list(row)) for row in connection.execute(statement))
                if bad:
                    raise DamagedStoreError(path, f"{bad:,} of its rows say what no page says")
    except FileNotFoundError:
        return None
    except StoreError as error:
        return error.why
    except OSError as error:
        return error.strerror or str(error)
    return None


def save(path: Path) -> str | None:
    """Writes what can be read of it into a new file that takes its place; the damaged one is kept.

    Returns:
        What was done; None where the file is to be left as it is: no plain file, one of a newer everystep, or another
        program's, in which nothing is ours.

    Raises:
        PageChangeError: a server changes it just now.
        OSError, sqlite3.Error, StoreError: it cannot be read or written.
    """
    with page_file.alone(path):
        try:
            read_only.connect(path).close()
        except NewerSchemaError:
            return None
        except (StoreError, OSError):
            pass
        with contextlib.closing(RawPages(path)) as pages:
            orders = _commands(pages)
            words = _words(_properties(pages), orders)
        if not words and not orders and _is_of_others(path):
            return None
        with TemporaryDirectory(prefix=f".{path.name}{journal.UNFINISHED}-", dir=path.parent) as folder:
            made = Path(folder) / "saved"
            with page_file.writing(made) as connection:
                connection.executemany(page_file.PROPERTY, words.values())
                for order in orders:
                    page_file.insert_command(connection, order)
            with made.open("rb") as file:
                os.fsync(file.fileno())
            kept = salvage.swap(path, made)
    return f"saved {len(words):,} words and {len(orders):,} commands; the damaged file is kept as {kept.name}"


def _words(found: list[Property], orders: list[Command]) -> dict[str, Property]:
    """The last word on each key. What was said by name stands among what was asked too, and is known from there."""
    asked = [(name, value, when) for _, when, name, value, _, _ in orders if not run_page.is_order(name)]
    words: dict[str, Property] = {}
    # A word is as old as the command that said it, and comes after it.
    for key, value, when in sorted([*asked, *found], key=lambda row: row[2]):
        if value == "null":
            words.pop(key, None)
        else:
            words[key] = (key, value, when)
    return words


def _properties(pages: RawPages) -> list[Property]:
    rows = (list(record.values) for record in pages.records(3))
    return [(row[0], row[1], row[2]) for row in rows if _is_property(row)]


def _commands(pages: RawPages) -> list[Command]:
    rows = (list(record.values[1:]) for record in pages.records(7, is_keyed=True))
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows if _is_command(row)]


def _is_property(row: list[Any]) -> bool:
    return run_page.is_property(row) and _is_json(row[1])


def _is_command(row: list[Any]) -> bool:
    return run_page.is_command(row) and _is_json(row[3])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_of_others(path: Path) -> bool:
    """Whether it is a database that says of itself to be another program's."""
    with journal.open_plain(path) as file:
        head = file.read(HEAD_BYTES)
    return head.startswith(MAGIC) and head[68:72] != columns.APPLICATION_ID.to_bytes(4, "big")
