"""A server whose runs are examined does next to nothing, and what it found is there at the next start."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from control_requests import until
from hypothesis import assume, given
from hypothesis import strategies as st

import tracker
from dashboard.live import examiner, tfevents_mirror
from dashboard.live.examiner import Examiner
from dashboard.live.poller import Poller
from dashboard.live.tfevents_mirror import MirrorProcess
from dashboard.live.time_budget import TimeBudget
from tracker.foreign.event_writer import EventWriter
from tracker.foreign.folders import has_sources, sources
from tracker.store.read.reader import Store

RUNS = 80
"""Enough to be worth an index."""


@pytest.fixture
def healthy(logdir: Path) -> Path:
    """A logdir of finished runs in which nothing is found."""
    for number in range(RUNS):
        with tracker.init(logdir=logdir, name=f"r{number}", machine=False) as run:
            run.log({"loss": 1.0})
    return logdir


@contextlib.contextmanager
def following(logdir: Path, index: Path) -> Iterator[Poller]:
    """Follows it."""
    made = Poller(logdir, lambda changes: None, index=index)
    made.start()
    try:
        assert made.ready.wait(60)
        yield made
    finally:
        made.stop()


def examined(poller: Poller, logdir: Path) -> int:
    """Has all runs examined; how many were read for it."""
    read: list[str] = []

    class Read(Store):
        def run(self, name: str) -> object:  # type: ignore[override]
            read.append(name)
            return super().run(name)

    made = Examiner(poller, lambda: Read(logdir))
    made.start()
    until(lambda: made.pending() == 0)
    made.stop()
    return len(read)


@given(st.floats(1e-4, 0.02), st.floats(0.01, 0.5), st.floats(0.05, 0.5))
def test_small_pieces_take_all_of_their_share(piece: float, share: float, looks_s: float) -> None:
    """Also of who looks only now and then whether there is room: one at a look would take 10,000 runs an hour."""
    assume(piece < share * looks_s / 2)
    budget, now, taken = TimeBudget(share, ahead_s=looks_s), 100.0, 0.0
    while now < 100 + 100 * looks_s:
        now += looks_s
        while now >= budget.free_at:
            now += piece
            taken += piece
            budget.spent(piece, now)
    assert 0.9 * share <= taken / (now - 100) <= 1.1 * share


def test_runs_in_which_nothing_was_found_are_not_examined_at_the_next_start(
    healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That nothing was found is kept as what was."""
    monkeypatch.setattr(examiner, "QUIET_S", 0.0)
    for wanted in (RUNS, 0):
        with following(healthy, tmp_path / "index") as poller:
            until(lambda poller=poller: poller.catalog.is_complete and not poller._changed)
            assert examined(poller, healthy) == wanted


def test_a_logdir_is_not_gone_through_for_event_files_while_none_can_have_come(
    healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the first that comes is found at once."""
    walks: list[float] = []

    def walked(root: Path, between: object) -> bool:
        walks.append(time.monotonic())
        return has_sources(root)

    monkeypatch.setattr(tfevents_mirror, "LOOK_S", 0.02)
    monkeypatch.setattr(tfevents_mirror, "SHARE", 0)
    monkeypatch.setattr(tfevents_mirror, "HEARD_SHARE", 1e9)
    monkeypatch.setattr(tfevents_mirror, "has_sources", walked)
    with following(healthy, tmp_path / "index") as poller:
        until(lambda: poller.has_heard_nothing(time.monotonic()))
        mirror = MirrorProcess(healthy, tmp_path / "mirror", poller)
        mirror.start()
        try:
            until(lambda: walks)
            before = len(walks)
            time.sleep(0.3)
            assert len(walks) <= before + 1
            EventWriter(healthy / "theirs").close()
            until(lambda: mirror._process is not None)
        finally:
            mirror.stop()


@pytest.mark.parametrize(("patience_s", "ends"), [(0.2, False), (1e9, False), (1e9, True)])
def test_the_search_for_event_files_gives_way_to_who_asks(
    healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience_s: float, ends: bool
) -> None:
    """A large logdir takes seconds of Python's lock; but not for ever, and a server that ends does not wait for it."""
    monkeypatch.setattr(tfevents_mirror, "AT_ONCE", 10)
    monkeypatch.setattr(tfevents_mirror, "QUIET_S", 0.02)
    monkeypatch.setattr(tfevents_mirror, "GIVES_WAY_S", patience_s)
    EventWriter(healthy / "theirs").close()
    with following(healthy, tmp_path / "index") as poller:
        mirror = MirrorProcess(healthy, tmp_path / "mirror", poller)
        try:
            with poller.asked():
                mirror.start()
                if patience_s > 1:
                    until(lambda: mirror._given > 0.2)
                    assert mirror._process is None
                    if ends:
                        mirror.stop()
                        assert not mirror._thread.is_alive()
                else:
                    until(lambda: mirror._process is not None)
            if not ends:
                until(lambda: mirror._process is not None)
        finally:
            mirror.stop()


def test_the_first_event_file_is_told_as_soon_as_it_is_met(tmp_path: Path) -> None:
    """Whether there is one is what `sources` says, in fewer folders."""
    assert not has_sources(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    assert not has_sources(tmp_path)
    (tmp_path / "a" / "events.out.tfevents.1.host").touch()
    met: list[int] = []
    assert has_sources(tmp_path, met.append)
    assert len(met) < 4
    assert len(list(sources(tmp_path))) == 1
