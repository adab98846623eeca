"""Panes: what is shown in one is read back as it was, what is added goes on where it was, and nothing of it grows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import tracker
from dashboard.curves.query import tails
from tracker.errors import LoggedTypeError, LoggedValueError, SeriesNotFoundError, TagError, TrackerError
from tracker.panes.going_text import GoingText
from tracker.store.read.panes import StoredPane
from tracker.values import pane
from tracker.values.pane import Pane


@pytest.fixture
def run(logdir: Path) -> Any:
    """A run that is written."""
    with tracker.init(logdir=logdir, name="env/a", machine=False, controls=False) as made:
        yield made


def stored(run: Any, id: str, n: int | None = None) -> StoredPane:
    """A pane of it as it is read."""
    assert run.flush()
    return tracker.open(run.logdir).run(run.name).pane(id, n)


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


@settings(max_examples=30)
@given(JSON)
def test_any_json_comes_back_exactly(value: Any) -> None:
    """To the last digit, whatever it is, as content and as an option."""
    item = Pane("plot", {"data": [], "layout": value}, opts=pane.checked_opts({"o": value})).encode()[0]
    found = StoredPane("p", "plot", None, {}, None, None, 1, 1, 0, 0.0, packed=(item.data,)).content
    assert json.dumps(found["layout"]) == json.dumps(value)
    assert json.dumps(item.attributes["opts"]["o"]) == json.dumps(value)


@settings(max_examples=25)
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


def points(run: Any, id: str, trace: str) -> list[tuple[float, float]]:
    """The points of a trace as a page has them: those from its start on."""
    (about,) = [each for each in stored(run, id).content["traces"] if each["name"] == trace]
    reading = tracker.open(run.logdir).run(run.name)
    y = reading.scalars(about["y"])
    x = reading.scalars(about["x"]).value if about["x"] else y.step - about["start"]
    kept = y.step >= about["start"]
    return list(zip(x[kept].tolist(), y.value[kept].tolist(), strict=True))


def test_points_are_added_and_every_one_is_kept(run: Any, logdir: Path) -> None:
    """One by one and many at once, by a process that knows nothing of those before; the pane itself is said once."""
    run.pane("p", tracker.Curves({"a/b": ([3.0, 1.0], [5.0, float("nan")]), "c": [7.0]}), title="T")
    for i in range(100):
        run.pane("p", tracker.Curves({"a/b": (float(i), -float(i)), "c": float(i)}), append=True)
    a = points(run, "p", "a/b")
    assert a[0] == (3.0, 5.0)
    assert a[2:] == [(float(i), -float(i)) for i in range(100)]
    assert points(run, "p", "c") == [(float(i), y) for i, y in enumerate([7.0, *map(float, range(100))])]
    assert stored(run, "p").states == 1
    run.finish()
    with tracker.init(logdir=logdir, name=run.name, resume="must", machine=False) as again:
        again.pane("p", tracker.Curves({"a/b": (9.0, 9.0), "new": (1, 2)}), append=True)
        assert points(again, "p", "a/b") == [*a[:1], a[1], *a[2:], (9.0, 9.0)] or str(a[1][1]) == "nan"
        assert len(points(again, "p", "a/b")) == 103
        assert points(again, "p", "new") == [(1.0, 2.0)]
        assert stored(again, "p").title == "T"
        # Shown anew it begins anew: the points before are those of its history.
        again.pane("p", tracker.Curves({"a/b": ([0.0], [0.0])}))
        assert points(again, "p", "a/b") == [(0.0, 0.0)]
        again.pane("p", tracker.Curves({"a/b": ([1.0], [1.0])}), append=True)
        assert points(again, "p", "a/b") == [(0.0, 0.0), (1.0, 1.0)]
        first = stored(again, "p", 1).content["traces"][0]
        assert (first["y"], first["start"]) == ("pane/p/a%2Fb", 0)


def test_no_two_traces_share_points(run: Any) -> None:
    """Whatever stands in the names."""
    names = [("a", "b/c"), ("a/b", "c"), ("a", "b"), ("a", "b/x"), ("a%2Fb", "c"), ("a/b/c", "x"), ("..", "\n")]
    for i, (id, trace) in enumerate(names):
        run.pane(id, tracker.Curves({trace: (float(i), float(i))}), append=True)
    for i, (id, trace) in enumerate(names):
        assert points(run, id, trace) == [(float(i), float(i))], (id, trace)


def size_of(value: Any, seen: set[int]) -> int:
    """What an object and all that only it holds take, roughly."""
    if id(value) in seen or isinstance(value, (type, type(sys))):
        return 0
    seen.add(id(value))
    inner = (
        list(value.values()) + list(value)
        if isinstance(value, dict)
        else value
        if isinstance(value, (list, tuple, set))
        else []
    )
    return sys.getsizeof(value) + sum(size_of(each, seen) for each in [*inner, *([vars(value)] if hasattr(value, "__dict__") else [])])  # fmt: skip


def test_what_is_held_of_a_line_pane_does_not_grow(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what is done for one more point: each is one call of the gate, the ten-thousandth as the first."""
    sizes, calls = [], []
    real = run._recording.gate.add
    monkeypatch.setattr(run._recording.gate, "add", lambda *values: (calls.append(values), real(*values)))
    for i in range(3000):
        run.pane("p", tracker.Curves({"a": (float(i), 1.0)}), append=True)
        if i % 1000 == 999:
            sizes.append(size_of(run.panes._shown, set()) + size_of(run.panes._counts, set()))
    assert max(sizes) - min(sizes) < 100
    assert len(calls) == 3001
    assert len(points(run, "p", "a")) == 3000


