"""What every value that is not a number has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Medium(NamedTuple):
    """One encoded item as it is stored: its media type, what is said of it, its bytes."""

    form: str
    attributes: Mapping[str, Any]
    data: bytes


class Value:
    """A value that can be logged under a tag. It holds a snapshot: changing the source later changes nothing."""

    kind: str
    """The kind of series it belongs to, as in `run.tags(kind)`."""

    @property
    def n_bytes(self) -> int:
        """What it takes in memory while it waits."""
        raise NotImplementedError

    def encode(self) -> list[Medium]:
        """The items to store. Called on a thread of the tracker's own, once."""
        raise NotImplementedError
