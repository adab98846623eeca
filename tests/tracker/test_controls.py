"""What is asked for on the page takes effect between two steps, once, or is refused with a sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from steering import LR, answered, ask, asked, command, run_stored

import tracker
from tracker import errors

DEEP = "[" * 100_000 + "]" * 100_000

KINDS: list[tuple[dict[str, Any], list[Any], list[tuple[Any, str]]]] = [
    # how it is declared; what it takes; what it refuses, and with what words
    (LR, [0.5, 1e-6, 1.0, 1], [(2.0, "at most 1"), (0, "at least 1e-06"), ("0.5", "a number"), (True, "and not true"), (None, "a number"), ([0.5], "and not a list"), (10**400, "a number")]),
    ({"value": 4, "low": 1, "high": 64}, [8, 8.0, 64], [(8.5, "whole number"), (0, "at least 1"), (1 << 70, "64 bits"), (1e300, "64 bits"), (False, "whole number")]),
    ({"value": 1, "low": 0.5}, [2, 2.5], [(0.25, "at least 0.5")]),
    ({"value": False}, [True, False], [(1, "true or false"), ("true", "true or false")]),
    ({"value": "adam", "choices": ["adam", "sgd", 1, True]}, ["sgd", 1, True], [("lion", "one of 'adam', 'sgd', 1, true"), (0, "one of"), ({"a": 1}, "an object")]),
    ({"value": "a cat"}, ["a dog", "", "🐈 \ud800"], [(7, "a text"), ("x" * 20_000, "10,000 characters"), (["a"], "a text")]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "good", "bad"), KINDS, ids=["number", "int", "mixed", "bool", "choice", "text"])
def test_a_control_takes_what_it_was_declared_to(
    run: tracker.Run, declared: dict[str, Any], good: list[Any], bad: list[tuple[Any, str]]
) -> None:
    """Each kind of value, at its bounds and beyond; what is refused changes nothing and says why."""
    control = run.control("it", **declared)
    assert control.value == declared["value"]
    for value in good:
        before = control.value
        found = asked(run, "it", value)
        wanted = value if not isinstance(value, str) else value.replace("\ud800", "\\ud800")
        assert (found.outcome, found.value, found.old, found.why) == ("applied", wanted, before, None)
        assert control.value == wanted
        assert isinstance(control.value, float) == isinstance(declared.get("low"), float)
        assert found.author == "ada"
        assert found.step is not None
    kept = control.value
    for value, words in bad:
        found = asked(run, "it", value)
        assert found.outcome == "refused"
        assert words in str(found.why), found
        assert found.old == kept
        assert control.value == kept
        assert type(control.value) is type(kept)


def test_what_is_out_of_date_is_refused(run: tracker.Run) -> None:
    """Two people at two pages: the second one saw the value that the first one replaced. The program counts as well."""
    lr = run.control("lr", **LR)
    first, second = ask(run.folder, "lr", 0.01, 0.001), ask(run.folder, "lr", 0.02, 0.001)
    found = answered(run, first, second)
    assert (command(run, first).outcome, found.outcome) == ("applied", "refused")
    assert found.why == "Out of date: lr is 0.01 by now, and not 0.001 as it was seen."
    lr.value = 0.005
    assert asked(run, "lr", 0.02, 0.01).outcome == "refused"
    ((definition, value),) = run_stored(run).controls()
    assert (definition.name, value) == ("lr", 0.005), "who is refused is told what it is"
    assert asked(run, "lr", 0.02, 0.005).outcome == "applied"
    assert asked(run, "lr", 0.03, False).outcome == "refused"


def test_what_is_no_control_is_refused_also_when_it_is_one_later(run: tracker.Run) -> None:
    """By its name, with a sentence; and what has a name now is found by it."""
    assert asked(run, "dropout", 0.5).why == "There is no control 'dropout'."
    run.control("dropout", 0.1)
    assert asked(run, "dropout", 0.5).outcome == "applied"


def test_many_at_once_are_answered_in_their_order(run: tracker.Run) -> None:
    """Twenty between two steps, each with the value before it in view."""
    size = run.control("size", 0, low=0, high=100)
    nonces = [ask(run.folder, "size", number + 1, number) for number in range(20)]
    answered(run, *nonces)
    found = [command for command in run.commands() if command.nonce in nonces]
    assert [each.outcome for each in found] == ["applied"] * 20
    assert [each.old for each in found] == list(range(20))
    assert size.value == 20


def test_the_loop_sees_a_change_between_two_steps_only(run: tracker.Run) -> None:
    """What a step reads twice is the same both times, however fast somebody asks; the receipt says after which step."""
    lr = run.control("lr", 0.0)
    changes: list[tuple[int, float]] = []
    nonces: list[str] = []
    for step in range(10_000_000):
        before = lr.value
        if step % 50 == 0 and len(nonces) < 10:
            nonces.append(ask(run.folder, "lr", step + 0.5))
        assert lr.value == before
        run.log({"x": before}, step=step)
        if lr.value != before:
            changes.append((step, lr.value))
        if lr.value == 450.5:
            break
    told = [(each.step, each.value) for each in run.commands()]
    assert [value for _, value in told] == [50 * number + 0.5 for number in range(10)]
    last_of_step = dict(told)  # of several that were asked for between two steps the loop sees the last one
    assert changes == list(last_of_step.items())


# --- what a program declares ---------------------------------------------------------------------------------

MISTAKES: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("", {"value": 1}, errors.ControlTypeError),
    ("x" * 201, {"value": 1}, errors.ControlError),
    ("stop", {"value": 1}, errors.ControlError),
    ("a", {"value": None}, errors.ControlTypeError),
    ("a", {"value": object()}, errors.ControlTypeError),
    ("a", {"value": np.zeros(3)}, errors.ControlTypeError),
    ("a", {"value": math.nan}, errors.ControlError),
    ("a", {"value": 5, "high": 4}, errors.ControlError),
    ("a", {"value": 1, "low": 2, "high": 1}, errors.ControlError),
    ("a", {"value": 1, "low": math.inf}, errors.ControlTypeError),
    ("a", {"value": 1, "low": "0"}, errors.ControlTypeError),
    ("a", {"value": 0.5, "low": 0.0, "log": True}, errors.ControlError),
    ("a", {"value": 0.5, "log": True}, errors.ControlError),
    ("a", {"value": "b", "low": 1}, errors.ControlError),
    ("a", {"value": "b", "choices": ["c"]}, errors.ControlError),
    ("a", {"value": "b", "choices": "bcd"}, errors.ControlError),
    ("a", {"value": "b", "choices": []}, errors.ControlError),
    ("a", {"value": "b", "choices": ["b", object()]}, errors.ControlTypeError),
    ("a", {"value": 1 << 80}, errors.ControlError),
]


@pytest.mark.parametrize(("name", "declared", "kind"), MISTAKES)
def test_a_mistake_is_raised_on_the_callers_line(
    run: tracker.Run, name: str, declared: dict[str, Any], kind: type[Exception]
) -> None:
    """By name, and as what a caller would catch anyway."""
    with pytest.raises(kind) as caught:
        run.control(name, **declared)
    assert isinstance(caught.value, (ValueError, TypeError))
    assert run_stored(run).controls() == []


def test_other_mistakes_are_raised_too(run: tracker.Run) -> None:
    """An action without its name, and a step that is none."""
    with pytest.raises(errors.ControlTypeError, match="needs the name"):
        run.action(lambda: None)  # type: ignore[type-var, arg-type]
    with pytest.raises(errors.ControlError, match="has 'paused' already"):
        run.action("paused")
    with pytest.raises(errors.StepError):
        run.poll("soon")  # type: ignore[arg-type]
    run.poll(np.int64(4))  # type: ignore[arg-type]


def test_numbers_of_any_framework_begin_a_control(run: tracker.Run) -> None:
    """As everywhere else; what comes of it is Python's own."""
    found = [run.control(str(number), value).value for number, value in enumerate(
        [np.float32(0.5), np.int16(3), np.bool_(True), np.array([2.0])])]  # fmt: skip
    assert found == [0.5, 3, True, 2.0]
    assert [*map(type, found)] == [float, int, bool, float]


