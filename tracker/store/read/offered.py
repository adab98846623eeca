"""What a run offers to whoever watches it: its controls as they stand now, as its newest part on its own line says."""

from __future__ import annotations

from typing import Any, NamedTuple

from tracker.errors import DamagedBytesError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read.commands import outcome_of
from tracker.store.read.run_files import RunFiles
from tracker.values.control_definition import Definition, Plain, is_plain

MOST_CONTROLS = 2_000

_DEFINITIONS = (
    "SELECT media.id, tag, data, hash FROM media JOIN series ON series.id=media.series JOIN blobs ON hash=blob "
    f"WHERE kind='control' ORDER BY media.id DESC LIMIT {5 * MOST_CONTROLS}"
)
_RECEIPTS = f"{columns.select('receipts', columns.RECEIPT)} ORDER BY id"


class Offered(NamedTuple):
    """A control or an action, and what it is now (None for an action)."""

    definition: Definition
    value: Plain


def offered(files: RunFiles) -> list[Offered]:
    """The controls and actions of a run by name; see `StoredRun.controls`."""
    own = [each for each in files.segments() if each.reason != "child"]
    line = [each for each in own if each.rank in (None, 0)] or own  # where one other rank alone has a run
    if not line:
        return []
    with files.snapshot(line[-1].path) as connection:
        found: dict[str, tuple[int, Definition]] = {}
        for number, tag, data, digest in connection.execute(_DEFINITIONS):
            if tag in found or len(found) == MOST_CONTROLS:
                continue
            if not isinstance(tag, str):
                raise DamagedBytesError("a control whose name is no text")
            found[tag] = number, Definition.parsed(tag, checksums.checked_content(data, digest))
        now: dict[str, Any] = {name: definition.value for name, (_, definition) in found.items()}
        for row in connection.execute(_RECEIPTS):
            number, _, _, _, outcome = checksums.checked(row, "damaged: a receipt")
            said = outcome_of(outcome)
            if said is None or said.get("name") not in found or number < found[said["name"]][0]:
                continue  # of another, or of before it was declared as it is
            # Who was refused was told what it is: the program may have set it.
            value = said.get("value") if said["outcome"] == "applied" else said.get("old")
            if value is not None and is_plain(value):
                now[said["name"]] = value
    return [Offered(definition, now[name]) for name, (_, definition) in sorted(found.items())]
