"""Event files written: what TensorBoard reads, from values of ours."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracker.foreign import hparams, mesh_parts, protos, tensors, tfgraph
from tracker.foreign.records import framed
from tracker.store import sketch
from tracker.values import kept
from tracker.values.value import Medium

FILE_VERSION = b"brain.Event:2"


class EventWriter:
    """An event file being written; any thread may add to it.

    Args:
        folder: Where the file goes; made if it is not there.
        suffix: At the end of the file's name.
        writer: What the file says that it was written by.
    """

    def __init__(self, folder: Path, suffix: str = "", writer: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        begun, number = time.time(), 0
        while True:
            # Two writers of one second in one folder must not share a file: TensorBoard reads each to its end.
            name = f"events.out.tfevents.{int(begun):010}.{socket.gethostname()}.{os.getpid()}.{number}{suffix}"
            with contextlib.suppress(FileExistsError):
                self._file = (folder / name).open("xb")
                break
            number += 1
        self.path = folder / name
        self._lock = threading.Lock()
        event = protos.Event(wall_time=begun, file_version=FILE_VERSION)
        event.source_metadata.writer = writer.encode()
        self.add(event)

    def add(self, event: Any) -> None:
        """Appends an event."""
        record = framed(event.SerializeToString())
        with self._lock:
            self._file.write(record)

    def add_number(self, tag: str, step: int, wall_time: float, value: float, *, wide: bool = False) -> None:
        """Appends a number as float32, which is all that TensorBoard's own writers keep.

        Args:
            tag, step, wall_time, value: The point.
            wide: Write a tensor of float64 instead, which TensorBoard reads too.
        """
        event = protos.Event(wall_time=wall_time, step=step)
        made = event.summary.value.add(tag=tag.encode())
        if wide:
            made.metadata.plugin_data.plugin_name = b"scalars"
            tensors.fill(made.tensor, np.asarray(value, np.float64))
        else:
            with np.errstate(over="ignore"):
                made.simple_value = float(np.float32(value))
        self.add(event)

    def add_value(self, kind: str, tag: str, step: int, wall_time: float, content: Any) -> None:
        """Appends a value that is not a number, of items or a sketch, in the form that TensorBoard has for its kind."""
        if kind == "graph":
            self.add(protos.Event(wall_time=wall_time, step=step, graph_def=tfgraph.graph_def(content[0].data)))
            return
        event = protos.Event(wall_time=wall_time, step=step)
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
        """Gives everything to the system."""
        with self._lock:
            self._file.flush()

    def close(self) -> None:
        """Ends the file. Can be called twice."""
        with self._lock:
            self._file.close()


def _fill(values: Any, kind: str, tag: str, content: Any) -> None:
    """Adds the summary values that stand for one of ours."""
    if kind == "histogram":
        _fill_histogram(values.add(tag=tag.encode()).histo, content)
        return
    items: Sequence[Medium] = content
    if kind in ("image", "figure", "video") and items and items[0].form.startswith("image/"):
        for number, item in enumerate(items):
            image = values.add(tag=(f"{tag}/{number}" if len(items) > 1 else tag).encode()).image
            image.width, image.height = item.attributes.get("width", 0), item.attributes.get("height", 0)
            image.colorspace, image.encoded_image_string = 3, _readable(item)
        return
    if kind == "audio":
        for number, item in enumerate(items):
            sound = values.add(tag=(f"{tag}/{number}" if len(items) > 1 else tag).encode()).audio
            sound.sample_rate = item.attributes.get("sample_rate", 0)
            sound.num_channels = item.attributes.get("channels", 0)
            sound.length_frames = item.attributes.get("frames", 0)
            sound.content_type, sound.encoded_audio_string = item.form.encode(), item.data
        return
    if kind == "mesh":
        mesh_parts.fill(values, tag, items)
        return
    value = values.add(tag=tag.encode())
    about = value.metadata.plugin_data
    if kind == "pr_curve":
        curve = kept.array_of(items[0].data)
        about.plugin_name = b"pr_curves"
        about.content = protos.PrCurve(num_thresholds=curve.shape[1]).SerializeToString()
        tensors.fill(value.tensor, curve.astype(np.float32))
    elif kind == "layout":
        value.tag = b"custom_scalars__config__"
        about.plugin_name = b"custom_scalars"
        tensors.fill_strings(value.tensor, [hparams.layout(json.loads(items[0].data))], ())
    elif kind == "text":
        about.plugin_name = b"text"
        tensors.fill_strings(value.tensor, [item.data for item in items], (len(items),))
    elif items[0].form == kept.ARRAY_FORM:
        about.plugin_name = str(items[0].attributes.get("plugin", kind)).encode()
        if "classes" in items[0].attributes:
            about.content = json.dumps({"classes": items[0].attributes["classes"]}).encode()
        tensors.fill(value.tensor, kept.array_of(items[0].data))
    else:
        # No plugin of TensorBoard's shows it, but what is written can be read back.
        about.plugin_name = kind.encode()
        tensors.fill_strings(value.tensor, [item.data for item in items], (len(items),))


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