def test_declared_again_it_is_the_same_object(run: tracker.Run) -> None:
    """A cell that is run twice keeps what the page said; one that says something else begins anew."""
    lr = run.control("lr", **LR)
    asked(run, "lr", 0.5)
    assert run.control("lr", **LR) is lr
    assert lr.value == 0.5
    assert run_stored(run).controls()[0].value == 0.5
    assert run.control("lr", 0.25, low=0.0, high=1.0) is lr
    assert (lr.value, lr.definition.log) == (0.25, False)
    ((definition, value),) = run_stored(run).controls()
    assert (definition.value, definition.low, value) == (0.25, 0.0, 0.25)
    assert asked(run, "lr", 0.0).outcome == "applied"


def test_the_file_says_what_is_offered(run: tracker.Run) -> None:
    """All that a page needs for a slider, a box or a button; and none of it counts as something that was logged."""
    run.control("lr", **LR, doc="of the optimizer")
    run.control("optimizer", "adam", choices=["adam", "sgd"])

    @run.action("evaluate", confirm=True)
    def evaluate() -> None:
        """Runs the test set.

        All of it.
        """

    stored = run_stored(run)
    found = {each.definition.name: each for each in stored.controls()}
    assert found["lr"].definition.json() == {
        "type": "number", "value": 1e-3, "low": 1e-6, "high": 1.0, "log": True, "doc": "of the optimizer",
    }  # fmt: skip
    assert found["optimizer"].definition.choices == ("adam", "sgd")
    assert found["evaluate"].definition.json() == {
        "type": "action",
        "value": None,
        "confirm": True,
        "doc": "Runs the test set.",
    }
    assert stored.tags() == []
    run.finish()
    with tracker.init(logdir=run.logdir, name=run.name, resume="must", machine=False) as again:
        again.log({"x": 1.0})
        again.flush()
        assert stored.scalars("x").step.tolist() == [0], "what a run offers is no step"
