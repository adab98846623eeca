"""A segment that arrives in shipments is the same file again, whatever was logged and wherever it was cut."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from replicas import BIRTH, EVENTS, Source, a_shipment, differences, ship_all

import tracker
from tracker import doctor
from tracker import logdir as logdirs
from tracker.errors import DamagedBytesError
from tracker.store.shipment import CursorError
from tracker.store.write import arriving_order
from tracker.store.write.replica import Replica


def agrees(source: Path, target: Path) -> None:
    """That each series of the replica is a beginning of the source's, for who opens both as runs."""
    (whole,), (part,) = tracker.open(source).runs(), tracker.open(target).runs()
    for tag in part.tags("scalar")[:5]:
        found, wanted = part.scalars(tag), whole.scalars(tag)
        size = len(found.step)
        for name in ("step", "wall_time", "value"):
            ours, theirs = getattr(found, name), getattr(wanted, name)[:size]
            assert ours.tobytes() == theirs.tobytes() or np.array_equal(ours, theirs, equal_nan=True)
        if size:
            assert part.envelope(tag, 10).points == size
    for tag in part.tags("text"):
        ours, theirs = part.media("text", tag), whole.media("text", tag)
        assert [each.data for each in ours] == [each.data for each in theirs[: len(ours)]]
    marks = [mark.text for mark in part.marks()]
    assert marks == [mark.text for mark in whole.marks()][: len(marks)]


def play(root: Path, events: list[tuple[Any, ...]]) -> None:
    """Logs, ships, restarts; at the end all is there and equal."""
    here, there = root / "here", root / "there"
    source = Source(here)
    path = logdirs.segment_path(there / "a", BIRTH.segment)
    path.parent.mkdir(parents=True)
    replica = Replica(path)
    before = source.behind(replica.arrived)
    for event, *words in events:
        if event == "commit":
            source.commit(*words[0])
        elif event == "ship":
            before = source.behind(replica.arrived, words[0])
            replica.take(before)
            agrees(here, there)
            assert doctor.examine(there, repair=True).is_healthy
        elif event == "late" and before.upto > before.after:
            if before.after != replica.arrived.cursor:
                with pytest.raises(CursorError) as told:
                    replica.take(before)
                assert told.value.arrived == replica.arrived
        elif event == "restart":
            known = replica.arrived
            replica.close()
            replica = Replica(path)
            assert replica.arrived == known
    source.finish()
    ship_all(source, replica, 5_000)
    assert replica.arrived.is_whole
    replica.close()
    source.close()
    assert differences(source.path, path) == []
    found = doctor.examine(there)
    assert found.is_healthy, found.findings
    assert found.points == doctor.examine(here).points


@examples(15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=14))
@example([("commit", (("points", "loss", 60),)), ("ship", 1), ("commit", (("points", "loss", 5),)), ("ship", 1)])
@example([("commit", (("points", "loss", 1080),)), ("ship", 1), ("commit", (("points", "loss", 1000),)), ("ship", 1)])
@example([("commit", (("points", "loss", 1000),)), ("commit", (("points", "loss", 25),)), ("ship", 1 << 23)])
@example([("commit", (("media", (1, 2, 3)),)), ("ship", 1), ("restart",), ("commit", (("media", (3, 4)),)), ("late",)])
def test_whatever_is_logged_and_wherever_it_is_cut_the_files_are_equal(events: list[tuple[Any, ...]]) -> None:
    """Row by row in all tables, numbers of contents too; on the way readers see a beginning of each series."""
    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder), events)


@pytest.mark.parametrize("most_bytes", [1, 30_000, 1 << 23])
def test_nodes_above_the_stretches_arrive(tmp_path: Path, most_bytes: int) -> None:
    """Of 2 × 32 × 1,024 points and more, logged in several commits, in shipments of one row and of all."""
    sizes = (40_000, 30_000, 40, 30, 900) if most_bytes > 1 else (33_000, 1_100)
    events: list[tuple[Any, ...]] = []
    for size in sizes:
        events += [("commit", (("points", "loss", size),)), ("ship", most_bytes)]
    play(tmp_path, events)


def test_very_many_series_in_one_commit(tmp_path: Path) -> None:
    """Three hundred tags, each with a point, and then one more each."""
    events = [("commit", tuple(("points", f"t{number}", 1) for number in range(300))), ("ship", 100_000)] * 2
    play(tmp_path, events)


def test_what_is_refused_at_first_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of its name while it is looked at, no folder after; an empty logdir stays."""
    good = a_shipment(tmp_path / "source")
    seen = []

    def refuse(driver: Any, shipment: Any) -> None:
        seen.extend(logdirs.segment_files(path.parent))
        raise DamagedBytesError("out of order")

    monkeypatch.setattr(arriving_order, "check", refuse)
    path = logdirs.segment_path(tmp_path / "there" / "project" / "a", BIRTH.segment)
    (tmp_path / "there").mkdir()
    with pytest.raises(DamagedBytesError, match="out of order"):
        Replica(path).take(good)
    assert seen == []
    assert [*(tmp_path / "there").iterdir()] == []
