"""Points of a pane's lines: every one is kept, no two traces share them, nothing held of them grows."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from stored_pane import points, stored

import tracker
from dashboard.curves.query import tails


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


def test_what_is_said_of_a_trace_leaves_its_points_where_they_are(run: Any) -> None:
    """Its look may change as it goes on; where its points lie is no matter of its look, and none of them are none."""
    run.pane("p", tracker.Curves({"a": ([1.0], [2.0])}))
    styles = {"a": {"y": "elsewhere", "x": None, "start": 7, "name": "b", "line": {"dash": "dot"}}}
    run.pane("p", tracker.Curves({"a": ([3.0], [4.0])}, styles=styles), append=True)
    run.pane("p", tracker.Curves({"a": []}), append=True)
    (trace,) = stored(run, "p").content["traces"]
    assert trace == {
        "mode": "lines", "name": "a", "y": "pane/p/a", "x": "pane/p/a/x", "start": 0, "line": {"dash": "dot"},
    }  # fmt: skip
    assert points(run, "p", "a") == [(1.0, 2.0), (3.0, 4.0)]


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


def test_points_of_a_forked_process_lose_none(run: Any) -> None:
    """A child that shows something goes on in a file of its own, as with all that it logs."""
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


def test_a_child_that_is_forked_while_something_is_shown_waits_for_nobody(run: Any) -> None:
    """The thread that shows it is not there in the child, and would never let go of its lock."""
    held, ends = threading.Event(), threading.Event()

    def show() -> None:
        with run.panes._alone:
            held.set()
            ends.wait(60)

    showing = threading.Thread(target=show)
    showing.start()
    assert held.wait(60)
    child = os.fork()
    if not child:
        signal.alarm(60)  # ends a child that waits
        run.pane("c", "child only")
        run.finish()
        os._exit(0)
    ends.set()
    showing.join()
    assert os.waitpid(child, 0)[1] == 0
    assert stored(run, "c").content["text"] == "child only"
