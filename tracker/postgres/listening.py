"""Hears from PostgreSQL itself to which runs rows were just added, by whatever process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import psycopg
import sqlalchemy as sa

from tracker.postgres.engine import CHANNEL, answering, driver_of

LOOK_S = 0.5
"""Between two looks whether it is to end."""


class Listening:
    """A connection of its own, and a thread that waits at it.

    Args:
        engine: Of the database.
        shown: Its address without a password.
        tell: Told the names of runs to which rows were added.

    Raises:
        StoreError: the database does not answer.

    Attributes:
        is_over: Whether nothing is heard any more: the connection broke.
    """

    def __init__(self, engine: sa.Engine, shown: str, tell: Callable[[str], None]) -> None:
        self.is_over = False
        self._tell = tell
        self._stopped = threading.Event()
        with answering(shown):
            pooled, self._driver = driver_of(engine)
            pooled.detach()
            self._driver.autocommit = True
            self._driver.execute(f"LISTEN {CHANNEL}")
        threading.Thread(target=self._listen, name="everystep-listen", daemon=True).start()

    def stop(self) -> None:
        """Ends it, soon."""
        self._stopped.set()

    def hear(self, run: str) -> None:
        """Tells of a run, unless it was ended."""
        if not self._stopped.is_set():
            self._tell(run)

    def _listen(self) -> None:
        try:
            while not self._stopped.is_set():
                for said in self._driver.notifies(timeout=LOOK_S):
                    self.hear(said.payload)
        except psycopg.Error:  # who looks by the clock finds out what it means
            pass
        finally:
            self.is_over = True
            with contextlib.suppress(psycopg.Error):
                self._driver.close()
