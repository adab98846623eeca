"""Cases: inputs that users keep in the page, as small tests that every later version of a model answers."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.errors import PageChangeError, message
from tracker.store.read.page_cases import CASE, MOST_CASES, MOST_CHARACTERS
from tracker.store.write import page_file

MOST_ALTOGETHER = 4 << 20
"""Characters of a run's cases: each change of the page's file copies them."""


def keep(folder: Path, model: str, input: Mapping[str, Any], expected: str, title: str) -> str:
    """Keeps a case of a model; its id.

    Args:
        folder: The run's.
        model: The model's name.
        input: By name: nested lists of numbers, or {"b64": a picture}.
        expected: The class that is right.
        title: What it is called; may be empty.

    Raises:
        PageChangeError: it is too large, there are too many, or the file cannot be written.
    """
    text = json.dumps({"model": model, "input": dict(input), "expected": expected, "title": title})
    if len(text) > MOST_CHARACTERS:
        raise PageChangeError(
            message(
                "This input is too large to be kept.", expected=f"{MOST_CHARACTERS:,} characters", got=f"{len(text):,}"
            )
        )
    id = secrets.token_hex(8)
    with page_file.changing(folder) as connection:
        count, size = connection.execute(
            "SELECT count(*), coalesce(sum(length(value)), 0) FROM properties WHERE key GLOB ?", (CASE + "*",)
        ).fetchone()
        if count >= MOST_CASES or size + len(text) > MOST_ALTOGETHER:
            raise PageChangeError(
                message("These are more cases than a run keeps.", expected=f"{MOST_CASES:,}", hint="Let some go.")
            )
        connection.execute(page_file.PROPERTY, (CASE + id, text, time.time()))
    return id


def let_go(folder: Path, id: str) -> None:
    """Lets a case go; nothing where there is none.

    Raises:
        PageChangeError: the file cannot be written.
    """
    with page_file.changing(folder) as connection:
        connection.execute("DELETE FROM properties WHERE key=?", (CASE + id,))
