"""The envelope: no spike is ever hidden, at any zoom, for any order of arrival, across segments."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import tracker
from tracker.series import stretch
from tracker.series.envelope import Envelope, envelope
from tracker.series.stretch import Points
from tracker.series.summary import SUMMARY, Summaries, merge_summaries, summarise
from tracker.store.write import appender as appenders
from tracker.store.write import transaction as transactions


class Memory:
    """A series as levels of summaries, made of points in memory as the store makes them of rows."""

    def __init__(self, points: Points, sizes: Sequence[int], fan_out: int = 3) -> None:
        self.parts: list[Points] = []
        start = 0
        for size in [*sizes, len(points.step)]:
            stop = min(start + size, len(points.step))
            if stop > start:
                self.parts.append(points.part(start, stop))
            start = stop
        self.levels: list[list[np.void]] = [[]]
        n = 0
        for part in self.parts:
            self.levels[0].append(summarise(part, 1, n)[0])
            n += len(part.step)
        self.children: list[list[Summaries]] = [[]]
        while len(self.levels[-1]) > fan_out:
            below = np.array(self.levels[-1], SUMMARY)
            groups = [below[start : start + fan_out] for start in range(0, len(below) // fan_out * fan_out, fan_out)]
            self.children.append(groups)
            self.levels.append([merge_summaries(group)[0] for group in groups])

    def top(self) -> tuple[Summaries, np.ndarray]:
        found, start = [], 0
        for level in range(len(self.levels) - 1, -1, -1):
            for item in self.levels[level]:
                if item["n"] >= start:
                    found.append((item, level))
            if found:
                start = int(found[-1][0]["n"] + found[-1][0]["count"])
        return np.array([item for item, _ in found], SUMMARY), np.array([level for _, level in found], np.int64)

    def split(self, items: Summaries, level: int) -> Summaries:
        by_n = {int(group["n"][0]): group for group in self.children[level]}
        return np.concatenate([by_n[int(n)] for n in items["n"]])

    def points(self, items: Summaries) -> Points:
        by_n = {int(item["n"]): part for item, part in zip(self.levels[0], self.parts, strict=True)}
        return stretch.concatenate([by_n[int(n)] for n in items["n"]])


def check(found: Envelope, points: Points, columns: int, start: float | None, stop: float | None, axis: str) -> None:
    """That the envelope is the truth about the raw points of the window."""
    x = points.step if axis == "step" else points.wall_time
    inside = np.ones(len(x), bool)
    if start is not None:
        inside &= x >= start
    if stop is not None:
        inside &= x <= stop
    assert found.points == inside.sum()
    assert len(found) <= columns
    low = found.step_first if axis == "step" else found.wall_time_first
    high = found.step_last if axis == "step" else found.wall_time_last
    assert (low[1:] > high[:-1]).all(), "columns overlap"
    for i in range(len(found)):
        own = inside & (x >= low[i]) & (x <= high[i])
        value = points.value[own]
        finite = value[np.isfinite(value)]
        assert found.count[i] == own.sum()
        assert found.nan_count[i] == np.isnan(value).sum()
        assert found.posinf_count[i] == (value == np.inf).sum()
        assert found.neginf_count[i] == (value == -np.inf).sum()
        if finite.size:
            assert (found.min[i], found.max[i]) == (finite.min(), finite.max())
            at_min, at_max = points.step[own][value == finite.min()], points.step[own][value == finite.max()]
            assert found.min_step[i] in at_min
            assert found.max_step[i] in at_max
            assert found.mean[i] == pytest.approx(finite.sum() / finite.size, rel=1e-6, abs=1e-6)
        else:
            assert math.isnan(found.min[i])
            assert math.isnan(found.max[i])
        first, last = value[x[own] == low[i]], value[x[own] == high[i]]
        assert any(found.first[i] == each or (math.isnan(each) and math.isnan(found.first[i])) for each in first)
        assert any(found.last[i] == each or (math.isnan(each) and math.isnan(found.last[i])) for each in last)


values = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, 1e300]))
orders = st.sampled_from(["rising", "rising with gaps", "any", "repeated", "falling"])


@st.composite
def series(draw: st.DrawFn) -> Points:
    """Points as training loops make them, and as they should not."""
    count = draw(st.integers(1, 150))
    order = draw(orders)
    if order == "rising":
        steps = list(range(count))
    elif order == "rising with gaps":
        steps = list(np.cumsum(draw(st.lists(st.integers(0, 50), min_size=count, max_size=count))))
    elif order == "falling":
        steps = list(range(count, 0, -1))
    else:
        low, high = (0, 5) if order == "repeated" else (-(2**63), 2**63 - 1)
        steps = draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
    times = np.cumsum(draw(st.lists(st.floats(0, 10), min_size=count, max_size=count))) + 1.7e9
    if draw(st.booleans()):
        times = times[::-1]
    return Points.of(steps, times, draw(st.lists(values, min_size=count, max_size=count)))


@examples(200)
@given(
    st.lists(series(), min_size=1, max_size=3),
    st.lists(st.integers(1, 30), max_size=40),
    st.integers(1, 60),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.sampled_from(["step", "wall_time"]),
    st.booleans(),
)
def test_extremes_of_columns_are_extremes_of_points(
    parts: list[Points], sizes: list[int], columns: int, window: tuple[float, float], axis: str, whole: bool
) -> None:
    """The promise of the house: every column's extreme is the raw extreme, at every zoom, in any order, across segments."""
    sources = [Memory(part, sizes) for part in parts]
    points = stretch.concatenate(parts)
    x = points.step if axis == "step" else points.wall_time
    start = stop = None
    if not whole:
        low, high = int(x.min()), int(x.max())
        edges = sorted(low + int((high - low) * share) for share in window)
        start, stop = (float(edge) if axis == "wall_time" else edge for edge in edges)
    check(envelope(sources, columns, start, stop, axis), points, columns, start, stop, axis)


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(series(), st.lists(st.integers(1, 40), max_size=8), st.integers(1, 40))
def test_the_answer_is_the_same_whatever_the_batching(
    tmp_path: Path, points: Points, batches: list[int], columns: int
) -> None:
    """Fresh rows, open stretches and sealed ones are one series: how the writer's batches fell cannot be seen."""
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # Small stretches and folds, so that a hundred points pass through every form that a million would.
    with mock.patch.multiple(transactions, STRETCH_POINTS=16, FAN_OUT=3, FOLD_POINTS=6):
        writer = appenders.Appender(folder / "events.x.sqlite", a_birth())
        start = 0
        for size in [*batches, len(points.step)]:
            with writer.transaction() as transaction:
                transaction.add_series([("scalar", "loss")])
                transaction.add_scalars([(1, points.part(start, start + size))])
            start += size
        writer.close()
    stored = tracker.open(tmp_path).run("run")
    back = stored.scalars("loss")
    assert back.step.tolist() == points.step.tolist()
    assert back.wall_time.tolist() == points.wall_time.tolist()
    assert np.array_equal(back.value, points.value, equal_nan=True)
    check(stored.envelope("loss", columns), points, columns, None, None, "step")


