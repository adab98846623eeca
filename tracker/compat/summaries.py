"""What a SummaryWriter's arguments mean, as values of ours. The one place that says how each kind of them is kept."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedValueError, message
from tracker.series import sketch
from tracker.values import arrays, opaque, stored_array
from tracker.values.audio import to_int16
from tracker.values.embedding import Embedding
from tracker.values.graph import Graph
from tracker.values.histogram import Histogram
from tracker.values.image import Image
from tracker.values.pr_curve import ROWS, PRCurve
from tracker.values.value import Medium


def array_of(values: Any, what: str) -> npt.NDArray[Any]:
    """Numbers of any framework as NumPy's."""
    array, xp = arrays.real_array(values, what)
    found: npt.NDArray[Any] = array if xp is np else array.get()
    return found


def _arranged(values: Any, given: str, wanted: str, what: str) -> npt.NDArray[Any]:
    """An array whose axes are called `given`, with those of `wanted`; one that is missing gets length 1."""
    array = array_of(values, what)
    given = given.upper()
    if array.ndim != len(given) or len(set(given)) != len(given) or not set(given) <= set(wanted):
        raise LoggedValueError(
            message(
                f"{what}: dataformats must name each axis once.",
                expected=f"{array.ndim} letters out of {wanted}",
                got=f"{given!r} for {arrays.describe(values)}",
            )
        )
    order = [given.index(letter) for letter in wanted if letter in given]
    array = array.transpose(order)
    for place, letter in enumerate(wanted):
        if letter not in given:
            array = np.expand_dims(array, place)
    return array


def tensor(values: Any) -> opaque.OpaqueValue:
    """An array as it is."""
    return opaque.OpaqueValue("tensor", [stored_array.item(array_of(values, "add_tensor"))])


def histogram_of(
    low: float, high: float, total: float, squares: float, limits: Sequence[float], counts: Sequence[float]
) -> Histogram:
    """What was counted elsewhere: bins that end at `limits`, the first of them at the smallest value."""
    ends = np.asarray(limits, np.float64)
    first = [float(np.fmin(low, ends[0]))] if len(ends) else [0.0]
    return Histogram.of(
        sketch.from_edges([*first, *ends], counts, float(low), float(high), float(total), float(squares))
    )


def image(values: Any, dataformats: str) -> Image:
    """A picture, or a batch as a grid.

    Args:
        values: An array whose axes `dataformats` names, a picture of Pillow's, or a list of either, of any sizes.
        dataformats: Letters out of NHWC; for a list, of each picture in it.
    """
    if _is_pillow(values):
        return Image(values)
    axes = dataformats.upper().replace("N", "")
    if isinstance(values, (list, tuple)) and len(values) and (_is_pillow(values[0]) or _ndim(values[0]) == len(axes)):
        return Image(_together([_picture(each, axes) for each in values]), layout="HWC")
    array = _arranged(values, dataformats, "NHWC", "add_image")
    return Image(array[0] if len(array) == 1 else array, layout="HWC")


def _is_pillow(values: Any) -> bool:
    return type(values).__module__.startswith("PIL.")


def _ndim(values: Any) -> int:
    return int(values.ndim if hasattr(values, "ndim") else np.ndim(values))


def _picture(values: Any, axes: str) -> npt.NDArray[Any]:
    """(H, W, C)."""
    if _is_pillow(values):
        pixels = Image(values).pixels
        return pixels if pixels.ndim == 3 else pixels[..., None]
    return _arranged(values, axes, "HWC", "add_images")


def _together(pictures: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Pictures (H, W, C) as a batch; those of several sizes, types or numbers of channels as the greatest of each."""
    if len({(each.shape, each.dtype) for each in pictures}) == 1:
        return np.stack(pictures) if len(pictures) > 1 else pictures[0]
    shown = [Image(each, layout="HWC").pixels for each in pictures]
    shown = [each if each.ndim == 3 else each[..., None] for each in shown]
    height, width, channels = (max(each.shape[axis] for each in shown) for axis in range(3))
    batch = np.zeros((len(shown), height, width, channels), np.uint8)
    for place, each in zip(batch, shown, strict=True):
        spot = place[: each.shape[0], : each.shape[1]]
        spot[..., 3:] = 255
        spot[..., : min(channels, 3)] = each[..., :3]  # one channel becomes all three
        if each.shape[2] == 4:
            spot[..., 3] = each[..., 3]
    return batch


def image_with_boxes(values: Any, boxes: Any, dataformats: str, rescale: float, labels: Sequence[str] | None) -> Image:
    """A picture with boxes drawn into it."""
    from PIL import Image as Pictures
    from PIL import ImageDraw

    plain = image(values, dataformats)
    picture = Pictures.fromarray(plain.pixels).convert("RGB")
    corners = array_of(boxes, "add_image_with_boxes").reshape(-1, 4)
    if labels is not None and len(labels) != len(corners):
        raise LoggedValueError(
            message("add_image_with_boxes: a label for each box.", expected=len(corners), got=len(labels))
        )
    if rescale != 1:
        picture = picture.resize((max(1, int(picture.width * rescale)), max(1, int(picture.height * rescale))))
    draw = ImageDraw.Draw(picture)
    for number, (left, top, right, bottom) in enumerate((corners * rescale).tolist()):
        x1, x2, y1, y2 = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
        draw.rectangle((x1, y1, x2, y2), outline="red", width=2)
        if labels is not None:
            draw.text((x1 + 3, y1 + 2), str(labels[number]), fill="red")
    made = Image(np.asarray(picture))
    made.attributes["drawn_boxes"] = {
        "corners": corners.astype(np.float64).tolist(),
        "labels": [str(label) for label in labels] if labels is not None else None,
    }
    return made


def figures(found: Sequence[Any], close: bool) -> opaque.OpaqueValue:
    """Matplotlib's figures as pictures, drawn now."""
    items = []
    for figure in found:
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=figure.dpi)
        width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
        items.append(opaque.picture(out.getvalue(), int(width), int(height)))
        if close:
            from matplotlib import pyplot

            pyplot.close(figure)
    return opaque.OpaqueValue("figure", items)


