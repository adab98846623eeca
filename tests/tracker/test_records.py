"""Records of calls, packed: the same points in the same order, wherever they are cut into blocks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.store.write import gate as gates
from tracker.store.write import inbox as inboxes
from tracker.store.write.gate import Gate
from tracker.store.write.inbox import Inbox, SealedError

TAG_SETS = [("a",), ("b",), ("a", "b"), ("b", "c", "a"), ("d", "b")]
VALUES = st.floats(width=64) | st.integers(-(2**53), 2**53) | st.booleans()
CALLS = st.lists(
    st.tuples(st.sampled_from(TAG_SETS), st.integers(-(2**63), 2**63 - 1), st.lists(VALUES, min_size=3, max_size=3)),
    max_size=30,
)


@given(CALLS, st.sets(st.integers(0, 30)), st.integers(0, 3))
def test_points_come_out_as_they_were_logged_wherever_they_are_packed(
    calls: list[tuple[tuple[str, ...], int, list[float]]], packed_before: set[int], max_lanes: int
) -> None:
    """Single numbers and sets of tags that share some, more sets than lanes, steps that no float64 holds."""
    inbox = Inbox()
    wanted: dict[int, list[tuple[int, float, float]]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inboxes, "MAX_LANES", max_lanes)
        for place, (tags, step, values) in enumerate(calls):
            if place in packed_before:
                inbox.pack()
            lane = inbox.lane(tags)
            numbers = dict(zip(tags, values, strict=False))
            ids = [inbox.series_id("scalar", tag) for tag in tags]
            if lane is None:
                inbox.add(
                    [(-number, float(place), step, value) for number, value in zip(ids, numbers.values(), strict=True)]
                )
            else:
                inbox.add([(lane, float(place), step, *numbers.values())])
            for number, value in zip(ids, numbers.values(), strict=True):
                wanted.setdefault(number, []).append((step, float(place), float(value)))
        assert inbox.waiting().total() == sum(map(len, wanted.values()))
        taken = inbox.take()
    inbox.add([(-1, 0.0, 0, 0.0)])  # while it is stored
    found = {
        series: list(zip(*(column.tolist() for column in points), strict=True)) for series, points in taken.scalars()
    }
    assert repr(found) == repr({series: wanted[series] for series in found})  # NaN, too
    assert found.keys() == wanted.keys()
    assert taken.n_scalars == sum(map(len, wanted.values()))
    inbox.discard(taken)
    assert inbox.waiting() == {"scalar": 1}


class Odd:
    """Can be added to a number, and is none."""

    def __radd__(self, other: Any) -> float:
        return float(other)


def test_what_only_looks_like_a_number_takes_nothing_along(logdir: Path) -> None:
    """It is counted; what was logged beside it is stored."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 0.0, "y": 0.0}, step=0)
        for step in range(1, 4):
            run.log({"x": 1.0, "y": Odd() if step == 2 else 2.0}, step=step)
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == [0, 1, 3]
    assert stored.segments()[0].lost == {"scalar": 2}


def numbers_of_every_kind() -> Iterator[Any]:
    """That the common call takes as they are, or makes floats of."""
    yield from (1.5, 2, True, np.float64(2.5), np.float32(0.1), np.int64(-3), 10**300, float("nan"), float("-inf"))


def test_numbers_of_every_kind_are_the_same_alone_and_together(logdir: Path) -> None:
    """The second call of each set of tags is the common one; a huge whole number is a mistake in either."""
    kinds = list(numbers_of_every_kind())
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"alone": 0.0})
        run.log({f"k{place}": 0.0 for place in range(len(kinds))})
        for place, value in enumerate(kinds):
            run.log({"alone": value}, step=np.int64(10 + place))  # type: ignore[arg-type]  # as loops give it
            run.log({f"k{each}": value for each in range(len(kinds))}, step=10 + place)
        run.log({f"k{place}": value for place, value in enumerate(kinds)}, step=2**40)
        for values in ({"alone": 10**400}, {f"k{each}": 10**400 for each in range(len(kinds))}):
            with pytest.raises(tracker.errors.LoggedValueError):
                run.log(values, step=99)
    stored = tracker.open(logdir).run("a")
    wanted = [0.0, *map(float, kinds)]
    np.testing.assert_array_equal(stored.scalars("alone").value, wanted)
    for place in range(len(kinds)):
        found = stored.scalars(f"k{place}")
        np.testing.assert_array_equal(found.value, [*wanted, float(kinds[place])])
        assert found.step[-1] == 2**40


