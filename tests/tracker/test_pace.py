"""How often a run commits: within 50 ms, and more rarely where commits would hold up what is computed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.store.write.pace import BUSY, BUSY_INTERVAL_S, BUSY_SHARE, COMMIT_INTERVAL_S, Pace

seconds = st.floats(0, 10)
turns = st.lists(st.tuples(seconds, seconds, seconds), min_size=1, max_size=30)


@given(turns)
def test_commits_are_never_far_apart(turns: list[tuple[float, float, float]]) -> None:
    """Whatever commits cost, no kill costs more than the longest interval; and an idle process is never made to wait."""
    pace = Pace()
    for cost, computed, elapsed in turns:
        interval = pace.interval(cost, computed, elapsed)
        assert COMMIT_INTERVAL_S <= interval <= BUSY_INTERVAL_S
        if computed < BUSY * elapsed:
            assert interval == COMMIT_INTERVAL_S


@given(st.lists(st.floats(0, 0.2), min_size=2, max_size=60))
def test_after_a_pause_one_commit_may_follow_another_at_once(waits: list[float]) -> None:
    """Of a process that computes little. On average commits are no closer to each other for it."""
    pace = Pace()
    now = time.monotonic() + 10
    assert pace.apart(now, COMMIT_INTERVAL_S) <= 1e-9
    assert pace.apart(now + 0.001, COMMIT_INTERVAL_S) == pytest.approx(COMMIT_INTERVAL_S - 0.001)
    began = [now, now + 0.001]
    after = COMMIT_INTERVAL_S - 0.001
    for wait in waits:
        began.append(began[-1] + after + wait)
        after = pace.apart(began[-1], COMMIT_INTERVAL_S)
    for first in range(len(began)):
        for last in range(first, len(began)):
            assert last - first <= (began[last] - began[first]) / COMMIT_INTERVAL_S + 1 + 1e-6


def test_one_that_computes_is_spared_the_second_commit() -> None:
    """There each commit holds up what is computed."""
    pace = Pace()
    now = time.monotonic() + 10
    assert pace.apart(now, BUSY_INTERVAL_S) == pytest.approx(BUSY_INTERVAL_S)
    assert pace.apart(now + 10, COMMIT_INTERVAL_S) <= 1e-9
    assert pace.apart(now + 10.001, BUSY_INTERVAL_S) == pytest.approx(BUSY_INTERVAL_S)


@given(st.floats(1e-5, BUSY_SHARE * BUSY_INTERVAL_S), st.integers(1, 4))
def test_a_process_that_computes_gives_its_commits_a_small_share(cost: float, cores: int) -> None:
    """Once a few commits have said what one costs, they take no more than their share of a core."""
    pace = Pace()
    for _ in range(60):
        interval = pace.interval(cost, cores * 0.1, 0.1)
    assert cost / interval <= BUSY_SHARE * 1.001


def test_it_counts_what_the_thread_and_the_process_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit is measured on its own thread, the training in its process."""
    # The clock stands while others have the cores, which else are the rest of a process that computes little.
    monkeypatch.setattr(time, "monotonic", time.process_time)
    pace = Pace()

    def busy(until: float) -> bool:
        began = time.thread_time()
        while time.thread_time() - began < until:
            pass
        return True

    for _ in range(12):
        busy(0.01)  # the training
        more, interval = pace.around(lambda: busy(0.004))
        assert more
    assert COMMIT_INTERVAL_S < interval <= BUSY_INTERVAL_S
