"""The watcher: looks at runs as they go on, notes where rules fire, and has it delivered.

Two threads: one reads what is new of runs and notes crossings, the other delivers; a receiver that does not answer
keeps nobody from seeing. A run is read again as a whole when something new was logged, at most for a twentieth of a
core: so a crossing is the same that a back-test shows.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from dashboard.alerts import deliver, kept
from dashboard.alerts.crossings import Crossing, crossings
from dashboard.alerts.deliver import Means
from dashboard.alerts.outbox import LOOK_S, Outbox
from dashboard.alerts.reading import FindingsOf, found_in, seen
from dashboard.alerts.rule import Rule
from dashboard.alerts.trigger import FindingSought, Silence
from dashboard.live.changes import Changes
from dashboard.live.file_stamps import stamp_of
from dashboard.live.poller import Poller
from tracker.errors import PageChangeError, RunNotFoundError, StoreError
from tracker.store.read import alert_file
from tracker.store.read.alert_file import KeptCrossing, KeptRule

logger = logging.getLogger("dashboard")

SHARE = 20
"""Looking at a run takes at most 1/20 of a core."""

LEAST_S = 0.1
"""Between two looks at a run."""

TICK_S = 1.0
"""How often it is looked whether a run is silent, or rules were armed by another server."""


class Watcher:
    """Follows the rules of one source.

    Args:
        root: The logdir.
        poller: Who knows the runs.
        key: The owner's; see `owner_key`.
        means: What actions are done with.
        source: Whose rules; see `kept.PAGE`.
        findings_of: Gives what was found in a run.
        tell: Called with what has just been noted, on a thread of the watcher's.
    """

    def __init__(
        self,
        root: Path,
        poller: Poller,
        key: Callable[[], bytes],
        means: Means,
        source: str = kept.PAGE,
        findings_of: FindingsOf = found_in,
        tell: Callable[[list[KeptCrossing]], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._poller = poller
        self._key = key
        self._means = means
        self._source = source
        self._findings_of = findings_of
        self._tell = tell
        self.outbox = Outbox(root, source, means)
        self._rules: list[tuple[KeptRule, Rule]] = []
        self._stamp: object = None
        self._dirty: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._noted: set[str] = set()
        self._silent: dict[str, float] = {}
        self._wake = threading.Condition()
        self._mail = threading.Event()
        self._was_held = False
        self._again = False
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._run, args=(act,), name=f"everystep-{name}", daemon=True)
            for name, act in (("alerts", self._watch), ("outbox", self._send))
        ]

    def start(self) -> None:
        """Begins to watch."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends it, after the attempt under way, and lets another server deliver."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._mail.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=3.0)
        with contextlib.suppress(PageChangeError):
            self.outbox.let_go()

    def heard(self, changes: Changes) -> None:
        """Takes in what changed; any thread may call it."""
        names = {each.run for each in changes.points} | changes.changed.keys()
        if names:
            with self._wake:
                self._dirty |= names
                self._wake.notify()

    def rules_changed(self) -> None:
        """Has the rules read again at once."""
        self._look_again()
        self._mail.set()

    def _look_again(self) -> None:
        with self._wake:
            self._stamp, self._again = None, True
            self._wake.notify()

    def _run(self, act: Callable[[], float]) -> None:
        """Does something again and again; whatever goes wrong is told, once as long as it stays the same."""
        told = ""
        while not self._stopped:
            try:
                pause = act()
                told = ""
            except (PageChangeError, StoreError, OSError) as error:
                why = str(error).partition("\n")[0]
                if why != told:
                    logger.warning("viz: alerts of %s: %s", self._root, why)
                told, pause = why, LOOK_S
            except Exception:  # an odd run or rule must not end the looking at all others
                logger.exception("viz: alerts of %s: this stopped; it begins again", self._root)
                pause = LOOK_S
            if act == self._send:
                self._mail.wait(pause)
                self._mail.clear()
            else:
                with self._wake:
                    self._wake.wait_for(lambda: self._stopped or self._again or self._due(), pause)

    def _due(self) -> set[str]:
        """Runs with something new that are looked at now."""
        now = time.monotonic()
        return {name for name in self._dirty if self._not_before.get(name, 0.0) <= now}

    # --- seeing ------------------------------------------------------------------------------------

    def _watch(self) -> float:
        """One round of looking; the seconds until the next, at the latest."""
        self._again = False
        self._read_rules()
        if not self._rules or not self.outbox.holds:
            with self._wake:
                self._dirty.clear()  # all are looked at when there is a rule, and the lease
            return TICK_S
        self._note_silent()
        with self._wake:
            due = self._due()
            self._dirty -= due
            waits = [self._not_before.get(name, 0.0) for name in self._dirty]
        for name in due:
            began = time.monotonic()
            try:
                self.look(name)
            except BaseException:  # it is looked at again
                self._dirty.add(name)
                raise
            finally:
                end = time.monotonic()
                self._not_before[name] = end + max(LEAST_S, SHARE * (end - began))
        return max(0.0, min([TICK_S, *(each - time.monotonic() for each in waits)]))

    def _read_rules(self) -> None:
        stamp = stamp_of(alert_file.file_of(self._root))
        held = self.outbox.holds
        if (stamp, held) == self._stamp:
            return
        before = {rule.id: rule.version for rule, _ in self._rules}
        self._rules = kept.followed(self._root, self._key, self._source)
        self._stamp = stamp, held
        if {rule.id: rule.version for rule, _ in self._rules} != before or not (self._was_held or not held):
            self._mail.set()
            if held:
                self.look_at_all()
        self._was_held = held

    def look_at_all(self) -> None:
        """Has all runs looked at that were alive when rules were."""
        since = min((rule.since for rule, _ in self._rules), default=float("inf"))
        self._poller.ready.wait(30.0)
        with self._poller.lock:
            alive = {
                run.name for run in self._poller.catalog.runs.values()
                if any(segment.heartbeat >= since for segment in run.known())
            }  # fmt: skip
        with self._wake:
            self._dirty |= alive
            self._wake.notify()

    def _note_silent(self) -> None:
        """Has runs looked at that have been silent for as long as a rule says."""
        seconds = min(
            (rule.trigger.seconds for _, rule in self._rules if isinstance(rule.trigger, Silence)), default=0.0
        )
        if not seconds:
            return
        since, now = min(rule.since for rule, _ in self._rules), time.time()
        with self._poller.lock:
            for run in self._poller.catalog.runs.values():
                if run.status not in ("running", "crashed"):
                    continue
                last = max((series.last[1] for _, series in run.series_of("scalar") if series.last), default=0.0)
                if now - last >= seconds and last + seconds >= since and now >= self._silent.get(run.name, 0.0):
                    self._silent[run.name] = now + max(TICK_S, seconds / 4)
                    self._dirty.add(run.name)

    def look(self, name: str) -> list[KeptCrossing]:
        """Looks at a run; what was noted.

        Raises:
            PageChangeError: the file cannot be written.
        """
        about = [(row, rule) for row, rule in self._rules if rule.is_about(name)]
        if not about:
            return []
        found: list[tuple[KeptCrossing, list[int]]] = []
        try:
            with seen(self._means.store().run(name), self._findings_of) as run:
                for row, rule in about:
                    for each in crossings(rule.trigger, run, row.since):
                        if is_new(each, row, rule) and each.id(rule.id, name) not in self._noted:
                            states = [deliver.begins_as(action) for action in rule.actions]
                            found.append((note_of(each, rule, name), states))
        except RunNotFoundError:
            return []
        if not found:
            return []
        from tracker.store.write import alert_file as writing

        new = set(writing.note(self._root, self.outbox.holder, self._source, found))
        told = [each for each, _ in found if each.id in new]
        if self.outbox.holds:
            self._noted.update(each.id for each, _ in found)
        self._mail.set()
        if told:
            self._tell(told)
        return told

    # --- delivering --------------------------------------------------------------------------------

    def _send(self) -> float:
        """One round of delivering; the seconds until the next."""
        rules = self._followed()
        if not rules:
            self.outbox.let_go()
            return LOOK_S
        held = self.outbox.holds
        if not self.outbox.take():
            return LOOK_S
        if not held:
            self._noted.clear()
            self._look_again()
        due = self.outbox.turn(rules)
        return LOOK_S if due is None else min(LOOK_S, max(0.0, due - time.time()))

    def _followed(self) -> Mapping[str, Rule]:
        with self._wake:
            return {rule.id: rule for _, rule in self._rules}


