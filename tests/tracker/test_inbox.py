"""What waits to be stored, while others add to it; and whoever stores goes on whatever is met there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
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
