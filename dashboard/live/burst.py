"""Burst: runs that come one after the other, as of event files that are being copied, told of in few pieces.

Each time that some are told of, every page draws all of its lines again: 100 copies told as they came cost the page
3.3 s and the server 2.8, in doubling pieces 1.8 and 1.7.
"""

from __future__ import annotations

GROWTH = 3
"""How much longer is waited for the next piece than all those before took: each is four times as large, and with twice
as large ones 100 copies were told in two pieces more."""


class Burst:
    """Says when it is looked for what came: at once for the first, then less and less often while more keeps coming.

    Args:
        longest_s: How long what came waits at most for what comes after it, and the pause that ends a burst.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._began = self._last = float("-inf")

    def due(self, now: float, looked: float, took: float) -> float:
        """When to look, as something has come just now.

        Args:
            now: The time, in seconds on any clock.
            looked: When it was looked last.
            took: How long that took; a look that takes long is not repeated at once.
        """
        if now - self._last > self._longest_s:
            self._began = now
        self._last = now
        return looked + max(4 * took, min(self._longest_s, GROWTH * (looked - self._began)))
