"""Exporting: a run of ours as an event file that TensorBoard reads."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracker.foreign import hparams, plugin_files
from tracker.foreign.event_writer import EventWriter
from tracker.store.reader import KINDS, StoredRun
from tracker.values import kept
from tracker.values.value import Medium

ELSEWHERE = ("hparams", "layout", *plugin_files.KINDS)
"""Kinds that are not written a tag and a step at a time into the event file."""

LAYOUT_TAG = "custom_scalars__config__"

MACHINE = "machine/"
"""Metrics of no hyperparameter."""


def export_events(run: StoredRun, folder: Path) -> int:
    """Writes the live line of a run as one event file: a tag after the other, each in its order; how many values.

    Numbers that float32 holds are written as TensorBoard's writers do, others as tensors of float64. The file is there
    whole or not at all. Embeddings and profiles are files of their own beside it, as TensorBoard's projector and
    profiler read them; settings are what its hparams are.

    Raises:
        OSError: the folder cannot be written.
    """
    writer = EventWriter(folder, ".part")
    count = 0
    try:
        settings = flat(run.config)
        if settings:
            began = run.started or time.time()
            metrics = [tag for tag in run.tags("scalar") if not tag.startswith(MACHINE)]
            writer.add_hparams(hparams.EXPERIMENT_TAG, began, hparams.experiment(settings, metrics, {}))
            writer.add_hparams(hparams.START_TAG, began, hparams.session_start(settings, began))
            if run.status != "running":
                writer.add_hparams(hparams.END_TAG, began, hparams.session_end(began, well=run.status != "crashed"))
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
        layout = {}
        for tag in run.tags("layout"):  # TensorBoard looks at one layout of a run
            layout.update(run.layout(tag))
        if layout:
            writer.add_value("layout", LAYOUT_TAG, 0, run.started or time.time(), [kept.plain(layout)])
            count += 1
        count += plugin_files.write(run, folder)
        for kind in KINDS[2:]:
            for tag in run.tags(kind) if kind not in ELSEWHERE else ():
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


def flat(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Settings by name, those within others joined by dots; what TensorBoard has no type for is JSON."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{above}{key}."))
        else:
            found[f"{above}{key}"] = value if isinstance(value, (str, int, float)) else json.dumps(value)
    return found


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
