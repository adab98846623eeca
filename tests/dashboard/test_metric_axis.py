"""A metric as x: every point at the place that the metric had at its step, in columns beside its step and its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard.curves import query
from dashboard.curves.query import Question

N = 3000
RANDOM = np.random.default_rng(7)
PLACES = np.round(RANDOM.normal(0, 10, N), 1)  # in no order, and many twice
PLACES[::50] = np.nan
VALUES = RANDOM.normal(1, 0.1, N)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Any:
    logdir = tmp_path_factory.mktemp("log")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(N):
            run.log({"y": VALUES[step], "x": PLACES[step], "tokens": 7.0 * step}, step=step)
    return tracker.open(logdir).run("a").segments()


@pytest.fixture(scope="module")
def times(segments: Any) -> Any:
    """Of each step."""
    answer = query.read(segments, Question("y", N))
    assert answer is not None
    assert answer[0]["form"] == "points"
    return answer[1][1]


def named(segments: Any, question: Question) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head of an answer, and its columns by name."""
    answer = query.read(segments, question)
    assert answer is not None
    head, columns = answer
    return head, dict(zip(question.column_names()[head["form"]], columns, strict=True))


EDGES = st.none() | st.floats(-40, 40)


@given(EDGES, EDGES, st.integers(1, 900), st.booleans())
def test_each_column_says_where_and_when_its_points_were(
    segments: Any, times: Any, start: float | None, stop: float | None, columns: int, is_log: bool
) -> None:
    """Whatever window, however many columns: nothing is lost, and times are those of the points in the column."""
    _, found = named(segments, Question("y", columns, start, stop, "metric", "x", is_log))
    low, high = (-np.inf if start is None else start), (np.inf if stop is None else stop)
    placed = np.flatnonzero((low <= PLACES) & (high >= PLACES))
    if "x" in found:  # single points, with a neighbour at each side perhaps
        inside = (low <= found["x"]) & (found["x"] <= high)
        assert inside.sum() == len(placed)
        assert np.array_equal(found["x"], PLACES[found["step"]])
        assert np.array_equal(found["wall_time"], times[found["step"]])
        return
    assert found["count"].sum() == len(placed)
    assert (np.diff(found["x_first"]) > 0).all()
    for i, (first, last) in enumerate(zip(found["x_first"], found["x_last"], strict=True)):
        own = placed[(first <= PLACES[placed]) & (PLACES[placed] <= last)]
        assert len(own) == found["count"][i]
        assert (found["wall_time_first"][i], found["wall_time_last"][i]) == (times[own].min(), times[own].max())
        assert (found["step_first"][i], found["step_last"][i]) == (own.min(), own.max())
        assert (found["min"][i], found["max"][i]) == (VALUES[own].min(), VALUES[own].max())


def test_what_has_no_place_is_counted(segments: Any) -> None:
    """Where the metric was not finite."""
    head, _ = named(segments, Question("y", 100, axis="metric", x="x"))
    assert head["unplaced"] == np.isnan(PLACES).sum()


def test_few_points_come_as_they_are(segments: Any, times: Any) -> None:
    """In the order of the metric, where that is the order of the steps too; with a neighbour at each side of a window."""
    head, found = named(segments, Question("y", 2000, 70.0, 140.0, "metric", "tokens"))
    assert (head["form"], found["x"].tolist()) == ("points", [7.0 * step for step in range(9, 22)])
    assert found["wall_time"].tolist() == times[9:22].tolist()


def test_only_a_metric_has_places(segments: Any) -> None:
    """The columns of all other answers are what they were."""
    names = Question("y", 100).column_names()
    assert names == {"points": ["step", "wall_time", "value"], "columns": query.COLUMNS}
    _, found = named(segments, Question("y", 100, axis="relative"))
    assert "x_first" not in found
