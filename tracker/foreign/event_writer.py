"""Event files written: what TensorBoard reads, from values of ours."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracker import coerce
from tracker.foreign import hparams, mesh_parts, our_kinds, plugin_files, protos, run_metadata, tensors, tfgraph
from tracker.foreign.growing_file import GrowingFile
from tracker.foreign.records import framed
from tracker.foreign.tfevents import META_GRAPH_FORM
from tracker.series import sketch
from tracker.values import stored_array
from tracker.values.value import Medium

FILE_VERSION = b"brain.Event:2"


class EventWriter:
    """An event file being written; any thread may add to it.

    Args:
        folder: Where the file goes; made if it is not there.
        suffix: At the end of the file's name.
        writer: What the file says that it was written by.
        patient: Whether a disk that takes nothing is waited for, as in a training, and not an error.

    Raises:
        OSError: as `GrowingFile`; unless `patient`.
    """

    def __init__(self, folder: Path, suffix: str = "", writer: str = "", *, patient: bool = False) -> None:
        self.folder = folder

        def head(begun: float) -> bytes:
            event = protos.Event(wall_time=begun, file_version=FILE_VERSION)
            event.source_metadata.writer = writer.encode()
            return framed(event.SerializeToString())

        self._file = GrowingFile(folder, suffix, head, patient=patient)

    @property
    def path(self) -> Path:
        """The file; after `close()` the next event goes into another."""
        return self._file.path

    def add(self, event: Any) -> None:
        """Appends an event: our message, or any of TensorFlow's form."""
        self._file.add(framed(event.SerializeToString()))

    def add_number(self, tag: str, step: int, wall_time: float, value: float, *, wide: bool = False) -> None:
        """Appends a number as float32, which is all that TensorBoard's own writers keep.

        Args:
            tag, step, wall_time, value: The point.
            wide: Write a tensor of float64 instead, which TensorBoard reads too.
        """
        event = protos.Event(wall_time=wall_time, step=step)
        made = event.summary.value.add(tag=coerce.text(tag).encode())
        if wide:
            made.metadata.plugin_data.plugin_name = b"scalars"
            tensors.fill(made.tensor, np.asarray(value, np.float64))
        else:
            with np.errstate(all="ignore"):
                made.simple_value = float(np.float32(value))
        self.add(event)

    def add_value(self, kind: str, tag: str, step: int, wall_time: float, content: Any) -> None:
        """Appends a value that is not a number, of items or a sketch, in the form that TensorBoard has for its kind.

        Embeddings and profiles are no events to TensorBoard: they become files beside this one.
        """
        event = protos.Event(wall_time=wall_time, step=step)
        tag = coerce.text(tag)
        form = content[0].form if kind in ("file", "profile") else ""
        if kind == "embedding":
            plugin_files.write_embedding(self.folder, tag, step, content)
            return
        if kind == "profile" or (kind == "file" and form == "application/octet-stream"):
            plugin_files.write_profile(self.folder, tag, step, content[0])
            return
        if kind == "graph":
            event.graph_def = tfgraph.graph_def(content[0].data)
        elif form == run_metadata.FORM:
            event.tagged_run_metadata.tag = tag.encode()
            event.tagged_run_metadata.run_metadata = content[0].data
        elif form == META_GRAPH_FORM:
            event.meta_graph_def = content[0].data
        else:
            _fill(event.summary.value, kind, tag, content)
        self.add(event)

    def add_hparams(self, tag: str, wall_time: float, content: bytes) -> None:
        """Appends what the hparams plugin reads; see `tracker.foreign.hparams`."""
        event = protos.Event(wall_time=wall_time)
        about = event.summary.value.add(tag=tag.encode()).metadata.plugin_data
        about.plugin_name, about.content = hparams.PLUGIN.encode(), content
        self.add(event)

    def add_restart(self, step: int) -> None:
        """Says that training went back: what was written of this step and later ones is void."""
        event = protos.Event(wall_time=time.time(), step=step)
        event.session_log.status = protos.SESSION_START
        self.add(event)

    def flush(self) -> None:
        """Gives the system what a full disk kept waiting; it has all else."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file. Can be called twice."""
        self._file.close()