def note_of(crossing: Crossing, rule: Rule, run: str) -> KeptCrossing:
    """A crossing as it is kept."""
    return KeptCrossing(
        crossing.id(rule.id, run), rule.id, run, crossing.step, crossing.wall_time, crossing.level,
        crossing.sentence[:2_000], time.time(),
    )  # fmt: skip


def is_new(crossing: Crossing, row: KeptRule, rule: Rule) -> bool:
    """Whether a crossing happened since its rule was armed.

    A finding is of when it was found, which may be long after its first step: what was found before is noted when the
    rule is armed.
    """
    if isinstance(rule.trigger, FindingSought):
        return row.since <= row.armed or crossing.wall_time >= row.since
    return crossing.wall_time >= row.since


def known_findings(
    rule: Rule, runs: Collection[str], means: Means, findings_of: FindingsOf = found_in
) -> list[KeptCrossing]:
    """What a rule about findings would say of some runs at once: it is noted when it is armed, and never told."""
    found: list[KeptCrossing] = []
    for name in runs if isinstance(rule.trigger, FindingSought) else ():
        if rule.is_about(name):
            with contextlib.suppress(RunNotFoundError, StoreError), seen(means.store().run(name), findings_of) as run:
                found += [note_of(each, rule, name) for each in crossings(rule.trigger, run)]
    return found
