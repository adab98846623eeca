"""How much of everything: what waits, how long, and what is kept open."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Of one server's models."""

    max_batch: int = 32
    """Questions that are answered together, and rows that a model is given at once: memory grows with these."""
    max_waiting: int = 1024
    """Questions that wait; of more one is told that the server is busy."""
    max_waiting_bytes: int = 128 << 20
    """What those weigh, and what is on its way in."""
    deadline_s: float = 30.0
    """A question that was not answered after so long is given up; a batch that takes so long ends the worker."""
    open_s: float = 120.0
    """The same for a version that is opened: gigabytes are read and a library is imported."""
    newest: int = 2
    """Versions of a model that stay open, from the newest on."""
    kept_s: float = 600.0
    """Others stay open for so long after they were asked."""
    max_open: int = 16
    """Versions that are open at once; of more those go that were not asked for longest."""
    open_bytes: int = 2 << 30
    """What their files weigh together, unless one alone weighs more."""
    memory_bytes: int = 4 << 30
    """What the worker may hold besides what it maps of files; see `worker`."""
