"""Of which series single points are wanted at the moment, beside the stretches into which they are folded soon.

All of them while they are few. Ten thousand ranks that log a hundred series once a second each write a million points a
second, of which a screen shows a few hundred: those are sent at once then, and all others 64 at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

MANY, FEW = 20_000.0, 12_000.0
"""Rows a second that are written by all machines together, from where on only those are wanted that somebody looks at,
and below which all are again. A server on two cores takes some 100,000 single points a second."""


class Demand:
    """What is wanted.

    Args:
        rate: Rows a second that all machines write.
        watched: The tags that are on somebody's screen.
    """

    def __init__(self, rate: Callable[[], float], watched: Callable[[], frozenset[str]]) -> None:
        self._rate = rate
        self._watched = watched
        self._is_much = False

    def fresh(self) -> frozenset[str] | None:
        """The tags of which single points are wanted; None for all."""
        self._is_much = self._rate() > (FEW if self._is_much else MANY)
        return self._watched() if self._is_much else None


def named(fresh: frozenset[str] | None) -> str:
    """By what a machine says which demand it knows."""
    if fresh is None:
        return "all"
    said = b"\0".join(tag.encode("utf-8", "surrogatepass") for tag in sorted(fresh))
    return hashlib.blake2b(said, digest_size=8).hexdigest()
