"""Lines of Visdom's windows: their points are series of the run, however they are added to."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from window_client import Client, line

import tracker


def test_appended_points_are_scalars_of_the_run(say: Client, logdir: Path) -> None:
    """Each is in the file when it is answered; nothing of them is held."""
    say.show("loss", [line([0.0, 1.0], [5.0, 4.0])])
    for step in range(2, 200):
        assert say.append("loss", [line([float(step)], [1.0 / step])], name="1") == "loss"
    stored = tracker.open(logdir).run("main")
    pane = stored.pane("loss")
    (trace,) = pane.content["traces"]
    assert (pane.type, trace["name"], trace["mode"], trace["line"]) == ("lines", "1", "lines", {"color": "#f00"})
    assert stored.scalars(trace["y"]).value.tolist() == [5.0, 4.0, *(1.0 / step for step in range(2, 200))]
    assert stored.scalars(trace["x"]).value.tolist() == [float(step) for step in range(200)]
    assert pane.states == 2, "an append that changes nothing but points writes no pane"
    (told,) = say.told("loss")["content"]["data"]
    assert told["y"][:2] == [5.0, 4.0]
    assert len(told["y"]) == 200


def test_missing_and_infinite_points_are_kept(say: Client, logdir: Path) -> None:
    """NaN comes as null."""
    say.show("w", [line([0, 1], [1.0, None])])
    say.append("w", [line([2, 3], [math.inf, None])])
    stored = tracker.open(logdir).run("main")
    values = stored.scalars(stored.pane("w").content["traces"][0]["y"]).value
    assert np.array_equal(values, [1.0, np.nan, np.inf, np.nan], equal_nan=True)
    (told,) = say.told("w")["content"]["data"]
    assert told["y"] == [1.0, None, None, None]


def test_several_traces_grow_by_place_and_by_name(say: Client) -> None:
    """As in Visdom: without a name the first goes to the first; a name that is new begins a trace."""
    say.show("w", [line([0], [0], name="a"), line([0], [10], name="b")])
    say.append("w", [line([1], [1], name="a"), line([1], [11], name="b")])
    say.append("w", [line([2], [12], name="b")], name="b")
    say.append("w", [line([5], [50], name="c")], name="c")
    say("update", win="w", data=[line([7], [70], name="d")], name="d", append=False)
    told = {trace["name"]: (trace["x"], trace["y"]) for trace in say.told("w")["content"]["data"]}
    assert told == {"a": ([0, 1], [0, 1]), "b": ([0, 1, 2], [10, 11, 12]), "c": ([5], [50]), "d": ([7], [70])}


def test_a_trace_is_replaced_renamed_and_removed(say: Client, again: Callable[[], Client]) -> None:
    """Its old points stay in the run and off the window; a restarted server knows where it goes on."""
    say.show("w", [line([0], [0], name="a"), line([0], [1], name="b")])
    say.append("w", [line([1], [2], name="a"), line([1], [3], name="b")])
    say("update", win="w", data=[line([8, 9], [80, 90], name="a")], name="a", append=False, layout={}, opts={})
    say.append("w", [line([10], [100], name="a")], name="a")
    say("update", win="w", layout={}, opts={"legend": ["first", "second"]})
    say("update", win="w", data=[], name="second", delete=True)
    after = again()
    assert [(trace["name"], trace["y"]) for trace in after.told("w")["content"]["data"]] == [("first", [80, 90, 100])]
    after.append("w", [line([11], [110], name="first")], name="first")
    assert [(trace["x"], trace["y"]) for trace in after.told("w")["content"]["data"]] == [
        ([8, 9, 10, 11], [80, 90, 100, 110])
    ]


def test_what_is_all_nan_changes_nothing(say: Client) -> None:
    """Visdom's way to leave a trace out of an update."""
    say.show("w", [line([0], [0], name="a"), line([0], [1], name="b")])
    say.append("w", [line([None], [5], name="a"), line([1], [6], name="b")])
    assert [trace["y"] for trace in say.told("w")["content"]["data"]] == [[0], [1, 6]]


def test_a_window_begun_anew_does_not_show_old_points(say: Client) -> None:
    """The series are the same; where it begins is said in the pane."""
    for turn in range(3):
        say.show("w", [line([0], [turn])])
        say.append("w", [line([1], [turn + 10])])
        assert say.told("w")["content"]["data"][0]["y"] == [turn, turn + 10]
        say("close", win="w")
        assert say("win_exists", win="w") == "false"


def test_windows_and_traces_whose_names_join_alike_are_two(say: Client) -> None:
    """The trace `b/c` of `a`, the trace `c` of `a/b`, and one that is called as another's x."""
    for win, name in (("a", "b/c"), ("a/b", "c"), ("a", "b"), ("a", "b/x")):
        say.append(win, [line([0], [1], name=name)], name=name)
        say.append(win, [line([1], [2], name=name)], name=name)
    say.append("a", [line([2], [3], name="b/c")], name="b/c")
    assert {trace["name"]: trace["y"] for trace in say.told("a")["content"]["data"]} == {
        "b/c": [1, 2, 3],
        "b": [1, 2],
        "b/x": [1, 2],
    }
    assert say.told("a/b")["content"]["data"][0]["y"] == [1, 2]


def test_what_is_no_line_of_numbers_is_kept_whole(say: Client) -> None:
    """Labels, colours of each point, dates: added to as Visdom does."""
    coloured = line([0, 1], [0, 1], marker={"color": ["#f00", "#0f0"]})
    say.show("w", [coloured])
    say.append("w", [line([2], [2], marker={"color": ["#00f"]})])
    say.show("dates", [line(["2026-01-01"], [1])])
    say.append("dates", [line(["2026-01-02"], [2])])
    (told,) = say.told("w")["content"]["data"]
    assert (told["x"], told["marker"]["color"]) == ([0, 1, 2], ["#f00", "#0f0", "#00f"])
    assert say.told("dates")["content"]["data"][0]["x"] == ["2026-01-01", "2026-01-02"]


def test_a_line_that_gets_other_points_is_kept_whole_from_then(say: Client) -> None:
    """Nothing of what came before is lost."""
    say.show("w", [line([0], [0])])
    say.append("w", [line([1], [1])])
    say.append("w", [line(["tomorrow"], [2])])
    (told,) = say.told("w")["content"]["data"]
    assert (told["x"], told["y"]) == ([0, 1, "tomorrow"], [0, 1, 2])


def test_options_and_layout_are_said_anew(say: Client, logdir: Path) -> None:
    """`update_window_opts`, for a figure and for a line."""
    say.show("w", [line([0], [0])], opts={"title": "before", "width": 300}, layout={"xaxis": {"title": "x"}})
    say("update", win="w", opts={"title": "after", "height": 200}, layout={"yaxis": {"type": "log"}})
    say.append("w", [line([1], [1])])
    say("update", win="w", opts={"title": "last"}, layout={"showlegend": True})
    told = say.told("w")
    assert (told["title"], told["width"], told["height"]) == ("last", 300, 200)
    assert told["content"]["layout"] == {"xaxis": {"title": "x"}, "yaxis": {"type": "log"}, "showlegend": True}
    pane = tracker.open(logdir).run("main").pane("w")
    assert (pane.title, pane.width, pane.height, pane.content["layout"]["showlegend"]) == ("last", 300, 200, True)
