"""Runs that come one after the other are told of in few pieces, and none of them late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard.live.burst import Burst

LONGEST_S = 1.0


@given(st.lists(st.floats(0.001, 0.2), min_size=1, max_size=300), st.floats(0.0, 0.01))
def test_what_comes_is_looked_for_in_time_and_seldom(gaps: list[float], took: float) -> None:
    """Whatever the pauses between: the first at once, each before long, and a burst in twice as much each time."""
    burst = Burst(LONGEST_S)
    words = [1000 + sum(gaps[: i + 1]) for i in range(len(gaps))]
    looks: list[float] = []
    looked, due, waiting = 0.0, float("inf"), [*words]
    while waiting or due < float("inf"):
        now = min([due, *waiting[:1]])
        if now == due:
            looked, due = now + took, float("inf")
            looks.append(now)
        else:
            waiting.pop(0)
            due = max(now, min(due, burst.due(now, looked, took)))
    assert looks[0] == words[0]
    assert all(any(0 <= look - word <= LONGEST_S + 5 * took for look in looks) for word in words)
    lasted = words[-1] - words[0]
    assert len(looks) <= 4 + 14 + lasted / LONGEST_S
