"""The shipper: sends what the segments of a logdir hold to another store, as they grow, and after every interruption
from where that store stands. It keeps nothing that could be lost."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tracker import logdir
from tracker.errors import StoreError
from tracker.ship.ahead import Ahead
from tracker.ship.backoff import pause_s
from tracker.ship.elsewhere import Elsewhere
from tracker.ship.orders import Orders, Standing
from tracker.ship.run_files import RunFiles
from tracker.ship.server import DeletedThereError, RefusedRowsError, UnreachableError
from tracker.ship.tail import Stamp, Tail
from tracker.store.read import copied

logger = logging.getLogger("tracker")

LOOK_S = 0.05
"""Between two looks at the files that are written; a look at a thousand of them takes 5 ms."""

SHARE = 10
"""A look takes at most one part in so many of the time: of very many files the looks are rarer."""

WALK_S = 1.0
"""Between two walks through the logdir for new runs, likewise."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
"""After the first and the longest row of questions that had no answer."""

_LAST = copied.Origin(math.inf, "", "")

ASIDE_S = 60.0
"""After which a segment that the server refused, or that could not be read, is tried again."""

DELETED_S = 30.0
"""After which a server is asked again whether a run that was deleted there is restored: one question for the run."""


@dataclass(frozen=True)
class Progress:
    """How a shipper stands.

    Attributes:
        segments: How many there are.
        done: How many have ended and are there as a whole.
        behind: Rows that are not there yet, of those that were looked at.
        sent: Rows that were sent since it began.
        trouble: What keeps it from sending, in a sentence; None where nothing does.
        refused: What was set aside, by file, and why.
        deleted: Runs that were deleted there and are not sent, by folder, and what it says.
    """

    segments: int
    done: int
    behind: int
    sent: int
    trouble: str | None
    refused: dict[str, str]
    deleted: dict[str, str]


class _Aside(NamedTuple):
    """What is not sent for a while: until when, why, and of a run that was deleted there how its files stood."""

    until: float
    why: str
    files: list[Stamp] | None = None


