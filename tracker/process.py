"""The runs of this process: what happens to them when it ends, and when it forks.

No signal handler is installed and nothing is patched: exit handlers and the hooks that Python offers for fork
are all that is used.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import Protocol

from tracker import door
from tracker.store import writer as writers

FORK_WAIT_S = 2.0
"""How long `fork()` may be held up by a disk that stands still."""


class OpenRun(Protocol):
    """What this file knows of a run."""

    def finish(self, status: str = "finished", ending: str | None = None) -> None:
        """Stores what is left and closes it."""

    def leave_to_parent(self) -> None:
        """In a forked child: forgets what is the parent's."""


_runs: weakref.WeakSet[OpenRun] = weakref.WeakSet()
_waited = False


def add(run: OpenRun) -> None:
    """Sees to the run when the process ends or forks."""
    _runs.add(run)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        # Children of multiprocessing end without running exit handlers; these finalizers they do run.
        from multiprocessing.util import Finalize

        Finalize(None, finish_all, exitpriority=0)


def discard(run: OpenRun) -> None:
    """The run is finished."""
    _runs.discard(run)


def ending_of(error: BaseException | None) -> tuple[str, str | None]:
    """(status, ending) of a run whose loop ended with `error`."""
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "finished", None
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        return "stopped", type(error).__name__
    text = door.text(error).partition("\n")[0][:200]
    return "crashed", f"{type(error).__name__}: {text}" if text else type(error).__name__


def finish_all() -> None:
    """At the end of the process: runs that are open end as the process does."""
    open_runs = list(_runs)
    if not open_runs:
        return
    # The interpreter leaves an exception that ended the program here before it runs exit handlers; in an
    # interactive session it is only the last one that was shown.
    error = getattr(sys, "last_value", None) if not hasattr(sys, "ps1") else None
    status, ending = ending_of(error)
    threads = [threading.Thread(target=run.finish, args=(status, ending)) for run in open_runs[1:]]
    started = []
    for thread, run in zip(threads, open_runs[1:], strict=True):
        try:
            thread.start()
            started.append(thread)
        except RuntimeError:  # no new threads at this hour (Python 3.12): one after the other then
            run.finish(status, ending)
    open_runs[0].finish(status, ending)
    for thread in started:
        thread.join()


def _before_fork() -> None:
    # A child forked while another thread is inside SQLite inherits SQLite's locks, held by nobody. A disk that
    # stands still must not hold up fork() for long, though: then the risk is taken.
    global _waited
    _waited = writers.io_lock.acquire(timeout=FORK_WAIT_S)


def _after_fork_in_parent() -> None:
    if _waited:
        writers.io_lock.release()


def _after_fork_in_child() -> None:
    writers.io_lock = threading.Lock()
    for run in list(_runs):
        run.leave_to_parent()
    _runs.clear()


atexit.register(finish_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
