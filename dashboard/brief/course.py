"""Course: how a curve went, in the few numbers that a reader would look for. Exact, from the levels of a series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.series.envelope import Envelope

RECENT = 0.2
"""The share of its steps that is its recent part."""

COLUMNS = 200
"""That a curve is looked at in."""


@dataclass(frozen=True)
class Course:
    """A curve in numbers; values that are not finite count only in `odd`."""

    count: int
    """Points."""
    odd: int
    """NaN and infinite ones."""
    first: float | None
    last: float | None
    """None where it was no finite number."""
    last_step: int | None
    low: float | None
    low_step: int | None
    high: float | None
    high_step: int | None
    change: float | None
    """The mean of its recent part less that of the part as long before it, as a share of the range of all; None where
    there are fewer than four columns."""


def course(envelope: Envelope) -> Course:
    """The course of a curve.

    Args:
        envelope: Over steps, in `COLUMNS` columns or so.
    """
    count = int(envelope.count.sum())
    odd = int(envelope.nan_count.sum() + envelope.posinf_count.sum() + envelope.neginf_count.sum())
    last_step = int(envelope.step_last[-1]) if len(envelope) else None
    columns = np.flatnonzero(np.isfinite(envelope.min))
    if not len(columns):
        return Course(count, odd, None, None, last_step, None, None, None, None, None)
    low = columns[np.argmin(envelope.min[columns])]
    high = columns[np.argmax(envelope.max[columns])]
    return Course(
        count, odd, _finite(envelope.first[0]), _finite(envelope.last[-1]), last_step, float(envelope.min[low]),
        int(envelope.min_step[low]), float(envelope.max[high]), int(envelope.max_step[high]),
        _change(envelope.mean[columns], float(envelope.max[high]) - float(envelope.min[low])),
    )  # fmt: skip


def _change(mean: npt.NDArray[np.float64], spread: float) -> float | None:
    recent = max(1, round(RECENT * len(mean)))
    if len(mean) < 4 or not 0 < spread < np.inf or not np.isfinite(mean).all():
        return None
    return float((mean[-recent:].mean() - mean[-2 * recent : -recent].mean()) / spread)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
