"""Servers that take what Visdom's clients send, for tests; and what such a client says over plain connections."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from served import Served, serving, start_forked


@contextlib.contextmanager
def serving_visdom(folder: Path, *options: str) -> Iterator[Served]:
    """A server that takes what Visdom's clients send, over a logdir; it ends with the block."""
    folder.mkdir(exist_ok=True)
    with serving(start_forked) as serve:
        yield serve(folder, "--visdom-port", "0", *options)


def port_of(served: Served) -> int:
    """Visdom's port, as the server printed it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(r"Visdom\(server=.*port=(\d+)", "".join(served.lines))
        if found:
            return int(found[1])
        time.sleep(0.005)
    raise AssertionError(f"the server did not say its port: {served.lines}")


class Said(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]


class Sender:
    """Sends messages to a port, each over a connection of its own.

    Args:
        port: Of 127.0.0.1.
        root: Path below which the protocol is.
        headers: Sent along with each.
    """

    def __init__(self, port: int, root: str = "", headers: dict[str, str] | None = None) -> None:
        self.port = port
        self.root, self.headers = root, dict(headers or {})

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Said:
        """Whatever it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, self.root + path, body, {**self.headers, **named})
            answer = connection.getresponse()
            text = answer.read().decode()
            return Said(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})

    def __call__(self, endpoint: str, **said: Any) -> str:
        """A message that is to be done."""
        answer = self.ask("POST", f"/{endpoint}", json.dumps({"eid": "main", **said}).encode())
        assert answer.status == 200, answer
        return answer.text

    def line(self, win: str, x: float, y: float, **said: Any) -> str:
        """Appends a point."""
        trace = {"type": "scatter", "mode": "lines", "name": "1", "x": [x], "y": [y]}
        return self("update", win=win, data=[trace], layout={}, opts={}, append=True, **said)

    def text(self, win: str, text: str, **said: Any) -> str:
        """Shows a text."""
        return self("events", win=win, data=[{"type": "text", "content": text}], opts={}, **said)

    def points(self, win: str, **said: Any) -> list[list[Any]]:
        """x and y of a window's first trace."""
        (trace,) = json.loads(self("win_data", win=win, **said))["content"]["data"]
        return [trace["x"], trace["y"]]
