"""Runs that come one after the other are told of in few pieces, and none of them late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard.live.burst import Burst

LONGEST_S = 1.0


@given(st.lists(st.floats(0.001, 0.2), min_size=1, max_size=300), st.floats(0.0, 0.01))
def test_what_comes_is_looked_for_in_time_and_seldom(gaps: list[float], took: float) -> None:
    """Whatever the pauses between: the first at once, each before long, and a burst in four times as much each time."""
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
    assert len(looks) <= 4 + 7 + lasted / LONGEST_S


def test_a_hundred_copies_are_told_in_few_pieces() -> None:
    """Each time all lines are drawn anew: what comes every 10 ms for a second is worth five of them."""
    burst, looks = Burst(LONGEST_S), 0
    looked, due = 0.0, float("inf")
    for word in range(100):
        now = 1000 + 0.01 * word
        if due <= now:
            looked, due, looks = due + 0.003, float("inf"), looks + 1
        due = max(now, min(due, burst.due(now, looked, 0.003)))
    assert looks < 6
