"""TensorBoard's events as ours: every plugin's data, those without a page of their own yet kept whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from tracker.errors import DamagedBytesError, TrackerError
from tracker.foreign import hparams, mesh_parts, our_kinds, protos, run_metadata, scalar_events, tensors
from tracker.foreign.batch import Batch, Item, MarkFound
from tracker.foreign.record_bodies import Bodies
from tracker.series import sketch
from tracker.series.stretch import Points
from tracker.store.read.left_out import why
from tracker.values import opaque, stored_array
from tracker.values.graph import Graph
from tracker.values.value import Medium

OUR_WRITER = "everystep"
"""`SourceMetadata.writer` of event files that our own SummaryWriter wrote beside a run of ours."""

META_GRAPH_FORM = "application/x-tensorflow-meta-graph"

LONGEST_SAID = 100
"""Characters of a tag that stand in a sentence about it."""

UNTIMED = "events without a time"
"""Said of those whose wall time is NaN or infinite: no chart over time has a place for them."""

_CHECKPOINT = 3


class EventDecoder:
    """Turns the events of one file into batches. What a tag's first event says of its plugin holds for later ones.

    Attributes:
        plugins: The plugin of each tag that named one, so that reading can go on in the middle of a file.
        writer: Which program says that it wrote the file; empty where none does.
    """

    def __init__(self, plugins: dict[str, str] | None = None) -> None:
        self.plugins = dict(plugins or {})
        self.writer = ""

    def decode(self, bodies: Bodies) -> Iterator[Batch]:
        """The events of some records; a batch for each stretch between restarts."""
        columns, others = scalar_events.read(bodies)
        batch = Batch()
        singles: dict[str, list[tuple[int, int, float, float]]] = {}
        for place in others.tolist():
            event = _event(bodies[place], batch)
            if event is None:
                continue
            if event.session_log.status == protos.SESSION_START and place:
                # What lies before is another stretch; rare enough to begin both anew.
                yield from self.decode(bodies[:place])
                yield from self.decode(bodies[place:])
                return
            self._take(event, place, batch, singles)
        parts: dict[str, list[scalar_events.ScalarColumns]] = {}
        for each in (_timed(each, batch) for each in columns):
            if each.plugin:
                self.plugins[each.tag] = each.plugin
            if each.is_tensor and self.plugins.get(each.tag, "scalars") != "scalars":
                for place in each.place.tolist():
                    event = _event(bodies[place], batch)
                    if event is not None:
                        self._take(event, place, batch, singles)
                continue
            if len(each.place):
                parts.setdefault(each.tag, []).append(each)
        for tag in sorted({*parts, *singles}, key=lambda tag: _first(parts.get(tag), singles.get(tag))):
            batch.numbers.append((tag, _joined(parts.get(tag, []), singles.get(tag, []))))
        yield batch

    def _take(
        self, event: Any, place: int, batch: Batch, singles: dict[str, list[tuple[int, int, float, float]]]
    ) -> None:
        try:
            self._taken(event, place, batch, singles)
        except Exception as error:  # noqa: BLE001 a file may hold anything; this event is counted, the others go on
            batch.left_out[f"events: {why(error)}"] += 1

    def _taken(
        self, event: Any, place: int, batch: Batch, singles: dict[str, list[tuple[int, int, float, float]]]
    ) -> None:
        if event.source_metadata.writer:
            self.writer = protos.text(event.source_metadata.writer)
        step, wall_time = event.step, event.wall_time
        if not np.isfinite(wall_time):
            batch.left_out[UNTIMED] += 1
            return
        what = event.WhichOneof("what")
        if what == "summary":
            before = len(batch.items)
            for value in event.summary.value:
                try:
                    self._value(value, place, step, wall_time, batch, singles)
                except Exception as error:  # noqa: BLE001 a value may hold anything; the others of its event go on
                    batch.left_out[f"values of {_short(protos.text(value.tag))!r}: {why(error)}"] += 1
            batch.items[before:] = mesh_parts.joined(batch.items[before:])
        elif what == "graph_def":
            try:
                batch.items.append(Item("graph", "graph", step, wall_time, run_metadata.graph_items(event.graph_def)))
            except (DecodeError, TrackerError) as error:
                batch.left_out[f"graphs: {why(error)}"] += 1
        elif what == "meta_graph_def":
            raw = Medium(META_GRAPH_FORM, {}, event.meta_graph_def)
            batch.items.append(Item("file", "meta_graph", step, wall_time, [raw]))
        elif what == "tagged_run_metadata":
            tagged = event.tagged_run_metadata
            tag = protos.text(tagged.tag) or "run"
            try:
                for kind, name, content in run_metadata.items(tagged.run_metadata, tag):
                    batch.items.append(Item(kind, name, step, wall_time, content))
            except (DecodeError, TrackerError) as error:
                batch.left_out[f"run metadata: {why(error)}"] += 1
        elif what == "log_message":
            batch.items.append(Item("text", "log", step, wall_time, [_words(event.log_message.message, False)]))
        elif what == "session_log":
            log = event.session_log
            if log.status == protos.SESSION_START:
                batch.restart = step
            elif log.status == _CHECKPOINT:
                path = protos.text(log.checkpoint_path)
                batch.marks.append(MarkFound(step, wall_time, "checkpoint", path or "checkpoint"))

    def _value(
        self,
        value: Any,
        place: int,
        step: int,
        wall_time: float,
        batch: Batch,
        singles: dict[str, list[tuple[int, int, float, float]]],
    ) -> None:
        tag = protos.text(value.tag) or protos.text(value.node_name) or "untagged"
        plugin = protos.text(value.metadata.plugin_data.plugin_name)
        if plugin:
            self.plugins[tag] = plugin
        plugin = plugin or self.plugins.get(tag, "")
        which = value.WhichOneof("value")
        if plugin == hparams.PLUGIN:
            content = value.metadata.plugin_data.content
            batch.config.update(hparams.config_of(content))
            batch.items.append(Item("hparams", tag, step, wall_time, [stored_array.words(hparams.plain(content))]))
        elif which == "simple_value":
            singles.setdefault(tag, []).append((place, step, wall_time, value.simple_value))
        elif which == "tensor" and plugin in ("", "scalars") and _is_number(value.tensor):
            number = float(tensors.array_of(value.tensor).reshape(-1)[0])
            singles.setdefault(tag, []).append((place, step, wall_time, number))
        elif which is None:
            batch.left_out[f"values of {_short(tag)!r}: they have no content"] += 1
        else:
            for kind, name, content in _items(value, tag, plugin):
                batch.items.append(Item(kind, name, step, wall_time, content))


def _event(body: bytes, batch: Batch) -> Any:
    """A record as an event; None where it is none, which is counted."""
    try:
        return protos.Event.FromString(body)
    except DecodeError:
        batch.left_out["records that are no event"] += 1
        return None


def _short(tag: str) -> str:
    return tag if len(tag) <= LONGEST_SAID else f"{tag[:LONGEST_SAID]}…"


def _timed(columns: scalar_events.ScalarColumns, batch: Batch) -> scalar_events.ScalarColumns:
    """Those of them that have a time; the others are counted."""
    is_timed = np.isfinite(columns.wall_time)
    if is_timed.all():
        return columns
    batch.left_out[UNTIMED] += int(np.count_nonzero(~is_timed))
    return columns._replace(**{name: getattr(columns, name)[is_timed] for name in scalar_events.COLUMNS})


def _is_number(tensor: Any) -> bool:
    size = int(np.prod([1, *tensors.shape_of(tensor)]))
    return tensor.dtype != tensors.STRING and size == 1


def _first(
    columns: list[scalar_events.ScalarColumns] | None, singles: list[tuple[int, int, float, float]] | None
) -> int:
    return min([*(int(each.place[0]) for each in columns or ()), *(place for place, *_ in singles or ())])


def _joined(columns: list[scalar_events.ScalarColumns], singles: list[tuple[int, int, float, float]]) -> Points:
    """The points of a tag in the order of the file."""
    index = np.concatenate([*(each.place for each in columns), np.array([each[0] for each in singles], np.int64)])
    step = np.concatenate([*(each.step for each in columns), np.array([each[1] for each in singles], np.int64)])
    time = np.concatenate([*(each.wall_time for each in columns), np.array([each[2] for each in singles], np.float64)])
    value = np.concatenate([*(each.value for each in columns), np.array([each[3] for each in singles], np.float64)])
    order = np.argsort(index, kind="stable")
    return Points(step[order], time[order], value[order])


def _words(data: bytes, markdown: bool = True, **attributes: Any) -> Medium:
    return Medium("text/plain", {"markdown": markdown, **attributes}, protos.text(data).encode())


def _items(value: Any, tag: str, plugin: str) -> Iterator[tuple[str, str, Any]]:
    """(kind, tag, content) of a value that is not a number."""
    which = value.WhichOneof("value")
    said = {
        name: protos.text(text)
        for name, text in (
            ("display_name", value.metadata.display_name),
            ("description", value.metadata.summary_description),
        )
        if text
    }
    if which == "image":
        image = value.image
        yield "image", tag, [opaque.picture(image.encoded_image_string, image.width, image.height, **said)]
    elif which == "audio":
        sound = value.audio
        data = sound.encoded_audio_string
        yield "audio", tag, [opaque.audio(data, sound.sample_rate, sound.num_channels, sound.length_frames, **said)]
    elif which == "histo":
        yield "histogram", tag, _histogram(value.histo)
    elif plugin == "histograms":
        yield "histogram", tag, _histogram_of_tensor(tensors.array_of(value.tensor))
    elif plugin.startswith("graph_keras_model") and value.tensor.string_val:
        data = value.tensor.string_val[0]
        yield "model", tag, [Medium("application/vnd.keras+json", said, data)]
        yield "graph", tag, Graph.from_keras(data).encode()
    elif plugin.startswith("graph_run_metadata") and value.tensor.string_val:
        yield from run_metadata.items(value.tensor.string_val[0], tag)
    else:
        yield _of_tensor(value, tag, plugin, said)


def _of_tensor(value: Any, tag: str, plugin: str, said: dict[str, Any]) -> tuple[str, str, list[Medium]]:
    tensor = value.tensor
    strings = tensors.strings_of(tensor)
    if plugin == "images" and len(strings) > 2:
        width, height = (int(text) if text.isdigit() else 0 for text in strings[:2])
        return "image", tag, [opaque.picture(data, width, height, **said) for data in strings[2:]]
    if plugin == "audio":
        # Pairs of sound and label; a tensor without the second axis has sounds only.
        pairs = (
            zip(strings[::2], strings[1::2], strict=False)
            if len(tensors.shape_of(tensor)) == 2
            else ((s, b"") for s in strings)
        )
        return (
            "audio",
            tag,
            [opaque.wave(data, **({**said, "label": protos.text(label)} if label else said)) for data, label in pairs],
        )
    if plugin == "text":
        shape = tensors.shape_of(tensor)
        table = {"table": list(shape)} if len(shape) > 1 else {}
        return "text", tag, [_words(each, True, **table, **said) for each in strings]
    ours = our_kinds.items(plugin, value.metadata.plugin_data.content, strings)
    if ours is not None:
        return plugin, tag, ours
    if plugin == "pr_curves":
        curve = tensors.array_of(tensor)
        return "pr_curve", tag, [stored_array.item(curve, rows=["tp", "fp", "tn", "fn", "precision", "recall"], **said)]
    if plugin == mesh_parts.PLUGIN:
        return ("mesh", *mesh_parts.part(value, tag, said))
    if plugin == "custom_scalars" and strings:
        return "layout", tag, [stored_array.words(hparams.layout_of(strings[0]))]
    noted = {"plugin": plugin, **said}
    if tensor.dtype == tensors.STRING:
        return "tensor", tag, [Medium("application/octet-stream", noted, data) for data in strings]
    return "tensor", tag, [stored_array.item(tensors.array_of(tensor), **noted)]


def _histogram(histo: Any) -> sketch.Sketch:
    limits, counts = list(histo.bucket_limit), list(histo.bucket)
    if len(limits) != len(counts):
        raise DamagedBytesError(f"a histogram has {len(counts)} counts for {len(limits)} limits")
    first = [histo.min if histo.min < limits[0] else limits[0]] if limits else [0.0]  # it may be NaN
    made = sketch.from_edges([*first, *limits], counts, histo.min, histo.max, histo.sum, histo.sum_squares)
    return made


def _histogram_of_tensor(rows: Any) -> sketch.Sketch:
    """From rows of left edge, right edge, count."""
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise DamagedBytesError(f"a histogram of shape {rows.shape}")
    if not len(rows):
        return sketch.EMPTY
    left, right, counts = rows.astype(np.float64).T
    middle = (left + right) / 2
    filled = counts > 0
    low = float(left[filled].min()) if filled.any() else float("nan")
    high = float(right[filled].max()) if filled.any() else float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        total, squares = float((middle * counts).sum()), float((middle**2 * counts).sum())
    return sketch.from_edges([*left, right[-1]], counts, low, high, total, squares)


def left_out_in_words(left_out: Counter[str]) -> list[str]:
    """What was not kept, a sentence each."""
    return [f"{count:,} {what}" for what, count in sorted(left_out.items())]
