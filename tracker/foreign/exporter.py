"""Exporting: a run of ours as an event file that TensorBoard reads."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tracker.foreign import hparams
from tracker.foreign.event_writer import EventWriter
from tracker.store.reader import KINDS, StoredRun
from tracker.values.value import Medium

SESSION_KEYS = (str, int, float, bool)


def export_events(run: StoredRun, folder: Path) -> int:
    """Writes the live line of a run as one event file: a tag after the other, each in its order; how many values.

    Numbers that float32 holds are written as TensorBoard's writers do, others as tensors of float64. The file is there
    whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    writer = EventWriter(folder, ".part")
    count = 0
    try:
        simple = {key: value for key, value in run.config.items() if isinstance(value, SESSION_KEYS)}
        if simple:
            began = run.started or time.time()
            writer.add_hparams(hparams.EXPERIMENT_TAG, began, hparams.experiment(simple, run.tags("scalar"), {}))
            writer.add_hparams(hparams.START_TAG, began, hparams.session_start(simple, began))
        for tag in run.tags("scalar"):
            points = run.scalars(tag)
            with np.errstate(over="ignore", under="ignore"):
                exact = np.array_equal(points.value, points.value.astype("f4"), equal_nan=True)
            count += len(points)
            columns = points.step.tolist(), points.wall_time.tolist(), points.value.tolist()
            for step, wall_time, value in zip(*columns, strict=True):
                writer.add_number(tag, step, wall_time, value, wide=not exact)
        for tag in run.tags("histogram"):
            found = run.histograms(tag)
            count += len(found)
            for step, wall_time, each in zip(found.step.tolist(), found.wall_time.tolist(), found, strict=True):
                writer.add_value("histogram", tag, step, wall_time, each.sketch)
        for kind in KINDS[2:]:
            for tag in run.tags(kind) if kind != "hparams" else ():
                for step, wall_time, items in _values(run, kind, tag):
                    writer.add_value(kind, tag, step, wall_time, items)
                    count += 1
        writer.close()
        writer.path.rename(writer.path.with_suffix(""))
    except BaseException:
        writer.close()
        with contextlib.suppress(OSError):
            writer.path.unlink()
        raise
    return count


def _values(run: StoredRun, kind: str, tag: str) -> Iterator[tuple[int, float, list[Medium]]]:
    """The values of a tag, the items of each together."""
    items: list[Any] = []
    for item in run.media(kind, tag):
        if item.position == 0 and items:
            yield items[0].step, items[0].wall_time, [Medium(each.form, each.attributes, each.data) for each in items]
            items = []
        items.append(item)
    if items:
        yield items[0].step, items[0].wall_time, [Medium(each.form, each.attributes, each.data) for each in items]
