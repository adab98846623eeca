"""How long who had no answer waits before asking again."""

from __future__ import annotations

import random


def pause_s(failures: int, first_s: float, longest_s: float) -> float:
    """Twice as long after each failure in a row, with jitter, so that a thousand nodes do not come back together.

    Args:
        failures: How many there were in a row, from 1 on.
        first_s: Seconds after the first one, at the most.
        longest_s: Seconds after any.
    """
    longest = min(longest_s, first_s * 2.0 ** min(failures - 1, 20))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 no secret
