"""Files that say what no writer of ours would, with checksums that are right: who means harm can compute them too."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from tracker.series import checksums, stretch
from tracker.series.summary import SUMMARY_FIELDS, summaries_of, summarise
from tracker.store import columns
from tracker.store.read.chunks import Chunks


def alter(path: Path, statement: str, *values: Any) -> None:
    """Changes a file as if its writer had."""
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()
    reseal(path)


def reseal(path: Path) -> None:
    """Makes every checksum of a file that of what stands there, and every hash."""
    connection = sqlite3.connect(path)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for old, data in connection.execute("SELECT hash, data FROM blobs").fetchall():
        new = checksums.hash_of(data if isinstance(data, bytes) else str(data).encode())
        if isinstance(old, str) and new != old:
            known = connection.execute("SELECT 1 FROM blobs WHERE hash=?", (new,)).fetchone()
            if known is None:
                connection.execute("UPDATE blobs SET hash=? WHERE hash=?", (new, old))
            connection.execute("UPDATE media SET blob=? WHERE blob=?", (new, old))
    for table, names in columns.WHOLE_ROWS.items():
        query = f"SELECT rowid, {', '.join(names[:-1])} FROM {table}"
        for number, *values in connection.execute(query).fetchall():
            found = checksums.of_row(values)
            connection.execute(f"UPDATE {table} SET checksum=? WHERE rowid=?", (found, number))
    names = ("id", *stretch.UNPACK_COLUMNS, *SUMMARY_FIELDS)
    for row in connection.execute(f"SELECT {', '.join(names)} FROM scalars").fetchall():
        said = dict(zip(names, row, strict=True))
        try:
            if said["count"] == 1:
                said |= {"last_step": said["step"], "last_wall_time": said["wall_time"]}
            whole = {"series", "level", "n", "count", "step", "last_step"}
            head = [np.array([said[name]], np.int64 if name in whole else np.float64) for name in checksums.HEAD_FIELDS]
            blobs = (said["steps"], said["wall_times"], said["points"])
            found = checksums.of_points(checksums.of_heads(*head)[0], blobs)
            summaries = summaries_of([[said[name] for name in SUMMARY_FIELDS]])
            (summary,) = checksums.of_summaries([said["series"]], said["level"], summaries)[1]
        except (TypeError, ValueError, OverflowError):  # what is no number has no checksum
            continue
        summary = summary if said["sum"] is not None else None
        update = "UPDATE scalars SET checksum=?, summary_checksum=? WHERE id=?"
        connection.execute(update, (found, summary, said["id"]))
    connection.commit()
    connection.close()


def without_chunks(path: Path) -> None:
    """Makes a file one of before there were chunks."""
    connection = sqlite3.connect(path)
    chunks = Chunks(connection)
    names = ("checksum", *columns.POINTS)
    for row in connection.execute(
        f"SELECT {', '.join(columns.SCALARS)} FROM scalars WHERE length(points)=0"
    ).fetchall():
        said = dict(zip(columns.SCALARS, chunks.filled(row), strict=True))
        update = f"UPDATE scalars SET {'=?, '.join(names)}=? WHERE id=?"
        connection.execute(update, (*(said[name] for name in names), row[0]))
    connection.execute("DROP TABLE IF EXISTS chunks")
    connection.execute(f"PRAGMA user_version={columns.PLAIN_VERSION}")
    connection.commit()
    connection.close()


def as_of_before(path: Path) -> None:
    """Makes a file one of before there were checksums."""
    without_chunks(path)
    connection = sqlite3.connect(path)
    for table in sorted(columns.CHECKED_TABLES):
        for name in columns.LATER:
            if name in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    connection.commit()
    connection.close()


def unpackable(points: stretch.Points, series: int = 1, n: int = 0) -> tuple[Any, ...]:
    """A stretch as `unpack` is given it."""
    summary = summarise(points, 1, n)
    said = dict(zip(SUMMARY_FIELDS, summary.tolist()[0], strict=True))
    blobs = stretch.pack(points, 1)[0]
    (head,) = checksums.of_summaries([series], 0, summary)[0]
    value = None if np.isnan(said["value"]) else said["value"]
    place = (series, 0, n, said["count"], said["step"], said["wall_time"], value)
    return (*place, said["last_step"], said["last_wall_time"], *blobs, checksums.of_points(head, blobs))
