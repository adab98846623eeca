"""When rules fire: what their texts mean, and that what is said of a run as it grows is what is said of the whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.alerts import rule, trigger
from dashboard.alerts.action import RuleError
from dashboard.alerts.crossings import Life, Seen, crossings, edges
from dashboard.alerts.moments import moments
from dashboard.curves.expressions import ExpressionError
from tracker.findings.finding import Finding
from tracker.series.stretch import Points
from tracker.store.read.records import Mark


def seen(known: Mapping[str, Points], now: float = 1e6, **more: object) -> Seen:
    """A run that has logged this."""
    return Seen(list(known), known.get, now, **more)  # type: ignore[arg-type]


def line(values: list[float], first: int = 0) -> Points:
    """A point a step and a second."""
    steps = np.arange(first, first + len(values))
    return Points.of(steps, 100.0 + steps, values)


def fired(text: str, **known: list[float]) -> list[int | None]:
    """The steps at which a rule fires."""
    found = crossings(trigger.parse(text), seen({tag: line(values) for tag, values in known.items()}))
    return [each.step for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > 2", [3, 6]), ("a > 2 for 1 steps", [4]), ("a > 2 for 2 steps", [8]), ("a > 9", []), ("not a > 2", [0, 5]),
        ("isnan(a)", [5]), ("a > 2 or isnan(a)", [3]), ("a > 2 and not isfinite(a)", []), ("a > 2 * min(a)", [3, 6]), ("(a + 1) > (3)", [3, 6]),
        ("a == max(a)", [0, 6]), ("a != a", [5]), ("= a > 2", [3, 6]), ("a >= 3 and (a < 9 or a > 20)", [3, 6]),
    ],
)  # fmt: skip
def test_a_rule_fires_when_it_begins_to_hold(text: str, expected: list[int]) -> None:
    """Once each time; NaN compares with nothing."""
    assert fired(text, a=[1, 1, 1, 3, 3, np.nan, 3, 4, 5]) == expected


def test_tags_have_the_value_they_had_last() -> None:
    """Of a rarer tag too; before it has begun there is nothing to say."""
    known = {"train": line([1, 1, 1, 1, 1, 1]), "val": Points.of([2, 5], [102.5, 105.5], [1.5, 3.0])}
    (crossing,) = crossings(trigger.parse("val > 2 * train"), seen(known))
    assert (crossing.step, crossing.wall_time, crossing.values) == (5, 105.5, {"val": 3.0, "train": 1.0})
    assert crossings(trigger.parse("val > train"), seen({"train": line([0])})) == []


def test_what_was_logged_in_one_call_is_one_moment() -> None:
    """Points of one time: neither value is compared with the other's older one."""
    x, y = line([1, 5, 1]), line([2, 6, 2])
    assert crossings(trigger.parse("x > y"), seen({"x": x, "y": y})) == []


logs = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(-2, 3), st.sampled_from([0.0, 0.0, 1.0, 2.5, -4.0]),
              st.sampled_from([0.0, 1.0, 2.0, 3.0, float("nan"), float("inf")])),
    max_size=40,
)  # fmt: skip

RULES = [
    "a > b", "a > 1.5 for 2 steps", "a > 1.2 * min(a) or isnan(b)", "not a < b", "max(a) - min(b) >= 2", "isinf(a / b)",
    "a > 1 and b > 1 for 1 steps", "a > 1.2 * min(a)",
]  # fmt: skip


@pytest.mark.parametrize("text", RULES, ids=range(len(RULES)))
@given(log=logs, cuts=st.lists(st.integers(0, 40), max_size=5))
def test_a_back_test_says_what_was_said_live(
    text: str, log: list[tuple[str, int, float, float]], cuts: list[int]
) -> None:
    """Whatever the batches in which a run was read, and whatever its steps did; of one tag, whatever its clock did."""
    points: dict[str, list[tuple[int, float, float]]] = {"a": [], "b": []}
    heads: list[dict[str, Points]] = []
    step, clock, is_one = 0, 100.0, len({tag for tag, *_ in log}) == 1

    def head() -> dict[str, Points]:
        return {tag: Points.of(*(np.array(rows).T if rows else ((), (), ()))) for tag, rows in points.items()}

    for number, (tag, stride, seconds, value) in enumerate(log):
        step, clock = (
            step + stride,
            clock + (seconds if is_one else abs(seconds)) + 1e-3,
        )  # two calls have never the same time
        if number in cuts:
            heads.append(head())
        points[tag].append((step, clock, value))
    found = trigger.parse(text)
    whole = crossings(found, seen(head()))
    live = {each.id("r", "x"): each for known in (*heads, head()) for each in crossings(found, seen(known))}
    assert {each.id("r", "x") for each in whole} == live.keys()
    assert len(live) == len(whole)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=30), st.integers(0, 5))
def test_edges_are_those_of_a_plain_loop(rows: list[tuple[bool, int]], steps: int) -> None:
    """A state that changes when the other side was held for long enough."""
    holds, at = np.array([each for each, _ in rows], bool), np.cumsum([stride for _, stride in rows] or [0])
    expected, is_on, since = [], False, 0
    for index, (value, step) in enumerate(zip(holds.tolist(), at.tolist(), strict=False)):
        if index == 0 or value != holds[index - 1]:
            since = step
        if value != is_on and step - since >= steps:
            is_on = value
            expected += [index] if value else []
    assert list(edges(holds, at[: len(holds)], steps)) == expected if len(holds) else True


