"""Reading a stored run as rules see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from dashboard.alerts.crossings import Life, Seen
from dashboard.live.poller import Poller
from tracker.errors import SeriesNotFoundError
from tracker.series.stretch import Points
from tracker.store.read.run import StoredRun
from tracker.values import pane

FindingsOf = Callable[[StoredRun], Sequence[Mapping[str, Any]]]
"""Gives what was found in a run, as `Seen.findings` has it."""

MACHINE = "machine/"
"""Tags that are logged beside a training, which may stand still meanwhile."""


def found_in(run: StoredRun) -> Sequence[Mapping[str, Any]]:
    """What is found in a run, which is examined for it."""
    from tracker.store.read.diagnosed import examination

    return examination(run).as_dicts()


def known_findings_of(poller: Poller, or_else: FindingsOf = lambda _: ()) -> FindingsOf:
    """What a server that examines runs has found so far, but for what somebody dismissed.

    Args:
        poller: In whose catalog it is.
        or_else: Gives that of a run that was not examined yet.
    """

    def findings_of(stored: StoredRun) -> Sequence[Mapping[str, Any]]:
        with poller.lock:
            run = poller.catalog.runs.get(stored.name)
            if run is not None and run.examined is not None:
                dismissed = run.dismissed
                return [each for each in run.examined.findings if each["id"] not in dismissed]
        return or_else(stored)

    return findings_of


@contextmanager
def seen(stored: StoredRun, findings_of: FindingsOf = found_in, now: float | None = None) -> Iterator[Seen]:
    """A run as rules see it, its files held open; each tag is read once.

    Raises:
        StoreError: a file cannot be read, when a rule asks.
    """
    moment = time.time() if now is None else now
    with stored.held() as run:

        @cache
        def points(tag: str) -> Points | None:
            try:
                found = run.scalars(tag)
            except SeriesNotFoundError:
                return None
            return Points(found.step, found.wall_time, found.value)

        lives = [
            Life(each.id, each.status(moment), each.created, each.ended or each.heartbeat)
            for each in run.segments() if each.reason != "child"
        ]  # fmt: skip
        tags = [each for each in run.tags("scalar") if not each.startswith((pane.POINTS, MACHINE))]
        yield Seen(tags, points, moment, lives, cache(run.marks), cache(lambda: findings_of(run)))
