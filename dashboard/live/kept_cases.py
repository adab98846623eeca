"""Cases that users keep in the page: inputs of a run's models, with what is expected of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.store.read.page_cases import cases as cases


def keep(folder: Path, model: str, input: Mapping[str, Any], expected: str, title: str) -> str:
    """Keeps a case of the run in a folder; its id.

    Raises:
        PageChangeError: it is too large, there are too many, or the file cannot be written.
    """
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    from tracker.store.write import page_cases

    return page_cases.keep(folder, model, input, expected, title)


def let_go(folder: Path, id: str) -> None:
    """Lets a case go.

    Raises:
        PageChangeError: the file cannot be written.
    """
    from tracker.store.write import page_cases

    page_cases.let_go(folder, id)
