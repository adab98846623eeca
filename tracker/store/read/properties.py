"""What users said in the page of a run or a logdir, and whether they asked a run something; see
`tracker.store.write.page_file`, which writes it."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tracker.errors import DamagedStoreError, DatabaseError, StoreError
from tracker.logdir import PAGE_FILE
from tracker.store.read import page_tables

PATIENCE_S = 1.0
"""What reading such a file may take of SQLite's time."""


PANE, CASE = "pane:", "case:"
WAITING, ANSWERED = "proposal:", "answered:"
"""What the names of proposals begin with, which `page_proposals` reads."""

_SAID = (
    "SELECT key, value FROM properties WHERE key NOT GLOB 'pane:*' AND key NOT GLOB 'case:*' "
    "AND key NOT GLOB 'proposal:*' AND key NOT GLOB 'answered:*'"
)
"""Places of panes, kept cases and proposals are many, or large: they are asked for by who shows them."""

_NEWEST = "SELECT max(id) FROM commands WHERE name GLOB 'control:*'"

_PROPOSED = (
    "SELECT coalesce(sum(key GLOB 'proposal:*'), 0), max(CASE WHEN typeof(wall_time)='real' THEN wall_time END) "
    "FROM properties WHERE key GLOB 'proposal:*' OR key GLOB 'answered:*'"
)


class Said(NamedTuple):
    """What was said of a run or a logdir."""

    properties: dict[str, Any]
    newest_command: int = 0
    """The number of the newest thing that the run was asked; 0 where it was asked nothing."""
    waiting: int = 0
    """Proposals that wait for an answer."""
    proposed: float = 0.0
    """When one was made or answered last; 0 where none ever was."""
    trouble: StoreError | None = None
    """Why the file, or some of it, could not be read: what was said there is not known."""


def properties(folder: Path) -> dict[str, Any]:
    """The properties in a folder's file; none without one, or when it cannot be read."""
    return said(folder).properties


def said(folder: Path) -> Said:
    """The same, and whether the run was asked something, or is to be.

    Raises:
        StoreError: a database does not answer.
    """
    try:
        with page_tables.opened(folder, PATIENCE_S) as connection:
            rows = connection.execute(_SAID).fetchall()
            (newest,) = connection.execute(_NEWEST).fetchone()
            waiting, proposed = connection.execute(_PROPOSED).fetchone()
            found = _values(rows)
            trouble = (
                None if len(found) == len(rows) else f"{len(rows) - len(found):,} of {len(rows):,} words are damaged"
            )
            error = trouble and DamagedStoreError(folder / PAGE_FILE, trouble)
            return Said(found, newest if isinstance(newest, int) else 0, waiting, proposed or 0.0, error or None)
    except DatabaseError:  # what was said there holds
        raise
    except FileNotFoundError:
        return Said({})
    except StoreError as error:
        # Half a file, or one of another program: the run itself is none the worse for it. An empty one is being made.
        return Said({}, trouble=None if _is_empty(folder) else error)
    except OSError as error:
        return Said({}, trouble=DamagedStoreError(folder / PAGE_FILE, error.strerror or str(error)))


def _values(rows: list[tuple[Any, Any]]) -> dict[str, Any]:
    """What rows say; one that says nothing that can be read costs no other."""
    found: dict[str, Any] = {}
    for key, value in rows:
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            found[str(key)] = json.loads(value)
    return found


def _is_empty(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return not os.lstat(folder / PAGE_FILE).st_size
    return False
