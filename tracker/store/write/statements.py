"""Statements of a segment's tables, as SQLAlchemy writes them from `schema`; `tests/docs` holds the two together.

Apart from it, because a run need not wait for SQLAlchemy, whose import takes longer than all else that begins one.
"""

from __future__ import annotations

from functools import lru_cache

TABLES = """
CREATE TABLE segment (
    id TEXT NOT NULL, run TEXT NOT NULL, parent TEXT, fork_step BIGINT, reason TEXT NOT NULL, rank INTEGER,
    created DOUBLE NOT NULL, host TEXT NOT NULL, machine TEXT NOT NULL, pid INTEGER NOT NULL,
    pid_started TEXT NOT NULL, library TEXT NOT NULL, run_group TEXT, run_tags TEXT NOT NULL, notes TEXT NOT NULL,
    config TEXT NOT NULL, environment TEXT NOT NULL, checksum BIGINT NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE state (
    written BIGINT NOT NULL, heartbeat DOUBLE NOT NULL, status TEXT NOT NULL, ended DOUBLE, ending TEXT,
    lost TEXT NOT NULL, checksum BIGINT NOT NULL
);
CREATE TABLE series (
    id INTEGER NOT NULL, kind TEXT NOT NULL, tag TEXT NOT NULL, attributes TEXT, checksum BIGINT NOT NULL,
    logged BIGINT DEFAULT '-1' NOT NULL, PRIMARY KEY (id), UNIQUE (kind, tag)
);
CREATE TABLE scalars (
    id INTEGER NOT NULL, series INTEGER NOT NULL, level INTEGER NOT NULL, n BIGINT NOT NULL, count BIGINT NOT NULL,
    step BIGINT NOT NULL, wall_time NOT NULL, value , last_step BIGINT, last_wall_time , last_value ,
    step_min BIGINT, step_max BIGINT, wall_time_min , wall_time_max , min , min_step BIGINT, max , max_step BIGINT,
    sum , sum_squares , nan_count BIGINT, posinf_count BIGINT, neginf_count BIGINT, ordered INTEGER,
    checksum BIGINT NOT NULL, summary_checksum BIGINT, steps BLOB, wall_times BLOB, points BLOB, PRIMARY KEY (id)
);
CREATE UNIQUE INDEX scalars_by_series ON scalars (series, level, n);
CREATE TABLE sketches (
    id INTEGER NOT NULL, series INTEGER NOT NULL, level INTEGER NOT NULL, n BIGINT NOT NULL, count BIGINT NOT NULL,
    step BIGINT NOT NULL, wall_time NOT NULL, last_step BIGINT, last_wall_time , step_min BIGINT, step_max BIGINT,
    total BIGINT NOT NULL, nan_count BIGINT NOT NULL, posinf_count BIGINT NOT NULL, neginf_count BIGINT NOT NULL,
    min , max , sum , sum_squares , form INTEGER NOT NULL, buckets BLOB NOT NULL, checksum BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX sketches_by_series ON sketches (series, level, n);
CREATE TABLE media (
    id INTEGER NOT NULL, series INTEGER NOT NULL, n BIGINT NOT NULL, step BIGINT NOT NULL, wall_time NOT NULL,
    position INTEGER NOT NULL, form TEXT NOT NULL, attributes TEXT NOT NULL, blob TEXT NOT NULL,
    checksum BIGINT NOT NULL, PRIMARY KEY (id)
);
CREATE UNIQUE INDEX media_by_series ON media (series, n, position);
CREATE TABLE blobs (
    hash TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (hash)
);
CREATE TABLE marks (
    id INTEGER NOT NULL, step BIGINT, wall_time NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    attributes TEXT NOT NULL, checksum BIGINT NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE receipts (
    id INTEGER NOT NULL, nonce TEXT NOT NULL, step BIGINT, wall_time NOT NULL, outcome TEXT NOT NULL,
    checksum BIGINT NOT NULL, PRIMARY KEY (id), UNIQUE (nonce)
)
"""
"""Of every segment, from its first moment."""

CHUNKS = """
CREATE TABLE chunks (
    series INTEGER NOT NULL, n BIGINT NOT NULL, count BIGINT NOT NULL, steps BLOB NOT NULL, wall_times BLOB NOT NULL,
    points BLOB NOT NULL, checksum BIGINT NOT NULL, PRIMARY KEY (series, n)
)
"""
"""Of one whose points lie in chunks."""


def each_of(text: str) -> tuple[str, ...]:
    """The statements of one of the texts above."""
    return tuple(" ".join(statement.split()) for statement in text.split(";"))


@lru_cache(maxsize=64)
def insert(table: str, names: tuple[str, ...], *, instead: str = "") -> str:
    """The INSERT statement of a table for tuples in the order of columns.

    Args:
        table: Its name.
        names: The columns.
        instead: What happens to a row of the same key: `OR IGNORE`, `OR REPLACE`; an error by default.
    """
    begin = f"INSERT {instead}" if instead else "INSERT"
    return f"{begin} INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
