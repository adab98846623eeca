"""Mistakes with panes are said on the caller's line and store nothing; any name is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import LoggedTypeError, LoggedValueError, TagError, TrackerError

WRONG: list[tuple[Callable[[Any], Any], type[TrackerError], str]] = [
    (lambda run: run.pane("", "x"), TagError, "named by a text"),
    (lambda run: run.pane(3, "x"), TagError, "named by a text"),
    (lambda run: run.pane("x" * 251, "x"), TagError, "251 characters"),
    (lambda run: run.pane("p"), LoggedValueError, "no pane 'p' yet"),
    (lambda run: run.pane("p", 3), LoggedTypeError, "cannot be shown"),
    (lambda run: run.pane("p", np.ones(3)), LoggedTypeError, r"tracker.Image\(x\)"),
    (lambda run: run.pane("p", [tracker.Image(np.ones((2, 2))), "x"]), LoggedTypeError, "cannot be shown"),
    (lambda run: run.pane("p", object()), LoggedTypeError, "cannot be shown"),
    (lambda run: run.pane("p", "x", title=3), LoggedTypeError, "title is a text"),
    (lambda run: run.pane("p", "x", width=0), LoggedValueError, "width is in pixels"),
    (lambda run: run.pane("p", "x", height=float("nan")), LoggedValueError, "height is in pixels"),
    (lambda run: run.pane("p", "x", height="tall"), LoggedValueError, "height is in pixels"),
    (lambda run: run.pane("p", "x", o={(1, 2): 3}), LoggedTypeError, "options is not fit"),
    (lambda run: run.pane("p", "x", o="x" * 60_000), LoggedValueError, "too much"),
    (lambda run: run.pane("p", "x", step="x"), TrackerError, "step"),
    (lambda run: run.pane("p", {"data": [deep(100)]}), LoggedValueError, "nested too deeply"),
    (lambda run: run.pane("p", {"data": [deep(100_000)]}), LoggedTypeError, "cannot be shown"),
    (lambda run: run.pane("p", tracker.Html(3)), LoggedTypeError, "not text"),
    (lambda run: run.pane("p", tracker.Svg("words")), LoggedValueError, "no drawing"),
    (lambda run: run.pane("p", tracker.Html("x" * 5_000_000)), LoggedValueError, "too long"),
    (lambda run: run.pane("p", "x" * 5_000_000), LoggedValueError, "too long"),
    (lambda run: run.pane("p", tracker.Properties(3)), LoggedTypeError, "no sheet"),
    (lambda run: run.pane("p", tracker.Properties([{"type": "text"}])), LoggedTypeError, "no sheet"),
    (lambda run: run.pane("p", tracker.Properties([{"type": "x", "name": "n"}])), LoggedValueError, "unknown type"),
    (lambda run: run.pane("p", tracker.Properties([{"type": "select", "name": "n"}])), LoggedValueError, "to select"),
    (lambda run: run.pane("p", tracker.Network(["a"], [(0, 1)])), LoggedValueError, "target is no node"),
    (lambda run: run.pane("p", tracker.Network(["a"], [(0, True)])), LoggedValueError, "target is no node"),
    (lambda run: run.pane("p", tracker.Network("abc")), LoggedTypeError, "nodes is a list"),
    (lambda run: run.pane("p", tracker.Network(["a"], [3])), LoggedTypeError, "no edge"),
    (lambda run: run.pane("p", tracker.Curves(3)), LoggedTypeError, "no traces"),
    (lambda run: run.pane("p", tracker.Curves([3])), LoggedTypeError, "no traces"),
    (lambda run: run.pane("p", tracker.Curves({"a": ([1], [1, 2])})), LoggedValueError, "unequal lengths"),
    (lambda run: run.pane("p", tracker.Curves({"a": [[1, 2], [3, 4]]})), LoggedValueError, "more than one axis"),
    (lambda run: run.pane("p", tracker.Curves({"a": ["x"]})), LoggedTypeError, "real numbers"),
    (lambda run: (run.pane("q", tracker.Properties({})), run.pane("q", "x", append=True)), LoggedValueError, "something else"),
    (lambda run: (run.pane("q", "x"), run.pane("q", tracker.Html("x"), append=True)), LoggedValueError, "something else"),
    (lambda run: (run.pane("q", "x"), run.pane("q", tracker.Curves({"a": 1}), append=True)), LoggedValueError, "something else"),
    (lambda run: (run.pane("q", "x"), run.pane("q", tracker.Svg("<svg/>"), append=True)), LoggedTypeError, "can be appended"),
    (lambda run: (run.pane("q", tracker.Curves({"a": 1})), run.pane("q", tracker.Curves({"a": (1, 2)}), append=True)), LoggedValueError, "without x"),
    (lambda run: run.on("hover", "p", print), LoggedValueError, "no such event"),
    (lambda run: run.on("click", "p", 3), LoggedTypeError, "a function"),
    (lambda run: run.on("click", "", print), TagError, "named by a text"),
]  # fmt: skip


def deep(levels: int) -> Any:
    """A list within a list …"""
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run in which no pane `p` is ever shown."""
    with tracker.init(logdir=tmp_path_factory.mktemp("runs"), name="a", machine=False, controls=False) as made:
        yield made
        made.flush()
        assert "p" not in [pane.id for pane in tracker.open(made.logdir).run("a").panes()]


@pytest.mark.parametrize(("call", "error", "words"), WRONG, ids=range(len(WRONG)))
def test_a_mistake_is_said_at_once_and_stores_nothing(
    faultless: Any, call: Callable[[Any], Any], error: type[TrackerError], words: str
) -> None:
    """By name, on the caller's line."""
    with pytest.raises(error, match=words) as met:
        call(faultless)
    assert isinstance(met.value, (ValueError, TypeError))
    assert met.traceback[1].path == Path(__file__)


def test_names_of_all_kinds_are_names(run: Any) -> None:
    """They are no paths, and nothing is made of them but a key."""
    names = [
        "..",
        "../x",
        "a/b",
        "\n",
        " ",
        "<script>alert(1)</script>",
        "💥",
        "a" * 250,
        "__proto__",
        "\0",
        "'; --",
        "caf\udce9",
    ]
    for name in names:
        run.pane(name, f"of {name!r}")
    run.flush()
    reading = tracker.open(run.logdir).run(run.name)
    found = [pane.id for pane in reading.panes()]
    assert len(found) == len(names)
    assert found[:-1] == names[:-1]
    assert all(reading.pane(id).content["text"].startswith("of ") for id in found)
