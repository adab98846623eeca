"""Preprocess: how a picture becomes the numbers that a model takes, said once, so that the page can do the same.

In this order: the picture upright, opaque and of 8 bits (`pictures.py`); its mode, RGB or grey; its part or its whole
brought to the model's size; 255 - v where it is inverted; then from 0 to 255 to the scale, minus mean, over std.

Exactly, for whoever does it in another language (all of it on whole numbers from 0 to 255):

- Grey ("L") is (19595 R + 38470 G + 7471 B + 32768) >> 16.
- "nearest" takes the pixel floor((i + 0.5) · from / to). The others are weighted means along rows, rounded, and then
  along columns, rounded. With r = max(1, from / to), centre c = (i + 0.5) · from / to and support s · r, pixels from
  floor(c - s r + 0.5) to below floor(c + s r + 0.5) have the weight f((x + 0.5 - c) / r), and weights sum to 1:
  "bilinear" has s = 1 and f(t) = 1 - |t|; "area" has s = 0.5 and f(t) = 1 for -0.5 < t ≤ 0.5.
- "crop" takes the largest part in the middle with the model's proportions, "pad" brings the whole picture into them; sizes
  are rounded half up, the left and upper margins down. What is padded is 0 after inversion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import ModelError, message
from tracker.models.pictures import Pixels, pixels

KNOWN: dict[str, dict[str, Any]] = {
    "mobilenet": {"size": [224, 224], "mode": "RGB", "scale": [-1, 1], "resize": "bilinear", "fit": "stretch"},
}
"""Preprocessing that has a name. The layout is the model's own, as its signature says."""

CHOICES = {
    "mode": ("RGB", "L"),
    "layout": ("NCHW", "NHWC", "NHW", "flat"),
    "resize": ("bilinear", "nearest", "area"),
    "fit": ("stretch", "crop", "pad"),
    "invert": (False, True),
}

LONGEST_SIDE = 4096
"""Of what a model takes."""


