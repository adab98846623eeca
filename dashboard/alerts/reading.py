"""Reading a stored run as rules see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from dashboard.alerts.crossings import Life, Seen
from tracker.errors import SeriesNotFoundError
from tracker.findings.finding import Finding
from tracker.series.stretch import Points
from tracker.store.read.run import StoredRun
from tracker.values import pane

FindingsOf = Callable[[StoredRun], Sequence[Finding]]
"""Gives what was found in a run: whoever finds it as it goes on says so in the place of this."""

MACHINE = "machine/"
"""Tags that are logged beside a training, which may stand still meanwhile."""


def found_in(run: StoredRun) -> Sequence[Finding]:
    """What is found in a run when it is asked."""
    return run.findings()


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
