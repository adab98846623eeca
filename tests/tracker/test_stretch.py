"""Stretches: what is packed comes back bit for bit, and a summary says the truth about its points."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from examples import examples
from forged import unpackable
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.series import stretch
from tracker.series.stretch import Points
from tracker.series.summary import STEPS_ORDERED, SUMMARY, TIMES_ORDERED, merge_summaries, summarise

any_step = st.integers(-(2**63), 2**63 - 1)
any_float = st.floats(width=64)  # every bit pattern of a float64 that Hypothesis knows, NaN and ±inf among them
any_time = st.floats(allow_nan=False, allow_infinity=False)
some_points = st.lists(st.tuples(any_step, any_time, any_float), min_size=1, max_size=60)


def bits(values: np.ndarray) -> list[bytes]:
    """The bytes of each float; all NaN count as one."""
    return [b"NaN" if math.isnan(value) else struct.pack("<d", value) for value in values.tolist()]


@given(some_points, st.lists(st.integers(1, 59), max_size=4))
@example([(-(2**63), 0.0, 0.0), (2**63 - 3, 0.0, 0.0)], [])  # steps from one end of the number line to the other
def test_any_points_come_back_bit_for_bit_however_they_were_cut(
    rows: list[tuple[int, float, float]], cuts: list[int]
) -> None:
    """Whatever was logged is what is read: steps to the last of 64 bits, values to the last bit."""
    points = Points.of(*zip(*rows, strict=True))
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    parts = [unpackable(points.part(start, stop)) for start, stop in pairwise(edges)]
    back = stretch.unpack(parts)
    assert back.step.tolist() == points.step.tolist()
    assert bits(back.wall_time) == bits(points.wall_time)
    assert bits(back.value) == bits(points.value)


@given(some_points)
def test_a_summary_says_what_is_in_the_points(rows: list[tuple[int, float, float]]) -> None:
    """Extremes, ends and counts of a stretch are those of its points."""
    points = Points.of(*zip(*rows, strict=True))
    summary = summarise(points, 1, 7)[0]
    steps, times, values = zip(*rows, strict=True)
    finite = [(value, step) for step, _, value in rows if math.isfinite(value)]
    assert (summary["n"], summary["count"]) == (7, len(rows))
    assert (summary["step"], summary["last_step"]) == (steps[0], steps[-1])
    assert (summary["step_min"], summary["step_max"]) == (min(steps), max(steps))
    assert (summary["wall_time_min"], summary["wall_time_max"]) == (min(times), max(times))
    assert summary["nan_count"] == sum(map(math.isnan, values))
    assert summary["posinf_count"] == values.count(math.inf)
    assert summary["neginf_count"] == values.count(-math.inf)
    assert bool(summary["ordered"] & STEPS_ORDERED) == (list(steps) == sorted(steps))
    assert bool(summary["ordered"] & TIMES_ORDERED) == (list(times) == sorted(times))
    if finite:
        assert summary["min"] == min(finite)[0]
        assert summary["max"] == max(finite)[0]
        assert (summary["min"], summary["min_step"]) in finite
        assert (summary["max"], summary["max_step"]) in finite
    else:
        assert math.isnan(summary["min"])
        assert math.isnan(summary["max"])


@given(some_points, st.lists(st.integers(1, 59), max_size=6))
def test_merging_summaries_is_summarising_the_points_together(
    rows: list[tuple[int, float, float]], cuts: list[int]
) -> None:
    """A node says of its points what one long stretch of them would: levels lose nothing."""
    points = Points.of(*zip(*rows, strict=True))
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    parts = [summarise(points.part(a, b), 1, a) for a, b in pairwise(edges)]
    merged, whole = merge_summaries(np.concatenate(parts))[0], summarise(points, 1, 0)[0]
    finite = points.value[np.isfinite(points.value)]
    with np.errstate(over="ignore"):
        sizes = {"sum": np.abs(finite).sum(), "sum_squares": (finite**2).sum()}
    for name in SUMMARY.names or ():
        if name in sizes:
            # What cancels leaves an error as large as what was added; past the largest float64, the order of the
            # sums decides whether it was met.
            if np.isfinite(sizes[name]):
                assert merged[name] == pytest.approx(whole[name], rel=1e-9, abs=1e-9 * sizes[name])
        elif name in ("min_step", "max_step") and not math.isnan(whole["min"]):
            assert merged[name] == whole[name], name
        else:
            assert merged[name] == whole[name] or (merged[name] != merged[name] and whole[name] != whole[name]), name


@examples(30)
@given(st.integers(1, 8), st.integers(2, 40), st.randoms(use_true_random=False))
def test_many_stretches_at_once_are_the_same_as_one_by_one(rows: int, count: int, random) -> None:  # type: ignore[no-untyped-def]
    """A burst seals many stretches in one go; each must be what it would be alone."""
    points = Points.of(
        [random.randrange(-1000, 1000) for _ in range(rows * count)],
        [random.random() * 1e9 for _ in range(rows * count)],
        [random.choice([random.random(), math.nan, math.inf, 0.5]) for _ in range(rows * count)],
    )
    together = summarise(points, rows, 100)
    packed = stretch.pack(points, rows)
    for index in range(rows):
        part = points.part(index * count, (index + 1) * count)
        alone = summarise(part, 1, 100 + index * count)
        assert together[index : index + 1].tobytes() == alone.tobytes()
        assert packed[index] == stretch.pack(part, 1)[0]


def test_regular_steps_and_constant_values_take_no_room() -> None:
    """A learning rate logged at every step costs its summary and its times."""
    points = Points.of(np.arange(0, 10240, 10), np.linspace(1.7e9, 1.7e9 + 60, 1024), np.full(1024, 1e-3))
    (packed,) = stretch.pack(points, 1)
    assert packed.steps is None
    assert packed.points is None
    assert packed.wall_times is not None
    assert len(packed.wall_times) == 4 * 1024


def test_losses_of_float32_take_four_bytes() -> None:
    """What a framework computed in float32 is kept as that, exactly; one float64 among them and all are kept as that."""
    values = np.random.default_rng(0).normal(size=1024).astype(np.float32).astype(np.float64)
    points = Points.of(np.arange(1024), np.arange(1024.0), values)
    assert len(stretch.pack(points, 1)[0].points or b"") == 4 * 1024
    values[500] = 0.1
    assert len(stretch.pack(points, 1)[0].points or b"") == 8 * 1024


def test_the_largest_numbers_of_both_signs_are_summarised() -> None:
    """Their sum runs over in both directions: what is kept of them is the extremes, and no warning, which may be an error."""
    values = np.array([1.79e308, -1.79e308] * 20)
    summary = summarise(Points.of(np.arange(40), np.arange(40.0), values), 1, 0)[0]
    assert (summary["min"], summary["max"], summary["count"]) == (-1.79e308, 1.79e308, 40)