def a_birth() -> appenders.Birth:
    """A segment's beginnings, for tests that write one directly."""
    from tracker.store.read.liveness import this_process

    return appenders.Birth(
        segment="x", run="run", parent=None, fork_step=None, reason="start", rank=None, created=1.7e9, writer=this_process(),
        library="test", group=None, tags=(), notes="", config={}, environment={},
    )  # fmt: skip


def test_one_spike_among_a_million_points_is_in_the_envelope(logdir: Path) -> None:
    """The thread where other tools lose trust: one value of 50 in noise about 1, seen from afar."""
    run = tracker.init(logdir=logdir, name="spike")
    noise = np.random.default_rng(0).normal(1.0, 0.05, 300_000)
    noise[123_456] = 50.0
    for step, value in enumerate(noise.tolist()):
        run.log({"loss": value}, step=step)
    run.finish()
    stored = tracker.open(logdir).run("spike")
    for columns in (1, 10, 1000):
        found = stored.envelope("loss", columns)
        assert found.max.max() == 50.0
        assert found.max_step[found.max.argmax()] == 123_456
        assert found.points == 300_000
        assert len(found) <= columns
    zoomed = stored.envelope("loss", 500, start=123_400, stop=123_500)
    assert zoomed.points == 101
    assert len(zoomed) == 101
    assert zoomed.step_first.tolist() == list(range(123_400, 123_501))


@pytest.mark.parametrize("axis", ["step", "wall_time"])
def test_few_points_are_points(logdir: Path, axis: str) -> None:
    """Where there are more columns than points, none is drawn as a range: two values are a line, not a block."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in (1, 2):
            run.log({"loss": float(step)}, step=step, wall_time=1.7e9 + step)
    found = tracker.open(logdir).run("a").envelope("loss", 1000, axis=axis)
    assert found.count.tolist() == [1, 1]
    assert found.first.tolist() == [1.0, 2.0]


def test_a_window_without_points_is_empty(logdir: Path) -> None:
    """Nothing there is an answer of no columns, not an error."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"loss": 1.0}, step=5)
    run.finish()
    found = tracker.open(logdir).run("a").envelope("loss", 10, start=6, stop=9)
    assert len(found) == 0
    assert found.points == 0
