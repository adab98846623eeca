"""What lies beside our runs: TensorBoard's event files, mirrored by a process of its own as soon as there are some."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

from tracker.foreign.folders import cache_folder, sources

logger = logging.getLogger("dashboard")

LOOK_S = 1.0
"""How often a logdir without event files is gone through for the first one."""

SHARE = 100
"""Going through a large logdir takes at most 1/100 of the time."""


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
    """

    def __init__(self, root: Path, cache: Path) -> None:
        self._root = root
        self._command = [sys.executable, "-m", "tracker.foreign.mirror", str(root), str(cache)]
        self._process: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="everystep-mirror", daemon=True)

    def start(self) -> None:
        """Begins to look for event files."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the mirror; waits until its copies are folded away."""
        self._stop.set()
        self._thread.join(timeout=5.0)
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # which it takes as the word to end, also when this process was killed
        try:
            process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            with contextlib.suppress(OSError):
                if next(sources(self._root), None) is not None:
                    # A session of its own: Ctrl-C reaches us alone, and we end it in order.
                    self._process = subprocess.Popen(  # noqa: S603 our own interpreter and module
                        self._command, stdin=subprocess.PIPE, start_new_session=True
                    )
                    return
            self._stop.wait(max(LOOK_S, SHARE * (time.monotonic() - began)))
