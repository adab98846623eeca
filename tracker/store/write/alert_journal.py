"""The journal of a logdir's outbox: what was acknowledged, noted before anything else is done.

A record is made before something is sent, and the note that it was acknowledged is one call to the system that writes
some bytes into it: it opens nothing, and needs no room on the disk. A kill before the note leaves a record that says
nothing, and the delivery is made once more; see `alert_file`, which takes the journal in.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tracker.store.read import alert_file

_NOTED = re.compile(rb"([0-9a-f]{32}) (\d{1,3}) (\d{10}) !")
_ENDING = len("0000000000 ?")

MOST_BYTES = 16 << 20
"""That are read of it; each round of deliveries begins a new one."""


def journal_of(root: Path, source: str) -> Path:
    """Where it lies, for who delivers what rules of a source tell."""
    name = source if re.fullmatch(r"[a-z0-9]{1,40}", source) else "other"
    return alert_file.file_of(root).with_name(f"acknowledged.{name}")


@contextlib.contextmanager
def record(root: Path, source: str, crossing: str, action: int) -> Iterator[Callable[[], None]]:
    """Makes a record of a delivery that begins; what it gives notes that it was acknowledged.

    For one thread of who has the lease. What cannot be noted is not to be sent: there would be no end to it.

    Raises:
        OSError: the disk does not take it.
    """
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(journal_of(root, source), flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
        # A line of its own, whatever half a record a full disk has left before it.
        text = b"\n%s %d %s ?" % (crossing.encode(), action, b"0" * 10)
        os.lseek(handle, 0, os.SEEK_END)
        if os.write(handle, text) < len(text):
            raise OSError(f"there is no room for {journal_of(root, source)}")
        os.lseek(handle, -_ENDING, os.SEEK_CUR)
        yield lambda: _note(handle)
    finally:
        os.close(handle)


def _note(handle: int) -> None:
    with contextlib.suppress(OSError):  # who delivers knows it too, as long as he lives
        os.write(handle, b"%010d !" % time.time())


def noted(journal: Path) -> list[tuple[str, int, float]]:
    """(crossing, action, when) of all that was acknowledged; nothing where there is no journal."""
    try:
        handle = os.open(journal, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return []
    with os.fdopen(handle, "rb") as file:
        found = map(_NOTED.fullmatch, file.read(MOST_BYTES).split(b"\n"))
        return [(each[1].decode(), int(each[2]), float(each[3])) for each in found if each]