class Shipper:
    """Sends a logdir to a server, or into a database. For one thread.

    Args:
        root: The logdir.
        server: Where to.
        tell: Called with each change of how it stands.
    """

    def __init__(self, root: Path, server: Elsewhere, tell: Callable[[Progress], None] = lambda progress: None) -> None:
        self._root = root
        self._server = server
        self._tell = tell
        self._tails: dict[Path, Tail] = {}
        self._aside: dict[Path, _Aside] = {}
        self._files: dict[Path, RunFiles] = {}
        """Of each run."""
        self._ahead = Ahead()
        self._fresh: frozenset[str] | None = None
        """The tags of which single points are wanted at the moment; None for all."""
        self._sent = 0
        self._counted = (time.monotonic(), 0)
        self._trouble: str | None = None
        self._failures = 0
        self._wait_s = 0.0
        """What the server asked to be left alone for, when it last had no answer."""
        self._is_away = False
        """Whether the logdir could not be gone through when that was last tried."""
        self._walked = 0.0
        self._walk_took = 0.0
        self.stopped = threading.Event()

    def run(self, *, once: bool = False, idle_s: float | None = None, wait_s: float | None = None) -> Progress:
        """Sends until `stopped` is set.

        Args:
            once: Send what is there now, and end when it is there, too.
            idle_s: End when nothing was to be sent for so many seconds and no run is written here.
            wait_s: End when the server has not answered for so many seconds.

        Raises:
            ForbiddenError: the server takes nothing from here.
        """
        orders = None
        if not once:
            orders = Orders(self._server.another(), self._standing, self._want, self.stopped)
            orders.start()
        try:
            self._run(once, idle_s, wait_s)
        finally:
            self.stopped.set()
            self._ahead.close()
            if orders is not None:
                orders.join()
        return self.progress()

    def _run(self, once: bool, idle_s: float | None, wait_s: float | None) -> None:
        busy = answered = time.monotonic()
        while not self.stopped.is_set():
            began = time.monotonic()
            self._walk(began)
            worked = self._turn()
            now = time.monotonic()
            if worked or self._trouble is not None or not self._is_at_rest():
                busy = now
            elif once or (idle_s is not None and now - busy > idle_s):
                break
            if self._trouble is None:
                answered = now
            elif wait_s is not None and now - answered > wait_s:
                break
            if self._trouble is not None:
                self.stopped.wait(self._pause())
            elif not worked:
                self.stopped.wait(max(LOOK_S, SHARE * (now - began)))

    def _want(self, fresh: frozenset[str] | None) -> None:
        self._fresh = fresh

    def _rate(self) -> float:
        """Rows a second that were passed on since this was last asked, whether all were wanted or not."""
        now = time.monotonic()
        before, self._counted = self._counted, (now, self._sent)
        return (self._sent - before[1]) / max(1e-3, now - before[0])

    def _standing(self) -> Standing:
        """For the thread that asks for orders."""
        tails = [tail for tail in list(self._tails.values()) if not tail.is_done]
        live = {tail.path.parent: tail.segment for tail in tails if tail.is_known_there and tail.beside is None}
        behind = sum(tail.behind or 0 for tail in tails)
        return Standing(behind, self._rate(), {segment: path for path, segment in live.items()})

    def progress(self) -> Progress:
        """How it stands."""
        tails, asides = list(self._tails.values()), list(self._aside.items())
        return Progress(
            segments=len(tails),
            done=sum(tail.is_done for tail in tails),
            behind=sum(tail.behind or 0 for tail in tails),
            sent=self._sent,
            trouble=self._trouble,
            refused={str(path): each.why for path, each in asides if each.files is None},
            deleted={str(path): each.why for path, each in asides if each.files is not None and path in self._files},
        )

    def _walk(self, now: float) -> None:
        if self._walked and now - self._walked < max(WALK_S, SHARE * self._walk_took):
            return
        self._walked = now
        try:
            named = logdir.run_folders(self._root)
            found = {path: folder for _, folder in named for path in logdir.segment_files(folder)}
        except OSError as error:  # no descriptor left, a disk that is away: what is known is sent meanwhile
            self._is_away = True
            self._note(f"{self._root} cannot be gone through: {error}")
            return
        if self._is_away:
            self._is_away = False
            self._note(None)
        grown = set()
        new = [Tail(path) for path in found.keys() - self._tails.keys()]
        for tail in new:
            tail.origin = copied.origin_of(tail.path)
        # What continues another comes after it: there it lies beside it. Names tell apart seconds only.
        for tail in sorted(new, key=lambda each: each.origin or _LAST):
            path = tail.path
            self._tails[path] = tail
            files = self._files.setdefault(found[path], RunFiles(found[path]))
            files.tails.append(tail)
            files.is_done = False
            grown.add(files)
        for files in self._files.values():
            if files in grown or not all(tail.origin for tail in files.tails):
                files.tell_copies()
        for path in self._tails.keys() - found.keys():
            del self._tails[path]
            self._aside.pop(path, None)
        for folder in self._files.keys() - set(found.values()):
            self._aside.pop(folder, None)
            del self._files[folder]
        self._walked = time.monotonic()
        self._walk_took = self._walked - now

    def _turn(self) -> bool:
        """Sends one shipment of each segment, and one piece of a file of each run; whether there was anything."""
        worked = False
        for path, tail in list(self._tails.items()):
            if self.stopped.is_set():
                return True
            aside = self._aside.get(path)
            if not tail.has_news(self._fresh) or (aside is not None and time.monotonic() < aside.until):
                continue
            try:
                self._sent += tail.send(self._server, self._fresh, self._ahead)
            except FileNotFoundError:
                continue
            except UnreachableError as error:
                self._note_failure(error)
                return True
            except DeletedThereError as error:
                worked |= self._leave(next(each for each in self._files.values() if tail in each.tails), error)
                continue
            except (RefusedRowsError, StoreError) as error:
                self._set_aside(path, error)
                continue
            self._note_success(path)
            worked = True
        for folder, files in list(self._files.items()):
            if self.stopped.is_set():
                return True
            if files.is_done:
                continue
            try:
                sent = files.send(self._server)
            except UnreachableError as error:
                self._note_failure(error)
                return True
            except DeletedThereError as error:
                worked |= self._leave(files, error)
                continue
            except (RefusedRowsError, OSError) as error:
                self._set_aside(folder, error)
                files.put_off(ASIDE_S)
                continue
            if sent:
                self._note_success(folder)
                worked = True
        return worked

    def _set_aside(self, path: Path, error: Exception) -> None:
        self._aside[path] = _Aside(time.monotonic() + ASIDE_S, str(error))
        logger.warning("viz ship: %s is set aside: %s", path, error)

    def _leave(self, files: RunFiles, error: DeletedThereError) -> bool:
        """Leaves a run that was deleted there, all of it; whether something was written since that was last heard, so
        that who sends it lives on while its training does, and hears when it is restored."""
        before = self._aside.get(files.folder)
        aside = _Aside(time.monotonic() + DELETED_S, str(error), [tail.stamp() for tail in files.tails])
        self._aside |= dict.fromkeys([files.folder, *(tail.path for tail in files.tails)], aside)
        files.put_off(DELETED_S)
        if before is None or before.why != aside.why:
            logger.warning("viz ship: %s is not sent any more: %s", files.folder, error)
            self._note(None)
        return before is None or before.files != aside.files

    def _note_success(self, path: Path) -> None:
        aside = self._aside.pop(path, None)
        if aside is not None and aside.files is not None:  # the run was restored
            self._aside = {each: other for each, other in self._aside.items() if other is not aside}
        self._failures = 0
        self._note(None)

    def _note_failure(self, error: UnreachableError) -> None:
        self._failures += 1
        self._note(str(error), error.after_s)

    def _is_at_rest(self) -> bool:
        others = (files for folder, files in self._files.items() if folder not in self._aside and not files.is_done)
        return not any(
            tail.has_news(self._fresh) for path, tail in self._tails.items() if path not in self._aside
        ) and not any(all(tail.is_done for tail in files.tails) for files in others)

    def _pause(self) -> float:
        return max(self._wait_s, pause_s(self._failures, FIRST_PAUSE_S, LONGEST_PAUSE_S))

    def _note(self, trouble: str | None, after_s: float = 0.0) -> None:
        self._trouble, self._wait_s = trouble, after_s
        self._tell(self.progress())
