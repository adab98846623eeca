"""A run of many ranks, written at once: a segment a rank, as so many processes would have left them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.series.stretch import Points
from tracker.store.read.liveness import Writer, this_process
from tracker.store.write.appender import Appender, Birth

Values = npt.NDArray[np.float64]
BEGAN = 1.7e9


def write_rank(
    folder: Path,
    rank: int | None,
    series: Mapping[str, Points],
    *,
    ends: bool = True,
    batch: int = 1 << 20,
    **said: Any,
) -> None:
    """One segment of the run in `folder` with these points by tag.

    Args:
        folder: Of the run.
        rank: Of the process.
        series: Points by tag.
        ends: Whether it has come to its end; else its writer is this process.
        batch: How many points of a series are committed at a time.
        said: Other fields of its beginnings: segment, parent, fork_step, reason, created, host.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = this_process()
    segment = said.pop("segment", f"s{rank}")
    writer = Writer(said.pop("host", own.host), own.machine, own.pid, own.pid_started)
    usual = {"parent": None, "fork_step": None, "reason": "start", "created": BEGAN + (rank or 0) * 1e-3}
    birth = Birth(
        segment=segment, run=folder.name, rank=rank, writer=writer, library="test", group=None, tags=(), notes="",
        config={}, environment={}, **(usual | said),
    )  # fmt: skip
    appender = Appender(folder / f"events.{segment}.sqlite", birth)
    longest = max(len(points.step) for points in series.values())
    for first in range(0, longest, batch):
        with appender.transaction() as transaction:
            if not first:
                transaction.add_series([("scalar", tag) for tag in series])
            parts = ((number, points.part(first, first + batch)) for number, points in enumerate(series.values(), 1))
            transaction.add_scalars([(number, part) for number, part in parts if len(part.step)])
    if ends:
        with appender.transaction() as transaction:
            transaction.set_state(status="finished", ended=time.time(), ending="finished")
        appender.fold_away()
    appender.close()


def write_ranks(
    folder: Path, values: Mapping[str, Values], *, step_s: float = 0.2, every: int = 1, **said: Any
) -> None:
    """A run in which rank r logged `values[tag][r]`, NaN where it logged nothing, at steps 0, every, 2·every …

    Args:
        folder: Of the run.
        values: Of each tag (ranks, steps).
        step_s: Seconds between two steps.
        every: Steps between two points.
        said: See `write_rank`.
    """
    for rank in range(len(next(iter(values.values())))):
        own = {}
        for tag, table in values.items():
            at = np.flatnonzero(~np.isnan(table[rank]))
            own[tag] = Points.of(at * every, BEGAN + at * step_s, table[rank][at])
        write_rank(folder, rank, {tag: points for tag, points in own.items() if len(points.step)}, **said)
