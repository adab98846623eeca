"""What a segment file holds behind a cursor: the questions of who follows a run, each answered without reading points
that were read before."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import Any, NamedTuple

from tracker.errors import DamagedBytesError
from tracker.series import stretch
from tracker.series.summary import SUMMARY_COLUMNS
from tracker.store import columns
from tracker.store.read import read_only
from tracker.store.read.commands import outcome_of
from tracker.store.read.segments import MOST_SERIES

FIRST = -(1 << 63)
"""Behind this lies everything."""

_SERIES = f"{columns.select('series', columns.SERIES)} WHERE id>? ORDER BY id"
_COUNTED = "SELECT count(*) FROM (SELECT 1 FROM series WHERE id>? LIMIT ?) AS some_of_them"
_LAST_ROWS = (
    "series JOIN scalars ON series = series.id AND level = 0 "
    "AND n = (SELECT max(other.n) FROM scalars AS other WHERE other.series = series.id AND other.level = 0)"
)
_LAST_COLUMNS = ("series.id", *columns.asked(SUMMARY_COLUMNS, "scalars"))
_LAST = f"{columns.select(_LAST_ROWS, _LAST_COLUMNS)} WHERE kind = 'scalar'"
_LAST_OF_ONE = f"{_LAST} AND series.id = ?"
_ITEMS = "SELECT series, max(n) + 1, max(step), max(wall_time), count(*) FROM {} WHERE id>? GROUP BY series"
_POINTS = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE id>? AND level=0 ORDER BY id"
_CAME_LATE = f"SELECT late FROM {columns.ARRIVALS}"
_POINTS_FROM = (
    f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 AND n + count > ? ORDER BY n"
)
_PAUSES = (
    "SELECT outcome FROM receipts WHERE id>? AND (outcome LIKE '%\"paused\"%' OR outcome LIKE '%\"stop\"%') "
    "ORDER BY id DESC LIMIT 1000"
)
"""Whoever asks to stop lets a paused training go on as well."""

Row = tuple[Any, ...]


class NewItems(NamedTuple):
    """What a series of histograms or media has behind a cursor."""

    series: int
    logged: int
    """How many calls logged to it, all in all."""
    step: int
    wall_time: float
    rows: int
    """Rows behind the cursor."""


def series(connection: sqlite3.Connection, behind: int) -> list[Row]:
    """The rows of `series` (`columns.SERIES`) with a greater number, counted before they are in memory.

    Raises:
        DamagedBytesError: they are more than any run has.
    """
    (count,) = connection.execute(_COUNTED, (behind, MOST_SERIES + 1)).fetchone()
    if count > MOST_SERIES:
        raise DamagedBytesError("it holds more series than any run")
    return connection.execute(_SERIES, (behind,)).fetchall()


def last_points(connection: sqlite3.Connection, only: int | None = None) -> list[Row]:
    """The last row of each series of scalars, or of one: its number, then `SUMMARY_COLUMNS`."""
    asked = (_LAST, ()) if only is None else (_LAST_OF_ONE, (only,))
    return connection.execute(*asked).fetchall()


def histograms(connection: sqlite3.Connection, behind: int) -> list[NewItems]:
    """The series of histograms that have rows behind a cursor."""
    return [NewItems(*row) for row in connection.execute(_ITEMS.format("sketches"), (behind,))]


def media(connection: sqlite3.Connection, behind: int) -> list[NewItems]:
    """The series of media that have rows behind a cursor."""
    return [NewItems(*row) for row in connection.execute(_ITEMS.format("media"), (behind,))]


def points(connection: sqlite3.Connection, behind: int) -> sqlite3.Cursor:
    """Rows of points (`stretch.UNPACK_COLUMNS`) behind a cursor; some say again, folded, what an earlier one did."""
    return connection.execute(_POINTS, (behind,))


def late_points(connection: read_only.Connection) -> int:
    """How many points have come behind others, below every cursor: single ones that were left out before."""
    return int(connection.execute(_CAME_LATE).fetchone()[0]) if connection.is_replica else 0


def points_from(connection: sqlite3.Connection, series: int, n: int) -> list[Row]:
    """The rows of points (`stretch.UNPACK_COLUMNS`) of a series that hold those from an ordinal on, in order."""
    return connection.execute(_POINTS_FROM, (series, n)).fetchall()


def has_marks(connection: sqlite3.Connection, behind: int) -> bool:
    """Whether there are marks behind a cursor."""
    return connection.execute("SELECT 1 FROM marks WHERE id>?", (behind,)).fetchone() is not None


def has_receipts(connection: sqlite3.Connection, behind: int) -> bool:
    """Whether there are answers to commands behind a cursor; sources of imports keep receipts of their own."""
    asked = "SELECT 1 FROM receipts WHERE id>? AND nonce NOT LIKE 'source %' LIMIT 1"
    return connection.execute(asked, (behind,)).fetchone() is not None


def is_paused(connection: sqlite3.Connection, behind: int) -> bool | None:
    """Whether a training was paused by the last command behind a cursor that pauses it, or that lets it go on; None
    where there is none."""
    for (outcome,) in connection.execute(_PAUSES, (behind,)):
        with contextlib.suppress(ValueError):  # no JSON, and no answer of ours: who reads all of them says so
            said = outcome_of(outcome)
            if said is not None and said["outcome"] == "applied" and said["name"] in ("paused", "stop"):
                return said.get("value") is True
    return None


def import_warnings(connection: sqlite3.Connection) -> list[str]:
    """What an import noted of its sources: what in them was not sound."""
    found = connection.execute("SELECT outcome FROM receipts WHERE nonce LIKE 'source %'").fetchall()
    return [each for (outcome,) in found for each in json.loads(outcome).get("met", [])]
