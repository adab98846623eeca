"""Image: a picture, or a grid of them, with what is known and predicted of it."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays, layers
from tracker.values.value import Medium, Value

MAX_PIXELS = 64_000_000
"""The largest picture that is kept, 8,000 × 8,000: what a browser still shows."""

TOP_PREDICTIONS = 10
"""Predictions kept of each picture, the most probable ones."""


class Image(Value):
    """A picture as lossless WebP, encoded off the caller's thread.

    Args:
        data: An array of shape (H, W), (H, W, C) or (C, H, W) with C = 1, 3 or 4, a batch of those
            (N, …) which becomes a grid, a PIL image, or the path of a picture's file; what a camera noted of how it was
            held is heard. (N, H, W) is a batch of grey pictures where H and W are alike (neither is more than twice
            the other) and N is no number of channels. uint8 and booleans are taken as they are, floats as 0 to 1,
            uint16 as 0 to 65,535, other integers as 0 to 255, or as black and white where they are all 0 and 1; what
            lies outside is clipped, NaN becomes 0, and how many elements that were is kept with the picture.
        caption: A line of text below it.
        label: What it truly shows.
        predictions: What the model says it shows: probability by class name, or probabilities in the order of the
            classes, whose names are then "0", "1", …; the ten most probable are kept.
        layout: "HWC" or "CHW" for arrays that could be either; torch tensors are taken as CHW, others as HWC.
        boxes: Rectangles over it, in layers; see `layers.boxes`.
        masks: The class of each pixel, in layers; see `layers.masks`.

    Raises:
        LoggedTypeError: `data` is neither an array nor a PIL image, nor a path.
        LoggedValueError: not the shape of a picture, empty, or larger than 64 million pixels; a file that holds none.
    """

    kind = "image"

    def __init__(
        self,
        data: Any,
        caption: str | None = None,
        *,
        label: object = None,
        predictions: Any = None,
        layout: str | None = None,
        boxes: Any = None,
        masks: Any = None,
    ) -> None:
        self.pixels, noted = _pixels(data, layout)
        self.attributes: dict[str, Any] = {"height": self.pixels.shape[0], "width": self.pixels.shape[1], **noted}
        if caption is not None:
            self.attributes["caption"] = coerce.text(caption)
        if label is not None:
            self.attributes["label"] = coerce.text(label)
        if predictions is not None:
            self.attributes["predictions"] = _ranked(predictions)
        height, width = self.pixels.shape[:2]
        if boxes is not None:
            self.attributes["boxes"] = layers.boxes(boxes, width, height)
        self.masks = [] if masks is None else layers.masks(masks, (height, width))
        if self.masks:
            self.attributes["masks"] = [{"name": name, "labels": labels} for name, _, labels in self.masks]

    @property
    def n_bytes(self) -> int:
        return self.pixels.nbytes + sum(mask.nbytes for _, mask, _ in self.masks) + 500

    def encode(self) -> list[Medium]:
        parts = [Medium("image/webp", {"belongs": "mask", "name": name}, _webp(mask)) for name, mask, _ in self.masks]
        return [Medium("image/webp", self.attributes, _webp(self.pixels)), *parts]


def _ranked(predictions: Any) -> list[dict[str, Any]]:
    """The most probable classes first; one whose probability is NaN comes last and has none."""
    try:
        if isinstance(predictions, Mapping):
            known = [(coerce.text(name), float(p)) for name, p in predictions.items()]
        else:
            array, xp = arrays.real_array(predictions, "Image: predictions")
            known = [(str(number), float(p)) for number, p in enumerate(array if xp is np else array.get())]
    except (TypeError, ValueError, RuntimeError) as error:
        raise LoggedTypeError(
            message(
                "Image: predictions are probabilities of classes.",
                expected='{"cat": 0.7, "dog": 0.3}, or one probability a class in the order of the classes',
                got=arrays.describe(predictions),
            )
        ) from error
    known.sort(key=lambda pair: -pair[1] if math.isfinite(pair[1]) else math.inf)
    return [{"name": name, "probability": p if math.isfinite(p) else None} for name, p in known[:TOP_PREDICTIONS]]


def _webp(pixels: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image as Pictures

    out = io.BytesIO()
    # Method 0: 36 ms for 1024 × 1024 × 3 where PNG takes 205, and 14 % smaller (measured). Exact: without it the
    # colour of what is wholly transparent is thrown away.
    Pictures.fromarray(pixels).save(out, "WEBP", lossless=True, exact=True, method=0, quality=0)
    return out.getvalue()


def _pixels(data: Any, layout: str | None) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
    if layout not in (None, "HWC", "CHW"):
        raise LoggedValueError(
            message("Image: layout names the order of the axes.", expected='"HWC" or "CHW"', got=repr(layout))
        )
    if isinstance(data, (str, os.PathLike)):
        data = _opened(Path(data))
    if type(data).__module__.startswith("PIL."):
        data = _upright(data)
        if data.mode in ("I", "F") or data.mode.startswith("I;16"):  # what `convert` would cut off at 255
            deep = np.asarray(data)
            if data.mode != "F":
                deep = (
                    np.clip(deep, 0, 65_535).astype(np.uint16)
                    if data.mode != "I" or deep.max(initial=0) > 255
                    else deep
                )
            return to_uint8(_checked(deep, data))
        opaque = data.mode in ("1", "L", "RGB", "P", "CMYK", "YCbCr") and "transparency" not in data.info
        if data.mode == "P" and data.palette is not None and data.palette.mode == "RGBA":
            opaque = False
        if data.mode == "La":  # Pillow knows one way only
            data = data.convert("LA")
        mode = "L" if opaque and data.mode in ("1", "L") else "RGB" if opaque else "RGBA"
        decoded: npt.NDArray[Any] = np.asarray(data.convert(mode))
        return _checked(decoded, data), {}
    if isinstance(data, np.ma.MaskedArray):  # what is masked is shown as what is missing
        data = data.filled(np.nan if data.dtype.kind == "f" else 0)
    array, xp = arrays.real_array(data, "Image")
    array = array if xp is np else array.get()
    prefer_chw = layout == "CHW" or (layout is None and type(data).__module__.partition(".")[0] == "torch")
    if array.ndim == 4:
        array = _grid(np.stack([_hwc(each, prefer_chw, layout, data) for each in array]) if len(array) else array)
    elif layout is None and _are_grey(array.shape):
        array = _grid(array[..., None])
    else:
        array = _hwc(array, prefer_chw, layout, data)
    pixels, noted = to_uint8(_checked(array, data))
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels, noted


def _opened(path: Path) -> Any:
    """The picture in a file, read whole."""
    from PIL import Image as Pictures

    try:
        with Pictures.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(picture.height, picture.width)
            picture.load()
            return picture
    except LoggedValueError:
        raise
    except (OSError, SyntaxError, ValueError, Pictures.DecompressionBombError, Warning) as error:
        raise LoggedValueError(
            message("Image: the file cannot be read.", expected="a picture, such as PNG or JPEG", got=str(error))
        ) from error


def _upright(picture: Any) -> Any:
    """A picture as every viewer shows it: turned as its EXIF orientation says."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001 an odd note of a camera must not cost the picture
        return picture


