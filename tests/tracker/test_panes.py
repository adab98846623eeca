"""Panes: what is shown in one is read back as it was, what is added goes on where it was, and nothing of it grows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as some
from stored_pane import points, stored

import tracker
from tracker.errors import SeriesNotFoundError
from tracker.panes.going_text import GoingText
from tracker.store.read.panes import StoredPane
from tracker.values import pane
from tracker.values.pane import Pane

CONTENTS: dict[str, tuple[Callable[[], Any], str, Any]] = {
    "a text": (lambda: "words <b>", "text", {"text": "words <b>", "html": False}),
    "HTML": (lambda: tracker.Html("<b>x</b>"), "text", {"text": "<b>x</b>", "html": True}),
    "SVG": (lambda: tracker.Svg("<svg><g/></svg>"), "svg", {"svg": "<svg><g/></svg>"}),
    "a Plotly mapping": (
        lambda: {"data": [{"y": np.arange(3)}], "layout": {"a": 1}}, "plot", {"data": [{"y": [0, 1, 2]}], "layout": {"a": 1}},
    ),
    "a network": (
        lambda: {"nodes": ["a", {"name": "b", "color": "red"}], "edges": [(0, 1), ("b", "a"), {"source": 1, "target": 1, "w": 2}]},
        "network",
        {"nodes": [{"name": "a"}, {"name": "b", "color": "red"}],
         "edges": [{"source": 0, "target": 1}, {"source": 1, "target": 0}, {"source": 1, "target": 1, "w": 2}],
         "directed": False},
    ),
    "a sheet": (
        lambda: tracker.Properties({"t": "x", "n": 1.5, "c": True, "s": ["p", "q"], "b": {"type": "button", "value": "go"}}),
        "properties",
        [{"type": "text", "name": "t", "value": "x"}, {"type": "number", "name": "n", "value": 1.5},
         {"type": "checkbox", "name": "c", "value": True}, {"type": "select", "name": "s", "value": "p", "values": ["p", "q"]},
         {"type": "button", "value": "go", "name": "b"}],
    ),
    "curves of the run": (
        lambda: tracker.Curves(["train/loss", "val/loss"], x="epoch", layout={"t": 1}),
        "lines",
        {"traces": [{"mode": "lines", "name": name, "y": name, "x": "epoch"} for name in ("train/loss", "val/loss")], "layout": {"t": 1}},
    ),
    "a series of the run": (lambda: {"kind": "histogram", "tag": "w"}, "value", {"kind": "histogram", "tag": "w"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_shown_is_read_back(run: Any, name: str) -> None:
    """Type, title, size, options and content, and in the list all but the content."""
    make, type, content = CONTENTS[name]
    run.log({"x": 1.0}, step=7)
    run.pane("p", make(), title="T", width=300, height=200.5, caption="c", nested={"a": [1, None]})
    found = stored(run, "p")
    assert (found.type, found.content, found.title) == (type, content, "T")
    assert (found.width, found.height, found.opts) == (300, 200.5, {"caption": "c", "nested": {"a": [1, None]}})
    assert (found.n, found.states, found.step) == (1, 1, 7)
    (listed,) = tracker.open(run.logdir).run(run.name).panes()
    assert (listed.id, listed.type, listed.title, listed.opts, listed.packed) == ("p", type, "T", found.opts, ())


VALUES: dict[str, Callable[[], Any]] = {
    "histogram": lambda: tracker.Histogram([1.0, 2.0]),
    "text": lambda: tracker.Text("**x**"),
    "table": lambda: tracker.Table({"a": [1]}),
    "graph": lambda: tracker.Graph([{"name": "a"}], []),
    "pr_curve": lambda: tracker.PRCurve([0, 1], [0.1, 0.9]),
    "confusion": lambda: tracker.ConfusionMatrix([0, 1], [0, 1]),
    "embedding": lambda: tracker.Embedding(np.eye(3)),
    "mesh": lambda: tracker.Mesh(np.eye(3)),
    "profile": lambda: tracker.Profile([{"ph": "X", "name": "a", "ts": 1, "dur": 1}]),
}


@pytest.mark.parametrize("kind", VALUES)
def test_any_other_value_is_logged_and_named(run: Any, kind: str) -> None:
    """So that its own page shows it too, and its pane as that does."""
    run.pane("p", VALUES[kind]())
    assert stored(run, "p").content == {"kind": kind, "tag": "pane/p"}
    assert tracker.open(run.logdir).run(run.name).tags(kind) == ["pane/p"]


def test_pictures_and_sounds_lie_in_the_pane_itself(run: Any) -> None:
    """With what belongs to them: a picture's mask is a part of the picture, as elsewhere."""
    masked = tracker.Image(np.zeros((4, 4)), masks=np.ones((4, 4), bool), caption="zeros")
    run.pane("i", [masked, tracker.Image(np.ones((2, 2)))])
    run.pane("a", tracker.Audio(np.zeros(80), 8000))
    run.pane("v", tracker.Video(np.zeros((3, 8, 8), np.uint8)))
    first, second = stored(run, "i").items
    assert first.array.shape[:2] == (4, 4)
    assert [part.attributes["of"] for part in first.parts] == ["mask"]
    assert (first.attributes["caption"], second.array.shape[:2], second.parts) == ("zeros", (2, 2), ())
    assert stored(run, "a").items[0].samples.shape == (80, 1)
    assert [stored(run, id).type for id in "iav"] == ["image", "audio", "video"]
    run.pane("i", title="renamed")
    again = stored(run, "i")
    assert [item.hash for item in again.items] == [first.hash, second.hash]
    assert [part.hash for part in again.items[0].parts] == [part.hash for part in first.parts]