def _fill(values: Any, kind: str, tag: str, content: Any) -> None:
    """Adds the summary values that stand for one of ours."""
    if kind == "histogram":
        _fill_histogram(values.add(tag=tag.encode()).histo, content)
        return
    items: Sequence[Medium] = content
    if kind == "mesh":
        mesh_parts.fill(values, tag, items)
        return
    value = values.add(tag=tag.encode())
    value.metadata.display_name = str(items[0].attributes.get("display_name", "")).encode()
    value.metadata.summary_description = str(items[0].attributes.get("description", "")).encode()
    about = value.metadata.plugin_data
    if kind in ("image", "figure", "video") and items[0].form.startswith("image/"):
        _fill_images(value, items)
    elif kind == "audio":
        _fill_sounds(value, items)
    elif kind == "pr_curve":
        curve = stored_array.read(items[0].data)
        about.plugin_name = b"pr_curves"
        about.content = protos.PrCurve(num_thresholds=curve.shape[1]).SerializeToString()
        tensors.fill(value.tensor, curve.astype(np.float32))
    elif kind == "layout":
        value.tag = b"custom_scalars__config__"
        about.plugin_name = b"custom_scalars"
        tensors.fill_strings(value.tensor, [hparams.layout(json.loads(items[0].data))], ())
    elif kind == "hparams":
        about.plugin_name, about.content = hparams.PLUGIN.encode(), hparams.content_of(json.loads(items[0].data))
    elif kind == "text":
        about.plugin_name = b"text"
        shape = tuple(items[0].attributes.get("table") or (len(items),))
        tensors.fill_strings(value.tensor, [item.data for item in items], shape)
    elif kind == "model":
        about.plugin_name = b"graph_keras_model"
        tensors.fill_strings(value.tensor, [items[0].data], ())
    elif items[0].form == stored_array.ARRAY_FORM and kind not in our_kinds.KINDS:
        about.plugin_name = str(items[0].attributes.get("plugin", kind)).encode()
        tensors.fill(value.tensor, stored_array.read(items[0].data))
    else:
        # No plugin of TensorBoard's shows it, but what is written can be read back.
        our_kinds.fill(value, kind, items)


def _fill_images(value: Any, items: Sequence[Medium]) -> None:
    """One picture as an image, several as the tensor that TensorBoard has for them."""
    width, height = (_size(items[0], side) for side in ("width", "height"))
    if len(items) == 1:
        value.image.width, value.image.height = width, height
        value.image.colorspace, value.image.encoded_image_string = 3, _readable(items[0])
        return
    value.metadata.plugin_data.plugin_name = b"images"
    shown = [str(width).encode(), str(height).encode(), *map(_readable, items)]
    tensors.fill_strings(value.tensor, shown, (len(shown),))


def _size(item: Medium, name: str) -> int:
    """What an item says of its size; 0, which is "not said", where that is none. The picture itself says it too."""
    found = item.attributes.get(name)
    return int(found) if isinstance(found, (int, float)) and 0 <= found < 1 << 31 else 0


def _fill_sounds(value: Any, items: Sequence[Medium]) -> None:
    """One sound as it is, several as the tensor of sounds and labels that TensorBoard has for them."""
    if len(items) == 1:
        sound, known = value.audio, items[0]
        sound.sample_rate, sound.num_channels = _size(known, "sample_rate"), _size(known, "channels")
        sound.length_frames = _size(known, "frames")
        sound.content_type, sound.encoded_audio_string = items[0].form.encode(), items[0].data
        return
    value.metadata.plugin_data.plugin_name = b"audio"
    pairs = [part for item in items for part in (item.data, str(item.attributes.get("label", "")).encode())]
    tensors.fill_strings(value.tensor, pairs, (len(items), 2))


def _fill_histogram(histo: Any, found: sketch.Sketch) -> None:
    counts, edges = sketch.histogram(found)
    histo.min, histo.max = found.min, found.max
    histo.num, histo.sum, histo.sum_squares = float(counts.sum()), found.sum, found.sum_squares
    histo.bucket_limit.extend(edges[1:].tolist())
    histo.bucket.extend(counts.astype(np.float64).tolist())


def _readable(item: Medium) -> bytes:
    """A picture that TensorBoard's page shows: WebP as PNG, all others as they are."""
    if item.form != "image/webp":
        return item.data
    from PIL import Image

    out = io.BytesIO()
    picture = Image.open(io.BytesIO(item.data))
    if getattr(picture, "n_frames", 1) > 1:
        picture.save(out, "GIF", save_all=True, loop=0)
    else:
        picture.save(out, "PNG")
    return out.getvalue()
