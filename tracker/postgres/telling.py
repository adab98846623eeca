"""Tells those who listen that something of a run is another than before: at once, but at most a few times a second for
a run, however many add to it at the same time. What comes in between is told when its time has come.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Mapping
from time import sleep
from typing import Any, Protocol
from weakref import WeakSet

import psycopg
import sqlalchemy as sa

from tracker.postgres.engine import CHANNEL, driver_of, let_go

LEAST_S = 0.25
"""Between two that are told of one run. A page asks for all that is new then, of all who add to it."""

LONGEST_BYTES = 8000
"""Of a name, from which on PostgreSQL tells nothing: who listens is told no name then."""

_TELL = f"""
WITH told AS (
    INSERT INTO tellings AS known (place, at)
    SELECT said.place, clock_timestamp() FROM unnest(%(runs)s::text[], %(since)s::float8[]) AS said (place, since)
    LEFT JOIN tellings AS last ON last.place = said.place
    WHERE last.at IS NULL OR last.at < to_timestamp(said.since) ORDER BY said.place
    ON CONFLICT (place) DO UPDATE SET at = excluded.at WHERE known.at <= excluded.at - make_interval(secs => %(least)s)
    RETURNING known.place,
        pg_notify('{CHANNEL}', CASE WHEN octet_length(known.place) < {LONGEST_BYTES} THEN known.place ELSE '' END)
)
SELECT said.place, told.place IS NOT NULL, extract(epoch FROM last.at)::float8,
    extract(epoch FROM clock_timestamp())::float8
FROM unnest(%(runs)s::text[]) AS said (place)
LEFT JOIN told ON told.place = said.place LEFT JOIN tellings AS last ON last.place = said.place
"""


class Hearer(Protocol):
    """Who hears of runs to which something was added."""

    def hear(self, run: str) -> None:
        """Something of this run is another than before."""


class Telling:
    """What tells of the runs of a database.

    Args:
        engine: Of the database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: dict[str, float] = {}
        """Runs that are still to be told of, unless somebody has since then, by the clock of the database."""
        self._has_thread = False
        self._hearers: WeakSet[Hearer] = WeakSet()

    def add(self, hearer: Hearer) -> None:
        """Somebody in this process hears of all that it adds as soon as it is there, however often that is."""
        with self._lock:
            self._hearers.add(hearer)

    def tell(self, driver: psycopg.Connection[Any], run: str) -> None:
        """Tells of a run, once what is new can be seen. It is no loss where that fails: they look by themselves, too.

        Not within the transaction that adds the rows: those that tell are committed one after the other, and would wait
        for the disk in a row.

        Args:
            driver: A connection, in no transaction.
            run: The run.
        """
        with self._lock:
            hearers, is_waiting = [*self._hearers], run in self._waiting
            if is_waiting:
                self._waiting[run] = math.inf
        for each in hearers:
            each.hear(run)
        if is_waiting:
            return
        with contextlib.suppress(psycopg.Error):
            self._try(driver, {run: math.inf})

    def _try(self, driver: psycopg.Connection[Any], runs: Mapping[str, float]) -> None:
        with driver.transaction():
            said = {"runs": [*runs], "since": [*runs.values()], "least": LEAST_S}
            rows = driver.execute(_TELL, said).fetchall()
        for run, is_told, at, now in rows:
            if is_told or (at is not None and at >= runs[run]):
                continue
            with self._lock:
                self._waiting[run] = math.inf if run in self._waiting else min(runs[run], now)
                begins, self._has_thread = not self._has_thread, True
            if begins:
                threading.Thread(target=self._tell_later, name="everystep-tell", daemon=True).start()

    def _tell_later(self) -> None:
        """Until nothing is left to be told of."""
        while True:
            sleep(LEAST_S)
            with self._lock:
                waiting, self._waiting = self._waiting, {}
                if not waiting:
                    self._has_thread = False
                    return
            with contextlib.suppress(psycopg.Error, sa.exc.SQLAlchemyError):
                pooled, driver = driver_of(self._engine)
                try:
                    self._try(driver, waiting)
                finally:
                    let_go(pooled, driver)
