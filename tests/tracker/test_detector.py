"""Detectors: a user's own is asked like ours, and what one of them does to itself it does to nobody else."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.findings import detector as registry
from tracker.findings import examine as examining
from tracker.findings.examine import examine, load
from tracker.findings.finding import Finding, rank_of
from tracker.findings.training import Series, Training


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test registers is asked, and nothing stays registered."""
    load()
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(examining, "_told", set())


def training(**values: list[float]) -> Training:
    """One with these curves."""

    def read(tag: str) -> Series:
        found = values[tag]
        return Series(tag, np.arange(len(found)), np.array(found), np.arange(len(found)) + 1.7e9)

    return Training({}, "finished", [*values], read)


def found(kind: str = "mine", severity: str = "info", **more: Any) -> Finding:
    """A finding of no importance."""
    return Finding(kind, severity, "It is.", "Try.", **more)


def test_a_users_own_is_one_function() -> None:
    """Registered by name, given the curves, its findings among the others."""

    @tracker.detector("mine")
    def mine(training: Training) -> Iterator[Finding]:
        if training.series("loss").value[-1] > 1:
            yield tracker.Finding("mine", "warning", "The loss is high.", "Train longer.")

    assert [each.id for each in examine(training(loss=[3.0, 2.0]))] == ["mine"]
    assert examine(training(loss=[1.0, 0.5])) == []


def test_one_that_raises_is_named_and_harmless(caplog: pytest.LogCaptureFixture) -> None:
    """Said once in the log, with the line; the others' findings are there, and a caller may look at what it was."""

    @tracker.detector("bad")
    def bad(training: Training) -> Iterator[Finding]:
        yield found("bad")
        raise ZeroDivisionError("of mine")

    tracker.detector("good")(lambda training: [found("good")])
    failed: dict[str, Exception] = {}
    with caplog.at_level("WARNING", "tracker"):
        for _ in range(3):
            assert [each.kind for each in examine(training(loss=[1.0]), failed)] == ["good"]
    assert isinstance(failed["bad"], ZeroDivisionError)
    assert [record.message.partition(" (")[0] for record in caplog.records] == [
        "viz: the detector of bad is left out: ZeroDivisionError: of mine"
    ]
    assert "test_detector.py:" in caplog.text


@pytest.mark.parametrize(
    "yields",
    [
        lambda _: None, lambda _: 3, lambda _: ["text"], lambda _: [found(severity="fatal")],
        lambda _: [found(confidence=float("nan"))], lambda _: [found(confidence=2.0)], lambda _: [found(step=1.5)],
        lambda _: [Finding("mine", "info", "", "", evidence=None)],  # type: ignore[arg-type]
        lambda _: [found(step="1")],
    ],
    ids=["nothing", "number", "text", "severity", "NaN", "confidence", "fraction", "evidence", "digits"],
)  # fmt: skip
def test_what_is_no_finding_is_left_out(yields: Callable[[Training], Any]) -> None:
    """Whatever it yields instead."""
    tracker.detector("mine")(yields)
    failed: dict[str, Exception] = {}
    assert examine(training(loss=[1.0]), failed) == []
    assert [*failed] == ["mine"]


def test_one_without_an_end_is_ended() -> None:
    """And one finding is kept of those with the same id."""
    tracker.detector("endless")(lambda _: (found("endless", layer=f"l{i}") for i in itertools.count()))
    tracker.detector("twice")(lambda _: [found("twice", confidence=each) for each in (0.1, 0.9, 0.3)])
    all_of_them = examine(training(loss=[1.0]))
    assert len(all_of_them) == examining.MOST_FINDINGS + 1
    assert all_of_them[0] == found("twice", confidence=0.9)


def test_long_names_and_sentences_are_bounded() -> None:
    """A layer may be called anything; an id is bounded and still tells two layers apart."""
    names = ["x" * 900 + end for end in "ab"]
    tracker.detector("mine")(lambda _: [found(layer=name) for name in names])
    tracker.detector("said")(lambda _: [Finding("said", "info", "y" * 10**6, "\ud800")])
    ids = {each.id for each in examine(training(loss=[1.0]))}
    assert len(ids) == 3
    assert all(len(each) < 500 for each in ids)
    assert all(len(json.dumps(each.as_dict())) < 10_000 for each in examine(training(loss=[1.0])))


def test_the_worst_comes_first() -> None:
    """Then the surest, then the earliest."""
    mixed = [
        found("e"), found("a", "error", confidence=0.2), found("b", "warning", confidence=0.9, step=9),
        found("c", "warning", confidence=0.9, step=3), found("d", "error", confidence=0.8),
    ]  # fmt: skip
    for place, kind in enumerate("abcde"):
        tracker.detector(kind)(lambda _, place=place: [mixed[place]])  # type: ignore[misc]
    assert [each.kind for each in examine(training(loss=[1.0]))] == ["d", "a", "c", "b", "e"]
    assert sorted(mixed, key=rank_of) == examine(training(loss=[1.0]))


def test_a_series_that_cannot_be_read_holds_nothing() -> None:
    """To the detector that asks for it; who examines knows why."""

    def read(tag: str) -> Series:
        raise OSError("the disk is gone")

    asked = Training({}, "finished", ["loss", "grad_norm/a", "grad_norm/b/c"], read)
    assert len(asked.series("loss")) == len(asked.series("unknown")) == 0
    assert [*asked.layers("grad_norm")] == ["a", "b/c"]
    assert [*asked.layers("grad_norm/b")] == ["c"]
    assert [*asked.unread] == ["loss", "grad_norm/a", "grad_norm/b/c"]