@dataclass(frozen=True)
class Preprocess:
    """What is done to a picture.

    Attributes:
        size: Height and width that the model takes.
        mode: "RGB", or "L" for grey.
        layout: The order of the axes: "NCHW", "NHWC", "NHW" (grey only), or "flat", which is NHWC in one row.
        scale: What 0 and 255 become.
        mean: Taken off afterwards: a number, or one a channel.
        std: What the rest is divided by, likewise.
        resize: How its size is changed; see the file's head.
        fit: What becomes of other proportions.
        invert: Whether dark and bright change places, as where a model learned white digits on black.
    """

    size: tuple[int, int]
    mode: str = "RGB"
    layout: str = "NCHW"
    scale: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    resize: str = "bilinear"
    fit: str = "stretch"
    invert: bool = False

    @classmethod
    def of(cls, said: Mapping[str, Any] | str | None, signature: Any = None) -> Preprocess:
        """What a manifest or a caller says, completed by the shape of the input that takes the picture.

        Args:
            said: The fields by name, one of `KNOWN`, or None.
            signature: The input, or all inputs, as in a manifest: {"name", "dtype", "shape"}.

        Raises:
            ModelError: a field that there is not, or of a value that it cannot have; the size is said nowhere; or what it
                makes is not what the model takes.
        """
        fields = _fields(said)
        name, shape = _input(signature)
        fields = _by_shape(fields, shape) | fields
        if "size" not in fields:
            raise _wrong("size", "[height, width], such as [28, 28]", "neither a size nor a shape that tells it")
        found = cls(**fields)
        found._check(name, shape)
        return found

    def as_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def channels(self) -> int:
        """3 of RGB, 1 of grey."""
        return 3 if self.mode == "RGB" else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one picture, without the axis of the batch."""
        height, width = self.size
        return {
            "NCHW": (self.channels, height, width),
            "NHWC": (height, width, self.channels),
            "NHW": (height, width),
            "flat": (height * width * self.channels,),
        }[self.layout]

    def array(self, picture: Any, name: str = "") -> npt.NDArray[np.float32]:
        """A picture as the model takes it, (1, …) of float32; see `pictures.pixels` for what it may be, and its errors."""
        fitted = self._fitted(pixels(picture, name))
        levels = np.arange(256)[:, None] * (self.scale[1] - self.scale[0]) / 255 + self.scale[0]
        table = ((levels - np.array(self.mean)) / np.array(self.std)).astype(np.float32)
        table = np.broadcast_to(table, (256, self.channels))
        values = table[fitted, np.arange(self.channels)]
        if self.layout == "NCHW":
            values = np.moveaxis(values, -1, 0)
        return np.ascontiguousarray(values.reshape(1, *self.shape))

    def _fitted(self, found: Pixels) -> Pixels:
        """(H, W, C) in the model's size."""
        from PIL import Image as Pictures

        picture = Pictures.fromarray(found).convert(self.mode)
        (height, width), box, (rows, columns) = self.size, *self._placed(*found.shape[:2])
        method = {
            "bilinear": Pictures.Resampling.BILINEAR,
            "nearest": Pictures.Resampling.NEAREST,
            "area": Pictures.Resampling.BOX,
        }[self.resize]
        picture = picture.crop(box) if self.fit == "crop" else picture  # a box for resize would look beyond its edges
        small = np.asarray(picture.resize((columns, rows), method)).reshape(rows, columns, self.channels)
        small = 255 - small if self.invert else small
        if (rows, columns) == (height, width):
            return small
        top, left = (height - rows) // 2, (width - columns) // 2
        padded = np.zeros((height, width, self.channels), np.uint8)
        padded[top : top + rows, left : left + columns] = small
        return padded

    def _placed(self, rows: int, columns: int) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
        """Which part of a picture of so many rows and columns is taken (left, top, right, bottom), and its size then."""
        height, width = self.size
        if self.fit == "crop":
            taken_rows = min(rows, _rounded(columns * height, width))
            taken_columns = min(columns, _rounded(rows * width, height))
            top, left = (rows - taken_rows) // 2, (columns - taken_columns) // 2
            return (left, top, left + taken_columns, top + taken_rows), (height, width)
        whole = (0, 0, columns, rows)
        if self.fit == "stretch":
            return whole, (height, width)
        if columns * height >= rows * width:
            return whole, (min(height, _rounded(rows * width, columns)), width)
        return whole, (height, min(width, _rounded(columns * height, rows)))

    def _check(self, name: str, shape: Sequence[int | None] | None) -> None:
        if self.layout == "NHW" and self.mode != "L":
            raise _wrong("layout", '"NHW" of grey pictures only, mode "L"', f'"NHW" with mode "{self.mode}"')
        for field in ("mean", "std"):
            if len(getattr(self, field)) not in (1, self.channels):
                got = f"{len(getattr(self, field))} numbers"
                raise _wrong(field, f"a number, or one for each of {self.channels} channels", got)
        if shape is None:
            return
        fits = len(shape) == len(self.shape) + 1 and all(
            wanted in (None, size) for wanted, size in zip(shape[1:], self.shape, strict=True)
        )
        if not fits:
            made = ", ".join(map(str, ("batch", *self.shape)))
            raise ModelError(
                message(
                    f"preprocess: it does not make what the model's input {name} takes.",
                    expected=_shown(shape),
                    got=f"({made})",
                    hint="Change size, mode or layout of preprocess, or the inputs of the model.",
                )
            )


def array(picture: Any, preprocess: Mapping[str, Any] | str | None, signature: Any = None) -> npt.NDArray[np.float32]:
    """A picture as a model takes it, (1, …) of float32.

    Args:
        picture: A file's path or its bytes, a Pillow image or an array; see `pictures.pixels`.
        preprocess: As in the manifest; None for what the signature tells, from 0 to 1.
        signature: The model's inputs, or the one that takes the picture, as in the manifest.

    Raises:
        ModelError: it is no picture, or `preprocess` makes no sense; see `Preprocess.of`.
    """
    return Preprocess.of(preprocess, signature).array(picture)


# --- what is said ------------------------------------------------------------------------------------------------


