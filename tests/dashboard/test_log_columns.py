"""Columns for a logarithmic axis: as exact as evenly spaced ones, and as many for the first thousand steps as it has room."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard.curves import query, windows
from dashboard.curves.query import Question
from tracker.series.envelope import envelope_of_points
from tracker.series.stretch import Points

STEPS = np.arange(-5, 30_000)
VALUES = np.random.default_rng(0).normal(1, 0.1, len(STEPS))


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of many points, of which six lie at or below step 0."""
    logdir = tmp_path_factory.mktemp("log")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step, value in zip(STEPS.tolist(), VALUES.tolist(), strict=True):
            run.log({"x": value, "y": step}, step=step)
    return tracker.open(logdir).run("a").segments()


def columns_of(segments: Any, **options: Any) -> dict[str, Any]:
    """The columns of an answer by name."""
    question = Question("x", 800, is_log=True, **options)
    answer = query.read(segments, question)
    assert answer is not None
    assert answer[0]["form"] == "columns"
    return dict(zip(question.column_names()["columns"], answer[1], strict=True))


@pytest.mark.parametrize("window", [(None, None), (-100, 20_000), (10, 9_000), (None, 29_000), (1.5, None)])
def test_each_column_is_exact_and_no_point_is_missing(segments: Any, window: tuple[float | None, float | None]) -> None:
    """Extremes and counts are those of the points between a column's first and last step; columns do not overlap."""
    found = columns_of(segments, start=window[0], stop=window[1])
    assert (found["step_first"][1:] > found["step_last"][:-1]).all()
    for i, (first, last) in enumerate(zip(found["step_first"], found["step_last"], strict=True)):
        part = VALUES[(first <= STEPS) & (last >= STEPS)]
        assert (found["min"][i], found["max"][i], found["count"][i]) == (part.min(), part.max(), len(part))
    low, high = (edge if edge is not None else default for edge, default in zip(window, (-5, 29_999), strict=True))
    assert found["count"].sum() == ((low <= STEPS) & (high >= STEPS)).sum()


def test_the_beginning_has_as_many_columns_as_its_part_of_the_axis(segments: Any) -> None:
    """Steps 1 to 1,000 are two thirds of the axis; evenly spaced they were 27 columns of 800."""
    found = columns_of(segments)
    assert ((found["step_first"] > 0) & (found["step_last"] <= 1000)).sum() > 200
    assert (found["step_first"] > 10_000).sum() > 50


def test_a_metric_as_x_and_relative_time_are_spaced_as_well(segments: Any) -> None:
    """All points are there, in the order of the axis."""
    by_metric = columns_of(segments, axis="metric", x="y")
    assert by_metric["count"].sum() == len(STEPS)
    assert (np.diff(by_metric["x_first"]) > 0).all()
    assert ((by_metric["x_first"] > 0) & (by_metric["x_last"] <= 1000)).sum() > 200
    # Here the metric is the step itself: times are those of the points at these places.
    with contextlib.ExitStack() as stack:
        stored = query.Files(stack, segments).points("x")
    assert stored is not None
    times = dict(zip(stored.step.tolist(), stored.wall_time.tolist(), strict=True))
    assert by_metric["wall_time_first"].tolist() == [times[step] for step in by_metric["step_first"]]
    assert by_metric["wall_time_last"].tolist() == [times[step] for step in by_metric["step_last"]]
    assert columns_of(segments, axis="relative")["count"].sum() == len(STEPS)


@given(
    st.lists(st.floats(-1e6, 1e300), min_size=1, max_size=40),
    st.integers(1, 50),
    st.none() | st.floats(-10, 1e5),
    st.none() | st.floats(0, 1e300),
)
def test_whatever_the_places_no_point_is_lost(
    places: list[float], columns: int, start: float | None, stop: float | None
) -> None:
    """Of points anywhere, tiny and huge, each that lies in the window is in one column."""
    x = np.array(places)
    points = Points.of(np.arange(len(x)), x, np.arange(len(x)))
    found = windows.spread(
        lambda n, low, high: envelope_of_points(points, n, low, high, "wall_time"),
        columns,
        start,
        stop,
        "wall_time",
        0.0,
    )
    wanted = (x >= (start if start is not None else -np.inf)) & (x <= (stop if stop is not None else np.inf))
    assert found.points == wanted.sum()
