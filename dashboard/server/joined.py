"""Joined: a transport that sends a short piece together with the next one.

uvicorn writes the head of an answer and its body one after the other, and uvloop sends either at once: two calls to the
system, each with Python's lock held while the other side is woken, which then reads twice. Of what a server does with
small questions these calls were a third.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

SHORT_BYTES = 4096
"""A piece up to that is held. Longer ones are not, so that what waits to be taken is known to who writes."""


class Joined:
    """Holds one short piece at most, until the next one comes, or the event loop's turn ends.

    Args:
        transport: What sends; whatever is not about writing is asked of it.
    """

    def __init__(self, transport: Any) -> None:
        self.joined = transport
        self._loop = asyncio.get_running_loop()
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.joined, name)

    def write(self, data: bytes) -> None:
        """Sends it, or holds it."""
        held = self._held
        if held:
            self._held = b""
            if data:
                self.joined.writelines([held, data])
            else:
                self.joined.write(held)
        elif 0 < len(data) <= SHORT_BYTES:
            self._held = data
            self._loop.call_soon(self._end_turn)
        else:
            self.joined.write(data)

    def get_write_buffer_size(self) -> int:
        """Bytes that were not sent yet."""
        return len(self._held) + int(self.joined.get_write_buffer_size())

    def close(self) -> None:
        """Ends it once all is sent."""
        self._end_turn()
        self.joined.close()

    def abort(self) -> None:
        """Ends it at once."""
        self._held = b""
        self.joined.abort()

    def _end_turn(self) -> None:
        held, self._held = self._held, b""
        if held and not self.joined.is_closing():
            # Who asked has gone, which uvloop says before anybody has heard of it.
            with contextlib.suppress(RuntimeError):
                self.joined.write(held)
