"""Pictures, sounds and videos as Visdom's messages carry them: encoded, in an address that holds its data."""

from __future__ import annotations

import base64
import io
import math
import wave
from pathlib import Path
from typing import Any

import numpy as np

from tracker.compat.visdom.given import Array, numbers, refused
from tracker.values import arrays
from tracker.values.video import Video

SHAPES = "(H, W), (C, H, W) or (H, W, C) with C = 1 to 4"

AUDIO = {"wav": "wav", "mp3": "mp3", "ogg": "ogg", "flac": "flac"}
VIDEO = {"mp4": "mp4", "ogv": "ogg", "avi": "avi", "webm": "webm", "gif": "gif"}
"""Endings of files, and what browsers call what is in them."""


def address(form: str, content: bytes) -> str:
    """An address that holds its data."""
    return f"data:{form};base64,{base64.b64encode(content).decode()}"


def pixels(values: Any, call: str) -> Array:
    """A picture (C, H, W) of any numbers, or of Pillow's, with the values that it has.

    Raises:
        WindowArgumentError: not the shape of a picture.
    """
    of_pillow = type(values).__module__.startswith("PIL.")
    if of_pillow and values.mode not in ("L", "RGB", "RGBA"):
        values = values.convert("RGB")  # numbers of a palette are no colours
    array = numbers(values, call, "img")
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 3 and array.size:
        if of_pillow or (len(array) > 4 and array.shape[2] in (1, 3, 4)):
            array = np.moveaxis(array, 2, 0)
        if 1 <= len(array) <= 4:
            return array
    raise refused(call, "this is not the shape of a picture.", SHAPES, arrays.describe(values))


def picture(array: Array, quality: float | None) -> str:
    """The address of a picture (C, H, W), lossless as PNG or as JPEG of some quality.

    Floats are taken as 0 to 1 or as -1 to 1 where all of them are, all other numbers as 0 to 255; what lies outside is
    clipped, NaN is 0.
    """
    from PIL import Image as Pictures

    if len(array) == 1:
        array = np.repeat(array, 3, axis=0)
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) * 255
    elif array.dtype.kind == "f":
        array = np.nan_to_num(array, nan=0.0)
        low, high = array.min(), array.max()
        array = (array + 1) * 127.5 if -1 <= low < 0 and high <= 1 else array * 255.0 if high <= 1 else array
    image = Pictures.fromarray(np.ascontiguousarray(np.moveaxis(np.clip(array, 0, 255).astype(np.uint8), 0, 2)))
    out = io.BytesIO()
    if quality is None:
        image.save(out, "PNG")
        return address("image/png", out.getvalue())
    image.convert("RGB").save(out, "JPEG", quality=round(quality))
    return address("image/jpeg", out.getvalue())


def grid(values: Any, nrow: int, padding: int) -> Array:
    """Pictures side by side (C, H, W), `nrow` in a row, with a margin of `padding` pixels of value 1 around each.

    Args:
        values: (N, C, H, W), a list of pictures of one size, or one picture.
        nrow: How many stand in a row.
        padding: In pixels.
    """
    if isinstance(values, (list, tuple)) and any(hasattr(each, "shape") or hasattr(each, "mode") for each in values):
        values = [pixels(each, "images") for each in values]
    array = numbers(values, "images", "tensor")
    if array.ndim < 4:
        return pixels(values if array.ndim else array, "images")
    if array.ndim != 4 or not array.size or not 1 <= array.shape[1] <= 4:
        raise refused(
            "images", "these are not the shapes of pictures.", "(N, C, H, W), or a list of (C, H, W) of one size",
            arrays.describe(array),
        )  # fmt: skip
    if nrow < 1 or padding < 0:
        raise refused("images", "there is no such grid.", "nrow of 1 or more, padding of 0 or more", (nrow, padding))
    if array.shape[1] == 1:
        array = np.repeat(array, 3, axis=1)
    count, channels, high, wide = array.shape
    columns = min(int(nrow), count)
    height, width = high + 2 * padding, wide + 2 * padding
    found = np.ones([channels, height * math.ceil(count / columns), width * columns])
    inset = padding + min(1, padding)  # as Visdom places them, which is a pixel more than the padding
    for place, each in enumerate(array):
        top, left = place // columns * height + inset, place % columns * width + inset
        found[:, top : top + high, left : left + wide] = each
    return found


def sound(tensor: Any, rate: Any) -> bytes:
    """A WAV file of 16 bits whose loudest sample is as loud as can be, of samples (T,) or (T, 2)."""
    array = numbers(tensor, "audio", "tensor").astype(np.float64)
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != 2) or not array.size:
        raise refused(
            "audio", "this is not the shape of a sound.", "(T,), or (T, 2) for stereo", arrays.describe(tensor)
        )
    if not isinstance(rate, (int, float, np.number)) or not 1 <= rate <= 1e9:
        raise refused("audio", "opts.sample_frequency is no number of samples.", "samples a second", repr(rate))
    array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
    loudest = np.max(np.abs(array))
    samples = (array / (loudest if loudest > 0 else 1.0) * 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(array.ndim)
        file.setsampwidth(2)
        file.setframerate(int(rate))
        file.writeframes(samples.tobytes())
    return out.getvalue()


def moving(tensor: Any, dim: str, fps: float) -> bytes:
    """An animated WebP of frames (T, H, W, C) or (T, C, H, W), C being 1, or 3 in the order blue, green, red."""
    array = numbers(tensor, "video", "tensor")
    if dim not in ("LxHxWxC", "LxCxHxW"):
        raise refused("video", "dim is no order of axes.", '"LxHxWxC" or "LxCxHxW"', repr(dim))
    if array.ndim == 4 and dim == "LxCxHxW":
        array = np.moveaxis(array, 1, 3)
    if array.ndim != 4 or array.shape[3] not in (1, 3) or not array.size:
        raise refused("video", "this is not the shape of a video.", f"{dim}, C = 1 or 3", arrays.describe(tensor))
    if array.dtype.kind not in "fb":
        array = np.clip(array, 0, 255).astype(np.uint8)
    return Video(array[..., ::-1], fps).encode()[0].data


def file_of(path: Any, forms: dict[str, str], call: str) -> tuple[str, bytes]:
    """What browsers call what is in a file, by its ending, and its bytes.

    Raises:
        WindowArgumentError: it is not there, or of another kind.
    """
    place = Path(path)
    form = forms.get(place.suffix[1:].lower())
    if form is None:
        raise refused(call, "a file of an unknown kind.", f"a file that ends in {', '.join(forms)}", str(place))
    try:
        return form, place.read_bytes()
    except OSError as error:
        raise refused(call, "the file cannot be read.", "the path of a file", str(error)) from error
