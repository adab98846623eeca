"""Levels of sketches: whatever is asked of a long series of histograms is exact, and few rows answer it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tracker
from tracker.store.read.run import StoredRun
from tracker.store.read.sketch_levels import FAN_OUT, SketchLevels

LOGGED = 700  # one node of the third level, and some of each level below


class Logged(NamedTuple):
    """A run with a long series, and what was logged in it."""

    run: StoredRun
    steps: list[int]
    values: list[list[float]]
    live: list[int]  # indices of those that a rewind left on the line

    def __repr__(self) -> str:
        return f"<{len(self.steps)} histograms>"


@pytest.fixture(scope="module", params=["in order", "any order", "rewound"])
def logged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """Histograms of a few small whole numbers each, whose counts are easy to check."""
    random = np.random.default_rng(0)
    steps = random.integers(-50, 50, LOGGED) if request.param == "any order" else np.arange(LOGGED) * 3
    values = [random.integers(-3, 4, random.integers(0, 6)).astype(float).tolist() for _ in range(LOGGED)]
    values[100] += [float("nan"), float("inf")]
    logdir = tmp_path_factory.mktemp("runs")
    live = list(range(LOGGED))
    all_steps = steps.tolist()
    run = tracker.init(logdir=logdir, name="a", machine=False)
    for step, value in zip(all_steps, values, strict=True):
        run.log({"h": tracker.Histogram(value)}, step=step)
    run.finish()
    if request.param == "rewound":
        run = tracker.init(logdir=logdir, name="a", resume="must", step=1000, machine=False)
        live = [index for index in live if all_steps[index] <= 1000]
        for step in range(1001, 1101):
            run.log({"h": tracker.Histogram([9.0])}, step=step)
            live.append(len(values))
            all_steps.append(step)
            values.append([9.0])
        run.finish()
    return Logged(tracker.open(logdir).run("a"), all_steps, values, live)


def counted(values: list[float]) -> dict[float, int]:
    return dict(Counter(value for value in values if np.isfinite(value)))


def of_sketch(histogram: tracker.Histogram) -> dict[float, int]:
    """Counts by number: whole numbers so small are the lower edges of their buckets, negative ones the upper."""
    index, counts = histogram.sketch.buckets, histogram.sketch.counts
    edges = [np.array([abs(i + 1) if i < 0 else i], np.uint32) << 16 for i in index.tolist()]
    numbers = [(-1 if i < 0 else 1) * float(e.view(np.float32)[0]) for i, e in zip(index.tolist(), edges, strict=True)]
    return {n + 0.0: int(c) for n, c in zip(numbers, counts, strict=True)}


@given(
    columns=st.integers(1, 800), edges=st.tuples(st.integers(-60, 2200), st.integers(-60, 2200)), whole=st.booleans()
)
@example(columns=1, edges=(0, 0), whole=True)
@example(columns=300, edges=(0, 2100), whole=False)
def test_columns_of_histograms_are_exact_whatever_is_asked(
    logged: Logged, columns: int, edges: tuple[int, int], whole: bool
) -> None:
    """Every histogram of the range is in just one column, in order; none outside of it is; a column adds up exactly."""
    start, stop = (None, None) if whole else (min(edges), max(edges))
    found = logged.run.histograms("h", columns=columns, start=start, stop=stop)
    wanted = [i for i in logged.live if whole or start <= logged.steps[i] <= stop]  # type: ignore[operator]
    assert found.count.sum() == len(wanted)
    assert len(found) <= columns
    at = 0
    for index, histogram in enumerate(found):
        group = wanted[at : at + int(found.count[index])]
        at += len(group)
        values = [value for i in group for value in logged.values[i]]
        assert of_sketch(histogram) == counted(values)
        assert histogram.total == len(values)
        assert histogram.nan_count == np.isnan(values).sum()
        assert histogram.posinf_count == (np.array(values) == np.inf).sum()
        assert (found.step[index], found.last_step[index]) == (logged.steps[group[0]], logged.steps[group[-1]])


def test_columns_use_the_room_they_are_given(logged: Logged) -> None:
    """A map of 200 columns is not made of ten, in a part of the series as in all of it."""
    assert len(logged.run.histograms("h", columns=200)) > 50
    ordered = sorted(logged.steps)
    part = logged.run.histograms("h", columns=100, start=ordered[100], stop=ordered[400])
    assert len(part) > 25


def test_few_rows_answer_for_a_long_series(logged: Logged) -> None:
    """All histograms together are read from the nodes above them."""
    path = logged.run.segments()[0].path
    connection = sqlite3.connect(path)
    nodes = SketchLevels(connection, 1, None, None).nodes(LOGGED)
    connection.close()
    assert sum(node.count for node in nodes) == LOGGED
    assert len(nodes) <= 3 * FAN_OUT


def test_a_rough_answer_is_exact_and_read_from_fewer_rows(logged: Logged) -> None:
    """What a page draws first: whole nodes, which together say just what all histograms say."""
    rough, fine = logged.run.histograms("h", columns=200, rough=True), logged.run.histograms("h", columns=200)
    assert len(fine) / 4 < len(rough) < len(fine)
    assert rough.count.sum() == fine.count.sum() == len(logged.live)
    assert of_sketch(rough.merge()) == of_sketch(fine.merge())
    assert (rough.last_step[-1], rough.step[0]) == (fine.last_step[-1], fine.step[0])


def test_a_series_without_levels_is_read_as_well(tmp_path: Path) -> None:
    """Nodes only make reading fast: where they are missing, the histograms themselves answer."""
    with tracker.init(logdir=tmp_path, name="a") as run:
        for step in range(100):
            run.log({"h": tracker.Histogram([1.0])}, step=step)
    path = tracker.open(tmp_path).run("a").segments()[0].path
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM sketches WHERE level > 0")
    connection.commit()
    connection.close()
    found = tracker.open(tmp_path).run("a").histograms("h", columns=10)
    assert found.merge().total == found.count.sum() == 100


def test_no_columns_are_refused(logged: Logged) -> None:
    """As for curves."""
    with pytest.raises(ValueError, match="columns must be at least 1"):
        logged.run.histograms("h", columns=0)
