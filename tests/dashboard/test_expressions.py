"""Expressions over tags: what they mean, and that nothing but arithmetic is in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.curves import expressions, metric_axis
from tracker.series.stretch import Points


def points(steps: list[int], values: list[float]) -> Points:
    """Points a second apart."""
    return Points.of(steps, [100.0 + step for step in steps], values)


KNOWN = {"val/loss": points([10, 20, 30], [3.0, 2.0, np.nan]), "train/loss": points([0, 5, 10, 15, 20, 30], [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]), "a-b": points([1], [2.0])}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("val/loss - train/loss", [-4.0, -3.0, np.nan]), ("val/loss", [3.0, 2.0, np.nan]), ("2 * val/loss + 1", [7.0, 5.0, np.nan]),
        ("2 ^ 3 ^ 2 + 0 * train/loss + 0 * val/loss", [512.0, 512.0, np.nan]), ("-val/loss ^ 2", [-9.0, -4.0, np.nan]), ("(1 + 2) * `val/loss`", [9.0, 6.0, np.nan]),
        ("max(val/loss, 2.5)", [3.0, 2.5, np.nan]), ("cummin(val/loss)", [3.0, 2.0, 2.0]), ("log(val/loss - 3)", [-np.inf, np.nan, np.nan]), ("8 / 2 / 2 + 0 * val/loss", [2.0, 2.0, np.nan]),
        ("1 - 2 - 3 + 0 * val/loss", [-4.0, -4.0, np.nan]), ("1e-3 + 0 * a-b", [0.001]),
    ],
)  # fmt: skip
def test_values_are_worked_out_at_the_steps_of_the_sparsest_tag(text: str, expected: list[float]) -> None:
    """As on paper; of the other tags the last value at or before the step."""
    expression = expressions.parse(text)
    np.testing.assert_array_equal(expression.points({tag: KNOWN[tag] for tag in expression.tags}).value, expected)


def test_steps_before_a_tag_began_are_left_out() -> None:
    """There is nothing to say there."""
    found = expressions.parse("x + y").points(
        {"x": points([1, 2, 3], [1, 1, 1]), "y": points([2, 3, 4, 5], [5, 6, 7, 8])}
    )
    assert (found.step.tolist(), found.value.tolist(), found.wall_time.tolist()) == ([2, 3], [6.0, 7.0], [102.0, 103.0])


@pytest.mark.parametrize("text", ["", "1 + 2", "a +", "a b", "(a", "a)", "f(a)", "min(a, b, c)", "cummin(a, b)", "a ** b", "__import__('os')", "a[0]", "a; b", "`a", "(" * 60 + "a" + ")" * 60, "a " * 300, "a @ b", "- " * 99 + "a"])  # fmt: skip
def test_what_makes_no_sense_gets_a_sentence(text: str) -> None:
    """Also what would be code elsewhere."""
    with pytest.raises(expressions.ExpressionError):
        expressions.parse(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    """It is understood or refused."""
    try:
        expressions.parse(text)
    except expressions.ExpressionError:
        return


def test_a_curve_over_another_metric_is_in_the_order_of_that_metric() -> None:
    """What a tag had at each step is the place; where it had nothing finite there is no place."""
    y = points([1, 2, 3, 4], [10.0, 20.0, 30.0, 40.0])
    found = metric_axis.over(y, points([2, 3, 4], [5.0, 1.0, np.inf]))
    step, wall_time, value, x = (column.tolist() for column in found.of_points(slice(None)))
    assert (x, value, step) == ([1.0, 5.0], [30.0, 20.0], [3, 2])
    assert wall_time == y.wall_time[[2, 1]].tolist()