def test_figures_of_both_libraries(run: Any) -> None:
    """Matplotlib's as a picture, Plotly's as what Plotly draws."""
    import matplotlib.pyplot as plt
    import plotly.graph_objects as go

    figure, axes = plt.subplots()
    axes.plot([1, 2])
    run.pane("m", axes)
    run.pane("p", go.Figure(go.Bar(y=[1, 2]), {"title": "t"}))
    run.pane("f", tracker.Figure(figure, close=True))
    assert (stored(run, "m").type, stored(run, "f").items[0].form) == ("image", "image/png")
    assert stored(run, "p").content["data"][0]["type"] == "bar"


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(
        some.characters(exclude_categories=("Cs",))
    ),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(some.characters(exclude_categories=("Cs",))), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


@examples(30)
@given(JSON)
def test_any_json_comes_back_exactly(value: Any) -> None:
    """To the last digit, whatever it is, as content and as an option."""
    item = Pane("plot", {"data": [], "layout": value}, opts=pane.checked_opts({"o": value})).encode()[0]
    found = StoredPane("p", "plot", None, {}, None, None, 1, 1, 0, 0.0, packed=(item.data,)).content
    assert json.dumps(found["layout"]) == json.dumps(value)
    assert json.dumps(item.attributes["opts"]["o"]) == json.dumps(value)


@examples(25)
@given(some.lists(some.text(some.characters(exclude_categories=("Cs",)), max_size=30), max_size=200))
def test_a_text_is_the_same_in_whatever_pieces_it_came(pieces: list[str]) -> None:
    """Each state is what had come by then, and no chain of pieces is longer than that needs."""
    text, packed, length = GoingText(False, ["a"], 1), [], 0
    for state in [text.whole(), *pieces]:
        if isinstance(state, dict):
            packed = [Pane("text", state)]
        elif text.append(state):
            packed = [Pane("text", text.whole())]
        else:
            packed.append(Pane("text", appended=state))
        length = max(length, len(packed))
    made = tuple(each.encode()[0].data for each in packed)
    found = StoredPane("p", "text", None, {}, None, None, 1, 1, 0, 0.0, packed=made).content
    assert found == {"text": "a" + "".join(pieces), "html": False}