def test_a_clock_that_jumps_back_leaves_the_order_as_it_was_logged() -> None:
    """Steps too may go backwards; rows are as many as moments."""
    rows = moments({"a": Points.of([5, 6, 2, 3], [10, 20, 15, 16], [1, 2, 3, 4])})
    assert (rows.step.tolist(), rows.columns["a"].tolist()) == ([5, 6, 2, 3], [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 0), ("  ", 0), ("a", 1), ("a >", 3), ("a > 1 2", 6), ("  = a > b c", 10), ("a > 1 for 3", 11), ("a > 1 for x steps", 10), ("(a > 1) + 2 > 1", 12),
        ("a > 1 for 99999999999999999999 steps", 10), ("silence 3", 8), ("silence 99 days", 8), ("silence 40000 minutes 3", 8), ("finding x y", 8), ("alert loud", 6), ("a > b > c", 6), ("1 > 2", 0),
        ("f(a) > 1", 0), ("a @ 1", 2), ("not " * 80 + "a > 1", 204), ("(" * 80 + "a", None), ("a > " + "1" * 600, 500), ("isnan(a > 1)", 8), ("crash now", 6),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_says_where(text: str, place: int | None) -> None:
    """For who types it."""
    with pytest.raises(RuleError) as refused:
        rule.read("x", {"text": text})
    assert place is None or refused.value.place == place


@given(st.text(alphabet="ab><=!()+-*/^,.0159e \u0660`notradfsil\n\0", max_size=60) | st.text(max_size=40))
def test_no_text_breaks_a_rule(text: str) -> None:
    """It is understood, and then works on anything, or it is refused at a place in it."""
    place = 0
    try:
        crossings(trigger.parse(text), seen({"a": line([1, np.nan, np.inf]), "b": line([0, 2])}))
    except ExpressionError as error:
        place = error.place
    assert 0 <= place <= len(text)


def test_a_tag_may_be_called_like_a_word_of_the_language() -> None:
    """A word is a kind of rule only where it stands as one; names of odd letters stand in back quotes."""
    assert fired("crash > 2", crash=[1, 3]) == [1]
    assert fired("`and` > 2 and `a b` > 0", **{"and": [1, 3], "a b": [1, 1]}) == [1]
    assert isinstance(trigger.parse(" silence  for 1.5 hours "), trigger.Silence)


def test_silence_is_a_gap_in_which_a_process_lived() -> None:
    """Within a run, at the end of one that goes on or died, and not between two that said that they ended."""
    known = {"a": Points.of([0, 1, 2], [0, 10, 200], [1, 1, 1])}
    rule_of = trigger.parse("silence 60 seconds")
    lives = [Life("x", "running", 0.0, 210.0)]
    assert [(e.step, e.wall_time) for e in crossings(rule_of, seen(known, 210.0, lives=lives))] == [(1, 70.0)]
    assert [e.wall_time for e in crossings(rule_of, seen(known, 261.0, lives=lives))] == [70.0, 260.0]
    resumed = [Life("x", "finished", 0.0, 11.0), Life("y", "finished", 190.0, 205.0)]
    assert crossings(rule_of, seen(known, 900.0, lives=resumed)) == []
    assert [e.wall_time for e in crossings(rule_of, seen(known, 900.0, lives=[Life("x", "crashed", 0.0, 201.0)]))] == [70.0, 260.0]  # fmt: skip


def test_crashes_findings_and_alerts_of_the_runs_own_fire_once_each() -> None:
    """By process, by finding, by mark; those less severe than was asked for do not."""
    known = {"a": line([1, 2, 3])}
    lives = [Life("x", "crashed", 99.0, 101.5), Life("y", "running", 102.0, 103.0)]
    assert [(e.step, e.level) for e in crossings(trigger.parse("crash"), seen(known, lives=lives))] == [(1, "error")]
    found = [Finding("dead_relu", "warning", "dead", "", layer="fc1", step=1), Finding("plateau", "info", "flat", "")]
    run = seen(known, findings=lambda: [each.as_dict() | {"wall_time": None} for each in found])
    assert [e.name for e in crossings(trigger.parse("finding"), run)] == ["dead_relu:fc1"]
    assert [e.name for e in crossings(trigger.parse("finding info"), run)] == ["dead_relu:fc1", "plateau"]
    assert (
        crossings(trigger.parse("finding error"), run) == crossings(trigger.parse("finding nan_or_inf info"), run) == []
    )
    marks = [Mark(1, 101.0, "alert", "up", {"level": "warning", "details": "much"}), Mark(1, 101.0, "alert", "x", {"level": []}), Mark(2, 1.0, "note", "n", {})]  # fmt: skip
    run = seen(known, marks=lambda: marks)
    assert [e.sentence for e in crossings(trigger.parse("alert warning"), run)] == ["up: much"]
    assert len(crossings(trigger.parse("alert"), run)) == 2
