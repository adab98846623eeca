"""Found: one thing that was found among the files beside a run's segments."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Found(NamedTuple):
    """One thing that was found.

    Attributes:
        path: Of the file, or of the folder where it should lie.
        what: What is wrong, in a sentence.
        is_serious: Whether something is lost.
        is_left: Whether it is of no use to anybody, and may be removed.
        is_damaged: Whether it is in the way of what is sound, and may be set aside.
    """

    path: Path
    what: str
    is_serious: bool
    is_left: bool = False
    is_damaged: bool = False
