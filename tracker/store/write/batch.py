"""Batch: what one commit stores, whole or, when that failed, item by item."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from tracker.store.write.failed_batch import Piecemeal
from tracker.store.write.lane import Heavy, Taken
from tracker.store.write.transaction import Transaction
from tracker.values.histogram import Histogram
from tracker.values.value import Value

ABOUT_KINDS = ("environment", "console", "control")
"""Of series in which a run says something of itself."""

Mark = tuple[int | None, float, str, str, dict[str, Any]]
"""Step, wall time, kind, text, attributes."""


class Receipt:
    """What the run answers to a command, and the mark that goes with it: stored together.

    Attributes:
        nonce: The command's.
        step: After which it takes effect.
        wall_time: When that is.
        outcome: JSON values.
        mark: What is to be seen of it on every chart.
        done: Set once it is in the file, or was given up.
        is_stored: Whether it is in the file.
    """

    __slots__ = ("done", "is_stored", "mark", "nonce", "outcome", "step", "wall_time")

    def __init__(
        self, nonce: str, step: int | None, wall_time: float, outcome: dict[str, Any], mark: Mark | None = None
    ) -> None:
        self.nonce, self.step, self.wall_time, self.outcome, self.mark = nonce, step, wall_time, outcome, mark
        self.done = threading.Event()
        self.is_stored = False

    def add_to(self, attempt: Transaction) -> None:
        """Adds both."""
        attempt.set_receipt(self.nonce, self.step, self.wall_time, self.outcome)
        if self.mark is not None:
            attempt.add_mark(*self.mark)


class Batch(NamedTuple):
    """Copies of what waits.

    Attributes:
        taken: Scalars and heavy values.
        marks: Marks.
        config: What the run says it was made with, when it says so anew.
        names: (kind, tag) of the series, in the order of their numbers.
        receipts: Answers to commands.
    """

    taken: Taken
    marks: list[Mark]
    config: dict[str, Any] | None
    names: list[tuple[str, str]]
    receipts: list[Receipt]

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        heard = self.marks or self.receipts or self.config is not None
        return bool(self.taken.blocks or self.taken.heavies or heard)

    def is_of_the_loop(self) -> bool:
        """Whether there is anything that the training logged, and not we beside it."""
        if self.marks or self.config is not None:
            return True
        numbers = {*(series for series, _ in self.taken.scalars()), *(heavy.series for heavy in self.taken.heavies)}
        series = [self.names[number - 1] for number in numbers]
        return any(
            kind not in ("environment", "console", "control") and not tag.startswith("machine/") for kind, tag in series
        )

    def counts(self) -> Counter[str]:
        """How many values there are, by kind."""
        found = Counter(self.names[heavy.series - 1][0] for heavy in self.taken.heavies)
        found.update(scalar=self.taken.n_scalars, mark=len(self.marks), config=int(self.config is not None))
        found.update(receipt=len(self.receipts))
        return +found

    def add_to(self, attempt: Transaction, *, last: bool) -> None:
        """Adds all of it; the last one of a segment folds the tails of its curves."""
        attempt.add_series(self.names)
        attempt.add_scalars(self.taken.scalars())
        for heavy in self.taken.heavies:
            _add_heavy(attempt, heavy)
        for mark in self.marks:
            attempt.add_mark(*mark)
        for receipt in self.receipts:
            receipt.add_to(attempt)
        if self.config is not None:
            attempt.set_config(self.config)
        if last:
            attempt.fold_tails()

    def add_piecemeal_to(
        self, attempt: Transaction, is_an_items: Callable[[BaseException], bool], *, last: bool
    ) -> Piecemeal:
        """`add_to`, item by item; what was refused is in the answer."""
        pieces = Piecemeal(attempt, is_an_items)
        names = list(self.names)
        pieces.add_series(names)
        for series, points in self.taken.scalars():
            pieces.add_scalars(names[series - 1][1], series, points)
        for heavy in self.taken.heavies:
            kind, tag = names[heavy.series - 1]
            pieces.add(kind, f"{tag!r} at step {heavy.step}", _add_heavy, attempt, heavy)
        for mark in self.marks:
            pieces.add("mark", f"{mark[3]!r:.60} at step {mark[0]}", attempt.add_mark, *mark)
        for receipt in self.receipts:
            pieces.add("receipt", f"of {receipt.outcome.get('name')!r:.60}", receipt.add_to, attempt)
        if self.config is not None:
            pieces.add("config", "of configure()", attempt.set_config, self.config)
        if last:
            pieces.fold_tails()
        return pieces


def _add_heavy(transaction: Transaction, heavy: Heavy) -> None:
    if isinstance(heavy.value, Histogram):
        transaction.add_sketch(heavy.series, heavy.step, heavy.wall_time, heavy.value.sketch)
    else:
        assert not isinstance(heavy.value, Value)
        transaction.add_media(heavy.series, heavy.step, heavy.wall_time, heavy.value)
