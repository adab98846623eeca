"""Time budget: so much of a core is what some work may take, however long one piece of it takes."""

from __future__ import annotations


class TimeBudget:
    """Says when the next piece of work may begin.

    Args:
        share: Of a core.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.free_at = 0.0
        """The moment from which on there is room for a piece, on the clock of who asks."""

    def spent(self, seconds: float, now: float) -> None:
        """A piece has just ended that took so much of a core."""
        self.free_at = now + seconds * (1 / self.share - 1)
