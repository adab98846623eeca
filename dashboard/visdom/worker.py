"""The thread that does messages: those that wait together are done together, and the file is waited for once.

One client at a time costs a commit for each message; eight of them cost hardly more.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from tracker.compat.visdom.windows import WindowError, Windows

logger = logging.getLogger("dashboard")

MAX_TOGETHER = 64
"""Messages that are done before the first of them is answered."""

MAX_WAITING = 1_000
MAX_WAITING_BYTES = 128 << 20
"""Messages that wait; of more one is told that the server is busy."""

MAX_NESTED = 1_000_000
"""Lists and objects in a message: 56 bytes and more each, of which the smallest are written in three."""


class _Waiting(NamedTuple):
    endpoint: str
    body: bytes
    answer: asyncio.Future[str]


class MessageWorker:
    """Does messages in the order in which they come.

    Args:
        windows: Where.
    """

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._bytes = self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    async def done(self, endpoint: str, body: bytes) -> str:
        """What a message is answered with, once what it says is in the file. Call it on the event loop.

        Raises:
            WindowError: it cannot be done.
        """
        if self._is_stopped:
            raise WindowError("The server ends.", 503)
        if self._count >= MAX_WAITING or self._bytes + len(body) > MAX_WAITING_BYTES:
            raise WindowError("The server is busy: more messages wait than it holds. Try again.", 503)
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="everystep-visdom", daemon=True)
            self._thread.start()
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._count, self._bytes = self._count + 1, self._bytes + len(body)
        self._waiting.put(_Waiting(endpoint, body, answer))
        return await answer

    def stop(self) -> None:
        """Does what waits, and ends; the runs that are open are finished. On any thread but the worker's."""
        self._is_stopped = True
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()
        self.windows.close()

    # --- the worker's thread -------------------------------------------------------------------------

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            taken = [self._waiting.get()]
            while len(taken) < MAX_TOGETHER and not self._waiting.empty():
                taken.append(self._waiting.get())
            goes_on = None not in taken
            waiting = [each for each in taken if each is not None]
            self._tell(waiting, self._answers(waiting))

    def _answers(self, waiting: Sequence[_Waiting]) -> list[str | WindowError]:
        said = [_parsed(each.body) for each in waiting]
        right = [(each.endpoint, one) for each, one in zip(waiting, said, strict=True) if isinstance(one, dict)]
        try:
            done = iter(self.windows.handle_all(right))
        except Exception as error:  # the worker must not end, whatever one message was
            logger.exception("viz: messages of Visdom's clients could not be done")
            done = iter([WindowError(f"Something went wrong ({type(error).__name__}).", 500)] * len(right))
        return [next(done) if isinstance(one, dict) else one for one in said]

    def _tell(self, waiting: Sequence[_Waiting], answers: Sequence[str | WindowError]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._told, waiting, answers)
        except RuntimeError:  # the server has gone down, and nobody waits
            return

    def _told(self, waiting: Sequence[_Waiting], answers: Sequence[str | WindowError]) -> None:
        for each, answer in zip(waiting, answers, strict=True):
            self._count, self._bytes = self._count - 1, self._bytes - len(each.body)
            if each.answer.done():  # whoever asked has gone
                continue
            if isinstance(answer, WindowError):
                each.answer.set_exception(answer)
            else:
                each.answer.set_result(answer)


def _parsed(body: bytes) -> dict[str, Any] | WindowError:
    """The JSON object of a message; Python's NaN and half characters are taken, which the client sends."""
    if len(body) > MAX_NESTED and body.count(b"[") + body.count(b"{") > MAX_NESTED:
        return WindowError(f"The message is too large: more than {MAX_NESTED:,} lists and objects.", 413)
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            return WindowError(f"The message is not JSON: {error!s:.200}.")
    return found if isinstance(found, dict) else WindowError("The message is not a JSON object.")
