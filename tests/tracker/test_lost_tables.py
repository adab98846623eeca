"""A run's file that loses a table under its writer, as a program that changes it may have it: nothing logged is lost."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

import tracker


@pytest.mark.parametrize("table", ["scalars", "state"])
def test_a_file_that_lost_a_table_is_left_and_a_new_one_begun(logdir: Path, table: str) -> None:
    """Waiting mends it no more than other damage: what is logged goes on in a new file."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"x": 0.0}, step=0)
    assert run.flush()
    (file,) = (logdir / "a").glob("events.*.sqlite")
    with contextlib.closing(sqlite3.connect(file, timeout=10)) as connection:
        connection.execute(f"DROP TABLE {table}")
    for step in range(1, 50):
        run.log({"x": float(step)}, step=step)
    assert run.flush(10)
    run.finish()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == list(range(1, 50))
    assert len(stored.problems()) == 1
