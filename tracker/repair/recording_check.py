"""What is wrong with the recordings of a run: files that are damaged or were cut short, and what nobody needs.

Each is whole or not there as its writer has it; what is damaged was so by a disk, or by a copy that was cut.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tracker.errors import RecordingError
from tracker.recorder.folder import PARTIAL, STATES
from tracker.recorder.stored import Recordings, check_state, named_states, names_in, read_recording
from tracker.repair.found import Found
from tracker.repair.salvage import DAMAGED

_STATE = re.compile(r"[0-9a-f]{64}\.npz")


def check(folder: Path) -> Iterator[Found]:
    """Reads all recordings of a run, and its states to their last byte.

    Args:
        folder: The run's.
    """
    recordings = Recordings(folder)
    place = recordings.folder
    if place.is_symlink():
        return
    named: set[str] = set()
    is_whole = True
    for each in recordings.files:
        what = f"the recording of steps {each.first:,} to {each.last:,} ({each.reason})"
        try:
            states = named_states(read_recording(each.path))
        except RecordingError as error:
            is_whole = False
            if os.path.lexists(each.path):  # else its writer has put it into a larger one meanwhile
                yield Found(each.path, f"{what} is damaged or cut short: {_why(error)}", True, is_damaged=True)
            continue
        named.update(states.values())
        if states and min(recordings.states(each.session), default=each.last) >= each.last:
            yield Found(each.path, f"{what} cannot be replayed: no state before it is there any more", False)
    yield from _states(place / STATES, named if is_whole else None)
    for lies in (place, place / STATES):
        for name in sorted(names_in(lies)):
            if name.startswith(".") and name.endswith(PARTIAL):
                yield Found(lies / name, "left by a process that was stopped while it recorded", False, is_left=True)


def _states(place: Path, named: set[str] | None) -> Iterator[Found]:
    """What is wrong with states; `named` are those that recordings refer to, where all of these could be read."""
    for name in sorted(filter(_STATE.fullmatch, names_in(place))):
        path = place / name
        try:
            check_state(path)
        except RecordingError as error:
            if os.path.lexists(path):
                what = f"a state that steps are replayed from is damaged or cut short: {_why(error)}"
                yield Found(path, what, True, is_damaged=True)
            continue
        if named is not None and path.stem not in named:
            yield Found(path, "a state that no recording refers to", False, is_left=True)


def _why(error: RecordingError) -> str:
    return " ".join(str(error).split())


def set_aside(path: Path) -> Path:
    """Gives a damaged file a name that no reader takes for a recording's; it is kept.

    Raises:
        OSError: it cannot be renamed.
    """
    number = 1
    while os.path.lexists(kept := path.with_name(f"{path.name}.{DAMAGED}" + (f"-{number}" if number > 1 else ""))):
        number += 1
    path.rename(kept)
    return kept
