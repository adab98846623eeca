"""What users do with panes in the page: where they put them, and events for who listens to these."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.store.read.page_panes import places as places


def move(folder: Path, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Changes where panes of the run in a folder lie; None takes a pane's place away, or one thing that is said of it.

    Raises:
        PageChangeError: there are too many, or the file cannot be written.
    """
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    from tracker.store.write import page_panes

    page_panes.set_places(folder, changes)


def tell(folder: Path, pane: str, event: Mapping[str, Any], nonce: str | None, author: str | None) -> None:
    """Tells the run in a folder what was done in a pane; the same nonce once more tells nothing.

    Raises:
        PageChangeError: it is too much, or the file cannot be written.
    """
    from tracker.store.write import page_panes

    page_panes.add_event(folder, pane, event, nonce, author)