def _shape_hint(shape: tuple[int, ...]) -> str:
    if len(shape) != 3:
        return ""
    if shape[-1] < shape[0]:
        return f"Of {shape[-1]} channels log each as a picture: np.moveaxis(x, -1, 0)[..., None] is a batch of them."
    return f"Of {shape[0]} pictures of one channel log x[..., None]."


def _are_grey(shape: tuple[int, ...]) -> bool:
    """Whether (N, H, W) is N pictures of one channel, and not a picture of channels that nobody sees."""
    if len(shape) != 3 or 0 in shape or {shape[0], shape[-1]} & {1, 3, 4}:
        return False
    return max(shape[1:]) <= 2 * min(shape[1:]) and shape[-1] > 4


def _hwc(array: npt.NDArray[Any], prefer_chw: bool, layout: str | None, data: Any) -> npt.NDArray[Any]:
    if array.ndim == 2:
        return array[..., None]
    if array.ndim == 3:
        is_hwc = array.shape[-1] in (1, 3, 4) and layout != "CHW"
        is_chw = array.shape[0] in (1, 3, 4) and layout != "HWC"
        if is_chw and (prefer_chw or not is_hwc):
            return np.moveaxis(array, 0, -1)
        if is_hwc:
            return array
    raise LoggedValueError(
        message(
            "Image: this is not the shape of a picture.",
            expected="(H, W), (H, W, C) or (C, H, W) with C = 1, 3 or 4, or a batch (N, …) of those",
            got=arrays.describe(data),
            hint=_shape_hint(array.shape),
        )
    )


def _checked(array: npt.NDArray[Any], data: Any) -> npt.NDArray[Any]:
    height, width = array.shape[:2]
    if not array.size:
        raise LoggedValueError(
            message("Image: there is nothing to show.", expected="at least one pixel", got=arrays.describe(data))
        )
    if height * width > MAX_PIXELS or max(height, width) > 16_383:  # the second is WebP's own limit
        raise _too_large(height, width)
    return array


def _too_large(height: int, width: int) -> LoggedValueError:
    return LoggedValueError(
        message(
            "Image: the picture is too large.",
            expected="at most 64 million pixels and 16,383 on a side",
            got=f"{width:,} × {height:,}",
            hint="Log a smaller version, such as image[::4, ::4].",
        )
    )


def _grid(batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(N, H, W, C) as one picture, nearly square, with a pixel between the tiles."""
    if not len(batch):
        return np.zeros((0, 0, 1), np.uint8)
    n, height, width, channels = batch.shape
    columns = math.ceil(math.sqrt(n * height / width)) if width else 1
    columns = max(1, min(n, columns))
    rows = math.ceil(n / columns)
    grid = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), batch.dtype)
    for index, tile in enumerate(batch):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        grid[top : top + height, left : left + width] = tile
    return grid


def _extent(array: npt.NDArray[Any], outside: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """How many numbers were clipped, and from where to where all ran, as far as that is finite: so that a picture all
    white says of itself that its floats went to 255."""
    ends = {"least": float(array.min()), "most": float(array.max())}
    return {"clipped": int(outside.sum()), **{name: end for name, end in ends.items() if math.isfinite(end)}}


def to_uint8(array: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
    """8-bit pixels, always a copy, and what had to be done to the numbers."""
    noted: dict[str, Any] = {}
    if array.dtype == np.uint8:
        return array.copy(), noted
    if array.dtype == np.bool_:
        return array * np.uint8(255), noted
    if array.dtype.kind == "f":
        nan = np.isnan(array)
        if nan.any():
            noted["nan"] = int(nan.sum())
            array = np.where(nan, 0, array)
        outside = (array < 0) | (array > 1)
        if outside.any():
            noted |= _extent(array, outside)
        return np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8), noted
    if array.dtype == np.uint16:
        return (array // 257).astype(np.uint8), noted
    if array.max() == 1 and array.min() == 0:  # a mask, which as 0 and 1 of 255 would be black all over
        return array.astype(np.uint8) * np.uint8(255), noted
    outside = (array < 0) | (array > 255)
    if outside.any():
        noted |= _extent(array, outside)
    return np.clip(array, 0, 255).astype(np.uint8), noted
