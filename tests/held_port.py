"""Ports that a test gives to one server after the other: held meanwhile, so that nobody else is given one."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A port of this machine that no connection and no listener that asks for any is given within the block.

    It is bound and nobody listens at it: a server that asks for it by its number gets it, as often as one does, and
    while none listens a connection is refused.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
