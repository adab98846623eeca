"""The files beside the segments of runs: each content once in `bodies`, its bytes in `pieces` of a few megabytes, and
in `files` which runs have it under what name. One that arrives is nobody else's until it is whole and matches its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

from tracker.postgres.engine import hold_content, hold_run
from tracker.store.run_folder_files import PlaceError, check_piece

_LOOK = "SELECT body, size, hash, arrived, is_whole FROM files JOIN bodies USING (body) WHERE place = %s AND name = %s"
_WHOLE = "SELECT name, size, hash FROM files JOIN bodies USING (body) WHERE place = %s AND is_whole"
_BEGUN = "SELECT name, arrived FROM files JOIN bodies USING (body) WHERE place = %s"
_KNOWN = "SELECT body FROM bodies WHERE hash = %s AND size = %s AND is_whole"
_BEGIN = "INSERT INTO bodies (hash, size, arrived, is_whole) VALUES (%s, %s, 0, false) RETURNING body"
_NAME = (
    "INSERT INTO files (place, name, body) VALUES (%s, %s, %s) "
    "ON CONFLICT (place, name) DO UPDATE SET body = excluded.body"
)
_ADD = "INSERT INTO pieces (body, at, data) VALUES (%s, %s, %b)"
_ARRIVED = "UPDATE bodies SET arrived = %s, is_whole = %s WHERE body = %s"
_PIECE = "SELECT data FROM pieces WHERE body = %s AND at = %s"
_FORGET = (
    "DELETE FROM files WHERE body = %s",
    "DELETE FROM pieces WHERE body = %s",
    "DELETE FROM bodies WHERE body = %s",
)
_PATIENCE = "SET LOCAL statement_timeout = '10min'"  # for the largest piece, and a slow disk


class Body(NamedTuple):
    """A file's content: its number, how long it is and its SHA-256, how much has arrived, and whether that is all."""

    number: int
    size: int
    digest: str
    arrived: int
    is_whole: bool


def whole(driver: psycopg.Connection[Any], run: str) -> dict[str, tuple[int, str]]:
    """The size and SHA-256 of each file of a run that is whole, by name."""
    return {name: (size, digest) for name, size, digest in driver.execute(_WHOLE, (run,))}


def begun(driver: psycopg.Connection[Any], run: str) -> dict[str, int]:
    """How many bytes of each file have arrived, by name; of those that are whole all."""
    return dict(driver.execute(_BEGUN, (run,)).fetchall())


def body_of(driver: psycopg.Connection[Any], run: str, name: str) -> Body | None:
    """What a file holds, or some of it."""
    row = driver.execute(_LOOK, (run, name)).fetchone()
    return None if row is None else Body(*row)


def read(driver: psycopg.Connection[Any], body: int) -> Iterator[bytes]:
    """The bytes that have arrived of a content, piece by piece."""
    at = 0
    with driver.cursor(binary=True) as cursor:
        while row := cursor.execute(_PIECE, (body, at)).fetchone():
            yield row[0]
            at += len(row[0])


def add(
    driver: psycopg.Connection[Any], run: str, name: str, at: int, data: bytes, size: int, digest: str
) -> int | None:
    """Adds a piece, within a transaction; how many bytes there are then. None where the whole is not what it is said to
    be: nothing of it is left then. Arguments and other errors are those of `tracker.store.write.arriving_file.add`."""
    driver.execute(_PATIENCE)
    hold_run(driver, run)
    found = body_of(driver, run, name)
    if found is not None and found.is_whole:
        return found.size
    if found is not None and (found.size, found.digest) != (size, digest):  # another file was begun under this name
        _forget(driver, found.number)
        found = None
    known = 0 if found is None else found.arrived
    if at != known:
        raise PlaceError(known)
    check_piece(name, at + len(data), size, digest)
    same = driver.execute(_KNOWN, (digest, size)).fetchone()
    if same is not None:
        return _named(driver, run, name, same[0], found, size)
    if found is None:
        row = driver.execute(_BEGIN, (digest, size)).fetchone()
        assert row is not None
        found = Body(row[0], size, digest, 0, False)
        driver.execute(_NAME, (run, name, found.number))
    if data:
        driver.execute(_ADD, (found.number, at, data))
    arrived = at + len(data)
    if arrived < size:
        driver.execute(_ARRIVED, (arrived, False, found.number))
        return arrived
    hashed = hashlib.sha256()
    for piece in read(driver, found.number):
        hashed.update(piece)
    if hashed.hexdigest() != digest:
        _forget(driver, found.number)
        return None
    hold_content(driver, digest)
    same = driver.execute(_KNOWN, (digest, size)).fetchone()
    if same is not None:
        return _named(driver, run, name, same[0], found, size)
    driver.execute(_ARRIVED, (size, True, found.number))
    return size


def _named(driver: psycopg.Connection[Any], run: str, name: str, body: int, own: Body | None, size: int) -> int:
    """Gives a file the content that somebody else has brought already, and lets go of its own."""
    driver.execute(_NAME, (run, name, body))
    if own is not None:
        _forget(driver, own.number)
    return size


def _forget(driver: psycopg.Connection[Any], body: int) -> None:
    for statement in _FORGET:
        driver.execute(statement, (body,))
