"""Piecemeal: a batch that could not be stored whole, stored item by item, so that one bad thing takes nothing along.

All within one transaction, each item within a savepoint: what fails leaves no trace and is named; everything else is
stored once and in its order. Series of numbers are halved until the points that fail stand alone.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tracker import coerce
from tracker.series.stretch import Points
from tracker.store.write.transaction import Transaction

MAX_FAILURES = 4_096
"""Points of one batch that are looked for one by one, at a dozen attempts of 30 µs each; then whole parts are."""

NAMED = 3
"""Items that a warning names."""


class Refused(NamedTuple):
    """What could not be stored."""

    kind: str
    what: str
    points: int
    why: str


class Piecemeal:
    """Adds items to a transaction one by one and remembers those that fail.

    Args:
        attempt: The transaction.
        is_ours: Whether an error is the item's. Others, those of the disk, end the attempt.
    """

    def __init__(self, attempt: Transaction, is_ours: Callable[[BaseException], bool]) -> None:
        self.attempt = attempt
        self.refused: list[Refused] = []
        self._is_ours = is_ours
        self._failures = 0

    def add_series(self, names: Sequence[tuple[str, str]]) -> None:
        """Registers series; one whose name is refused gets another, so that its points have a place."""
        for known in range(self.attempt.registered + 1, len(names) + 1):
            if self._fails(self.attempt.add_series, names[:known]):
                kind, tag = names[known - 1]
                self.attempt.add_series([*names[: known - 1], (coerce.text(kind), f"{tag!a} ({known})")])

    def add_scalars(self, tag: str, series: int, points: Points) -> None:
        """Adds points of a series, unfolded where they cannot be folded."""
        if self._fails(self.attempt.add_scalars, [(series, points)]):
            self.attempt.leave_unfolded(series)
            self._halve(tag, series, points)

    def _halve(self, tag: str, series: int, points: Points) -> None:
        error = self._fails(self.attempt.add_scalars, [(series, points)])
        if error is None:
            return
        count = len(points.step)
        if count == 1 or self._failures >= MAX_FAILURES:
            self._failures += count
            where = f"step {points.step[0]:,}" if count == 1 else f"steps {points.step[0]:,} to {points.step[-1]:,}"
            self.refused.append(Refused("scalar", f"{tag!r} at {where}", count, coerce.text(error, 300)))
            return
        self._halve(tag, series, points.part(0, count // 2))
        self._halve(tag, series, points.part(count // 2, count))

    def add(self, kind: str, what: str, add: Callable[..., None], *values: Any) -> None:
        """Adds any other item."""
        error = self._fails(add, *values)
        if error is not None:
            self.refused.append(Refused(kind, what, 1, coerce.text(error, 300)))

    def fold_tails(self) -> None:
        """Folds what can be folded."""
        for series in self.attempt.tails():
            if self._fails(self.attempt.fold_tail, series):
                self.attempt.leave_unfolded(series)
        self.attempt.count_series()

    def counts(self) -> Counter[str]:
        """How many were refused, by kind."""
        found: Counter[str] = Counter()
        for each in self.refused:
            found[each.kind] += each.points
        return found

    def sentence(self) -> str:
        """What was refused, by kind, and why."""
        counted = ", ".join(f"{count:,} {kind}{'s' if count > 1 else ''}" for kind, count in self.counts().items())
        named = "; ".join(f"{each.kind} {each.what}: {each.why}" for each in self.refused[:NAMED])
        return f"{counted} ({named}{'; …' if len(self.refused) > NAMED else ''})"

    def _fails(self, add: Callable[..., None], *values: Any) -> BaseException | None:
        """The error that an item is refused with; None when it was added."""
        try:
            try:
                with self.attempt.whole():
                    add(*values)
            except Warning:  # raised by `python -W error`, which is about the caller's code and not about storing
                with warnings.catch_warnings(), self.attempt.whole():
                    warnings.simplefilter("ignore")
                    add(*values)
        except Exception as error:
            if not self._is_ours(error):
                raise
            return error
        return None