def video(values: Any, fps: float, dataformats: str) -> opaque.OpaqueValue:
    """A batch of videos side by side, as an animated picture."""
    from PIL import Image as Pictures

    array = _arranged(values, dataformats, "TNHWC", "add_video")
    if not array.size or array.shape[-1] not in (1, 3, 4):
        raise LoggedValueError(
            message("add_video: this is not the shape of a video.", expected="(N, T, C, H, W)", got=array.shape)
        )
    frames = [Pictures.fromarray(Image(each, layout="HWC").pixels) for each in array]
    out = io.BytesIO()
    # GIF counts hundredths of a second, and browsers take less than two for ten: above 50 a second it is slower there.
    # The page keeps time itself, by `fps`.
    ends = np.rint(np.arange(len(frames) + 1) * (100 / fps)).astype(int)
    pause = (np.maximum(np.diff(ends), 2) * 10).tolist()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=pause, loop=0)
    noted = {"frames": len(frames), "fps": float(fps)}
    return opaque.OpaqueValue("video", [opaque.picture(out.getvalue(), frames[0].width, frames[0].height, **noted)])


def audio(values: Any, sample_rate: float) -> opaque.OpaqueValue:
    """A sound as 16-bit WAV."""
    array = np.atleast_2d(array_of(values, "add_audio").squeeze())
    frames = array.T if array.shape[0] <= array.shape[1] else array
    if array.ndim != 2 or frames.shape[1] > 8:
        raise LoggedValueError(
            message("add_audio: this is not the shape of a sound.", expected="(T,) or (C, T)", got=array.shape)
        )
    clipped, _ = to_int16(frames)  # integers over the range of their type, as a sound file has them
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(clipped.shape[1])
        file.setsampwidth(2)
        file.setframerate(int(sample_rate))
        file.writeframes(clipped.tobytes())
    return opaque.OpaqueValue("audio", [opaque.audio(out.getvalue(), int(sample_rate), clipped.shape[1], len(clipped))])


def embedding(mat: Any, metadata: Any, label_img: Any, header: Sequence[str] | None) -> Embedding:
    """Vectors, their labels and their pictures (N, C, H, W)."""
    return Embedding(mat, metadata, header or None, label_img)


def pr_curve(labels: Any, predictions: Any, num_thresholds: int, weights: Any) -> PRCurve:
    """Counts over thresholds. What lies outside of 0 to 1 counts at that end: TensorBoard's writers refuse nothing."""
    scores = np.clip(array_of(predictions, "add_pr_curve").astype(np.float64), 0.0, 1.0)
    return PRCurve(labels, scores, int(num_thresholds), weights)


def pr_curve_of(rows: Sequence[Any]) -> opaque.OpaqueValue:
    """The six rows of a precision-recall curve that was computed elsewhere, as one array (6, thresholds)."""
    curve = np.stack([array_of(row, "add_pr_curve_raw").astype(np.float64).reshape(-1) for row in rows])
    return opaque.OpaqueValue("pr_curve", [stored_array.item(curve, rows=list(ROWS))])


def mesh(vertices: Any, colors: Any, faces: Any, config: Mapping[str, Any] | None) -> opaque.OpaqueValue:
    """Vertices, faces and colors as arrays side by side."""
    said = json.dumps(dict(config), default=str) if config else ""
    items: list[Medium] = []
    for part, values in (("vertices", vertices), ("faces", faces), ("colors", colors)):
        if values is None:
            continue
        array = array_of(values, "add_mesh")
        if array.ndim != 3 or array.shape[-1] != 3:
            raise LoggedValueError(message(f"add_mesh: {part} come in threes.", expected="(B, N, 3)", got=array.shape))
        items.append(stored_array.item(array, part=part, config=said))
    return opaque.OpaqueValue("mesh", items)


def openvino_graph(path: Path) -> Graph:
    """Layers and edges of an OpenVINO file."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 the caller's own file, which expat bounds against bombs
    names = {layer.get("id"): layer.get("name") or layer.get("id") or "?" for layer in root.iter("layer")}
    kinds = {"Parameter": "input", "Input": "input", "Const": "parameter", "Result": "output"}
    nodes = [
        {
            "name": names[layer.get("id")],
            "op": layer.get("type") or "?",
            "kind": kinds.get(layer.get("type") or "", "op"),
        }
        for layer in root.iter("layer")
    ]
    edges = [
        {"source": names[edge.get("from-layer")], "target": names[edge.get("to-layer")]} for edge in root.iter("edge")
    ]
    return Graph(nodes, edges)
