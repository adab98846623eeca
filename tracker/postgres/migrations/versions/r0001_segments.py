"""The tables of a segment file, for many segments.

Each row has the number of its segment before what it has in the file. The large tables are split from the first day on:
one of PostgreSQL holds at most 2³² values that are kept apart from their row, and three of a stretch are. All keys
begin with the segment, by which Citus spreads them over machines.
"""

from alembic import op

revision = "0001"
down_revision = None

PARTS = 64

_PLACE = "segment bigint NOT NULL, id bigint NOT NULL"

_TABLES = f"""
CREATE TABLE segment (
    segment bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, place text NOT NULL,
    id text NOT NULL, run text NOT NULL, parent text, fork_step bigint, reason text NOT NULL, rank bigint,
    created double precision NOT NULL, host text NOT NULL, machine text NOT NULL, pid bigint NOT NULL,
    pid_started text NOT NULL, library text NOT NULL, run_group text, run_tags text NOT NULL, notes text NOT NULL,
    config text NOT NULL, environment text NOT NULL, checksum bigint NOT NULL,
    UNIQUE (place, id)
);
CREATE INDEX segment_by_id ON segment (id);
CREATE TABLE state (
    segment bigint PRIMARY KEY REFERENCES segment ON DELETE CASCADE,
    written bigint NOT NULL, heartbeat double precision NOT NULL, status text NOT NULL, ended double precision,
    ending text, lost text NOT NULL, checksum bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE series (
    {_PLACE}, kind text NOT NULL, tag text NOT NULL, attributes text, checksum bigint NOT NULL,
    logged bigint NOT NULL DEFAULT -1,
    PRIMARY KEY (segment, id)
);
CREATE UNIQUE INDEX series_by_tag ON series (segment, kind, md5(tag));
CREATE TABLE scalars (
    {_PLACE}, series integer NOT NULL, level integer NOT NULL, n bigint NOT NULL, count bigint NOT NULL,
    step bigint NOT NULL, wall_time double precision NOT NULL, value double precision,
    last_step bigint, last_wall_time double precision, last_value double precision,
    step_min bigint, step_max bigint, wall_time_min double precision, wall_time_max double precision,
    min double precision, min_step bigint, max double precision, max_step bigint,
    sum double precision, sum_squares double precision,
    nan_count bigint, posinf_count bigint, neginf_count bigint, ordered bigint,
    checksum bigint NOT NULL, summary_checksum bigint, steps bytea, wall_times bytea, points bytea,
    PRIMARY KEY (segment, series, level, n)
) PARTITION BY HASH (segment);
CREATE UNIQUE INDEX scalars_by_id ON scalars (segment, id);
CREATE TABLE sketches (
    {_PLACE}, series integer NOT NULL, level integer NOT NULL, n bigint NOT NULL, count bigint NOT NULL,
    step bigint NOT NULL, wall_time double precision NOT NULL, last_step bigint, last_wall_time double precision,
    step_min bigint, step_max bigint, total bigint NOT NULL,
    nan_count bigint NOT NULL, posinf_count bigint NOT NULL, neginf_count bigint NOT NULL,
    min double precision, max double precision, sum double precision, sum_squares double precision,
    form bigint NOT NULL, buckets bytea NOT NULL, checksum bigint NOT NULL,
    PRIMARY KEY (segment, series, level, n)
) PARTITION BY HASH (segment);
CREATE UNIQUE INDEX sketches_by_id ON sketches (segment, id);
CREATE TABLE media (
    {_PLACE}, series integer NOT NULL, n bigint NOT NULL, step bigint NOT NULL, wall_time double precision NOT NULL,
    position bigint NOT NULL, form text NOT NULL, attributes text NOT NULL, blob text NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (segment, series, n, position)
) PARTITION BY HASH (segment);
CREATE UNIQUE INDEX media_by_id ON media (segment, id);
CREATE TABLE marks (
    {_PLACE}, step bigint, wall_time double precision NOT NULL, kind text NOT NULL, text text NOT NULL,
    attributes text NOT NULL, checksum bigint NOT NULL,
    PRIMARY KEY (segment, id)
);
CREATE TABLE receipts (
    {_PLACE}, nonce text NOT NULL, step bigint, wall_time double precision NOT NULL, outcome text NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (segment, id)
);
CREATE UNIQUE INDEX receipts_by_nonce ON receipts (segment, md5(nonce));
CREATE TABLE blobs (hash text PRIMARY KEY, data bytea NOT NULL) PARTITION BY HASH (hash);
CREATE TABLE contents (
    segment bigint NOT NULL, number bigint NOT NULL, hash text NOT NULL,
    PRIMARY KEY (segment, number)
);
CREATE UNIQUE INDEX contents_by_hash ON contents (hash, segment);
CREATE TABLE properties (
    place text NOT NULL, key text NOT NULL, value text NOT NULL, wall_time double precision NOT NULL,
    PRIMARY KEY (place, key)
);
CREATE TABLE commands (
    place text NOT NULL, id bigint NOT NULL, nonce text NOT NULL, wall_time double precision NOT NULL,
    name text NOT NULL, value text NOT NULL, expected text, author text,
    PRIMARY KEY (place, id)
);
"""

_SPLIT = ("scalars", "sketches", "media", "blobs")

_APART = {"scalars": ("steps", "wall_times", "points"), "sketches": ("buckets",), "blobs": ("data",)}
"""Packed already: PostgreSQL's own compression would only cost time."""


def upgrade() -> None:
    """Makes them."""
    for statement in filter(str.strip, _TABLES.split(";\n")):
        op.execute(statement)
    for table in _SPLIT:
        for part in range(PARTS):
            share = f"FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
            op.execute(f"CREATE TABLE {table}_{part:02} PARTITION OF {table} {share}")
        for column in _APART.get(table, ()):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Takes them away, with all that is in them."""
    op.execute(
        "DROP TABLE commands, properties, contents, blobs, receipts, marks, media, sketches, scalars, series, state, "
        "segment"
    )
