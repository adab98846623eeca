"""Video: pictures one after the other."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import LoggedValueError, message
from tracker.values import arrays
from tracker.values.image import to_uint8
from tracker.values.value import Medium, Value

MAX_BYTES = 100_000_000
"""Of the pixels (frames × height × width × 3) or of the file: what waits in memory to be encoded."""

MAX_SIDE = 4096

QUALITY = 80  # WebP: at 90 twice the bytes for what moves past anyway

_CONTAINERS = {b"\x1aE\xdf\xa3": "video/webm", b"GIF8": "image/gif"}


class Video(Value):
    """A video: an animated WebP made of arrays, off the caller's thread; or a file of a browser's kind, as it is.

    Args:
        data: Frames of shape (T, H, W), (T, H, W, C) or (T, C, H, W) with C = 1, 3 or 4, values as for `Image`; a batch
            of those is shown side by side; or an MP4, WebM or GIF as its bytes or the path of its file.
        fps: Frames a second of an array.
        caption: A line of text below it.

    Raises:
        LoggedTypeError: `data` is neither an array nor a file.
        LoggedValueError: not the shape of a video, empty, a file of another kind, more than 100 MB of pixels.
    """

    kind = "video"

    def __init__(self, data: Any, fps: float = 10.0, caption: str | None = None) -> None:
        if isinstance(data, (str, os.PathLike)):
            data = _read(Path(data))
        self.frames: npt.NDArray[np.uint8] | None = None
        self.file = b""
        self.attributes: dict[str, Any]
        if isinstance(data, (bytes, bytearray)):
            self.file, self.attributes = bytes(data), {}
            self.form = _form_of(self.file)
        else:
            if isinstance(fps, bool) or not isinstance(fps, (int, float, np.number)) or not 0.01 <= fps <= 1000:
                raise LoggedValueError(
                    message("Video: fps is how many frames a second has.", expected="0.01 to 1,000", got=repr(fps))
                )
            self.form = "image/webp"
            self.frames, noted = _frames(data)
            count, height, width = self.frames.shape[:3]
            self.attributes = {"frames": count, "height": height, "width": width, "fps": float(fps), **noted}
        if caption is not None:
            self.attributes["caption"] = coerce.text(caption)

    @property
    def n_bytes(self) -> int:
        return len(self.file) + (self.frames.nbytes if self.frames is not None else 0) + 500

    def encode(self) -> list[Medium]:
        if self.frames is None:
            return [Medium(self.form, self.attributes, self.file)]
        from PIL import Image as Pictures

        first, *rest = (Pictures.fromarray(frame) for frame in self.frames)
        out = io.BytesIO()
        # Rounded as they follow each other: 60 frames of 17 ms would take 1.02 s.
        ends = np.rint(np.arange(len(self.frames) + 1) * (1000 / self.attributes["fps"])).astype(int)
        lasting = np.maximum(np.diff(ends), 1).tolist()
        first.save(
            out, "WEBP", save_all=True, append_images=rest, duration=lasting, loop=0, quality=QUALITY, method=0
        )  # fmt: skip
        return [Medium(self.form, self.attributes, out.getvalue())]


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _too_large(f"{size:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise LoggedValueError(
            message("Video: the file cannot be read.", expected="an MP4, WebM or GIF file", got=str(error))
        ) from error


def _form_of(file: bytes) -> str:
    if len(file) > MAX_BYTES:
        raise _too_large(f"{len(file):,} bytes")
    if file[4:8] == b"ftyp":
        return "video/mp4"
    for magic, form in _CONTAINERS.items():
        if file.startswith(magic):
            return form
    raise LoggedValueError(
        message("Video: this is no video that a browser shows.", expected="MP4, WebM or GIF", got=repr(file[:12]))
    )


def _too_large(got: str) -> LoggedValueError:
    return LoggedValueError(
        message(
            "Video: it is too large.",
            expected=f"at most {MAX_BYTES // 1_000_000} MB of pixels, and {MAX_SIDE:,} on a side",
            got=got,
            hint="Log every second frame, or smaller ones: video[::2, ::2, ::2].",
        )
    )


def _frames(data: Any) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
    """(T, H, W, 3), uint8."""
    array, xp = arrays.real_array(data, "Video")
    array = array if xp is np else array.get()
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim in (4, 5) and array.size:
        first, last = array.shape[-3] in (1, 3, 4), array.shape[-1] in (1, 3, 4)
        if first and (not last or type(data).__module__.partition(".")[0] == "torch"):
            array = np.moveaxis(array, -3, -1)
            last = True
        if last:
            if array.ndim == 5:  # a batch: side by side
                array = np.concatenate(list(array), axis=2)
            if array[..., 0].size * 3 > MAX_BYTES or max(array.shape[1:3]) > MAX_SIDE:
                count, height, width = array.shape[:3]
                raise _too_large(f"{count:,} frames of {width:,} × {height:,}")
            pixels, noted = to_uint8(array)
            if pixels.shape[-1] == 1:
                pixels = np.repeat(pixels, 3, axis=-1)
            return pixels, noted
    raise LoggedValueError(
        message(
            "Video: this is not the shape of a video.",
            expected="(T, H, W), (T, H, W, C) or (T, C, H, W) with C = 1, 3 or 4, or a batch (N, T, …) of those",
            got=arrays.describe(data),
        )
    )
