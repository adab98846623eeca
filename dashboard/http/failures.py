"""Wrong tokens by address: who brings many has to wait."""

from __future__ import annotations

import time
from collections import deque

from starlette.types import Scope

A_MINUTE = 20
"""Wrong tokens of one address before it has to wait; 256 random bits need no more, but guessing should look futile."""

MOST_ADDRESSES = 1000


class Failures:
    """Those of one door."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def note(self, scope: Scope) -> bool:
        """A wrong token came; whether there were too many of its address within a minute."""
        peer = (scope.get("client") or ("",))[0]
        now = time.monotonic()
        times = self._times.setdefault(peer, deque(maxlen=A_MINUTE))
        too_many = len(times) == A_MINUTE and now - times[0] < 60
        times.append(now)
        if len(self._times) > MOST_ADDRESSES:
            self._times.clear()
        return too_many
