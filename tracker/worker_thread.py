"""Worker: a thread of ours. A garbage collection may run anybody's finalizer on it, which must not wait there."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

logger = logging.getLogger("tracker")


class Worker(threading.Thread):
    """A daemon: the end of a program waits for what is to be stored, and not for who stores it."""

    def __init__(self, target: Callable[[], None], name: str) -> None:
        super().__init__(target=target, name=f"everystep-{name}-{os.getpid()}", daemon=True)


def started(target: Callable[[], None], name: str) -> Worker | None:
    """A worker that runs; None where no thread can be started: there are too many, or the interpreter is going down."""
    worker = Worker(target, name)
    try:
        worker.start()
    except RuntimeError as error:
        logger.warning("tracker: no thread can be started (%s); values are stored at flush() and finish()", error)
        return None
    return worker


def is_ours() -> bool:
    """Whether the caller is on one of these threads: a finalizer, then, which waits for nothing."""
    return isinstance(threading.current_thread(), Worker)
