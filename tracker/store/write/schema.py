"""The tables, all of them; `columns` names what readers ask for, `docs/store-format.md` explains each column.

The schema is SQLAlchemy's, so that the same tables can stand in another database. Writing goes past
SQLAlchemy's own inserts (measured: 60 times slower than handing tuples to the driver), with `statements`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from tracker.store.write import statements


class Exact(UserDefinedType[Any]):
    """A float64 kept bit for bit.

    A column of SQLite's REAL kind writes -0.0 as the integer 0 to save room; one without a declared type
    keeps the eight bytes. NaN is bound as NULL by SQLite, so that NULL in such a column *means* NaN.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return ""


# A primary key of SQLite is its row number, and then free, only when it is spelled INTEGER.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Whole = sa.BigInteger()
Seconds: sa.Double[float] = sa.Double()

segment_tables = sa.MetaData()

segment = sa.Table(
    "segment",
    segment_tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("fork_step", Whole),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("rank", sa.Integer),
    sa.Column("created", Seconds, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("machine", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("pid_started", sa.Text, nullable=False),
    sa.Column("library", sa.Text, nullable=False),
    sa.Column("run_group", sa.Text),
    sa.Column("run_tags", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
)

# What changes while the segment is written, apart from what is said once: a commit rewrites this small row
# and not a configuration of many kilobytes.
state = sa.Table(
    "state",
    segment_tables,
    sa.Column("written", Whole, nullable=False),
    sa.Column("heartbeat", Seconds, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("ended", Seconds),
    sa.Column("ending", sa.Text),
    sa.Column("lost", sa.Text, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
)

series = sa.Table(
    "series",
    segment_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("tag", sa.Text, nullable=False),
    sa.Column("attributes", sa.Text),
    sa.Column("checksum", Whole, nullable=False),
    # How many values it has, once the segment has ended; -1 until then. Behind the checksum, which is of what is
    # said once, and the same in all files of a sweep.
    sa.Column("logged", Whole, nullable=False, server_default="-1"),
    sa.UniqueConstraint("kind", "tag"),
)

# Columns that say where a row stands: its place in the file's order of writing (`id`, the readers' cursor),
# its series, its level, and the ordinals n … n+count-1 of the points it stands for.
scalars = sa.Table(
    "scalars",
    segment_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("series", sa.Integer, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("n", Whole, nullable=False),
    sa.Column("count", Whole, nullable=False),
    sa.Column("step", Whole, nullable=False),
    sa.Column("wall_time", Exact, nullable=False),
    sa.Column("value", Exact),
    sa.Column("last_step", Whole),
    sa.Column("last_wall_time", Exact),
    sa.Column("last_value", Exact),
    sa.Column("step_min", Whole),
    sa.Column("step_max", Whole),
    sa.Column("wall_time_min", Exact),
    sa.Column("wall_time_max", Exact),
    sa.Column("min", Exact),
    sa.Column("min_step", Whole),
    sa.Column("max", Exact),
    sa.Column("max_step", Whole),
    sa.Column("sum", Exact),
    sa.Column("sum_squares", Exact),
    sa.Column("nan_count", Whole),
    sa.Column("posinf_count", Whole),
    sa.Column("neginf_count", Whole),
    sa.Column("ordered", sa.Integer),
    sa.Column("checksum", Whole, nullable=False),
    sa.Column("summary_checksum", Whole),
    sa.Column("steps", sa.LargeBinary),
    sa.Column("wall_times", sa.LargeBinary),
    sa.Column("points", sa.LargeBinary),
    sa.Index("scalars_by_series", "series", "level", "n", unique=True),
)

# Made with the first chunk: most runs have none, and their files stay readable by versions before.
chunk_tables = sa.MetaData()

chunks = sa.Table(
    "chunks",
    chunk_tables,
    sa.Column("series", sa.Integer, primary_key=True),
    sa.Column("n", Whole, primary_key=True),
    sa.Column("count", Whole, nullable=False),
    sa.Column("steps", sa.LargeBinary, nullable=False),
    sa.Column("wall_times", sa.LargeBinary, nullable=False),
    sa.Column("points", sa.LargeBinary, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
)

sketches = sa.Table(
    "sketches",
    segment_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("series", sa.Integer, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("n", Whole, nullable=False),
    sa.Column("count", Whole, nullable=False),
    sa.Column("step", Whole, nullable=False),
    sa.Column("wall_time", Exact, nullable=False),
    sa.Column("last_step", Whole),
    sa.Column("last_wall_time", Exact),
    sa.Column("step_min", Whole),
    sa.Column("step_max", Whole),
    sa.Column("total", Whole, nullable=False),
    sa.Column("nan_count", Whole, nullable=False),
    sa.Column("posinf_count", Whole, nullable=False),
    sa.Column("neginf_count", Whole, nullable=False),
    sa.Column("min", Exact),
    sa.Column("max", Exact),
    sa.Column("sum", Exact),
    sa.Column("sum_squares", Exact),
    sa.Column("form", sa.Integer, nullable=False),
    sa.Column("buckets", sa.LargeBinary, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
    sa.Index("sketches_by_series", "series", "level", "n", unique=True),
)

media = sa.Table(
    "media",
    segment_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("series", sa.Integer, nullable=False),
    sa.Column("n", Whole, nullable=False),
    sa.Column("step", Whole, nullable=False),
    sa.Column("wall_time", Exact, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("blob", sa.Text, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
    sa.Index("media_by_series", "series", "n", "position", unique=True),
)

# Content-addressed: the same picture logged a thousand times is kept once.
blobs = sa.Table(
    "blobs",
    segment_tables,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

marks = sa.Table(
    "marks",
    segment_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("step", Whole),
    sa.Column("wall_time", Exact, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
)

# What the run answered to a command of the page: the command's nonce, and where in training it took effect.
receipts = sa.Table(
    "receipts",
    segment_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("nonce", sa.Text, nullable=False, unique=True),
    sa.Column("step", Whole),
    sa.Column("wall_time", Exact, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("checksum", Whole, nullable=False),
)

# The page's own file, beside the segments: the only one that the dashboard writes.
page_tables = sa.MetaData()

commands = sa.Table(
    "commands",
    page_tables,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("nonce", sa.Text, nullable=False, unique=True),
    sa.Column("wall_time", Exact, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("expected", sa.Text),
    sa.Column("author", sa.Text),
)

properties = sa.Table(
    "properties",
    page_tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("wall_time", Exact, nullable=False),
)

# What rules of a logdir say and what became of it, in a file of its own: it changes with every delivery.
alert_tables = sa.MetaData()

rules = sa.Table(
    "rules",
    alert_tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("armed", Seconds, nullable=False),
    sa.Column("since", Seconds, nullable=False),
    sa.Column("paused", sa.Integer, nullable=False),
)

crossings = sa.Table(
    "crossings",
    alert_tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("step", Whole),
    sa.Column("wall_time", Seconds, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("noted", Seconds, nullable=False),
)

# One for each action of a rule: 0 waits, 1 was acknowledged, 2 was given up, 3 was never to be sent.
deliveries = sa.Table(
    "deliveries",
    alert_tables,
    sa.Column("crossing", sa.Text, primary_key=True),
    sa.Column("action", sa.Integer, primary_key=True),
    sa.Column("state", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try", Seconds, nullable=False),
    sa.Column("ended", Seconds),
    sa.Column("trouble", sa.Text),
)

leases = sa.Table(
    "leases",
    alert_tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("machine", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("pid_started", sa.Text, nullable=False),
    sa.Column("heartbeat", Seconds, nullable=False),
)


def insert(table: sa.Table, columns: tuple[str, ...] | None = None, *, instead: str = "") -> str:
    """As `statements.insert`; all columns by default."""
    return statements.insert(table.name, columns or tuple(table.columns.keys()), instead=instead)
