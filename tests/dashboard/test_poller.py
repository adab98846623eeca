"""How often the poller looks at a run that is written to all the time."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from steering import until

import tracker
from dashboard.live import poller
from dashboard.live.changes import Changes
from dashboard.live.poller import Poller
from tracker.store.write import committer, writer

POINTS = 3_000


@pytest.mark.parametrize(("is_watched", "rest_s"), [(True, poller.REST_S), (False, poller.UNWATCHED_REST_S)])
def test_a_run_that_commits_all_the_time_is_left_alone_between_two_looks(
    logdir: Path, is_watched: bool, rest_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look takes Python's lock from whoever writes; and no point is left out, the last one included."""
    monkeypatch.setattr(poller, "CHORES_AFTER_S", 0.0)  # it is told of what is written from the beginning
    told: list[tuple[float, int]] = []
    turns = 0

    def tell(changes: Changes) -> None:
        count = sum(len(each.points.step) for each in changes.points if each.points is not None)
        told.extend([(time.monotonic(), count)] if count else [])

    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 0.0}, step=0)
        run.flush()
        following = Poller(logdir, tell)
        following.is_watched = lambda: is_watched
        go_on = following.meeting.go_on

        def turn() -> None:
            nonlocal turns
            turns += 1
            go_on()

        following.meeting.go_on = turn  # type: ignore[method-assign]
        following.start()
        try:
            assert following.ready.wait(60)
            # The first point is known by now; each of the others is in the file when the next is logged.
            for step in range(1, POINTS + 1):
                run.log({"loss": float(step)}, step=step)
                assert run.flush()
            deadline = time.monotonic() + 60
            while sum(count for _, count in told) < POINTS and time.monotonic() < deadline:
                time.sleep(0.01)
        finally:
            following.stop()
    assert sum(count for _, count in told) == POINTS
    times = [when for when, _ in told]
    soon = [after - before for before, after in pairwise(times) if after - before < rest_s]
    # Looks of running runs come by the clock whatever was told: too soon after one, and another too soon after them.
    by_the_clock = 2 * ((times[-1] - times[0]) / poller.NET_S + 2)
    assert len(soon) <= by_the_clock, f"{len(soon)} of {len(times)} looks came sooner than {rest_s} s"
    # Nor is anybody woken by what is written meanwhile: a look, its repetitions and the end of the rest.
    assert turns <= (len(poller.AGAIN_S) + 4) * ((times[-1] - times[0]) / rest_s + 2) + 10 * by_the_clock


@pytest.mark.parametrize("by_our_own_hand", [True, False])
def test_what_is_written_while_a_run_rests_is_looked_at(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, by_our_own_hand: bool
) -> None:
    """After its rest, whoever has the poller take a turn meanwhile; at once, where the server itself has written to it."""
    monkeypatch.setattr(poller, "REST_S", 300.0 if by_our_own_hand else 0.1)
    monkeypatch.setattr(poller, "NET_S", 300.0)
    monkeypatch.setattr(poller, "WATCHED_SCAN_S", 300.0)
    monkeypatch.setattr(poller, "CHORES_AFTER_S", 0.0)
    # On a busy machine a commit may be seen later after its event than all of these pauses.
    monkeypatch.setattr(poller, "AGAIN_S", (*poller.AGAIN_S, 0.1, 0.3, 1.0, 3.0))
    monkeypatch.setattr(writer, "HEARTBEAT_S", 300.0)  # with which a run is looked at as well
    monkeypatch.setattr(committer, "HEARTBEAT_S", 300.0)
    seen: set[float] = set()
    told = threading.Condition()

    def tell(changes: Changes) -> None:
        with told:
            seen.update(value for each in changes.points if each.points is not None for value in each.points.value)
            told.notify()

    with tracker.init(logdir=logdir, name="b", machine=False) as other:
        other.log({"loss": 0.0})
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 0.0})
        run.flush()
        following = Poller(logdir, tell)
        following.start()
        try:
            until(lambda: logdir in following._watches)
            for value in map(float, range(1, 20)):
                run.log({"loss": value})
                assert run.flush()
                following.written_to(logdir / ("a" if by_our_own_hand else "b"))
                with told:
                    assert told.wait_for(lambda value=value: value in seen, 20)  # type: ignore[misc]
        finally:
            following.stop()


def test_a_logdir_without_runs_is_watched_at_once(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no first page to give way to, and event files may be copied just then."""
    monkeypatch.setattr(poller, "CHORES_AFTER_S", 300.0)
    monkeypatch.setattr(poller, "PATIENCE_S", 300.0)
    told = threading.Event()
    following = Poller(logdir, lambda _: told.set())
    following.start()
    try:
        assert following.ready.wait(60)
        with tracker.init(logdir=logdir, name="a", machine=False) as run:
            run.log({"loss": 0.0}, step=0)
        assert told.wait(30)
    finally:
        following.stop()
