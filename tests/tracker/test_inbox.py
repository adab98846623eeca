"""What waits to be stored, while others add to it; and whoever stores goes on whatever is met there."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import tracker
from tracker.store.write.inbox import Inbox
from tracker.store.write.lane import Heavy


class Size(int):
    """The bytes of a value; while they are counted something happens, as on another thread."""

    meanwhile: Callable[[], None]

    def __radd__(self, other: int) -> int:
        self.meanwhile()
        return other + int(self)


def test_values_that_come_while_others_are_taken_have_their_turn_next() -> None:
    """The writer meets no queue that changes under its hands."""
    inbox = Inbox()
    series = inbox.series_id("text", "t")
    values: list[Any] = [Size(3), Size(3), 3]
    for size in values[:2]:
        size.meanwhile = lambda: None
    for step, size in enumerate(values):
        inbox.add_heavy(Heavy(series, 0.0, step, b"abc", size))
    values[0].meanwhile = values[1].meanwhile = lambda: inbox.add_heavy(Heavy(series, 0.0, 9, b"abc", 3))
    first = inbox.take()
    values[0].meanwhile = values[1].meanwhile = lambda: None
    assert [heavy.step for heavy in first.heavies] == [0, 1, 2]
    inbox.discard(first)
    assert {heavy.step for heavy in inbox.take().heavies} == {9}


@pytest.mark.parametrize("times", [1, 4])
def test_a_writer_that_meets_something_odd_stores_what_waits_afterwards(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    """Before it is at the disk, too: its thread does not end, nothing is lost, and it says what it met."""
    take, left = Inbox.take, times

    def odd(self: Inbox) -> Any:
        nonlocal left
        if self.pending and left:
            left -= 1
            raise RuntimeError("something odd")
        return take(self)

    monkeypatch.setattr(Inbox, "take", odd)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(300):
            run.log({"x": step / 2}, step=step)
        assert run.flush(timeout=30)
        run.log({"x": 150.0}, step=300)
    assert not left
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [step / 2 for step in range(301)]
    assert "something odd" in caplog.text
    assert "is stored again" in caplog.text


@contextlib.contextmanager
def in_between(place: int, act: Callable[[], None]) -> Iterator[list[str]]:
    """Has something done before a line of the tracker's, as a signal handler or a finalizer does: the line, in a list."""
    found: list[str] = []
    left = place

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if "/tracker/" not in frame.f_code.co_filename or "/tests/" in frame.f_code.co_filename:
            return None
        if event == "line" and not found:
            if not left:
                found.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
                sys.settrace(None)
                act()
            left -= 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield found
    finally:
        sys.settrace(before)


def test_each_series_has_a_number_whoever_names_another_in_the_middle() -> None:
    """Else what is logged under one tag would be stored under another."""
    place = 0
    others = (("c",), ("d", "a"), ("a", "x"), ("a",))
    while True:
        for tags in (("a", "x"), ("a",)):
            for other in others:
                inbox = Inbox()
                inbox.lane(("w",))
                with in_between(place, lambda inbox=inbox, other=other: inbox.lane(other)) as line:  # type: ignore[misc]
                    inbox.lane(tags)
                assert len({*inbox.series_names}) == len(inbox.series_names), line
                assert all(inbox.series_names[number - 1] == key for key, number in inbox.series.items()), line
                assert set(inbox.series) == {*inbox.series_names}, line
                for known, lane in inbox.lanes.items():
                    assert [inbox.series_names[each - 1][1] for each in inbox.wide[lane]] == list(known), line
                assert all(inbox.series_names[-lane - 1][1] == tag for tag, lane in inbox.single.items()), line
        if not line:
            return
        place += 1


def test_nothing_that_is_logged_while_others_are_packed_is_lost() -> None:
    """By who logs in the middle of it, and has it packed."""
    place = 0
    while True:
        inbox = Inbox()
        lane = inbox.lane(("x",))
        assert lane is not None
        inbox.add([(lane, 0.0, step, 1.0) for step in range(20)])

        def log(inbox: Inbox = inbox, lane: int = lane) -> None:
            inbox.add([(lane, 0.0, 100, 1.0)])
            inbox.pack()
            inbox.add([(lane, 0.0, 101, 1.0)])

        with in_between(place, log) as line:
            inbox.pack()
        taken = inbox.take()
        assert sum(block.n_scalars for block in taken.blocks) == 20 + 2 * len(line), line
        inbox.discard(taken)
        assert inbox.is_empty()
        if not line:
            return
        place += 1


def test_who_logs_in_the_middle_of_logging_loses_nothing(logdir: Path) -> None:
    """A signal handler, or a finalizer: each value under its own tag, and no step twice."""
    wanted: Counter[tuple[str, float]] = Counter()
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for values in ({"a": 1.0}, {"a": 1.0, "b": 2.0}, {"n/a": 1, "n/b": tracker.Text("t"), "n/c": 3.0}):
            for place in range(400):

                def log(values: dict[str, Any] = values, place: int = place) -> None:
                    run.log({f"{tag}/{place}/{len(values)}": value for tag, value in values.items()})

                with in_between(place, lambda place=place: run.log({f"z/{place}": -1.0, "y": 5.0})) as line:  # type: ignore[misc]
                    log()
                wanted.update(
                    (f"{tag}/{place}/{len(values)}", v) for tag, v in values.items() if type(v) is not tracker.Text
                )
                if not line:
                    break
                wanted.update([(f"z/{place}", -1.0), ("y", 5.0)])
            else:
                raise AssertionError("a call has fewer lines")
    stored = tracker.open(logdir).run("a")
    found = {tag: stored.scalars(tag) for tag in stored.tags("scalar")}
    assert Counter((tag, value) for tag, each in found.items() for value in each.value.tolist()) == wanted
    assert len({*found["y"].step.tolist()}) == len(found["y"])
