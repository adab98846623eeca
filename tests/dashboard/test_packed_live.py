"""A page that is open while a file is packed under it: nothing is told twice, and what comes after is."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from test_library import Listener

import tracker
from dashboard.live.catalog import Catalog
from dashboard.live.changes import MAX_NEW_POINTS
from tracker.pruning import packed_run
from tracker.series.chunk import CHUNK_POINTS


def known(catalog: Catalog) -> list[tuple[str, int, tuple[int, float, float]]]:
    """What a catalog knows of the curves of its runs."""
    return [
        (each.tag, each.count, each.last)
        for run in catalog.runs.values()
        for segment in run.segments.values()
        for each in segment.series.values()
    ]


def test_a_catalog_that_knew_a_run_knows_it_when_it_was_packed(logdir: Path) -> None:
    """The same as one that meets it packed; a segment more is followed."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(1_500):
            run.log({"x": step / 7}, step=step)
    catalog = Catalog(logdir)
    catalog.scan()
    before = known(catalog)
    packed = packed_run.pack(run.folder)
    assert packed.after < packed.before
    assert not packed.problems
    assert not catalog.look(["a"]).points
    assert not catalog.scan().points
    other = Catalog(logdir)
    other.scan()
    assert known(catalog) == known(other) == before
    assert not catalog.runs["a"].problems
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.log({"x": 0.25}, step=1_500)
    catalog.scan()
    assert [(tag, count, last[2]) for tag, count, last in known(catalog)] == [("x", 1_500, 1_499 / 7), ("x", 1, 0.25)]


def test_every_point_is_told_once_while_chunks_are_made(logdir: Path) -> None:
    """Of a run that goes on over several of them, in batches of any size."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"first": 0.0}, step=0)
        run.flush()
        listener = Listener(logdir)
        step = 0
        for batch in (100, *[MAX_NEW_POINTS] * (2 * CHUNK_POINTS // MAX_NEW_POINTS + 1), 3):
            for _ in range(batch):
                run.log({"x": step / 3}, step=step)
                step += 1
            run.flush()
            listener.hear(listener.catalog.scan())
    listener.hear(listener.catalog.scan())
    (points,) = listener.told.values()
    assert points == [(each, each / 3) for each in range(step)]
    (path,) = run.folder.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM chunks").fetchone()[0] >= 2


def test_a_run_that_is_written_is_left_alone(logdir: Path) -> None:
    """And said to be."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0}, step=0)
        run.flush()
        (why,) = packed_run.pack(run.folder).problems.values()
        assert why == "it may still be written"
