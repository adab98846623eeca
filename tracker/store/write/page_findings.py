"""What users say in the page of a run's findings: that one is none, and why."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path

from tracker import coerce
from tracker.errors import PageChangeError, message
from tracker.store.read.dismissed import DISMISSED, MAX_AUTHOR, MAX_REASON, MOST_DISMISSED
from tracker.store.write import page_file

MAX_ID = page_file.MAX_KEY - len(DISMISSED)


def dismiss(folder: Path, id: str, reason: str | None, author: str | None = None) -> None:
    """Says of a finding of the run in a folder that it is none; no reason takes that back.

    Args:
        folder: The run's.
        id: `Finding.id`.
        reason: Why; may be empty. None has the finding count again.
        author: Who says so, if that is known.

    Raises:
        PageChangeError: it is too long, there are too many, or the file cannot be written.
    """
    id = coerce.text(id)
    if not 1 <= len(id) <= MAX_ID:
        raise PageChangeError(message("No finding is called so.", expected=f"1 to {MAX_ID} characters"))
    if reason is not None and len(reason) > MAX_REASON:
        raise PageChangeError(
            message("That is too long for a reason.", expected=f"{MAX_REASON:,} characters", got=f"{len(reason):,}")
        )
    key, now = DISMISSED + id, time.time()
    said = {"author": None if author is None else coerce.text(author, MAX_AUTHOR), "wall_time": now}
    text = json.dumps(None if reason is None else {"reason": coerce.text(reason), **said})
    with page_file.changing(folder) as connection:
        connection.execute(page_file.COMMAND, (secrets.token_hex(16), now, key, text, None, None))
        connection.execute("DELETE FROM properties WHERE key=?", (key,))
        (count,) = connection.execute("SELECT count(*) FROM properties WHERE key GLOB ?", (DISMISSED + "*",)).fetchone()
        if reason is not None and count >= MOST_DISMISSED:
            raise PageChangeError(
                message("These are more dismissals than a run keeps.", expected=f"{MOST_DISMISSED:,}")
            )
        if reason is not None:
            connection.execute(page_file.PROPERTY, (key, text, now))
