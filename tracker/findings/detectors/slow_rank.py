"""slow_rank: one process of a training takes longer over its steps than the others, which wait for it.

Definition: a rank whose time of a step lies above the median of the other ranks' at the same steps by 15 % and more,
for 10 steps in a row of which it is far up in 8 at least. Read from the time of whole steps (`time/step`); where ranks
wait for each other that is the same for all, so that the parts of a step (data, forward, optimizer) are looked at too,
as shares of the whole. Where no times are logged, from when points were: the seconds between one and the next.

Thresholds: see `tracker.findings.outlying_ranks`. The newest points of each rank are looked at: 16,384, of a thousand
ranks 4,000.

Measured on arrays of 1,000 ranks × 1,000 steps: a rank that becomes 1.5 times as slow, at a noise of 10 % of a step,
is named with the tenth of its slow steps; see `tests/tracker/test_slow_rank.py`, also for noise of heavy tails.

Source: practice; the stragglers of Jiang et al., "MegaScale" (2024), which compare ranks in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tracker.findings.clocks import clocks
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.outlying_ranks import outliers
from tracker.findings.pairs import words
from tracker.findings.ranks import RankTable, durations, table_of
from tracker.findings.training import Series, Training

_TOGETHER = frozenset("sync comm communication allreduce reduce collective nccl barrier".split())
"""Words of times in which ranks wait for each other: there the slow one is the shortest."""

_GRAVE = 0.25
"""Excess from which on it is a warning."""

_MOST_PARTS = 4


@detector("slow_rank")
def slow_rank(training: Training) -> Iterator[Finding]:
    """By whole steps, else by their parts, else by when points were logged."""
    if len(training.ranks) < 2:
        return
    known = clocks([tag for tag in training.tags if not _TOGETHER & {*words(tag)}])
    whole = _first(training, known.wholes)
    parts = (*known.rests, *known.waits)[:_MOST_PARTS]
    found: dict[int, Finding] = {}
    if whole is not None:
        found = {each[0]: each[1] for each in _named(training, whole[0], table_of(whole[1]), None)}
    for tag in () if found else parts:
        own = training.by_rank(tag)
        if 2 * len(own) >= len(training.ranks):
            for rank, finding in _named(training, tag, table_of(own), table_of(whole[1]) if whole else None):
                found.setdefault(rank, finding)
    if whole is None and not found:
        points = _first(training, [*training.roles.train_loss[:1], *training.roles.game_loss[:1], *training.tags[:1]])
        if points is not None:
            tag, own = points
            passed = table_of({rank: durations(series) for rank, series in own.items()})
            found = {each[0]: each[1] for each in _named(training, tag, passed, None, "s between points of ")}
    yield from found.values()


def _first(training: Training, tags: list[str]) -> tuple[str, Mapping[int, Series]] | None:
    """The first of these that at least half of the ranks have logged."""
    for tag in tags[:_MOST_PARTS]:
        own = training.by_rank(tag)
        if 2 * len(own) >= len(training.ranks):
            return tag, own
    return None


def _named(
    training: Training, tag: str, table: RankTable, whole: RankTable | None, what: str = ""
) -> Iterator[tuple[int, Finding]]:
    of = None
    if whole is not None and len(whole.step):
        place = np.minimum(np.searchsorted(whole.step, table.step), len(whole.step) - 1)
        of = np.nanmedian(whole.values, axis=0)[place]
    for each in outliers(table.values, of):
        rank, at = int(table.ranks[each.row]), slice(each.first, each.last + 1)
        own = float(np.nanmedian(table.values[each.row, at]))
        others = float(np.nanmedian(np.delete(table.values[:, at], each.row, axis=0)))
        last = int(np.flatnonzero(~np.isnan(table.values[each.row]))[-1])
        goes_on = each.last >= last - 2
        first, end = int(table.step[each.first]), int(table.step[last if goes_on else each.last])
        share = f", {each.excess:.0%} of a step" if of is not None else ""
        since = f"since step {first:,}" if goes_on else f"from step {first:,} to {end:,}"
        yield rank, Finding(
            "slow_rank", "warning" if each.excess >= _GRAVE else "info",
            f"Rank {rank} is slower than the other {len(table.ranks) - 1:,}: {what}{tag} {own:.3g}, of the others "
            f"{others:.3g} ({own / others:.2g} times{share}), {since}.",
            "Look at its machine beside another's (clock, temperature, other processes), then swap the two.",
            f"rank {rank}", first, end, 0.9 if each.excess >= _GRAVE else 0.7, Evidence((tag,), (first, end)),
        )  # fmt: skip
