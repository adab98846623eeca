"""What a reader must know of the tables: a file's marks, and the columns it asks for. `schema` has all of them.

Apart from it, because a reader needs no SQLAlchemy and need not wait for its import; `tests/docs` holds them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tracker.series.columns import POINTS as POINTS
from tracker.series.columns import SUMMARY as SUMMARY

APPLICATION_ID = 0x45565354  # "EVST": says that a SQLite file is ours, whatever it is called
SCHEMA_VERSION = 2
"""In `PRAGMA user_version`. Older files stay readable; a newer one is refused with one sentence."""

PLAIN_VERSION = 1
"""Of a file without chunks, as all begin."""

ARRIVALS = "arrivals"
"""The table that files have whose rows come from another machine."""

SAVED = -1
"""In the `late` of its row: what was saved of a damaged file. The next shipment begins it anew."""

PAGE_BYTES = 1024
"""Of a file that is made now; before, 4,096. A table or an index takes a page however little is in it, and those of a
short run are most of its file."""

CHECKSUMS = ("checksum", "summary_checksum")
"""What says, in each row, that it is as it was written."""

LATER = (*CHECKSUMS, "logged")
"""Columns that files of before there were checksums have not."""


def select(table: str, names: Iterable[str]) -> str:
    """A SELECT of columns of a table; see `asked`."""
    return f"SELECT {', '.join(asked(names))} FROM {table}"


def asked(names: Iterable[str], table: str = "") -> list[str]:
    """Columns as a SELECT names them, of which some may be of `LATER`.

    One that is NULL, as none of ours is, becomes what is nobody's. In a file of before, NULL is what all of them are.

    Args:
        names: The columns.
        table: Where another table of the question has one of the same name.
    """
    said = ((name, f"{table}.{name}" if table else name) for name in names)
    return [f"ifnull({each}, -1)" if name in LATER else each for name, each in said]


def unchecked(query: str) -> str:
    """The same question to a file of before there were checksums."""
    return _CHECKSUM.sub("NULL", query)


_CHECKSUM = re.compile(rf"ifnull\((\w+\.)?({'|'.join(LATER)}), -1\)")

SEGMENT = (
    "id", "run", "parent", "fork_step", "reason", "rank", "created", "host", "machine", "pid", "pid_started", "library",
    "run_group", "run_tags", "notes", "config", "environment", "checksum",
)  # fmt: skip
"""Of `segment`: all."""

STATE = ("written", "heartbeat", "status", "ended", "ending", "lost", "checksum")
"""Of `state`: all."""

FRESH = ("id", "series", "level", "n", "count", "step", "wall_time", "value", "checksum")
"""All that a single fresh point fills of `scalars`."""


SCALARS = ("id", "series", "level", "n", "count", *SUMMARY, *CHECKSUMS, *POINTS)
"""Of `scalars`: all."""

CHUNKS = "chunks"
"""The table that files have of which points lie in chunks."""

CHUNK = ("series", "n", "count", *POINTS, "checksum")
"""Of `chunks`: all."""

SKETCH = (
    "id", "series", "level", "n", "count", "step", "wall_time", "last_step", "last_wall_time", "step_min", "step_max",
    "total", "nan_count", "posinf_count", "neginf_count", "min", "max", "sum", "sum_squares", "form", "buckets",
    "checksum",
)  # fmt: skip
"""Of `sketches`: all."""

SERIES = ("id", "kind", "tag", "attributes", "checksum", "logged")
MEDIA = ("id", "series", "n", "step", "wall_time", "position", "form", "attributes", "blob", "checksum")
MARK = ("id", "step", "wall_time", "kind", "text", "attributes", "checksum")
BLOB = ("hash", "data")
RECEIPT = ("id", "nonce", "step", "wall_time", "outcome", "checksum")

WHOLE_ROWS = {
    "segment": SEGMENT, "state": STATE, "series": SERIES[:-1], "sketches": SKETCH, "media": MEDIA, "marks": MARK,
    "receipts": RECEIPT,
}  # fmt: skip
"""The tables whose rows have one checksum, of all that stands before it."""

CHECKED_TABLES = frozenset((*WHOLE_ROWS, "scalars"))
"""The tables that have it: all, or none in files of before. The content of a blob has its hash."""
