"""Orders: what runs here are asked on the page of the server, brought to where they look for it.

A command that a run has not answered is told by the server for as long as it has not: nothing of it is kept here, and
one that comes twice is known by its nonce.
"""

from __future__ import annotations

import json
import logging
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tracker.errors import PageChangeError, TrackerError
from tracker.ship.backoff import pause_s
from tracker.ship.elsewhere import Elsewhere
from tracker.ship.server import ForbiddenError, RefusedRowsError, UnreachableError
from tracker.store.read.commands import CONTROL

logger = logging.getLogger("tracker")

WAIT_S = 5.0
"""For something to be asked, at most: then the runs that live are named anew."""

REST_S, LONGEST_REST_S = 1.0, 30.0
"""Between two questions while no run lives here, and from the first to the longest while the server does not answer."""

MOST_KNOWN = 10_000


class Standing(NamedTuple):
    """How the shipper stands: rows that are behind, rows that are written a second, and the folders of runs that live,
    by one of their segments."""

    behind: int
    rate: float
    live: dict[str, Path]


class Orders(threading.Thread):
    """A thread that asks for them.

    Args:
        server: Where; of this thread alone.
        standing: How the shipper stands.
        want: Told of which tags the server wants single points; None for all.
        stopped: Ends it.
    """

    def __init__(
        self,
        server: Elsewhere,
        standing: Callable[[], Standing],
        want: Callable[[frozenset[str] | None], None],
        stopped: threading.Event,
    ) -> None:
        super().__init__(name="tracker-orders", daemon=True)
        self._server = server
        self._standing = standing
        self._want = want
        self._stopped = stopped
        self._known: dict[str, None] = {}
        self._demand = "all"
        self._node = platform.node() or "?"

    def run(self) -> None:
        """Asks until it is stopped."""
        failures = 0
        while not self._stopped.is_set():
            standing = self._standing()
            try:
                found = self._server.hear(
                    {
                        "node": self._node,
                        "behind": standing.behind,
                        "rate": standing.rate,
                        "demand": self._demand,
                        "segments": list(standing.live),
                        "known": list(self._known),
                        "wait": WAIT_S if standing.live else 0,
                    }
                )
            except (UnreachableError, ForbiddenError, RefusedRowsError):
                failures += 1
                self._stopped.wait(pause_s(failures, REST_S, LONGEST_REST_S))  # who sends says why
                continue
            failures = 0
            if found["demand"] != self._demand:
                self._demand = found["demand"]
                self._want(None if found["fresh"] is None else frozenset(found["fresh"]))
            for segment, asked in found["commands"].items():
                self._take(standing.live.get(segment), asked)
            if not standing.live:
                self._stopped.wait(REST_S)
        self._server.close()

    def _take(self, folder: Path | None, asked: Any) -> None:
        from tracker.store.write import page_file

        for each in asked if folder is not None and isinstance(asked, list) else ():
            try:
                nonce, name, author = str(each["nonce"]), str(each["name"]), each["author"]
                value, expected = json.loads(each["value"]), each["expected"]
                expected = None if expected is None else json.loads(expected)
                assert folder is not None
                page_file.add_command(folder, nonce, f"{CONTROL}{name}", value, expected, author)
            except PageChangeError as error:
                logger.warning("viz ship: a command of the page is not passed on: %s", error)
            except (TrackerError, LookupError, TypeError, ValueError) as error:
                logger.warning("viz ship: what is no command is not passed on (%s)", error)
            else:
                self._known[nonce] = None
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
