"""Series that lie side by side, such as those of a training's ranks, as one: an envelope over all of them, from that of
each, so that no point is looked at which an envelope alone does not look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracker.series.envelope import Envelope, Grid, merged
from tracker.series.summary import SUMMARY, Summaries

_SAME = (
    "count",
    "min",
    "min_step",
    "max",
    "max_step",
    "sum",
    "sum_squares",
    "nan_count",
    "posinf_count",
    "neginf_count",
)


def side_by_side(parts: Sequence[Envelope], columns: int, start: float, stop: float, axis: str = "step") -> Envelope:
    """The envelope of all points of `parts`, each of which was made of the same columns of the same window.

    Args:
        parts: One of each series.
        columns: How many were asked for.
        start: Where the window begins, included.
        stop: Where it ends, included.
        axis: "step" or "wall_time".
    """
    items = np.concatenate([np.zeros(0, SUMMARY), *(_summaries(part) for part in parts)])
    return merged(items, Grid(axis == "step", start, stop, columns).column(items[f"{axis}_min"]), axis)


def _summaries(part: Envelope) -> Summaries:
    out = np.zeros(len(part), SUMMARY)
    for name in _SAME:
        out[name] = getattr(part, name)
    for name in ("step", "wall_time"):
        out[name] = out[f"{name}_min"] = getattr(part, f"{name}_first")
        out[f"last_{name}"] = out[f"{name}_max"] = getattr(part, f"{name}_last")
    out["value"], out["last_value"] = part.first, part.last
    return out