def test_what_is_written_and_read_of_a_text_is_in_proportion_to_it() -> None:
    """Each character about three times, and of its pieces half at the most."""
    text, written, behind = GoingText(False, ["a"], 1), 0, 0
    for _ in range(10_000):
        if text.append("x" * 10):
            written += len(text.whole()["text"])
        behind = max(behind, text.behind)
    assert 0 < written <= 2 * text.length
    assert 64 <= behind <= 5_100


def test_a_text_goes_on_and_its_history_stays(run: Any, logdir: Path) -> None:
    """Through many pieces, another process's and another segment's; its title and its options stay with it."""
    run.pane("t", "0 ", title="T", colour="red")
    for i in range(1, 300):
        run.pane("t", f"{i} ", append=True)
    whole = "".join(f"{i} " for i in range(300))
    found = stored(run, "t")
    assert (found.content, found.title, found.opts) == ({"text": whole, "html": False}, "T", {"colour": "red"})
    assert (found.states, stored(run, "t", 100).content["text"]) == (300, "".join(f"{i} " for i in range(100)))
    run.finish()
    with tracker.init(logdir=logdir, name=run.name, resume="must", machine=False) as again:
        again.pane("t", "end", append=True)
        assert stored(again, "t").content["text"] == f"{whole}end"
        assert stored(again, "t").title == "T"
        again.pane("t", "anew")
        assert (stored(again, "t").content["text"], stored(again, "t").opts) == ("anew", {})
        with pytest.raises(SeriesNotFoundError, match="so old"):
            stored(again, "t", 303)


def test_a_text_that_is_too_long_lets_go_of_its_beginning(run: Any) -> None:
    """At a line's end, and says how much; what a loop logs for days ends no training."""
    line = "x" * 99_999 + "\n"
    for _ in range(41):
        run.pane("t", line, append=True)
    content = stored(run, "t").content
    assert len(content["text"]) + content["cut"] == 41 * 100_000
    assert content["text"] == line * (len(content["text"]) // 100_000)
    run.pane("t", "end", append=True)
    assert stored(run, "t").content["text"].endswith("\nend")
    for _ in range(21):
        run.pane("t", line, append=True)
    again = stored(run, "t").content
    assert again["cut"] > content["cut"], "it was to become too long once more"
    assert len(again["text"]) + again["cut"] == 62 * 100_000 + len("end")


def test_a_pane_that_is_closed_is_not_listed_and_comes_back(run: Any, logdir: Path) -> None:
    """What it showed can still be read."""
    for id in "ab":
        run.pane(id, "x")
    run.close_pane("a")
    run.close_pane("a")
    run.close_pane("never there")
    run.flush()
    reading = tracker.open(logdir).run(run.name)
    assert [pane.id for pane in reading.panes()] == ["b"]
    assert (reading.pane("a").type, reading.pane("a", 1).content["text"]) == ("closed", "x")
    run.pane("a", "again", append=True)
    run.flush()
    assert [pane.id for pane in reading.panes()] == ["a", "b"]
    assert (reading.pane("a").content["text"], reading.pane("a").n) == ("again", 3)


def test_title_size_and_options_change_by_themselves(run: Any) -> None:
    """Without content all that is shown stays."""
    run.pane("plot", {"data": [{"y": [1]}], "layout": {}}, title="old", width=100, a=1)
    run.pane("lines", tracker.Curves({"x": [1.0]}), a=1)
    run.pane("text", "words")
    for id in ("plot", "lines", "text"):
        before = stored(run, id)
        run.pane(id, title="new", b=2)
        after = stored(run, id)
        assert (after.content, after.type, after.width) == (before.content, before.type, before.width)
        assert (after.title, after.opts) == ("new", {**before.opts, "b": 2})
    assert points(run, "lines", "x") == [(0.0, 1.0)]


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_panes_are_listed(run: Any, logdir: Path, count: int) -> None:
    """Each by its last state, without unpacking any."""
    for i in range(count):
        run.pane(f"p{i}", "x", title=f"{i}")
    assert run.flush()
    found = tracker.open(logdir).run(run.name).panes()
    assert [pane.title for pane in found] == [str(i) for i in range(count)]
