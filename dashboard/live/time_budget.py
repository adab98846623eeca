"""Time budget: so much of a core is what some work may take, however long one piece of it takes."""

from __future__ import annotations


class TimeBudget:
    """Says when the next piece of work may begin.

    Args:
        share: Of a core.
        ahead_s: So much time that was let go by may be used later: for who looks only now and then whether there is
            room, and has many small pieces.
    """

    def __init__(self, share: float, ahead_s: float = 0.0) -> None:
        self.share = share
        self.free_at = 0.0
        """The moment from which on there is room for a piece, on the clock of who asks."""
        self._ahead_s = ahead_s

    def spent(self, seconds: float, now: float) -> None:
        """A piece has just ended that took so much of a core."""
        began = now - seconds
        self.free_at = max(self.free_at, began - self._ahead_s) + seconds / self.share
