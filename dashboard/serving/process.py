"""The worker from the server's side: started at the first question, asked over a socket, ended when it hangs."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import Any, cast

from dashboard.serving import messages
from dashboard.serving.messages import Part

Answer = tuple[dict[str, Any], list[memoryview]]

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""A model has one core unless the user says otherwise: a training beside it has the others."""


END_S = 1.0
"""From the end of its line to the end of the worker; then it is killed."""


class WorkerEndedError(Exception):
    """The worker ended before it answered.

    Attributes:
        culprit: The version that it was busy with, as far as that can be told; "" where it was none.
    """

    def __init__(self, why: str, culprit: str = "") -> None:
        super().__init__(why)
        self.culprit = culprit


class WorkerProcess(asyncio.Protocol):
    """One worker, from its start to its end. All of it on the event loop.

    Args:
        memory_bytes: What it may hold.
        max_batch: Rows that a model is given at once.
        device: Where models compute.
    """

    def __init__(self, memory_bytes: int, max_batch: int, device: str = "cpu") -> None:
        self._words = [str(memory_bytes), str(max_batch), device]
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._asked: dict[int, tuple[dict[str, Any], asyncio.Future[Answer]]] = {}
        self._number = 0
        self._blamed: str | None = None
        self._body = bytearray()
        self._wanted: tuple[int, int] | None = None
        self._ending: asyncio.Task[None] | None = None
        self.is_ended = False

    async def start(self) -> None:
        """Starts it.

        Raises:
            WorkerEndedError: the system lets none be started.
        """
        ours, its = socket.socketpair()
        ours.setblocking(False)
        try:
            self._process = await asyncio.to_thread(self._begin, its)
        except OSError as error:
            ours.close()
            self.is_ended = True
            raise WorkerEndedError(f"no process can be started ({error})") from error
        finally:
            its.close()
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)

    def _begin(self, line: socket.socket) -> subprocess.Popen[bytes]:
        environment = {**dict.fromkeys(ONE_THREAD, "1"), **os.environ}
        command = [sys.executable, "-m", "dashboard.serving.worker", *self._words]
        # In a session of its own: Ctrl-C is the server's, which ends the worker when it has answered.
        return subprocess.Popen(  # noqa: S603 our own module
            command, stdin=line.fileno(), stdout=subprocess.DEVNULL, env=environment, start_new_session=True
        )

    async def ask(self, head: dict[str, Any], parts: list[Part] | None = None) -> Answer:
        """What a message is answered with.

        Raises:
            WorkerEndedError: it ended first.
        """
        if self._transport is None or self.is_ended:
            raise WorkerEndedError(self.why)
        self._number += 1
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[self._number] = ({"do": head["do"], "version": head["version"]}, answer)
        self._transport.writelines(messages.packed({**head, "number": self._number}, parts or []))
        return await answer

    def tell(self, head: dict[str, Any]) -> None:
        """Sends a message whose answer nobody waits for."""
        if self._transport is not None and not self.is_ended:
            self._transport.writelines(messages.packed({**head, "number": 0}))

    @property
    def why(self) -> str:
        """How it ended, in words."""
        code = self._process.poll() if self._process is not None else None
        if code is None:
            return "it was ended"
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def kill(self, blamed: str | None = None) -> None:
        """Ends it; what it was asked is not answered, and `blamed` is the version that is to blame."""
        self._blamed = blamed
        if self._process is not None:
            self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    async def stop(self) -> None:
        """Ends it, and waits until it has gone."""
        self.kill("")
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)
        if self._ending is not None:
            await self._ending

    # --- as asyncio calls it -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """Some of an answer, or of several."""
        self._body += data
        at = 0
        while True:
            if self._wanted is None:
                if len(self._body) - at < messages.LENGTHS.size:
                    break
                self._wanted = messages.lengths(bytes(self._body[at : at + messages.LENGTHS.size]))
                at += messages.LENGTHS.size
            head, parts = self._wanted
            if len(self._body) - at < head + parts:
                break
            whole = memoryview(bytes(self._body[at : at + head + parts]))
            at += head + parts
            self._wanted = None
            said, found = messages.opened(whole[:head], whole[head:])
            _, answer = self._asked.pop(said.pop("number"), ({}, None))
            if answer is not None and not answer.done():
                answer.set_result((said, found))
        del self._body[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, or will."""
        self.is_ended = True
        self._ending = asyncio.get_running_loop().create_task(self._tell_end())

    async def _tell_end(self) -> None:
        if self._process is not None:
            try:
                await asyncio.to_thread(self._process.wait, END_S)  # it closes the line a moment before it is gone
            except subprocess.TimeoutExpired:
                self._process.kill()
        error = WorkerEndedError(self.why, self._culprit())
        for _, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(error)
        self._asked.clear()

    def _culprit(self) -> str:
        """What it was busy with: a version is opened beside questions to others, and has never been tried."""
        if self._blamed is not None:
            return self._blamed
        left = [head for head, _ in self._asked.values()]
        opening = [head for head in left if head["do"] == "open"]
        return next((str(head["version"]) for head in opening or left), "")
