"""The process that answers: `python -m dashboard.serving.worker MEMORY MAX_BATCH DEVICE`, asked over the socket
that is its standard input.

In a process of its own, because a model is somebody's file: one that crashes, eats memory or never ends takes nothing
with it but what was asked of it. It reads models and writes nothing. What computes is imported here alone, and JSON is
read and written here too, so that the event loop of the pages never waits for either.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from dashboard.serving import messages
from dashboard.serving.answering import Version
from dashboard.serving.messages import Part
from dashboard.serving.refusal import RefusedError

Said = tuple[dict[str, Any], list[Part]]


class Worker:
    """Answers one server, message by message, until it is gone.

    Args:
        line: To the server.
        max_batch: Rows that a model is given at once.
        device: Where models compute.
    """

    def __init__(self, line: socket.socket, max_batch: int, device: str = "cpu") -> None:
        self._device = device
        self._line = line
        self._max_batch = max_batch
        self._versions: dict[str, Version] = {}
        self._writing = threading.Lock()
        self._loading = threading.Lock()

    def serve(self) -> None:
        """Until the server closes the line."""
        does: dict[str, Callable[[dict[str, Any], list[memoryview]], Said]] = {
            "ask": self._ask, "onnx": self._onnx, "close": self._close,
        }  # fmt: skip
        while (message := messages.received(self._line)) is not None:
            head, parts = message
            if head["do"] == "open":  # beside the questions to the versions that are open
                threading.Thread(target=self._answer, args=(self._open, head, parts), daemon=True).start()
            else:
                self._answer(does[head["do"]], head, parts)

    def _answer(self, act: Callable[..., Said], head: dict[str, Any], parts: list[memoryview]) -> None:
        try:
            said, found = act(head, parts)
        except RefusedError as error:
            said, found = {"status": error.status, "error": error.sentence}, []
        with self._writing:
            for piece in messages.packed({**said, "number": head["number"]}, found):
                self._line.sendall(piece)

    def _open(self, head: dict[str, Any], parts: list[memoryview]) -> Said:
        with self._loading:
            version = Version.open(head["files"], head["manifest"], self._max_batch, self._device)
            cold = version.warm_up()
            self._versions[head["version"]] = version
            return {"cold": cold, "inputs": version.inputs, "outputs": version.outputs}, []

    def _onnx(self, head: dict[str, Any], parts: list[memoryview]) -> Said:
        return {}, [self._versions[head["version"]].onnx()]

    def _close(self, head: dict[str, Any], parts: list[memoryview]) -> Said:
        self._versions.pop(head["version"], None)
        return {}, []

    def _ask(self, head: dict[str, Any], parts: list[memoryview]) -> Said:
        return self._versions[head["version"]].answers(head["asks"], parts)


def bound(memory_bytes: int) -> None:
    """What this process may hold of memory of its own, where the system can be told."""
    try:
        import resource
    except ImportError:  # Windows
        return
    # Not RLIMIT_AS: a library that reserves addresses (CUDA: tens of GB) and a model mapped from its file are none.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def main(memory_bytes: str, max_batch: str, device: str) -> int:
    """Serves; the process's exit status."""
    bound(int(memory_bytes))
    with socket.socket(fileno=0) as line, contextlib.suppress(ConnectionError):
        Worker(line, int(max_batch), device).serve()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:4]))
