"""Operations: the time of each kind of event, as the table under the flame chart shows it. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.profiles.trace import Trace

MAX_DEPTH = 500
"""Levels between an operation and one that it is part of; Python's stack is 1,000 deep. Each is gone through once."""


def operations(trace: Trace) -> list[dict[str, Any]]:
    """One row for each name on each kind of device, the one with most time of its own first. Times in µs.

    What a profiler tells of itself is left out.
    `self` is time in which nothing it called ran on its track; `total` counts an operation that calls itself once.
    """
    chosen = trace.of_program()
    if not chosen.any():
        return []
    key = (trace.name * 2 + trace.on_gpu())[chosen]
    keys, place, count = np.unique(key, return_inverse=True, return_counts=True)
    own = np.bincount(place, trace.self_time[chosen])
    # Within an event of its own name the time is counted already.
    outer = ~_within_itself(trace)
    total = np.bincount(place, (trace.duration * outer)[chosen])
    longest = np.zeros(len(keys))
    np.maximum.at(longest, place, trace.duration[chosen])
    first = np.zeros(len(keys), np.int64)
    category = trace.category[chosen]
    first[place[::-1]] = np.arange(len(place))[::-1]
    order = np.argsort(-own, kind="stable")
    return [
        {
            "name": trace.names[keys[i] // 2],
            "device": "gpu" if keys[i] % 2 else "cpu",
            "category": trace.categories[category[first[i]]],
            "count": int(count[i]),
            "self": float(own[i]),
            "total": float(total[i]),
            "longest": float(longest[i]),
        }
        for i in order
    ]


def _within_itself(trace: Trace) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which events lie, at any depth, in one of the same name."""
    within = np.zeros(len(trace), bool)
    parent, name = trace.parent, trace.name
    place = parent.copy()
    for _ in range(MAX_DEPTH):
        inside = place >= 0
        if not inside.any():
            break
        at = np.flatnonzero(inside)
        within[at] |= name[place[at]] == name[at]
        place[at] = parent[place[at]]
    return within
