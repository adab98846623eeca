"""Exporting: a run of ours as an event file that TensorBoard reads."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracker.foreign import hparams, run_metadata
from tracker.foreign.event_writer import EventWriter
from tracker.plain_text import writable
from tracker.store.read import models
from tracker.store.read.left_out import LeftOut
from tracker.store.read.records import MediaItem
from tracker.store.read.run import KINDS, StoredRun
from tracker.values import stored_array
from tracker.values.value import Medium

LAYOUT_TAG = "custom_scalars__config__"

EXACT = 2**53
"""Integers beyond it are written as their digits: a seed of 128 bits stays what it is."""

MACHINE = "machine/"
"""Metrics of no hyperparameter."""


def export_events(run: StoredRun, folder: Path, left_out: LeftOut | None = None) -> int:
    """Writes the live line of a run as one event file: a tag after the other, each in its order; how many values.

    Numbers that float32 holds are written as TensorBoard's writers do, others as tensors of float64. The file is there
    whole or not at all. Embeddings and profiles are files of their own beside it, as TensorBoard's projector and
    profiler read them; settings are what its hparams are.

    Args:
        run: What is written.
        folder: Where; made if it is not there.
        left_out: Told what of the run cannot be read, or has no form in such a file.

    Raises:
        OSError: the folder cannot be written.
    """
    with run.held() as held:
        return _written(held, EventWriter(folder, ".part"), LeftOut() if left_out is None else left_out)


def _written(run: StoredRun, writer: EventWriter, left_out: LeftOut) -> int:
    out = _Out(writer, run, left_out)
    try:
        with left_out.reading(run.name, "settings"):
            _add_settings(writer, run)
        for tag in out.tags("scalar"):
            with out.reading(tag):
                points = run.scalars(tag)
                with np.errstate(over="ignore", under="ignore"):
                    exact = np.array_equal(points.value, points.value.astype("f4"), equal_nan=True)
                columns = points.step.tolist(), points.wall_time.tolist(), points.value.tolist()
                for step, wall_time, value in zip(*columns, strict=True):
                    writer.add_number(tag, step, wall_time, value, wide=not exact)
                out.count += len(points)
        for tag in out.tags("histogram"):
            with out.reading(tag):
                found = run.histograms(tag)
                for step, wall_time, each in zip(found.step.tolist(), found.wall_time.tolist(), found, strict=True):
                    out.add("histogram", tag, step, wall_time, lambda each=each: each.sketch)  # type: ignore[misc]
        derived = _derived(out)
        layouts = out.tags("layout")
        if layouts != [LAYOUT_TAG]:
            with out.reading("layout"):
                out.count += _add_layout(writer, run)
        for kind in KINDS[2:]:
            for tag in out.tags(kind):
                if (kind, tag) in derived or (kind == "layout" and layouts != [LAYOUT_TAG]):
                    continue
                if kind == "model" and out.holds_models(tag):
                    left_out.note(run.name, f"{tag}: event files have no form for a model; it stays in its run")
                    continue
                for items in out.groups(kind, tag):
                    step, wall_time = items[0].step, items[0].wall_time
                    out.add(kind, tag, step, wall_time, lambda kind=kind, items=items: _media(kind, items))  # type: ignore[misc]
        writer.close()
        if out.count or run.name not in left_out.parts:
            writer.path.rename(writer.path.with_suffix(""))
        else:  # nothing could be read: no file says that there was nothing
            writer.path.unlink()
    except BaseException:
        writer.close()
        with contextlib.suppress(OSError):
            writer.path.unlink()
        raise
    return out.count


@dataclass
class _Out:
    """A run on its way into an event file. What cannot be read of it, or is not as its kind should be, is left out."""

    writer: EventWriter
    run: StoredRun
    left_out: LeftOut
    count: int = 0

    def tags(self, kind: str) -> list[str]:
        """Its tags of a kind."""
        found: list[str] = []
        with self.left_out.reading(self.run.name):
            found = self.run.tags(kind)
        return found

    def groups(self, kind: str, tag: str) -> list[list[MediaItem]]:
        """The items of a tag, those of each value together."""
        found: list[list[MediaItem]] = []
        with self.reading(tag):
            for item in self.run.media(kind, tag):
                if found and _belongs(kind, found[-1], item):
                    found[-1].append(item)
                else:
                    found.append([item])
        return found

    def holds_models(self, tag: str) -> bool:
        """Whether a tag of models is of those that run: what event files know as one is a graph."""
        found = False
        with self.reading(tag):
            found = any(map(models.is_version, self.run.media("model", tag)))
        return found

    def add(self, kind: str, tag: str, step: int, wall_time: float, content: Callable[[], Any]) -> None:
        """One value, whose content is read now."""
        with self.reading(tag):
            self.writer.add_value(kind, tag, step, wall_time, content())
            self.count += 1

    @contextlib.contextmanager
    def reading(self, tag: str) -> Iterator[None]:
        """Within it a tag is read and written: what is met is the tag's, but for what the disk says."""
        failed: OSError | None = None
        with self.left_out.reading(self.run.name, tag):
            try:
                yield
            except OSError as error:
                if error.errno is None:  # not of the system: a picture that is none
                    raise
                failed = error
        if failed is not None:
            raise failed


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
            plain = value if isinstance(value, (str, int, float)) else json.dumps(value)
            if isinstance(plain, int) and abs(plain) > EXACT:  # TensorBoard's numbers are float64
                plain = str(plain)
            found[writable(f"{above}{key}")] = writable(plain) if isinstance(plain, str) else plain
    return found


def _add_layout(writer: EventWriter, run: StoredRun) -> int:
    """The layouts of a run as one, which is as many as TensorBoard looks at; how many values."""
    layout: dict[str, Any] = {}
    for tag in run.tags("layout"):
        layout.update(run.layout(tag))
    if layout:
        writer.add_value("layout", LAYOUT_TAG, 0, run.started or time.time(), [stored_array.words(layout)])
    return int(bool(layout))


def _derived(out: _Out) -> set[tuple[str, str]]:
    """(kind, tag) of what was made out of a model or of run metadata, which are written themselves."""
    sources = set()
    for tag in out.tags("file"):
        with out.reading(tag):
            if out.run.media("file", tag)[0].form == run_metadata.FORM:
                sources.add(tag)
    described = {tag for tag in out.tags("model") if not out.holds_models(tag)}
    return {("graph", tag) for tag in sources | described} | {("profile", tag) for tag in sources}


def _media(kind: str, items: list[Any]) -> list[Medium]:
    """The items as they were logged; the pictures in a table's cells, and what a pane shows, are items of their own."""
    whole = [part for item in items for part in ((item, *item.parts) if kind in ("table", "pane") else (item,))]
    return [Medium(each.form, each.attributes, each.data) for each in whole]


def _belongs(kind: str, items: list[Any], item: Any) -> bool:
    """Whether an item is part of the value that others began: the parts of a mesh may have been logged one by one."""
    if kind == "mesh":
        known = {each.attributes.get("part") for each in items}
        return bool(item.step == items[0].step and item.attributes.get("part") not in known)
    return bool(item.position)
