"""What is done with panes on the page: where they lie, in the page's own file; and events, for who listens to them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker import coerce
from tracker.errors import PageChangeError, message
from tracker.store.read.commands import EVENT
from tracker.store.read.page_panes import PLACE, place
from tracker.store.write import page_file
from tracker.values.pane import MAX_ID

MAX_EVENT = 20_000
"""Characters of an event as JSON: what was under the pointer, or what was typed."""

MAX_PLACES = 20_000
"""Of one run."""


def set_places(folder: Path, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Changes where panes lie; what is not said of one stays, what is said to be None goes, and so does a pane's place
    that is None itself.

    Raises:
        PageChangeError: there are too many, or the file cannot be written.
    """
    now = time.time()
    for id in changes:
        _check_id(id)
    with page_file.changing(folder) as connection:
        rows = connection.execute("SELECT key, value FROM properties WHERE key GLOB ?", (PLACE + "*",))
        known = {key.removeprefix(PLACE): place(value) for key, value in rows}
        if len({*known, *changes}) > MAX_PLACES:
            raise PageChangeError(message("These are more panes than can be kept.", expected=f"{MAX_PLACES:,}"))
        for id, change in changes.items():
            key = PLACE + id
            connection.execute("DELETE FROM properties WHERE key=?", (key,))
            merged = {} if change is None else {**known.get(id, {}), **change}
            kept = {name: value for name, value in merged.items() if value is not None}
            if kept:
                connection.execute(page_file.PROPERTY, (key, json.dumps(kept), now))


def add_event(folder: Path, pane: str, event: Mapping[str, Any], nonce: str | None, author: str | None) -> bool:
    """Tells the run in a folder what was done in a pane; arguments, answer and errors as of `page_file.add_command`."""
    _check_id(pane)
    text = coerce.dumps(event)
    if len(text) > MAX_EVENT:
        raise PageChangeError(message("That is too much for an event.", expected=f"{MAX_EVENT:,} characters"))
    return page_file.add_command(folder, nonce or secrets.token_hex(16), EVENT + pane, event, None, author)


def _check_id(pane: str) -> None:
    if not 1 <= len(pane) <= MAX_ID:
        raise PageChangeError(message("There is no pane of such a name.", expected=f"1 to {MAX_ID} characters"))
