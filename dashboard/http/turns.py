"""Turns: questions that are answered one after the other, and that none keeps from the others for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

LONGEST_S = 5.0
"""After so long the next one has its turn, though the one before is still being read: a disk may stand still. A turn
takes some 50 ms."""


class Turns:
    """Who asks waits until it is its turn."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._free = asyncio.Semaphore(1)
        self._longest_s = longest_s

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One turn; within it nobody else has theirs, for `LONGEST_S` at the most."""
        await self._free.acquire()
        passed = False

        def pass_on() -> None:
            nonlocal passed
            if not passed:
                passed = True
                self._free.release()

        later = asyncio.get_running_loop().call_later(self._longest_s, pass_on)
        try:
            yield
        finally:
            later.cancel()
            pass_on()
