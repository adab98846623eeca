"""Which runs go, by age and by how good they are; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.better import is_more_better

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_AGE = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})", re.ASCII)


@dataclass(frozen=True)
class Candidate:
    """A run that may go.

    Attributes:
        name: The run's.
        last: When its writer was heard of last; seconds since the epoch.
        best: The best value of what runs are ranked by; None where it has none.
        kept: Why it stays whatever the rules say; None where nothing speaks for it.
    """

    name: str
    last: float
    best: float | None = None
    kept: str | None = None


def age_of(text: str) -> float:
    """A time such as `30d`, `12h`, `90min`, `2w`, `0s`, in seconds.

    Raises:
        ValueError: it is none.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return float(found[1]) * _UNITS[found[2]]


def mode_of(tag: str) -> str:
    """Whether the least or the greatest value of a tag is its best, by its name: "min" or "max"."""
    return "max" if is_more_better(tag) else "min"


def chosen(
    runs: Sequence[Candidate], now: float, older_than_s: float | None, keep_best: int | None, mode: str
) -> list[Candidate]:
    """The runs that all rules let go, those among them that stay nevertheless (`kept`) too, in the order given.

    Args:
        runs: All that are ranked with each other, also those that stay.
        now: Seconds since the epoch.
        older_than_s: Only those that were last heard of so long ago.
        keep_best: Only those that are not among so many best; one without a value is not ranked, and stays.
        mode: "min" or "max".
    """
    found = list(runs)
    if older_than_s is not None:
        found = [run for run in found if now - run.last > older_than_s]
    if keep_best is not None:
        sign = 1.0 if mode == "min" else -1.0
        ranked = [(sign * run.best, run.name) for run in runs if run.best is not None and math.isfinite(run.best)]
        best = {name for _, name in sorted(ranked)[:keep_best]}
        rest = {name for _, name in ranked} - best
        found = [run for run in found if run.name in rest]
    return found
