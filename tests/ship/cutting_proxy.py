"""A proxy that passes bytes on between a shipper and a server, and breaks off in the middle of them."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time


class CuttingProxy:
    """Listens on a port of its own; every connection is cut after some bytes, in one of several ways.

    Args:
        target: The server's port, which may change.
        seed: Of what it does.

    Attributes:
        cuts: How many connections were cut.
        is_kind: Whether it passes on everything.
    """

    def __init__(self, target: int, seed: int) -> None:
        self.target = target
        self.cuts = 0
        self.is_kind = False
        self._chance = random.Random(seed)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._lock = threading.Lock()
        self._kept: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            way = self._chance.choice(["reset", "half", "deaf", "late"])
            after = int(self._chance.expovariate(1 / 20_000))
        if self.is_kind:
            way = "pass"
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            _reset(client)
            return
        if way != "pass":
            self.cuts += 1
        answers = threading.Thread(target=self._pass, args=(server, client, "pass" if way == "half" else way, after // 4, False), daemon=True)  # fmt: skip
        answers.start()
        self._pass(client, server, "pass" if way in ("deaf", "late") else way, after, True)
        answers.join(60)
        for each in (client, server):
            with contextlib.suppress(OSError):
                each.close()

    def _pass(self, source: socket.socket, target: socket.socket, way: str, after: int, is_asking: bool) -> None:
        """Bytes of one direction: all of them, or so many, and then a reset, an end, or nothing that is heard."""
        asked = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                asked += data if is_asking and len(asked) < 200_000 else b""
                if way == "pass":
                    target.sendall(data)
                    continue
                target.sendall(data[:after])
                after -= len(data)
                if after > 0:
                    continue
                if way == "late":
                    time.sleep(0.05)
                if way == "reset":
                    _reset(target)
                _reset(source)
                break
            target.shutdown(socket.SHUT_WR)
        if asked:
            self._kept = [*self._kept[-50:], asked]

    def repeat(self) -> None:
        """Sends what was asked on some connection before once more, word by word, as a network may that lost nothing."""
        if not self._kept:
            return
        with self._lock:
            said = self._chance.choice(self._kept)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target), timeout=5) as again:
            again.sendall(said)
            again.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                while again.recv(65536):
                    pass

    def close(self) -> None:
        """No more connections."""
        self._listening.close()


def _reset(connection: socket.socket) -> None:
    """Ends a connection as a machine does that has forgotten it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
