"""What runs of other machines are asked on the page here, and have not answered: one look for all machines that wait.

Ten thousand machines wait for their runs at the same time. So that they cost those who look at the page next to
nothing, one task looks at the page files of all of them, on a thread of its own and for a small part of the time, and a
machine is woken when there is something. What is read of a run is read once for all who send it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from dashboard.receive import demand
from dashboard.receive.demand import Demand
from tracker.errors import StoreError, TrackerError
from tracker.receive.receiver import Receiver
from tracker.store.read import commands, page_tables
from tracker.store.read.run_files import RunFiles
from tracker.store.shipment import DeletedError

LOOK_S = 0.1
"""Between two looks; one at a thousand files takes 2 ms."""

SHARE = 10
"""A look takes at most one part in so many of the time."""

ANEW_S = 4.0
"""After which it is read again whether a run has answered what it was asked."""

MOST_WAITING = 20_000


Found = dict[str, list[dict[str, Any]]]
T = TypeVar("T")


class TooManyError(TrackerError):
    """More machines wait than are listened to."""


class Heard(NamedTuple):
    """What a machine is told: what its runs are asked, by a segment of each, and the tags of which single points are
    wanted (None for all)."""

    commands: Found
    fresh: frozenset[str] | None


class _Read(NamedTuple):
    """What a run was asked, as it was last read."""

    stamp: page_tables.Stamp
    at: float
    asked: list[dict[str, Any]]
    is_all: bool
    """Whether nothing else can come of it before its page's file changes."""


class _Wait:
    """One machine that waits: its runs' folders, by which segment it knows each, and what changed of them since."""

    def __init__(self, folders: dict[Path, str], known: frozenset[str]) -> None:
        self.folders = folders
        self.known = known
        self.changed: set[Path] = set()
        self.woken = asyncio.Event()


