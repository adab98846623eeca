"""What is done in panes of the page reaches the program that asked to hear of it, with what was under the pointer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.store.write import page_file, page_panes

PATIENCE_S = 60.0


def tell(folder: Path, pane: str, kind: str, **data: Any) -> None:
    """As the server does."""
    page_panes.add_event(folder, pane, {"kind": kind, **data}, None, None)


def until(condition: Callable[[], Any]) -> None:
    """Waits for something that another thread does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def step_until(run: Any, condition: Callable[[], Any]) -> None:
    """Trains until something has come."""

    def step() -> bool:
        run.log({"loss": 1.0})
        return bool(condition())

    until(step)


def test_events_come_between_two_steps_in_their_order(logdir: Path) -> None:
    """On the loop's thread, with their data; those of other panes and kinds are others'."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.pane("p", tracker.Curves({"y": [1.0]}))
        heard: list[tracker.panes.events.Event] = []
        threads = []
        run.on("click", "p", lambda event: (heard.append(event), threads.append(threading.get_ident())))
        every: list[str] = []
        run.on(None, None, lambda event: every.append(f"{event.pane} {event.kind}"))
        for i in range(5):
            tell(run.folder, "p", "click", x=i, y=1.5, name="y")
        tell(run.folder, "p", "key", key="ArrowLeft")
        tell(run.folder, "pp", "click")
        step_until(run, lambda: len(every) == 7)
        assert [(event.kind, event.pane, event.data) for event in heard] == [
            ("click", "p", {"x": i, "y": 1.5, "name": "y"}) for i in range(5)
        ]
        assert heard[0].run is run
        assert heard[0].step >= 0
        assert abs(heard[0].wall_time - time.time()) < 60
        assert set(threads) == {threading.get_ident()}
        assert every == ["p click"] * 5 + ["p key", "pp click"]


def test_events_come_at_once_on_a_thread_of_their_own(logdir: Path) -> None:
    """Where that is asked for: no step is needed."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        heard: list[Any] = []
        subscription = run.on("key", "p", lambda event: heard.append((event, threading.get_ident())), thread=True)
        tell(run.folder, "p", "key", key="q")
        until(lambda: heard)
        assert heard[0][0].data == {"key": "q"}
        assert heard[0][1] != threading.get_ident()
        subscription.stop()
        subscription.stop()
        last: list[Any] = []
        run.on("key", "p", last.append, thread=True)
        tell(run.folder, "p", "key", key="r")
        until(lambda: last)
        assert len(heard) == 1


@pytest.mark.parametrize("thread", [False, True])
def test_a_handler_may_log_and_wait_until_that_is_stored(logdir: Path, thread: bool) -> None:
    """It is the program's, and no thread of the tracker's that nothing may wait on."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        flushed: list[bool] = []

        def handler(event: Any) -> None:
            run.log({"clicked": event.data["i"]}, step=event.data["i"])
            flushed.extend([run.flush(), run.flush(durable=False)])

        run.on("click", "p", handler, thread=thread)
        for i in range(3):
            tell(run.folder, "p", "click", i=i)
        step_until(run, lambda: len(flushed) == 6)
        assert all(flushed)
        assert tracker.open(logdir).run("a").scalars("clicked").value.tolist() == [0, 1, 2]


@pytest.mark.parametrize("thread", [False, True])
def test_a_handler_that_fails_ends_nothing(logdir: Path, caplog: pytest.LogCaptureFixture, thread: bool) -> None:
    """It is logged with its traceback, and the next event comes."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        heard: list[int] = []

        def handler(event: Any) -> None:
            heard.append(event.data["i"])
            raise ZeroDivisionError("in the handler")

        run.on("click", "p", handler, thread=thread)
        with caplog.at_level(logging.ERROR):
            for i in range(3):
                tell(run.folder, "p", "click", i=i)
            step_until(run, lambda: len(heard) == 3)
        assert heard == [0, 1, 2]
        assert "in the handler" in caplog.text
    assert tracker.open(logdir).run("a").status == "finished"


