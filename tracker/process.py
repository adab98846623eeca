"""The recordings of this process: held until they are stored, ended when it ends, left to the parent when it forks.

No signal handler is installed and nothing is patched: exit handlers and the hooks that Python offers for fork
are all that is used.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from types import TracebackType
from typing import Any, Protocol

from tracker import coerce
from tracker.store.write import committer
from tracker.store.write import writer as writers

FORK_WAIT_S = 2.0
"""How long `fork()` may be held up by a disk that stands still."""

Ending = tuple[str, str | None]
"""(status, a few words on why or None)."""


class Recording(Protocol):
    """What this file knows of a recording."""

    ending: Ending
    writer: writers.Writer

    @property
    def handle(self) -> Any:
        """The run."""

    def hurry(self) -> None:
        """Asks what takes a while to stop."""

    def end(self, status: str, ending: str | None) -> None:
        """Takes nothing more."""

    def give_up(self) -> None:
        """Counts what cannot be stored."""

    def leave_to_parent(self) -> None:
        """In a forked child: forgets what is the parent's."""


_recordings: set[Recording] = set()
_over = False
_waited = False


def add(recording: Recording) -> None:
    """Holds a recording until it is stored, and sees to it when the process ends or forks."""
    for each in list(_recordings):
        if each.writer.closed:
            _recordings.discard(each)
    _recordings.add(recording)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None and not _over and multiprocessing.parent_process() is not None:
        # Children of multiprocessing end without running exit handlers; these finalizers they do run.
        from multiprocessing.util import Finalize

        Finalize(None, finish_all, exitpriority=0)


def is_over() -> bool:
    """Whether the process ends, and exit handlers have begun: no thread can be counted on from here."""
    return _over


def of_error(error: BaseException | None) -> Ending:
    """How a run ends whose loop ended with `error`."""
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "finished", None
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        return "stopped", type(error).__name__
    text = coerce.text(error).partition("\n")[0][:200]
    return "crashed", f"{type(error).__name__}: {text}" if text else type(error).__name__


def ending_of(recording: Recording, otherwise: Ending) -> Ending:
    """How a recording ends that is open at the end of the process: as that does, or as was said of it before."""
    # The interpreter leaves an exception that ended the program here before it runs exit handlers; in an
    # interactive session it is only the last one that was shown.
    error = getattr(sys, "last_value", None) if not hasattr(sys, "ps1") else None
    handle = recording.handle
    if handle is not None and error is not None and _concerns(error, handle):
        return of_error(error)
    return otherwise  # or nobody held it any more when the process ended


def _concerns(error: BaseException, handle: Any) -> bool:
    """Whether an error ended the program, or what used the run: a test runner notes those of other tests there too."""
    trace = error.__traceback__
    if trace is None or trace.tb_frame.f_code.co_name in ("<module>", "_run_module_as_main"):
        return True
    return _is_within(handle, trace)


def _is_within(handle: Any, trace: TracebackType | None) -> bool:
    while trace is not None:
        for value in list(trace.tb_frame.f_locals.values()):
            within = _held(value)
            # A callback or a trainer holds a run; a writer of ours holds it through what it writes to.
            ours = [
                each for one in [value, *within] if type(one).__module__.startswith("tracker.") for each in _held(one)
            ]
            if any(each is handle for each in (value, *within, *ours)):
                return True
        trace = trace.tb_next
    return False


def _held(value: Any) -> list[Any]:
    """What an object has as attributes of its own."""
    try:
        held = getattr(value, "__dict__", None)
        return list(held.values()) if isinstance(held, dict) else []
    except Exception:  # noqa: BLE001 anybody's object, which may refuse to be looked at: it is not our run
        return []


def finish_all() -> None:
    """At the end of the process: runs that are open end as the process does."""
    global _over
    _over = True
    remaining = [each for each in list(_recordings) if not each.writer.closed]
    for each in remaining:
        each.hurry()
    interrupt: BaseException | None = None
    for each in remaining:
        try:
            each.end(*ending_of(each, each.ending))
        except BaseException as error:  # noqa: BLE001 Ctrl-C while one is waited for: the others are stored all the same
            interrupt = error
            each.end("stopped", type(error).__name__)
    # All are told before one is waited for: together they take as long as the slowest.
    tried = [each.writer.was_waited_for for each in remaining]
    deadline = time.monotonic() + (writers.LAST_S if tried and all(tried) else writers.FINISH_S)
    for each in remaining:
        if not each.writer.wait_closed(deadline - time.monotonic()):
            each.give_up()
    if interrupt is not None:
        raise interrupt


def _before_fork() -> None:
    # A child forked while another thread is inside SQLite inherits SQLite's locks, held by nobody. A disk that
    # stands still must not hold up fork() for long, though: then the risk is taken.
    global _waited
    _waited = committer.io_lock.acquire(timeout=FORK_WAIT_S)


def _after_fork_in_parent() -> None:
    if _waited:
        committer.io_lock.release()


def _after_fork_in_child() -> None:
    global _over
    _over = False
    committer.io_lock = threading.Lock()
    for recording in list(_recordings):
        recording.leave_to_parent()
    _recordings.clear()


atexit.register(finish_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
