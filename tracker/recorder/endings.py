"""Endings: recorders of this process are told when it ends by an exception or by SIGTERM. Of SIGKILL nobody is told.

A handler is installed for SIGTERM where nobody has one, while something is recorded; the signal then ends the process
as it would have. An exception that nobody caught is known at the exit by what Python left of it.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from typing import Any, Protocol

WAIT_S = 10.0
"""How long SIGTERM is held up: who sent it kills after half a minute or so."""


class Told(Protocol):
    """A recorder."""

    is_writing: bool

    def ended(self, reason: str, why: str) -> None:
        """The process ends."""


_known: weakref.WeakSet[Any] = weakref.WeakSet()
_process = os.getpid()
_is_prepared = False
_waits_for_writing = False
"""Whether SIGTERM came while something was being written."""


def add(recorder: Told) -> None:
    """From now on it is told."""
    global _is_prepared, _process
    if _process != os.getpid():  # a fork: what was recorded is the parent's
        _known.clear()
        _process = os.getpid()
    _known.add(recorder)
    if not _is_prepared:
        _is_prepared = True
        atexit.register(_at_exit)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def remove(recorder: Told) -> None:
    """It is over."""
    _known.discard(recorder)
    is_main = threading.current_thread() is threading.main_thread()
    if not _known and is_main and signal.getsignal(signal.SIGTERM) is _terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def written() -> None:
    """A recorder has written: when SIGTERM came meanwhile, the process ends here."""
    if _waits_for_writing:
        _end()


def _at_exit() -> None:
    error = getattr(sys, "last_value", None) if not hasattr(sys, "ps1") else None
    if error is None or isinstance(error, KeyboardInterrupt):
        return
    _tell("exception", f"{type(error).__name__}: {error}".partition("\n")[0][:200])


def _terminated(number: int, frame: Any) -> None:
    global _waits_for_writing
    if _process == os.getpid():
        if any(each.is_writing for each in _known):
            _waits_for_writing = True  # this thread is in the middle of it; see `written`
            return
        # On another thread: this one may hold, right now, a lock that the writing needs.
        thread = threading.Thread(target=_tell, args=("signal", "SIGTERM"), daemon=True)
        thread.start()
        thread.join(WAIT_S)
    _end()


def _tell(reason: str, why: str) -> None:
    if _process == os.getpid():
        for each in list(_known):
            each.ended(reason, why)


def _end() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
