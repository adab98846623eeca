"""The tables that the migrations make are those that are written to and read."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from at_once import at_once

from tracker.postgres import migrate, tables
from tracker.postgres.engine import engine_of
from tracker.postgres.migrations import versions
from tracker.postgres.opened import PgStore

_NAMES = {"bigint": "int8", "integer": "int4", "double precision": "float8", "text": "text", "bytea": "bytea"}


def test_columns_and_types(store: PgStore) -> None:
    found = sa.inspect(store.engine)
    for table, names in tables.NAMES.items():
        columns = [(column["name"], str(column["type"]).lower()) for column in found.get_columns(table)]
        kinds = [(name, _NAMES[kind]) for name, kind in columns if name not in ("segment", "place")]
        assert kinds == [*zip(names, tables.KINDS[table], strict=True)], table


def test_large_tables_are_split_by_segment(store: PgStore) -> None:
    parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass"
    key = "SELECT pg_get_partkeydef(%s::regclass)"
    with store.engine.connect() as connection:
        for table, by in (("scalars", "segment"), ("sketches", "segment"), ("media", "segment"), ("blobs", "hash")):
            assert connection.exec_driver_sql(parts, (table,)).scalar() == 64
            assert connection.exec_driver_sql(key, (table,)).scalar() == f"HASH ({by})"
        indexed = connection.exec_driver_sql(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'scalars'::regclass AND contype = 'p'"
        )
        assert indexed.scalar() == "PRIMARY KEY (segment, series, level, n)"


def test_the_steps_are_the_files() -> None:
    files = [
        importlib.import_module(f"{versions.__name__}.{each.name}") for each in pkgutil.iter_modules(versions.__path__)
    ]
    assert [each.revision for each in files] == [*migrate.STEPS]
    assert [each.down_revision for each in files] == [None, *migrate.STEPS[:-1]]


def test_two_that_begin_at_once_make_them_once(new_database: Callable[[str], str]) -> None:
    engine = engine_of(sa.make_url(new_database("both")))
    at_once(lambda: migrate.migrate(engine, "x"), 2)
    assert migrate.revision(engine) == migrate.STEPS[-1]
    engine.dispose()


@pytest.mark.parametrize(
    ("value", "kept"), [(float("nan"), None), (-0.0, -0.0), (float("inf"), float("inf")), (3, 3.0), (None, None)]
)
def test_values_as_sqlite_keeps_them(value: float | None, kept: float | None) -> None:
    """NaN is NULL there, and nothing else is."""
    found = tables.KEEPERS["marks"](7, (1, 5, value, "k", "t", "{}", 9))
    assert repr(found) == repr((7, 1, 5, kept, "k", "t", "{}", 9))