class Waiting:
    """Those who wait. For the event loop, but for what it does on its own thread.

    Args:
        receiver: Knows where their segments lie.
        wanted: Says which single points are wanted.
    """

    def __init__(self, receiver: Receiver, wanted: Demand) -> None:
        self._receiver = receiver
        self._wanted = wanted
        self._fresh: frozenset[str] | None = None
        self._fresh_at = -LOOK_S
        self._by_folder: dict[Path, set[_Wait]] = {}
        self._waits: set[_Wait] = set()
        self._looking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "waiting")
        self._stamps: dict[Path, page_tables.Stamp | None] = {}
        """As of the last look; of its thread, like what was read."""
        self._read: dict[Path, _Read] = {}

    async def hear(
        self, project: str, seen: Collection[str], known: frozenset[str], known_demand: str | None, wait_s: float
    ) -> Heard:
        """What is asked of the runs of a machine and not known there: at once where there is something, or where other
        points are wanted than it knows of; else when there is, or after some seconds.

        Args:
            project: Whose runs they are.
            seen: Their segments that live, by the machine that writes them.
            known: The nonces of what it knows already.
            known_demand: The name of what it takes to be wanted, see `demand.named`.
            wait_s: How long it waits.

        Raises:
            TooManyError: too many wait already.
        """
        if len(self._waits) >= MOST_WAITING:
            raise TooManyError(f"{len(self._waits):,} machines wait already")
        end = time.monotonic() + wait_s
        wait = _Wait(await self._done(partial(self._places, project, seen)), known)
        self._add(wait)  # before the first look, so that nothing is missed between
        try:
            found = await self._done(partial(self._unanswered, wait, wait.folders))
            while not found and demand.named(self._now_wanted()) == known_demand:
                # Not wait_for, which before Python 3.12 may take a cancellation for news that come with it.
                waking = asyncio.create_task(wait.woken.wait())
                try:
                    await asyncio.wait((waking,), timeout=max(0.0, end - time.monotonic()))
                finally:
                    waking.cancel()
                if not wait.woken.is_set():
                    break
                wait.woken.clear()
                changed, wait.changed = wait.changed, set()
                found = await self._done(partial(self._unanswered, wait, changed)) if changed else {}
        finally:
            self._remove(wait)
        return Heard(found, self._fresh)

    def close(self) -> None:
        """Lets go of the thread; nobody is to wait any more."""
        self._thread.shutdown()

    def _now_wanted(self) -> frozenset[str] | None:
        if time.monotonic() - self._fresh_at >= LOOK_S:
            fresh, self._fresh_at = self._wanted.fresh(), time.monotonic()
            if fresh != self._fresh:
                self._fresh = fresh
                _wake(self._waits)
        return self._fresh

    def _add(self, wait: _Wait) -> None:
        self._waits.add(wait)
        for folder in wait.folders:
            self._by_folder.setdefault(folder, set()).add(wait)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def _remove(self, wait: _Wait) -> None:
        self._waits.discard(wait)
        for folder in wait.folders:
            others = self._by_folder[folder]
            others.discard(wait)
            if not others:
                del self._by_folder[folder]

    async def _look(self) -> None:
        """Looks until nobody waits."""
        try:
            with contextlib.suppress(RuntimeError):  # the thread was let go of
                while self._waits:
                    self._now_wanted()
                    changed, took = await self._done(partial(self._changed, [*self._by_folder]))
                    for folder in changed:
                        waits = self._by_folder.get(folder, set())
                        for wait in waits:
                            wait.changed.add(folder)
                        _wake(waits)
                    await asyncio.sleep(max(LOOK_S, SHARE * took))
        finally:
            self._looking = None

    async def _done(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    # --- on its thread ---------------------------------------------------------------------------------------

    def _places(self, project: str, seen: Collection[str]) -> dict[Path, str]:
        found: dict[Path, str] = {}
        for segment in seen:
            with contextlib.suppress(DeletedError):  # whoever sends it hears so
                path = self._receiver.place(project, segment)
                if path is not None:
                    found.setdefault(path.parent, segment)
        return found

    def _changed(self, folders: Collection[Path]) -> tuple[list[Path], float]:
        """Those of which something else is said than at the last look, and how long that took."""
        began = time.monotonic()
        try:
            before, self._stamps = self._stamps, page_tables.stamps(folders)
        except StoreError:  # a database that is away
            return [], time.monotonic() - began
        self._read = {folder: read for folder, read in self._read.items() if folder in self._stamps}
        changed = [folder for folder, stamp in self._stamps.items() if folder not in before or stamp != before[folder]]
        return changed, time.monotonic() - began

    def _unanswered(self, wait: _Wait, folders: Iterable[Path]) -> Found:
        found = {}
        for folder in folders:
            new = [each for each in self._asked(folder) if each["nonce"] not in wait.known]
            if new:
                found[wait.folders[folder]] = new
        return found

    def _asked(self, folder: Path) -> list[dict[str, Any]]:
        """What a run was asked and has not answered, as it was read since that may have changed."""
        now, read = time.monotonic(), self._read.get(folder)
        with contextlib.suppress(StoreError):  # a database that is away
            stamp = page_tables.stamps([folder])[folder]
            if stamp is None:
                return []
            if read is None or read.stamp != stamp or not (read.is_all or now - read.at < ANEW_S):
                read = self._read[folder] = _read(folder, stamp, now)
        return [] if read is None else read.asked


def _read(folder: Path, stamp: page_tables.Stamp, now: float) -> _Read:
    with contextlib.suppress(StoreError, OSError):
        is_asked = bool(commands.asked(folder, commands.Cursor(), 1)[0])
        found = commands.unanswered(RunFiles(folder), folder) if is_asked else []
        return _Read(stamp, now, [each._asdict() for each in found], not is_asked)
    return _Read(stamp, now, [], False)


def _wake(waits: Iterable[_Wait]) -> None:
    for wait in waits:
        wait.woken.set()