def test_a_rewind_cuts_no_points_off_and_points_move_no_step(run: Any, logdir: Path) -> None:
    """The steps of a pane's points count them; those of the training are others."""
    for step in range(5):
        run.log({"loss": 1.0}, step=step)
    run.pane("p", tracker.Curves({"a": [1.0] * 50}))
    run.pane("t", "at 4")
    run.log({"loss": 2.0}, step=5)
    run.pane("t", "at 5")
    run.finish()
    with tracker.init(logdir=logdir, name=run.name, resume="must", machine=False) as again:
        assert again._recording.inbox.last_step == 5
    with tracker.init(logdir=logdir, name=run.name, resume="must", step=4, machine=False) as again:
        assert again._recording.inbox.last_step == 4
        assert len(points(again, "p", "a")) == 50
        assert stored(again, "t").content["text"] == "at 4"
        again.pane("p", tracker.Curves({"a": 2.0}), append=True)
        assert len(points(again, "p", "a")) == 51
    reading = tracker.open(logdir).run(run.name)
    assert reading.scalars("loss").step.tolist() == [0, 1, 2, 3, 4]
    # Nor does a page draw them as what a rewind left behind.
    assert [points.step.tolist() for points in tails(reading.segments(), "loss")] == [[5]]
    assert tails(reading.segments(), "pane/p/a") == []


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


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_panes_are_listed(run: Any, logdir: Path, count: int) -> None:
    """Each by its last state, without unpacking any."""
    for i in range(count):
        run.pane(f"p{i}", "x", title=f"{i}")
    assert run.flush()
    found = tracker.open(logdir).run(run.name).panes()
    assert [pane.title for pane in found] == [str(i) for i in range(count)]


def test_points_of_a_forked_process_lose_none(run: Any) -> None:
    """A child that shows something goes on in a file of its own, as with all that it logs."""
    import os

    run.pane("t", "parent ")
    run.flush()
    child = os.fork()
    if not child:
        run.pane("t", "child ", append=True)
        run.pane("c", "child only")
        run.finish()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert stored(run, "t").content["text"] == "parent child "
    assert stored(run, "c").content["text"] == "child only"
