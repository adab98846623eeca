"""Preprocess: how a picture becomes the numbers that a model takes, said once, so that the page can do the same.

In this order: the picture upright, opaque and of 8 bits (`pictures.py`); its mode, RGB or grey; its part or its whole
brought to the model's size; 255 - v where it is inverted; then from 0 to 255 to the scale, minus mean, over std.

Exactly, for whoever does it in another language (all of it on whole numbers from 0 to 255):

- Grey ("L") is (19595 R + 38470 G + 7471 B + 32768) >> 16.
- "nearest" takes the pixel floor((2 i + 1) · from / (2 to)), in whole numbers. The others are weighted means along
  rows, rounded, and then along columns, rounded. With r = max(1, from / to), centre c = (i + 0.5) · from / to and
  support s · r, pixels from floor(c - s r + 0.5) to below floor(c + s r + 0.5) have the weight f((x + 0.5 - c) / r),
  and weights sum to 1: "bilinear" has s = 1 and f(t) = 1 - |t|; "area" has s = 0.5 and f(t) = 1 for -0.5 < t ≤ 0.5.
- "crop" takes the largest part in the middle with the model's proportions, "pad" brings the whole picture into them;
  sizes are rounded half up, the left and upper margins down. What is padded is 0 after inversion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import ModelError, message
from tracker.models.pictures import Pixels, pixels
from tracker.models.preprocess_fields import by_shape, fields_of, picture_shape, wrong


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
            ModelError: a field that there is not, or of a value that it cannot have; the size is said nowhere; or what
                it makes is not what the model takes.
        """
        fields = fields_of(said)
        name, shape = picture_shape(signature)
        fields = by_shape(fields, shape) | fields
        if "size" not in fields:
            raise wrong("size", "[height, width], such as [28, 28]", "neither a size nor a shape that tells it")
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
        """A picture as the model takes it, (1, …) of float32; see `pictures.pixels` for what it may be."""
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
        picture = picture.crop(box) if self.fit == "crop" else picture  # a box for resize would look beyond its edges
        if self.resize == "nearest":  # Pillow's own adds up fractions, and is beside the pixel now and then
            small = np.asarray(picture)[_nearest(picture.height, rows)][:, _nearest(picture.width, columns)]
        else:
            method = Pictures.Resampling.BILINEAR if self.resize == "bilinear" else Pictures.Resampling.BOX
            small = np.asarray(picture.resize((columns, rows), method))
        small = small.reshape(rows, columns, self.channels)
        small = 255 - small if self.invert else small
        if (rows, columns) == (height, width):
            return small
        top, left = (height - rows) // 2, (width - columns) // 2
        padded = np.zeros((height, width, self.channels), np.uint8)
        padded[top : top + rows, left : left + columns] = small
        return padded

    def _placed(self, rows: int, columns: int) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
        """Which part of a picture is taken (left, top, right, bottom), and how many rows and columns it becomes."""
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
            raise wrong("layout", '"NHW" of grey pictures only, mode "L"', f'"NHW" with mode "{self.mode}"')
        for field in ("mean", "std"):
            if len(getattr(self, field)) not in (1, self.channels):
                got = f"{len(getattr(self, field))} numbers"
                raise wrong(field, f"a number, or one for each of {self.channels} channels", got)
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


def checked(said: Mapping[str, Any] | str | None, inputs: Any = None) -> dict[str, Any] | None:
    """What a caller says as it stands in a manifest: whole, where that and the inputs are enough to tell all of it.

    Raises:
        ModelError: it makes no sense, or not what the inputs take.
    """
    fields = fields_of(said)
    if not fields:
        return None
    if "size" in fields | by_shape(fields, picture_shape(inputs)[1]):
        return Preprocess.of(fields, inputs).as_json()
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def picture_input(said: Mapping[str, Any] | str | None, inputs: Any) -> tuple[str, Preprocess]:
    """Which input takes a picture, and what becomes of one for it.

    Raises:
        ModelError: `Preprocess.of` cannot tell, or the model takes more than a picture.
    """
    if len(inputs) != 1:
        raise ModelError(f"the model takes {len(inputs)} inputs, and a picture is one")
    return picture_shape(inputs)[0], Preprocess.of(said, inputs)


def _shown(shape: Sequence[int | None]) -> str:
    return f"({', '.join(['batch', *('any' if size is None else str(size) for size in shape[1:])])})"


def _nearest(taken: int, made: int) -> npt.NDArray[np.int64]:
    return (2 * np.arange(made) + 1) * taken // (2 * made)


def _rounded(part: int, whole: int) -> int:
    """A quotient rounded half up, and at least 1."""
    return max(1, (2 * part + whole) // (2 * whole))