def test_a_burst_from_several_threads_is_packed_and_stored_in_order(
    logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More at once than may wait unpacked: another thread packs, and who is far ahead waits for it."""
    monkeypatch.setattr(inboxes, "UNPACKED", 100)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:

        def log(name: str) -> None:
            for step in range(3_000):
                run.log({name: float(step)}, step=step)

        threads = [threading.Thread(target=log, args=(name,)) for name in "xyz"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    stored = tracker.open(logdir).run("a")
    for name in "xyz":
        assert stored.scalars(name).step.tolist() == list(range(3_000))
    assert stored.segments()[0].lost == {}


class DeadDisk:
    """A writer that stores nothing."""

    def wake(self) -> None:
        """In vain."""

    def is_stalled(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Into an inbox that nobody empties, and packs early."""
    monkeypatch.setattr(inboxes, "UNPACKED", 100)
    monkeypatch.setattr(gates, "PACKER_S", 3600.0)
    inbox = Inbox()
    yield Gate(inbox, DeadDisk())  # type: ignore[arg-type]
    inbox.seal()


def log(gate: Gate, tag: str, count: int) -> None:
    """Calls of a loop that does nothing else, until they are refused."""
    with contextlib.suppress(SealedError):
        for step in range(count):
            gate.add({tag: float(step)}, [], step, 0.0)


def returns(act: Callable[..., None], *arguments: object) -> threading.Thread:
    """Has something done on a thread of its own, which ends, or is left behind."""
    thread = threading.Thread(target=act, args=arguments, daemon=True)
    thread.start()
    return thread


def test_who_only_logs_is_never_far_ahead_of_who_packs(gate: Gate) -> None:
    """Python's objects take five times the memory of what they are packed into."""
    log(gate, "x", 20_000)
    inbox = gate._inbox
    inbox.pack()
    blocks = inbox.take().blocks
    assert sum(block.n_calls for block in blocks) == 20_000
    assert max(block.n_calls for block in blocks) <= (gates.LONGEST + 1) * 100 + 1


def test_many_small_blocks_hold_nobody_up(gate: Gate) -> None:
    """A set of very many tags, and then a loop over one: it waited for a disk that stands still, for as long as that
    did."""
    gate.add(dict.fromkeys(map(str, range(inboxes.UNPACKED_NUMBERS // 16)), 0.0), [], 0, 0.0)
    thread = returns(log, gate, "x", 20_000)
    thread.join(30)
    assert not thread.is_alive()
    assert gate._inbox.waiting()["scalar"] == inboxes.UNPACKED_NUMBERS // 16 + 20_000
    assert len(gate._inbox.pending) > gates.LONGEST * gate._inbox.unpacked  # or nothing was shown


def test_nobody_waits_for_a_packer_that_does_not_come(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the moment, or once the inbox is sealed, where it has ended."""
    inbox = gate._inbox
    with inbox._changing:
        waits = returns(log, gate, "x", 1_000)
        waits.join(0.2)
        assert waits.is_alive()
        assert len(inbox.pending) <= (gates.LONGEST + 1) * 100 + 1
        monkeypatch.setattr(gates, "PACKER_S", 0.0)
        other = returns(log, gate, "y", 1_000)
        other.join(30)
        assert not other.is_alive()
        inbox.seal()
        waits.join(30)
        assert not waits.is_alive()
    assert inbox.waiting()["scalar"] < 2_000  # what came behind the seal was refused
