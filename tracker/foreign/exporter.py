"""Exporting: a run of ours as an event file that TensorBoard reads."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracker.foreign import hparams, run_metadata
from tracker.foreign.event_writer import EventWriter
from tracker.store.stored_run import KINDS, StoredRun
from tracker.values import stored_array
from tracker.values.value import Medium

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
    derived = _derived(run)
    try:
        _add_settings(writer, run)
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
        if run.tags("layout") != [LAYOUT_TAG]:
            count += _add_layout(writer, run)
        for kind in KINDS[2:]:
            for tag in run.tags(kind):
                if (kind, tag) in derived or (kind == "layout" and run.tags("layout") != [LAYOUT_TAG]):
                    continue
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


def _add_settings(writer: EventWriter, run: StoredRun) -> None:
    """What the hparams plugin shows, of a run that was not read from event files, where it stands already."""
    settings = flat(run.config)
    if not settings or run.tags("hparams"):
        return
    began = run.started or time.time()
    metrics = [tag for tag in run.tags("scalar") if not tag.startswith(MACHINE)]
    writer.add_hparams(hparams.EXPERIMENT_TAG, began, hparams.experiment(settings, metrics, {}))
    writer.add_hparams(hparams.START_TAG, began, hparams.session_start(settings, began))
    if run.status != "running":
        writer.add_hparams(hparams.END_TAG, began, hparams.session_end(began, well=run.status != "crashed"))


def flat(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Settings by name, those within others joined by dots; what TensorBoard has no type for is JSON."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{above}{key}."))
        else:
            found[f"{above}{key}"] = value if isinstance(value, (str, int, float)) else json.dumps(value)
    return found


def _add_layout(writer: EventWriter, run: StoredRun) -> int:
    """The layouts of a run as one, which is as many as TensorBoard looks at; how many values."""
    layout: dict[str, Any] = {}
    for tag in run.tags("layout"):
        layout.update(run.layout(tag))
    if layout:
        writer.add_value("layout", LAYOUT_TAG, 0, run.started or time.time(), [stored_array.words(layout)])
    return int(bool(layout))


def _derived(run: StoredRun) -> set[tuple[str, str]]:
    """(kind, tag) of what was made out of a model or of run metadata, which are written themselves."""
    sources = {tag for tag in run.tags("file") if run.media("file", tag)[0].form == run_metadata.FORM}
    return {("graph", tag) for tag in {*sources, *run.tags("model")}} | {("profile", tag) for tag in sources}


def _values(run: StoredRun, kind: str, tag: str) -> Iterator[tuple[int, float, list[Medium]]]:
    """The values of a tag, the items of each together."""
    items: list[Any] = []
    for item in run.media(kind, tag):
        if items and not _belongs(kind, items, item):
            yield items[0].step, items[0].wall_time, _media(kind, items)
            items = []
        items.append(item)
    if items:
        yield items[0].step, items[0].wall_time, _media(kind, items)


def _media(kind: str, items: list[Any]) -> list[Medium]:
    """The items as they were logged; the pictures in a table's cells are items of their own."""
    whole = [part for item in items for part in ((item, *item.parts) if kind == "table" else (item,))]
    return [Medium(each.form, each.attributes, each.data) for each in whole]


def _belongs(kind: str, items: list[Any], item: Any) -> bool:
    """Whether an item is part of the value that others began: the parts of a mesh may have been logged one by one."""
    if kind == "mesh":
        known = {each.attributes.get("part") for each in items}
        return bool(item.step == items[0].step and item.attributes.get("part") not in known)
    return bool(item.position)