def _fields(said: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """The fields that are said, each of its own type."""
    if isinstance(said, str):
        if said not in KNOWN:
            raise _wrong("a name", ", ".join(map(repr, KNOWN)), repr(said))
        said = KNOWN[said]
    if said is not None and not isinstance(said, Mapping):
        raise _wrong("it", f"a dictionary of its fields, or one of {', '.join(map(repr, KNOWN))}", type(said).__name__)
    found: dict[str, Any] = {}
    for field, value in (said or {}).items():
        if field not in _READ:
            raise _wrong("a field", ", ".join(_READ), repr(field))
        if value is not None:
            found[field] = _READ[field](field, value)
    return found


def _size(field: str, value: Any) -> tuple[int, int]:
    values = [value, value] if isinstance(value, int) else value
    if not _are(values, int, 2) or not all(1 <= each <= LONGEST_SIDE for each in values):
        raise _wrong(field, f"[height, width], each from 1 to {LONGEST_SIDE:,}", repr(value)[:100])
    return int(values[0]), int(values[1])


def _choice(field: str, value: Any) -> Any:
    if not any(value is each or (isinstance(value, str) and value == each) for each in CHOICES[field]):
        raise _wrong(field, " or ".join(map(repr, CHOICES[field])), repr(value)[:100])
    return value


def _scale(field: str, value: Any) -> tuple[float, ...]:
    if not _are(value, (int, float), 2):
        raise _wrong(field, "two numbers, what 0 and 255 become, such as [-1, 1]", repr(value)[:100])
    return tuple(map(float, value))


def _numbers(field: str, value: Any) -> tuple[float, ...]:
    values = [value] if _is(value, (int, float)) else value
    if not (_are(values, (int, float), 1) or _are(values, (int, float), 3)) or (field == "std" and 0 in values):
        no_zero = ", none of them 0" if field == "std" else ""
        raise _wrong(field, f"a number, or one a channel{no_zero}", repr(value)[:100])
    return tuple(map(float, values))


def _is(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _are(values: Any, kinds: Any, count: int) -> bool:
    return isinstance(values, (list, tuple)) and len(values) == count and all(_is(each, kinds) for each in values)


_READ: dict[str, Any] = {
    "size": _size, "mode": _choice, "layout": _choice, "scale": _scale, "mean": _numbers, "std": _numbers,
    "resize": _choice, "invert": _choice, "fit": _choice,
}  # fmt: skip


def _wrong(field: str, expected: str, got: str) -> ModelError:
    return ModelError(message(f"preprocess: {field} is not what it should be.", expected=expected, got=got))


# --- what the shape tells ----------------------------------------------------------------------------------------


def _input(signature: Any) -> tuple[str, Sequence[int | None] | None]:
    """Name and shape of the input that takes a picture: of several the first that has the axes of one."""
    inputs = [signature] if isinstance(signature, Mapping) else list(signature or ())
    if not inputs:
        return "", None
    chosen = next((each for each in inputs if len(each.get("shape") or ()) in (3, 4)), inputs[0])
    return str(chosen.get("name", "")), chosen.get("shape")


def _by_shape(said: Mapping[str, Any], shape: Sequence[int | None] | None) -> dict[str, Any]:
    """Layout, mode and size as the model's shape tells them; each only where it does."""
    sizes = list(shape or ())[1:]
    layout = said.get("layout")
    if layout is None:
        by_rank = {0: "NHWC" if shape is None else None, 1: "flat", 2: "NHW", 3: "NCHW" if _has_channels(sizes) else "NHWC"}
        layout = by_rank.get(len(sizes))
    if layout is None:
        return {}
    height = width = channels = None
    if layout == "flat" and len(sizes) == 1 and sizes[0] is not None:
        channels = {"RGB": 3, "L": 1}.get(said.get("mode", ""), 1 if _is_square(sizes[0]) else 3)
        side = math.isqrt(sizes[0] // channels)
        height = width = side if side * side * channels == sizes[0] and side <= LONGEST_SIDE else None
    elif layout == "NHW" and len(sizes) == 2:
        (height, width), channels = sizes, 1
    elif layout == "NCHW" and len(sizes) == 3:
        channels, height, width = sizes
    elif layout == "NHWC" and len(sizes) == 3:
        height, width, channels = sizes
    found: dict[str, Any] = {"layout": layout}
    if channels in (1, 3):
        found["mode"] = "L" if channels == 1 else "RGB"
    if height and width and max(height, width) <= LONGEST_SIDE:
        found["size"] = (height, width)
    return found


def _has_channels(sizes: Sequence[int | None]) -> bool:
    """Whether the first of three axes is that of channels; where both could be, it is."""
    return sizes[0] in (1, 3) or sizes[-1] not in (1, 3)


def _is_square(count: int) -> bool:
    return math.isqrt(count) ** 2 == count


def _shown(shape: Sequence[int | None]) -> str:
    return f"({', '.join(['batch', *('any' if size is None else str(size) for size in shape[1:])])})"


def _rounded(part: int, whole: int) -> int:
    """A quotient rounded half up, and at least 1."""
    return max(1, (2 * part + whole) // (2 * whole))
