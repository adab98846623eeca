"""The outbox: what rules have to tell, until each receiver has acknowledged it.

At least once: a delivery is let go of only when it was acknowledged. What is acknowledged is noted at once, so that it
is not told again after a kill but where the kill fell between the answer and that note; for this every attempt says the
same Idempotency-Key. Who fails is tried again after a quarter of a second, a half, 1, 2, 4 …, up to ten minutes, each
somewhat shorter by chance, for three days; while a receiver is away only one of all that waits for it is tried.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dashboard.alerts import deliver
from dashboard.alerts.deliver import Means
from dashboard.alerts.rule import Rule
from dashboard.alerts.webhook import Outcome
from tracker.store.read.alert_file import DELIVERED, Delivery, KeptCrossing

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 600.0

BATCH_S = 1.0
"""After so long what became of a batch is written down, and the lease looked at."""

LOOK_S = 5.0
"""How often it is looked whether another server has let go."""


def pause_after(failures: int, chance: float) -> float:
    """Seconds until the next attempt: twice as long after each failure, and by chance down to half of that."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30)) * (0.5 + chance / 2)


class Outbox:
    """Delivers what the rules of one source tell, while it has the lease for it.

    Args:
        root: The logdir.
        source: Whose rules.
        means: What actions are done with.
        now: Wall time.
    """

    def __init__(self, root: Path, source: str, means: Means, now: Callable[[], float] = time.time) -> None:
        self._root = root
        self._source = source
        self._means = means
        self._now = now
        self.holder = secrets.token_hex(8)
        self.holds = False
        """Whether it has the lease."""
        self._renewed = 0.0
        self._failures: dict[str, int] = {}
        self._rests: dict[str, float] = {}
        """By who is away: until when he is left alone."""
        self._tried: list[Delivery] = []
        self.delivered = 0

    def take(self) -> bool:
        """Takes the lease, or keeps it; whether it is ours.

        Raises:
            PageChangeError: the file cannot be written.
        """
        from tracker.store.write import alert_file as writing

        now = self._now()
        if not self.holds or now - self._renewed >= writing.RENEW_S:
            self.holds = writing.lease(self._root, self._source, self.holder, now)
            self._renewed = now
        return self.holds

    def let_go(self) -> None:
        """Gives the lease back.

        Raises:
            PageChangeError: the file cannot be written.
        """
        if self.holds:
            from tracker.store.write import alert_file as writing  # brings SQLAlchemy: not without rules

            self.holds = False
            writing.release(self._root, self._source, self.holder)

    def turn(self, rules: Mapping[str, Rule]) -> float | None:
        """Delivers what is due, for about a second; when to come again, None for when there is something new.

        Args:
            rules: Those that are followed, by id.

        Raises:
            PageChangeError, StoreError: the file cannot be written, or read.
        """
        from tracker.store.write import alert_file as writing

        waiting = writing.turn(self._root, self._source, self.holder, self._tried, self._now())
        self._tried = []
        if waiting is None:
            self.holds = False
            return self._now() + LOOK_S
        self._renewed = self._now()
        end, before = time.monotonic() + BATCH_S, self.delivered
        soonest: list[float] = []
        for crossing, delivery in waiting:
            rule = rules.get(crossing.rule)
            if rule is None or delivery.action >= len(rule.actions):
                continue
            place = deliver.place_of(rule.actions[delivery.action])
            due = max(delivery.next_try, self._rests.get(place, 0.0))
            if due <= self._now() and time.monotonic() < end:
                again = self._deliver(crossing, delivery, rule, place)
                soonest += [] if again is None else [again]
            else:
                soonest.append(due)
        if self._tried or self.delivered > before or any(due <= self._now() for due in soonest):
            return self._now()  # to write down what became of them, or to go on
        return min(soonest, default=None)

    def _deliver(self, crossing: KeptCrossing, delivery: Delivery, rule: Rule, place: str) -> float | None:
        """Tries one; when to try again, None where it was acknowledged."""
        from tracker.store.write import alert_journal

        number = delivery.action
        with alert_journal.record(self._root, self._source, crossing.id, number) as note:
            outcome = deliver.attempt(rule.actions[number], number, rule, crossing, self._means, note)
        if not outcome.trouble:
            self._failures.pop(place, None)
            self.delivered += 1
            self._tried.append(replace(delivery, state=DELIVERED, ended=self._now(), trouble=None))
            return None
        failed = replace(delivery, attempts=delivery.attempts + 1, trouble=outcome.trouble)
        due = self._now() + self._pause(failed, place, outcome)
        self._tried.append(replace(failed, next_try=due))
        return due

    def _pause(self, failed: Delivery, place: str, outcome: Outcome) -> float:
        """How long to wait, and for whom."""
        if not outcome.is_down:
            return pause_after(failed.attempts, random.random())  # noqa: S311 no secret
        self._failures[place] = self._failures.get(place, 0) + 1
        pause = max(outcome.pause_s, pause_after(self._failures[place], random.random()))  # noqa: S311 no secret
        self._rests[place] = self._now() + pause
        return pause
