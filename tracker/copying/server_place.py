"""A run's place on a server that receives runs, or in a database, under a name that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tracker import logdir
from tracker.copying.place import CopyError
from tracker.ship.elsewhere import Elsewhere
from tracker.ship.server import UnreachableError
from tracker.store.read import shipping
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, Shipment

PATIENCE_S = 60.0
"""So long a server that does not answer is asked again. What it has then is where the next copy goes on."""

FIRST_PATIENCE_S = 3.0
"""The same before it has ever answered: its address may be wrong."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 8.0

T = TypeVar("T")


class ServerPlace:
    """The place of one run.

    Args:
        server: Where.
        name: What the run is called there.
        patience_s: So long it is asked again where it does not answer.

    Raises:
        RunNameError: no run can be called so.
    """

    def __init__(self, server: Elsewhere, name: str, patience_s: float = PATIENCE_S) -> None:
        self._server = server.of_run(logdir.check_run_name(name))
        self._patience_s = patience_s
        self._segment: str | None = None
        self._has_answered = False

    def begun_by(self) -> str | None:
        return self._asked(self._server.begun_by)

    def lacks(self, source: Path) -> Arrived | None:
        segment = logdir.segment_id(source)
        arrived = self._asked(lambda: self._server.arrived(segment))
        if arrived.cursor:
            self._segment = segment
        here = shipping.standing(source)
        is_behind = arrived.cursor < here.written or not arrived.is_whole
        return arrived if is_behind and arrived.cursor <= here.written else None

    def take(self, segment: str, shipment: Shipment) -> Arrived:
        arrived = self._asked(lambda: self._server.send(segment, shipment))
        self._segment = segment
        return arrived

    def take_whole(self, source: Path) -> bool:
        raise CopyError("it was written by a version before 0.1.0, which only a folder takes; copy it to one")

    def files(self) -> dict[str, int]:
        segment = self._known()
        return self._asked(lambda: self._server.files(segment))

    def take_piece(self, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        segment = self._known()
        return self._asked(lambda: self._server.send_piece(segment, name, at, data, size, digest))

    def say(self, page: RunPage) -> bool:
        return self._asked(lambda: self._server.say(page))

    def close(self) -> None:
        self._server.close()

    def _known(self) -> str:
        if self._segment is None:
            raise CopyError("nothing else of this run is there")
        return self._segment

    def _asked(self, question: Callable[[], T]) -> T:
        """An answer, asked for again while there is none: what was taken meanwhile is not taken twice."""
        patience = self._patience_s if self._has_answered else min(self._patience_s, FIRST_PATIENCE_S)
        end, pause = time.monotonic() + patience, FIRST_PAUSE_S
        while True:
            try:
                answer = question()
                self._has_answered = True
                return answer
            except UnreachableError as error:
                wait = max(pause, error.after_s)
                if time.monotonic() + wait > end:
                    raise
            time.sleep(wait)
            pause = min(LONGEST_PAUSE_S, 2 * pause)
