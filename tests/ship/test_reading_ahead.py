"""What is read ahead of what is on its way is sent only where the other store stands as was thought: it is equal in the end."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicas import SEGMENT, Source, differences

from tracker.errors import DamagedStoreError
from tracker.ship import ahead, tail
from tracker.ship.ahead import Ahead, Look
from tracker.ship.tail import Tail
from tracker.store.read import copied
from tracker.store.shipment import Arrived, CursorError, Shipment
from tracker.store.write.replica import Replica


class Elsewhere:
    """A store in a file here, which may not take what is sent."""

    def __init__(self, path: Path) -> None:
        self.replica = Replica(path)
        self.takes = True

    def arrived(self, segment: str, beside: str | None = None) -> Arrived:
        return self.replica.arrived

    def send(self, segment: str, shipment: Shipment, beside: str | None = None, *, is_followed: bool = False) -> Arrived:  # fmt: skip
        try:
            return self.replica.take(shipment) if self.takes else self.replica.arrived
        except CursorError as error:
            return error.arrived


acts = st.lists(st.sampled_from(["log", "send", "send", "lose", "restart"]), max_size=20)


@settings(max_examples=25)
@given(acts)
def test_whatever_is_logged_and_lost_meanwhile_the_files_are_equal(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:  # fmt: skip
    """Rows that come while others are on their way, shipments that are not taken, a sender that begins anew."""
    folder = tmp_path_factory.mktemp("ahead")
    source = Source(folder / "here")
    source.commit(("points", "loss", 500), ("histogram", "w"))
    there: Any = Elsewhere(folder / f"events.{SEGMENT}.sqlite")
    reading, sending = Ahead(), begun(source.path)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FIRST_BYTES", "MOST_BYTES"):
            patch.setattr(tail, name, 2_000)
        for act in acts:
            there.takes = act != "lose"
            if act == "log":
                source.commit(("points", "loss", 70), ("points", "acc", 3), ("media", (1, 2)))
            elif act == "restart":
                sending = begun(source.path)
            else:
                sending.send(there, None, reading)
        there.takes = True
        source.finish()
        source.close()
        while not sending.is_done:
            sending.send(there, None, reading)
    reading.close()
    there.replica.close()
    assert differences(source.path, there.replica.path) == []


def begun(path: Path) -> Tail:
    """A tail of a file that is known."""
    found = Tail(path)
    found.origin = copied.origin_of(path)
    return found


def test_a_finished_segment_is_read_ahead(tmp_path: Path) -> None:
    """Each shipment but the first one is there when it is wanted."""
    source = Source(tmp_path / "here")
    source.commit(("points", "loss", 4_000), ("points", "acc", 4_000))
    source.finish()
    source.close()
    there: Any = Elsewhere(tmp_path / f"events.{SEGMENT}.sqlite")
    taken = []

    class Counted(Ahead):
        def take(self, path: Path, arrived: Arrived) -> Look | None:
            taken.append(super().take(path, arrived))
            return taken[-1]

    reading, sending = Counted(), begun(source.path)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FIRST_BYTES", "MOST_BYTES"):
            patch.setattr(tail, name, 10_000)
        while not sending.is_done:
            sending.send(there, None, reading)
    there.replica.close()
    assert len(taken) > 3
    assert all(each is not None for each in taken)


def test_one_segment_at_a_time_is_read_ahead_until_it_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """What cannot be read, or was read for another cursor, is nothing."""
    one, other = tmp_path / "one", tmp_path / "other"
    look = Look((), Shipment(1, 2, ()), frozenset(), 2)
    reading = Ahead()
    reading.begin(one, Arrived(1), lambda: look)
    reading.begin(other, Arrived(1), lambda: look)
    assert reading.take(other, Arrived(1)) is None
    assert reading.take(one, Arrived(1)) is look
    assert reading.take(one, Arrived(1)) is None
    reading.begin(one, Arrived(1), lambda: look)
    assert reading.take(one, Arrived(2)) is None
    reading.begin(one, Arrived(1), lambda: look)
    monkeypatch.setattr(ahead, "FORGOTTEN_S", -1.0)
    reading.begin(other, Arrived(1), lambda: look)
    assert reading.take(other, Arrived(1)) is look
    for error in (FileNotFoundError(), DamagedStoreError(one, "it is damaged")):
        reading.begin(one, Arrived(1), partial(_raise, error))
        assert reading.take(one, Arrived(1)) is None
    reading.close()


def _raise(error: Exception) -> Look:
    raise error
