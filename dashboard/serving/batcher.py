"""The queue before the worker: what waits when it is free is asked together, and nobody waits for a batch to fill.

A batch fills by itself while the one before is computed: alone, a question goes at once; 32 clients at a time make
batches of about as many. The queue is bounded in questions and in bytes, and each question has a deadline.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from dashboard.serving.limits import Limits
from dashboard.serving.messages import Part
from dashboard.serving.refusal import RefusedError

logger = logging.getLogger("dashboard")

MOST_BYTES_TOGETHER = 16 << 20
"""Of questions that are asked together: of larger ones there is less to gain, and all are held twice meanwhile."""

LATE = "the model took longer than {:g} s to answer"


class Ask:
    """A question on its way.

    Args:
        head: What the message says of it.
        parts: Its bytes.
        answer: Who waits.
    """

    def __init__(self, head: dict[str, Any], parts: list[Part], answer: asyncio.Future[Any]) -> None:
        self.head = head
        self.parts = parts
        self.answer = answer
        self.size = sum(map(len, parts))


class Batcher:
    """Asks one worker, batch by batch, each of one version, versions in turn.

    Args:
        send: Asks the worker a batch; gives an answer for each, or the refusal of each.
        limits: Of the queue.
    """

    def __init__(self, send: Callable[[str, Sequence[Ask]], Awaitable[Sequence[Any]]], limits: Limits) -> None:
        self._send = send
        self._limits = limits
        self._waiting: dict[str, deque[Ask]] = {}
        self._turn: asyncio.Task[None] | None = None
        self.count = 0
        """Questions that wait."""
        self.bytes = 0

    def check_room(self, size: int) -> None:
        """Raises:
        RefusedError: so much more does not fit.
        """
        if self.count >= self._limits.max_waiting or self.bytes + size > self._limits.max_waiting_bytes:
            raise RefusedError(429, f"the server is busy: {self.count:,} questions wait already; ask again in a moment")

    async def answer(self, version: str, head: dict[str, Any], parts: list[Part], due: float) -> Any:
        """What a version answers.

        Raises:
            RefusedError: it does not, in time or at all.
        """
        loop = asyncio.get_running_loop()
        ask = Ask(head, parts, loop.create_future())
        self.check_room(ask.size)
        self._waiting.setdefault(version, deque()).append(ask)
        self.count, self.bytes = self.count + 1, self.bytes + ask.size
        if self._turn is None:
            self._turn = loop.create_task(self._run())
        late = loop.call_later(max(0.0, due - time.monotonic()), self._give_up, ask)
        try:
            return await ask.answer
        finally:
            late.cancel()

    def _give_up(self, ask: Ask) -> None:
        if not ask.answer.done():
            ask.answer.set_exception(RefusedError(504, LATE.format(self._limits.deadline_s)))

    def _taken(self, waiting: deque[Ask]) -> list[Ask]:
        """Those that are asked together next: one at least."""
        taken = [waiting.popleft()]
        size = taken[0].size
        while waiting and len(taken) < self._limits.max_batch and size + waiting[0].size <= MOST_BYTES_TOGETHER:
            taken.append(waiting.popleft())
            size += taken[-1].size
        return taken

    async def _run(self) -> None:
        await asyncio.sleep(0)  # what came by the same look at the sockets goes along
        while self._waiting:
            version = next(iter(self._waiting))
            waiting = self._waiting.pop(version)
            taken = self._taken(waiting)
            if waiting:  # behind the others
                self._waiting[version] = waiting
            self.count, self.bytes = self.count - len(taken), self.bytes - sum(ask.size for ask in taken)
            batch = [ask for ask in taken if not ask.answer.done()]
            if batch:
                self._tell(batch, await self._answers(version, batch))
        self._turn = None

    async def _answers(self, version: str, batch: Sequence[Ask]) -> Sequence[Any]:
        try:
            return await self._send(version, batch)
        except Exception:
            logger.exception("viz: models could not be asked")  # the queue goes on, whatever became of one batch
            return [RefusedError(503, "Something went wrong; the terminal of viz says what.")] * len(batch)

    def _tell(self, batch: Sequence[Ask], answers: Sequence[Any]) -> None:
        for ask, found in zip(batch, answers, strict=True):
            if ask.answer.done():  # too late, or whoever asked has gone
                continue
            if isinstance(found, RefusedError):
                ask.answer.set_exception(found)
            else:
                ask.answer.set_result(found)
