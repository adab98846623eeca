"""What the page was told: names, tags, notes and colours of runs, findings that are none, saved views.

All of it lies in files of the dashboard's own (`page.sqlite`, beside a run's segments and at the top of the logdir), so
that no writer's file is touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.live.file_stamps import stamp_of
from tracker import logdir
from tracker.errors import PageChangeError, message
from tracker.store.read.dismissed import dismissed_in
from tracker.store.read.left_out import is_passing
from tracker.store.read.properties import Said
from tracker.store.read.properties import said as said

if TYPE_CHECKING:
    from dashboard.live.changes import Changes
    from dashboard.live.run_state import RunState

Words = tuple[tuple[Any, ...], tuple[dict[str, Any], int]]
"""The stamp of a page's file, and what it said then of a run: `words_of`, and the number of the newest command."""

NO_WORDS = "what was said of it on the page cannot be read"
"""Or not all of it."""

RUN_KEYS: dict[str, type] = {"name": str, "tags": list, "note": str, "colour": int}
"""What can be said of a run, and what it is."""

DISMISSED = "dismissed"
"""Beside them: findings that are none, by id; see `tracker.store.read.dismissed`."""

PROPOSALS = "proposals"
"""And of agents' proposals: how many wait, and when one was made or answered last; see `live.proposals`."""


def look(run: RunState, cached: Words | None, changes: Changes, *, has_page: bool = True) -> bool:
    """Takes in what is said of a run, where its page's file is another than it was; whether it is.

    A file that somebody holds just now says nothing: what was known holds until the next look. One that cannot be read
    is a problem of its run, as what was said there would else have gone without a word.

    Args:
        run: What is known of it.
        cached: What an index says: the stamp of the file, and what it said then.
        changes: Takes what is new.
        has_page: Whether there is such a file at all.
    """
    stamp = stamp_of(run.folder / logdir.PAGE_FILE) if has_page else ()
    if stamp == run.edits_stamp:
        return False
    found: Said | None = None
    if stamp and (cached is None or cached[0] != stamp):
        found = said(run.folder)
        if found.trouble is not None and is_passing(found.trouble):
            if not run.edits_stamp:  # nothing was known before
                run.edits_trouble = f"{NO_WORDS} ({found.trouble.why})"
            return True
    run.edits_stamp = stamp
    if found is not None:
        trouble = None if found.trouble is None else f"{NO_WORDS} ({found.trouble.why})"
        run.take_edits(words_of(found), found.newest_command, trouble, changes)
    else:
        words, newest = cached[1] if stamp and cached is not None else ({}, 0)
        run.take_edits(words, newest, None, changes)
    return True


def words_of(found: Said) -> dict[str, Any]:
    """What is said of a run: `RUN_KEYS`; and `DISMISSED`, `PROPOSALS` where something is."""
    words: dict[str, Any] = {key: value for key, value in found.properties.items() if key in RUN_KEYS}
    if dismissed := dismissed_in(found.properties):
        words[DISMISSED] = dismissed
    if found.proposed:
        words[PROPOSALS] = [found.waiting, found.proposed]
    return words


def write(folder: Path, key: str, value: Any) -> None:
    """Sets a property; None takes it away.

    Raises:
        PageChangeError: it is too large, or the file cannot be written.
    """
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    from tracker.store.write import page_file

    page_file.set_property(folder, key, value)


def dismiss(folder: Path, id: str, reason: str | None, author: str | None) -> None:
    """Says of a finding that it is none, and why; None takes that back.

    Raises:
        PageChangeError: it is too long, there are too many, or the file cannot be written.
    """
    from tracker.store.write import page_findings

    page_findings.dismiss(folder, id, reason, author)


def ask(folder: Path, nonce: str, name: str, value: Any, expected: Any, author: str) -> None:
    """Asks something of the run in a folder; the same nonce once more asks nothing.

    Raises:
        PageChangeError: it is too large, or the file cannot be written.
    """
    from tracker.store.write import page_file

    page_file.add_command(folder, nonce, f"control:{name}", value, expected, author)


def check(key: Any, value: Any) -> None:
    """That a run can be said to have this.

    Raises:
        PageChangeError: it cannot.
    """
    if key not in RUN_KEYS:
        raise PageChangeError(message(f"A run has no {key!r}.", expected=" | ".join(RUN_KEYS)))
    if value is not None and (not isinstance(value, RUN_KEYS[key]) or isinstance(value, bool)):
        raise PageChangeError(
            message(f"{key} cannot be {value!r}.", expected=RUN_KEYS[key].__name__, got=type(value).__name__)
        )
    if isinstance(value, list) and not all(isinstance(tag, str) for tag in value):
        raise PageChangeError(message("tags are texts.", got=value))
