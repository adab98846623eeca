"""Meeting the runs of a large logdir: the newest at the first look, the others by and by, giving way to who waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from dashboard.live.catalog import Catalog
from dashboard.live.changes import Changes
from tracker import databases

FIRST_S = 0.02
"""How long the first look goes on looking at runs before the list is there, of a logdir with many: the first chart
draws the newest hundred, and what is said of all others would come before it."""

MOMENT_S = 0.05
"""For how long others are looked at at a time: the catalog is held meanwhile."""

GIVES_WAY_S, GLANCE_S = 0.1, 0.005
"""How long they wait at most for who waits for an answer, and how often is looked whether somebody does."""


class Meeting:
    """When runs that were not met are met, and their being met.

    Args:
        catalog: Who knows them.
        ask: Asks the catalog while nobody else does, and tells nobody: a page that has the list asks for them.
        is_asked: Whether somebody waits for an answer.
    """

    def __init__(
        self, catalog: Catalog, ask: Callable[[Callable[[], Changes]], object], is_asked: Callable[[], bool]
    ) -> None:
        self._catalog = catalog
        self._ask = ask
        self._is_asked = is_asked
        self._met = 0.0

    def first_look(self) -> Changes:
        """Finds all runs, and meets the newest; all that are in a database, which is asked once for them."""
        is_database = databases.of(self._catalog.root) is not None
        return self._catalog.scan(glance=True, patience_s=None if is_database else FIRST_S)

    def due(self) -> list[float]:
        """When it goes on; nothing where all are met."""
        if not self._catalog.unmet:
            return []
        now = time.monotonic()
        return [min(self._met + GIVES_WAY_S, now + GLANCE_S) if self._is_asked() else now]

    def go_on(self) -> None:
        """Meets those that can be met in a moment, if it is time to."""
        if any(due <= time.monotonic() for due in self.due()):
            self._meet()

    def _meet(self) -> None:
        self._ask(lambda: self._catalog.meet(time.monotonic() + MOMENT_S))
        self._met = time.monotonic()

    def end(self) -> None:
        """Meets all. Any thread may ask for it."""
        while self._catalog.unmet:
            self._meet()
