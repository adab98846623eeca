"""Embeddings that are being looked at, kept in memory between two questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from tracker.errors import SeriesNotFoundError
from tracker.store.read.reader import Store
from tracker.store.read.study_records import StoredEmbedding

MAX_CACHED = 6
"""Embeddings and projections that are in memory: a few tabs' worth; 100,000 × 64 are 26 MB."""


class EmbeddingCache:
    """What was read or computed last, by what it is of."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._cached: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def steps(self, run: str, tag: str) -> list[int]:
        """The steps at which a run logged the embedding."""
        items = self._store().run(run).media("embedding", tag)
        return sorted({item.step for item in items if item.attributes.get("part") == "vectors"})

    def embedding(self, run: str, tag: str, step: int | None) -> StoredEmbedding:
        """The embedding of a step, the newest by default.

        Raises:
            SeriesNotFoundError: there is none.
        """
        items = self._store().run(run).media("embedding", tag)
        chosen = [item for item in items if step is None or item.step == step]
        if not chosen:
            raise SeriesNotFoundError(f"run {run!r} has no embedding {tag!r} at this step")
        key = (run, tag, chosen[-1].step, chosen[-1].hash)

        def read() -> StoredEmbedding:
            from tracker.store.read.study_records import embedding

            found = embedding(items, chosen[-1].step)
            if found is None:
                raise SeriesNotFoundError(f"embedding {tag!r} of run {run!r} has no vectors")
            return found

        found: StoredEmbedding = self.cached(key, read)
        return found

    def cached(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made of the key before, or is made now."""
        with self._lock:
            if key in self._cached:
                self._cached.move_to_end(key)
                return self._cached[key]
        made = make()
        with self._lock:
            self._cached[key] = made
            while len(self._cached) > MAX_CACHED:
                self._cached.popitem(last=False)
        return made
