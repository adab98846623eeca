"""One server on a machine receives into a logdir: two would be two writers of one segment file."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from tracker.errors import TrackerError
from tracker.foreign.folders import cache_folder
from tracker.ship import lock

logger = logging.getLogger("dashboard")


class ReceivingError(TrackerError):
    """Another server receives into the logdir already."""


@contextlib.contextmanager
def only_receiver(root: Path) -> Iterator[None]:
    """Holds a lock beside what is kept of the logdir in the user's cache, which the end of the process lets go of.

    Raises:
        ReceivingError: another process has it.
    """
    kept = cache_folder(root)
    place = kept.parent.parent / "receive" / f"{kept.name}.lock"
    try:
        held = lock.held(place)
    except OSError as error:
        logger.warning("viz: whether another server receives into %s cannot be told: %s", root, error)
        yield
        return
    if held is None:
        raise ReceivingError(
            f"another server{_whose(place)} receives runs into {root} already, and a file that arrives has one writer: "
            "send to that one, or end it first; without --receive this one can be beside it"
        )
    with held:
        held.truncate(0)
        held.write(f"{os.getpid()}\n".encode())
        held.flush()
        yield


def _whose(place: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return f" (process {int(place.read_bytes()[:20])})"
    return ""
