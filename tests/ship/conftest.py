"""Servers that receive, and shippers that send to them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asked_server import READING, TOKEN, Asking
from served import Served

from tracker.ship.server import Server
from tracker.ship.shipper import Progress, Shipper


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The logdir of the server."""
    folder = tmp_path / "server" / "runs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def receive(serve: Callable[..., Served], there: Path) -> Callable[..., Served]:
    """Starts a server that receives into `there`; more options follow."""

    def start(*options: str) -> Served:
        return serve(there, "--token", READING, "--receive", "--write-token", TOKEN, *options)

    return start


@pytest.fixture
def ship(logdir: Path) -> Callable[..., Progress]:
    """Ships the logdir, all that is there now: ship(served)."""

    def act(served: Served, token: str = TOKEN, root: Path = logdir) -> Progress:
        server = Server(served.base, token)
        try:
            return Shipper(root, server).run(once=True, wait_s=60)
        finally:
            server.close()

    return act


@pytest.fixture
def asking() -> Iterator[Callable[..., Asking]]:
    """What asks a server: asking(served, token)."""
    with contextlib.ExitStack() as stack:
        yield lambda *words: stack.enter_context(contextlib.closing(Asking(*words)))
