"""What of some runs could not be read, noted while the rest is: no question about many runs ends with one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from tracker.errors import StoreError

if TYPE_CHECKING:
    from tracker.store.read.run import StoredRun

REASONS = 5
"""Runs of which a sentence says what is wrong; the others are named in it. `viz doctor` has all of it."""


class LeftOut:
    """What could not be read, by run, in the order in which it was met.

    Attributes:
        parts: By the run's name, a sentence for each file, curve or other part of it that is left out.
    """

    def __init__(self) -> None:
        self.parts: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.parts)

    def note(self, run: str, what: str) -> None:
        """One thing more; said again, it is the same."""
        known = self.parts.setdefault(run, [])
        if what not in known:
            known.append(what)

    def keep(self, runs: Collection[str]) -> None:
        """Forgets what is not of these runs, when nobody asked for the others."""
        self.parts = {run: parts for run, parts in self.parts.items() if run in runs}

    def look_at(self, run: StoredRun) -> None:
        """Notes what is wrong with the files of a run, which is read without those that cannot be."""
        with self.reading(run.name):
            for problem in run.problems():
                self.note(run.name, problem.why)

    @contextlib.contextmanager
    def reading(self, run: str, part: str = "") -> Iterator[None]:
        """Within it a part of a run is read, and nothing else done: whatever is met there is that part's own fault.

        Args:
            run: The run's name.
            part: What is read of it, such as a curve's tag.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 a file may hold anything; what it was is told, and the rest goes on
            self.note(run, f"{part}: {why(error)}" if part else why(error))

    def sentence(self, of: int, noun: str = "run") -> str:
        """All of it in one line: how many runs of how many, each by its name, and of the first what is wrong.

        Args:
            of: How many there are.
            noun: What they are, in the singular.
        """
        said = []
        for place, (name, parts) in enumerate(self.parts.items()):
            more = f"; and {len(parts) - 1:,} more" if len(parts) > 1 else ""
            said.append(f"{name} ({parts[0]}{more})" if place < REASONS else name)
        plural = "" if of == 1 else "s"
        return f"{len(self.parts):,} of {of:,} {noun}{plural} could not be read whole: {', '.join(said)}"


def why(error: Exception) -> str:
    """What was met, in one line."""
    if isinstance(error, StoreError):
        return error.why
    said = " ".join(str(error).split())
    return said if isinstance(error, (OSError, ValueError)) and said else f"{type(error).__name__} {said}".strip()


def is_passing(error: StoreError) -> bool:
    """Whether the same may be read at the next look: somebody held the file, or a database was away, just then."""
    return any(word in error.why for word in ("locked", "busy", "does not answer"))
