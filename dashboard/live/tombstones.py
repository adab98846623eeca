"""Tombstones: which received segments were deleted here, noted before they go, so that who sends them hears so instead
of bringing them back. A line of `.deleted.jsonl` each; one whose file is there again counts for nothing, so that
restoring needs no second note, and none is ever taken away. `tracker.receive.deleted` reads them."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import PageChangeError, StoreError, message
from tracker.store import columns
from tracker.store.read import copied, shipping
from tracker.store.read.copied import Origin

logger = logging.getLogger("dashboard")


def note(root: Path, folder: Path, name: str) -> None:
    """Notes the segments of a run that came from other machines; copies that a fork took along are not its own.

    Args:
        root: The logdir.
        folder: The run's.
        name: What it is called.

    Raises:
        PageChangeError: the note cannot be stored.
    """
    found = list(_received(folder))
    own = copied.own(origin for origin, _ in found if origin is not None)
    now = time.time()
    lines = [
        json.dumps({"run": name, **said, "deleted": now}) for origin, said in found if origin is None or origin in own
    ]
    if lines:
        _add(root / logdir.DELETED_FILE, lines, name)


def _add(path: Path, lines: list[str], name: str) -> None:
    # What a note that was stopped left ends before it.
    data = "".join(f"\n{line}" for line in (*lines, "")).encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        with open(handle, "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise PageChangeError(message(f"{name} cannot be deleted: {path}: {error.strerror or error}")) from error
        # Who deletes wants room.
        logger.warning("viz: that %s is deleted cannot be noted (%s): who sent it may send it again", name, error)


def _received(folder: Path) -> Iterator[tuple[Origin | None, dict[str, Any]]]:
    """What each received segment says of itself; only its name where it cannot be read."""
    for path in logdir.segment_files(folder):
        segment = logdir.segment_id(path)
        try:
            found = shipping.standing(path)
        except (StoreError, OSError):
            yield None, {"segment": segment}
            continue
        said = dict(zip(columns.SEGMENT, found.segment, strict=True))
        of, created = said["run"], said["created"]
        if found.is_replica and isinstance(of, str) and isinstance(created, (int, float)):
            known = {"segment": segment, "of": of, "is_rank": said["rank"] is not None}
            yield Origin(float(created), segment, of), known
