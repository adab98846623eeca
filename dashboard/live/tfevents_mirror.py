"""What lies beside our runs: TensorBoard's event files, mirrored by a process of its own as soon as there are some."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.foreign.folders import cache_folder, has_sources, is_copied

if TYPE_CHECKING:
    import subprocess

    from dashboard.live.poller import Poller

logger = logging.getLogger("dashboard")

LOOK_S = 1.0
"""How often a logdir without event files is gone through for the first one."""

SHARE = 100
"""Going through a large logdir takes at most 1/100 of the time."""

HEARD_SHARE = 1000
"""And 1/1000 where nothing was heard to have come since: the system drops some words when there are too many."""

AT_ONCE = 500
"""Folders that are gone through before whoever waits for the list of runs has it: of more, the others come after it, so
many at a time."""

QUIET_S, GIVES_WAY_S = 0.4, 5.0
"""Between two of these they wait until nobody has asked for anything for so long, this long in all: going through
100,000 folders takes seconds of Python's lock, which the first page would wait for."""

CALM_S, PATIENCE_S = 0.5, 3.0
"""Where no file is newer than its copy, copying goes on once nobody has waited for an answer for so long, or so long
after the start: the first page draws the copies, and would share its cores with one more process that imports."""


def prepare(root: Path) -> Path | None:
    """The folder of a logdir's mirror, made; None when the user's cache folder cannot be written."""
    cache = cache_folder(root)
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        logger.warning("viz: event files are not shown, because %s cannot be made (%s)", cache, error)
        return None
    return cache


class MirrorProcess:
    """Starts the mirror when a logdir has its first event file, and ends it with the server.

    A process of its own: reading a million scalars takes a second of pure Python, which no open page should wait for.

    Args:
        root: The logdir.
        cache: Where the mirror keeps its copies.
        poller: Who hears when something comes into the logdir; without one it is gone through by the clock.
        is_followed: Whether there will be one: `attach` brings it.
    """

    def __init__(self, root: Path, cache: Path, poller: Poller | None = None, *, is_followed: bool = False) -> None:
        self._root = root
        self._cache = cache
        self._poller = poller
        self._is_attached = threading.Event()
        if poller is not None or not is_followed:
            self._is_attached.set()
        self._is_whole = False
        self._command = [sys.executable, "-m", "tracker.foreign.mirror", str(root), str(cache)]
        self._process: subprocess.Popen[bytes] | None = None
        self._given = 0.0
        """Seconds for which this turn has given way."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="everystep-mirror", daemon=True)

    def start(self) -> None:
        """Begins to look for event files."""
        self._thread.start()

    def attach(self, poller: Poller) -> None:
        """Who hears when something comes, once it is there."""
        self._poller = poller
        self._is_attached.set()

    @property
    def is_copying(self) -> bool:
        """Whether not all is copied that was there when it began."""
        return self._process is not None and not self._is_whole

    def stop(self) -> None:
        """Ends the mirror; waits until its copies are folded away."""
        self._stop.set()
        self._is_attached.set()
        if self._process is None:
            self._thread.join(timeout=5.0)
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # which it takes as the word to end, also when this process was killed
        from subprocess import TimeoutExpired

        try:
            process.wait(timeout=5.0)
        except TimeoutExpired:
            process.kill()
            process.wait()
        self._thread.join(timeout=5.0)
        process.stdout.close()

    def _wait(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._given = 0.0
            with contextlib.suppress(OSError):
                if has_sources(self._root, self._give_way):
                    self._wait_for_calm(began)
                    if not self._stop.is_set():
                        self._copy()
                    return
            took = time.monotonic() - began
            self._stop.wait(max(LOOK_S, SHARE * took))
            until = began + HEARD_SHARE * took
            while self._has_heard_nothing(began) and time.monotonic() < until and not self._stop.wait(LOOK_S):
                pass

    def _copy(self) -> None:
        """Begins to copy; ends when all is there that was there at first."""
        from subprocess import PIPE, Popen  # here: not before the server's address is told

        # A session of its own: Ctrl-C reaches us alone, and we end it in order.
        self._process = process = Popen(self._command, stdin=PIPE, stdout=PIPE, start_new_session=True)  # noqa: S603 our own interpreter and module
        assert process.stdout is not None
        if not self._stop.is_set() and process.stdout.readline():
            self._is_attached.wait()
            if self._poller is not None:
                self._poller.look_again()  # all is there: nothing more to wait for
        self._is_whole = True

    def _wait_for_calm(self, began: float) -> None:
        if not is_copied(self._root, self._cache, AT_ONCE):
            return
        self._is_attached.wait()
        while self._poller is not None and time.monotonic() < began + PATIENCE_S and not self._stop.is_set():
            left = CALM_S - self._poller.quiet_for() if self._poller.ready.is_set() else CALM_S
            if left <= 0 or self._stop.wait(left):
                return

    def _give_way(self, folders: int) -> None:
        if self._stop.is_set():
            raise InterruptedError  # a very large logdir is not gone through to its end by a server that ends
        if folders >= AT_ONCE:
            self._is_attached.wait()
        if folders >= AT_ONCE and self._poller is not None:
            while not self._poller.ready.is_set() and not self._stop.is_set():
                self._poller.ready.wait(LOOK_S)
            while not folders % AT_ONCE and self._given < GIVES_WAY_S and self._poller.quiet_for() < QUIET_S:
                self._given += QUIET_S / 4
                if self._stop.wait(QUIET_S / 4):
                    raise InterruptedError

    def _has_heard_nothing(self, since: float) -> bool:
        """Whether all that comes into the logdir is heard of, and nothing has come that may be of another program's."""
        return self._poller is not None and self._poller.has_heard_nothing(since)