def test_what_is_no_event_is_passed_over(logdir: Path) -> None:
    """The file that events stand in may come from anybody."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        heard: list[Any] = []
        run.on(None, None, heard.append)
        for i, value in enumerate([None, 3, [], {}, {"kind": "hover"}, {"kind": ["click"]}, "click"]):
            page_file.add_command(run.folder, f"odd {i}", "event:p", value, None, None)
        tell(run.folder, "<b>\n..", "click", x=[{}])
        step_until(run, lambda: heard)
        assert [(event.pane, event.data) for event in heard] == [("<b>\n..", {"x": [{}]})]


TRAINING = """
import sys, time, tracker
run = tracker.init(logdir=sys.argv[1], name="a", resume="allow", machine=False)
run.pane("p", "x")
def heard(event):
    print(event.kind, event.pane, event.data, event.step >= 0, flush=True)
run.on(None, "p", heard, missed=len(sys.argv) > 2)
run.flush()
print("ready", flush=True)
while True:
    run.log({"loss": 1.0})
    time.sleep(0.002)
"""


def test_what_is_done_while_no_process_lives_is_heard_only_if_asked_for(logdir: Path, train: Any) -> None:
    """A click of yesterday starts no evaluation today, unless it was meant to."""
    first = train(TRAINING, str(logdir))
    assert first.says() == "ready"
    folder = logdir / "a"
    tell(folder, "p", "click", i=1)
    assert first.says() == "click p {'i': 1} True"
    first.end(9)
    tell(folder, "p", "click", i=2)
    second = train(TRAINING, str(logdir))
    assert second.says() == "ready"
    tell(folder, "p", "key", key="a")
    assert second.says() == "key p {'key': 'a'} True"
    second.end(9)
    tell(folder, "p", "close")
    third = train(TRAINING, str(logdir), "missed")
    assert third.says() == "close p {} True"
    assert third.says() == "ready"


def test_of_very_many_that_were_missed_the_newest_are_heard(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done last is what somebody waits for."""
    monkeypatch.setattr(tracker.panes.events, "MOST_MISSED", 3)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0})
    for i in range(5):
        tell(run.folder, "p", "click", i=i)
    heard: list[int] = []
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as again:
        again.on("click", "p", lambda event: heard.append(event.data["i"]), missed=True)
    assert heard == [2, 3, 4]


def test_panes_outlive_a_killed_process(logdir: Path, train: Any) -> None:
    """What was flushed is there after kill -9, and another process goes on with it."""
    training = train(
        """
import sys, tracker
run = tracker.init(logdir=sys.argv[1], name="a", machine=False)
i = 0
while True:
    run.pane("t", f"{i} ", append=True)
    run.pane("c", tracker.Curves({"y": (i, i)}), append=True)
    run.pane("p", {"data": [{"y": [i]}], "layout": {}})
    i += 1
    if i % 50 == 0:
        run.flush()
        print(i, flush=True)
""",
        str(logdir),
    )
    acknowledged = [int(training.says()) for _ in range(4)][-1]
    training.end(9)
    reading = tracker.open(logdir).run("a")
    assert [pane.id for pane in reading.panes()] == ["t", "c", "p"]
    words = reading.pane("t").content["text"].split()
    assert words == [str(i) for i in range(len(words))]
    assert min(len(words), len(reading.scalars("pane/c/y")), reading.pane("p").states) >= acknowledged
    assert reading.scalars("pane/c/y").value.tolist() == [float(i) for i in range(len(reading.scalars("pane/c/y/x")))]
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.pane("t", "after", append=True)
        run.flush()
        assert tracker.open(logdir).run("a").pane("t").content["text"].split() == [*words, "after"]


def test_a_value_of_an_event_is_as_large_as_an_event(logdir: Path) -> None:
    """More is refused where it is told."""
    (logdir / "a").mkdir()
    with pytest.raises(ValueError, match="too much for an event"):
        tell(logdir / "a", "p", "click", words="x" * 20_000)
    for pane in ("", "x" * 251):
        with pytest.raises(ValueError, match="no pane of such a name"):
            tell(logdir / "a", pane, "click")
    assert not (logdir / "a" / "page.sqlite").exists()
