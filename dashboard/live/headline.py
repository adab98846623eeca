"""Which metric a run is judged by: one rule for the list of runs, its table, the page of comparison and `viz runs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tracker.findings.inner_tags import is_inner
from tracker.name_order import name_order
from tracker.values.pane import POINTS

FIRST = ("val/loss", "train/loss", "loss", "eval/loss", "test/loss")
"""What a run is judged by at a glance, the first that there is; else what is called a loss, else how right it was."""

WORDS = (("loss",), ("acc", "error"))

MOST = 32
"""Tags that are told to a page: of those that runs are judged by it shows a handful."""


@lru_cache(maxsize=1 << 14)
def rank(tag: str) -> int | None:
    """How near a tag is to what runs are judged by, the least first; None for what they never are."""
    if tag in FIRST:
        return FIRST.index(tag)
    if is_inner(tag) or tag.startswith(POINTS):
        return None  # points of panes are curves of panes only
    lower = tag.lower()
    named = (place for place, words in enumerate(WORDS) if any(word in lower for word in words))
    return len(FIRST) + next(named, len(WORDS))


def headlines(counts: Mapping[str, int], most: int = MOST) -> list[str]:
    """The tags that runs are judged by, the best first: of equal rank the one that most runs have, then by name.

    Args:
        counts: How many runs have each tag of a curve.
        most: So many at most.
    """
    places = ((rank(tag), -count, name_order(tag), tag) for tag, count in counts.items())
    return [tag for *_, tag in sorted(each for each in places if each[0] is not None)[:most]]


class Headlines:
    """The same of runs that come, go and have more tags as they go on.

    Args:
        runs: The tags of each one's curves.
    """

    def __init__(self, runs: Mapping[str, list[str]]) -> None:
        self._runs: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()
        self.update(runs)

    def update(self, runs: Mapping[str, list[str]]) -> bool:
        """Takes in what some runs have now, nothing of those that are gone; whether that is other than before."""
        before = self._runs
        other = {run: tags for run, tags in runs.items() if tags != before.get(run, [])}
        for run, tags in other.items():
            self._counts.subtract(before.pop(run, []))
            self._counts.update(tags)
            if tags:
                before[run] = tags
        return bool(other)

    def tags(self) -> list[str]:
        """As `headlines` has them."""
        return headlines({tag: count for tag, count in self._counts.items() if count})


def headline(tags: Iterable[str]) -> str | None:
    """The tag whose last value and sketch stand in the list of runs; None where there is none to judge by."""
    return next(iter(headlines(dict.fromkeys(tags, 1), 1)), None)
