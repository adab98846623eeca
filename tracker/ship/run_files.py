"""The files beside a run's segments, as they are sent: each once, in pieces, from where the other store has it."""

from __future__ import annotations

import time
from pathlib import Path

from tracker.ship.elsewhere import Elsewhere
from tracker.ship.tail import Tail
from tracker.store.read import copied
from tracker.store.run_folder_files import digest_of, files_of

PIECE_BYTES = 4 << 20

LOOK_S = 1.0
"""Between two looks into the folders of a run that goes on."""


class RunFiles:
    """Those of one run.

    Args:
        folder: The run's.

    Attributes:
        tails: Its segments.
        is_done: Whether nothing will be added, and all is there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tails: list[Tail] = []
        self.is_done = False
        self._there: dict[str, int] | None = None
        self._next_look = 0.0

    def send(self, server: Elsewhere) -> int:
        """Sends one piece of the next file that is not there, where it is time to look; its bytes, 0 without any.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: what the server says.
            OSError: the file cannot be read.
        """
        now = time.monotonic()
        known = next((tail for tail in self.tails if tail.is_known_there and tail.beside is None), None)
        if known is None or now < self._next_look:
            return 0
        is_last = all(tail.is_done for tail in self.tails)  # before the look: a file stands before its row does
        try:
            sent = self._send(server, known.segment)
        except BaseException:
            self._there = None  # what became of it only the server knows
            raise
        self._next_look = 0.0 if sent else now + LOOK_S
        self.is_done = is_last and not sent
        return sent

    def tell_copies(self) -> None:
        """Tells each segment whether it is a copy that a fork took along, by what all of them say of themselves."""
        for tail in self.tails:
            tail.origin = tail.origin or copied.origin_of(tail.path)
        by_origin = {tail.origin: tail for tail in self.tails if tail.origin is not None}
        own = copied.own(by_origin)
        for origin, tail in by_origin.items():
            tail.beside = None if origin in own else by_origin[own[0]]

    def put_off(self, seconds: float) -> None:
        """Looks again after so many seconds."""
        self._next_look = time.monotonic() + seconds

    def _send(self, server: Elsewhere, segment: str) -> int:
        for name, size in files_of(self.folder):
            if size == 0:
                continue
            if self._there is None:
                self._there = server.files(segment)
            at = self._there.get(name, 0)
            if at >= size:
                continue
            digest = digest_of(self.folder, name)
            with open(self.folder / name, "rb") as file:
                file.seek(at)
                data = file.read(PIECE_BYTES)
            self._there[name] = server.send_piece(segment, name, at, data, size, digest)
            return len(data)
        return 0
