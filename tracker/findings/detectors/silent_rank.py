"""silent_rank: one process of a training logs nothing any more, and the others go on.

Definition: the newest point of a rank, of what all ranks log, lies more than 10 of its intervals and a minute before
the newest of the others, in steps and in time. Where a quarter of the ranks is silent the training was made smaller,
or has ended, and nobody is named.

Thresholds: 10 intervals are what `slow_rank` takes to name a rank; a minute is longer than writing a checkpoint.

Source: practice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.training import Training

_INTERVALS, _SECONDS = 10, 60.0


@detector("silent_rank")
def silent_rank(training: Training) -> Iterator[Finding]:
    """By the tag of the training's loss, or of the time of its steps, that the most ranks have."""
    if len(training.ranks) < 2:
        return
    wanted = [*training.roles.train_loss[:1], *(tag for tag in ("time/step",) if tag in training.tags)]
    every = [(tag, training.by_rank(tag)) for tag in wanted or training.tags[:1]]
    tag, own = max(every, key=lambda each: len(each[1]), default=("", {}))
    own = {rank: series for rank, series in own.items() if len(series) >= 2}
    if len(own) < 2 or 4 * len(own) < 3 * len(training.ranks):
        return
    ranks = [*own]
    step = np.array([own[rank].step.max() for rank in ranks], np.float64)
    time = np.array([own[rank].wall_time.max() for rank in ranks])
    every_steps = np.median([np.median(np.diff(np.unique(own[rank].step)), keepdims=False) for rank in ranks])
    every_seconds = np.median(
        [(series.wall_time[-1] - series.wall_time[0]) / (len(series) - 1) for series in own.values()]
    )
    others = np.median(step), np.median(time)
    behind = (others[0] - step > _INTERVALS * every_steps) & (
        others[1] - time > max(_SECONDS, _INTERVALS * every_seconds)
    )
    if 4 * behind.sum() >= len(ranks):
        return
    for row in np.flatnonzero(behind).tolist():
        last, rank = int(step[row]), ranks[row]
        yield Finding(
            "silent_rank", "warning",
            f"Rank {rank} logged {tag} at step {last:,} for the last time; the others have come to {others[0]:,.0f}, "
            f"{others[1] - time[row]:,.0f} s later.",
            "Look whether its process lives, and at what it printed last.",
            f"rank {rank}", last, int(others[0]), 0.9, Evidence((tag,), (last, int(others[0]))),
        )  # fmt: skip
