"""What was read, kept for the next question: until what it was read of is another, or others took its room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple


class _Entry(NamedTuple):
    revision: Hashable
    value: Any
    size: int


class Kept:
    """Values by key, each of a revision; those that were asked for last, in so many bytes. For several threads.

    Args:
        most_bytes: Of all values together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0
        """Bytes of all that is kept."""

    def get(self, key: Hashable, revision: Hashable) -> Any:
        """The value of this key and revision; None where there is none."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.revision != revision:
                return None
            self._entries.move_to_end(key)
            return entry.value

    def put(self, key: Hashable, revision: Hashable, value: Any, size: int) -> None:
        """Keeps a value of so many bytes in the place of one of another revision."""
        with self._lock:
            before = self._entries.pop(key, None)
            self.size += size - (before.size if before is not None else 0)
            self._entries[key] = _Entry(revision, value, size)
            while self.size > self._most_bytes:
                self.size -= self._entries.popitem(last=False)[1].size
