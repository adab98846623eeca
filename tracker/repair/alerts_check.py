"""What is wrong with the file of a logdir's alerts. A damaged one is set aside: of a part of what it says has been told
one cannot know what is still to be told."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.errors import DamagedStoreError, NewerSchemaError, StoreError, TrackerError
from tracker.repair.page_check import Examined
from tracker.repair.recording_check import set_aside
from tracker.store.read import alert_file, read_only
from tracker.store.read.left_out import why
from tracker.store.write import page_file


def examine(root: Path, *, repair: bool) -> Examined | None:
    """What is wrong with it, and what was done; None where nothing is, or nothing is there."""
    path = alert_file.file_of(root)
    try:
        if not os.path.lexists(path) or not os.lstat(path).st_size:
            return None
        with read_only.snapshot(path) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise DamagedStoreError(path, str(found))
        alert_file.told(root)
        return None
    except (StoreError, OSError) as error:
        what, done = f"the alerts: {why(error)}", ""
        is_damaged = not isinstance(error, NewerSchemaError)
    if repair and is_damaged and path.is_file():
        try:
            with page_file.alone(path):
                done = f"set aside as {set_aside(path).name}: rules are to be armed again"
        except (TrackerError, OSError) as error:
            what += f"; it cannot be set aside ({why(error)})"
    return Examined(what, done)
