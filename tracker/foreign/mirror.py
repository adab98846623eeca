"""Mirror: TensorBoard's files read where they lie, by copies in a cache that are followed like any run.

The files themselves are only ever read. The cache is no truth: what of it does not fit the files any more, or was left
by a mirror that was killed, is thrown away and made again. One process mirrors a logdir; others that want to, wait.

    python -m tracker.foreign.mirror LOGDIR CACHE      until its standard input ends
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.foreign.folders import sources
from tracker.foreign.look import Look
from tracker.foreign.mirrored_run import WORLD, MirroredRun
from tracker.foreign.records import ReplacedError
from tracker.foreign.run_names import run_names

logger = logging.getLogger("tracker")

LOOK_S = 0.2
"""How often files that grow are looked at: a call to the system for each. Network file systems tell of no change."""

WALK_S = 1.0
"""How often the whole logdir is gone through."""

SHARE = 20
"""A walk that takes longer than 1/20 of the pause makes the pause longer."""


class Mirror:
    """Copies of all files of TensorBoard below a logdir.

    Args:
        root: The logdir.
        cache: Where the copies are kept; nobody else writes there.
        clock: Wall time in seconds.
        say: Told in a sentence what was met in a file.
        is_over: Whether to end, asked between two runs: reading all of a large logdir takes minutes.
    """

    def __init__(
        self,
        root: Path,
        cache: Path,
        clock: Callable[[], float] = time.time,
        say: Callable[[str], None] = logger.warning,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.root = root
        self.cache = cache
        self._clock = clock
        self._say = say
        self._is_over = is_over
        self._runs: dict[str, MirroredRun] = {}
        self._said: set[str] = set()
        self._next_walk = 0.0
        self._swept = False

    def look(self) -> None:
        """Copies what is new since the last look."""
        began = time.monotonic()
        if began < self._next_walk:
            for run in list(self._runs.values()):
                if run.is_live:
                    self._follow(run)
            return
        found = dict(sources(self.root))
        names = run_names(list(found), self.root) | ({".": "."} if "." in found else {})
        if not self._swept:
            self._sweep(set(names.values()))
        for gone in [name for name, run in self._runs.items() if run.source not in found]:
            self._drop(self._runs.pop(gone))
        for source, paths in found.items():
            if self._is_over():
                return
            name = names[source]
            run = self._runs.setdefault(name, MirroredRun(source, name, self.cache / name))
            if set(run.paths) != set(paths) or run.is_lost():
                try:
                    self._renew(run, paths)
                except WORLD as error:
                    self._tell(run.folder, str(error))
                    run.unread[run.folder] = str(error).splitlines()[0]
                    continue
            self._follow(run)
        took = time.monotonic() - began
        self._next_walk = time.monotonic() + max(WALK_S, SHARE * took)

    def close(self) -> None:
        """Folds all copies away."""
        for run in self._runs.values():
            run.close()

    @property
    def is_certain(self) -> bool:
        """Whether another look at the same files would find the same; see `Look`."""
        return not any(run.is_live or run.has_failed or run.folder in run.unread for run in self._runs.values())

    def unread(self) -> dict[str, dict[Path, str]]:
        """Of each run the sources of which nothing could be read at the last look, and why."""
        return {name: dict(run.unread) for name, run in self._runs.items() if run.unread}

    def _follow(self, run: MirroredRun) -> None:
        try:
            for _ in range(2):  # a question that is asked once must not find the moment in which it is begun anew
                try:
                    run.follow(self._clock(), self._tell)
                    return
                except ReplacedError as error:
                    self._tell(run.folder, f"{error}; all of its run is read anew")
                    self._drop(run)
                    run.take(run.paths)
        except WORLD as error:  # this run's copy is begun anew at the next walk; the others go on
            self._tell(run.folder, str(error))
            with contextlib.suppress(*WORLD):  # its folder in the cache, which may be what is wrong
                self._renew(run, run.paths)
            run.unread[run.folder] = str(error).splitlines()[0]

    def _renew(self, run: MirroredRun, paths: Iterable[Path]) -> None:
        """Takes up what the cache has of a run, or begins it anew when that is not what the files are."""
        run.close()
        run.take(paths)
        if not run.fits():
            self._drop(run)
            run.take(paths)

    def _drop(self, run: MirroredRun) -> None:
        run.close()
        _remove(run.folder)

    def _sweep(self, wanted: set[str]) -> None:
        """Throws away copies of folders that are gone."""
        self._swept = True
        for name, folder in logdir.run_folders(self.cache):
            if name not in wanted:
                _remove(folder)

    def _tell(self, path: Path, what: str) -> None:
        sentence = f"{path}: {what}"
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def _remove(folder: Path) -> None:
    """Removes a run's own files, and the folder when no other run lies below it."""
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            if path.name.lstrip(".").startswith(logdir.SEGMENT_PREFIX) and path.is_file():
                path.unlink(missing_ok=True)
        folder.rmdir()


def look_once(root: Path, cache: Path) -> Look | None:
    """One look at a logdir, its copies folded away after it; None where another process mirrors it just now.

    Args:
        root: The logdir.
        cache: Where the copies are kept.

    Raises:
        OSError: the cache cannot be written.
    """
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    told = threading.Event()
    told.set()
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        logger.warning("%s", sentence)

    with _alone(cache, told) as alone:
        if not alone:
            return None
        mirror = Mirror(root, cache, say=say)
        mirror.look()
        mirror.close()
    unread = {name: [f"{path.name}: {what}" for path, what in own.items()] for name, own in mirror.unread().items()}
    return Look(unread, said, mirror.is_certain)


@contextlib.contextmanager
def _alone(cache: Path, stop: threading.Event) -> Any:
    """Waits until no other process mirrors into the same cache; False when told to stop before that."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: two servers of one logdir are then two caches' worth of care
        yield True
        return
    with (cache / ".lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if stop.wait(1.0):
                    yield False
                    return
            else:
                yield True
                return


def main(root: Path, cache: Path) -> None:
    """Mirrors until standard input ends, which it does when the process that started this one is gone.

    Says with an empty line that all that was there at first is copied.
    """
    stop = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        stop.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    logging.basicConfig(format="viz: %(message)s")
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(cache, stop) as alone:
        if not alone:
            return
        mirror = Mirror(root, cache, is_over=stop.is_set)
        is_told = False
        while not stop.is_set():
            try:
                mirror.look()
            except WORLD as error:
                logger.warning("%s cannot be read at the moment (%s)", root, error)
            if not is_told:
                is_told = True
                with contextlib.suppress(OSError):  # who started this process may be gone
                    os.write(sys.stdout.fileno(), b"\n")
            stop.wait(LOOK_S)
        mirror.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
