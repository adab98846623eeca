"""What changed in a logdir since the catalog was last asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracker.series.stretch import Points

MAX_NEW_POINTS = 4096
"""New points of one series that are told one by one. More at once (a burst, an import) is told as "look again":
the page then asks for an envelope, which is smaller."""


@dataclass
class NewPoints:
    """Points of one series that were not there before; `points` is None when there are too many to tell."""

    run: str
    tag: str
    segment: str
    n: int
    points: Points | None
    committed: float = 0.0
    """Wall time of the commit that brought the last of them."""
    read: float = 0.0
    """Wall time at which they were read."""


@dataclass
class Changes:
    """What changed since the catalog was last asked."""

    points: list[NewPoints] = field(default_factory=list)
    changed: dict[str, set[str]] = field(default_factory=dict)
    """By run: what else is new of it: "histogram", "image", "text", "graph", "marks", "receipts" (it
    answered commands), "commands" (it was asked something), "proposals" (somebody would have it asked something, or
    answered that), "runs" (its summary), "findings", "line"
    (points were cut off by a rewind), "last" (how far it goes is known now, after a glance)."""
    tags: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """By run and kind: of which series of histograms, media … there is more, so that only these are asked for again."""
    removed: list[str] = field(default_factory=list)
    awaited: set[str] = field(default_factory=set)
    """Runs whose files are being written to, with nothing new to see yet: look again in a moment."""

    def __bool__(self) -> bool:
        return bool(self.points or self.changed or self.removed)

    def joined(self, other: Changes) -> Changes:
        """These, and others that came after them and are of other runs."""
        self.points += other.points
        self.changed |= other.changed
        self.tags |= other.tags
        self.removed += other.removed
        self.awaited |= other.awaited
        return self

    def note(self, run: str, what: str, tag: str | None = None) -> None:
        """Notes a change; `what` is a kind of series where a tag is given."""
        self.changed.setdefault(run, set()).add(what)
        if tag is not None:
            self.tags.setdefault(run, {}).setdefault(what, set()).add(tag)
