"""Audio: a sound."""

from __future__ import annotations

import io
import math
import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import LoggedValueError, message
from tracker.values import arrays, wav_file
from tracker.values.value import Medium, Value

MAX_SAMPLES = 30_000_000
"""Of all channels together: five minutes of stereo at 48 kHz, 60 MB as stored."""

MAX_CHANNELS = 8
MAX_RATE = 768_000


class Audio(Value):
    """A sound as 16-bit WAV, encoded off the caller's thread.

    Args:
        data: Samples of shape (T,), (T, C) or (C, T) with C at most 8 channels: the shorter axis is that of the
            channels, and of torch tensors the first one. Floats run from -1 to 1, integers over the range of their
            type; what lies outside is clipped, NaN becomes 0, and how many samples that were is kept with the sound.
            Or the path of a WAV file.
        sample_rate: Samples a second of one channel, Hz; a file says its own.
        caption: A line of text below it.

    Raises:
        LoggedTypeError: `data` is neither an array of real numbers nor a path.
        LoggedValueError: a file that cannot be read; not the shape of a sound, empty, over 30 million samples, or a
            sample rate that is none.
    """

    kind = "audio"

    def __init__(self, data: Any, sample_rate: float | None = None, caption: str | None = None) -> None:
        if isinstance(data, (str, os.PathLike)):
            data, own_rate = wav_file.read(Path(data))
            sample_rate = own_rate if sample_rate is None else sample_rate
        given = sample_rate
        if getattr(sample_rate, "ndim", None) == 0 and hasattr(sample_rate, "item"):  # as of a file that torch read
            sample_rate = float(sample_rate.item())  # type: ignore[union-attr]
        if isinstance(sample_rate, bool) or not isinstance(sample_rate, (int, float, np.number)):
            sample_rate = math.nan
        if not 1 <= sample_rate <= MAX_RATE:
            raise LoggedValueError(
                message(
                    "Audio: sample_rate is how many samples a second has.",
                    expected=f"1 to {MAX_RATE:,} Hz, such as 16000",
                    got=arrays.describe(given),
                )
            )
        array, xp = arrays.real_array(data, "Audio")
        array = array if xp is np else array.get()
        frames = _frames(array, type(data).__module__.partition(".")[0] == "torch", data)
        self.samples, noted = to_int16(frames)
        self.attributes: dict[str, Any] = {
            "sample_rate": round(float(sample_rate)),
            "channels": frames.shape[1],
            "frames": frames.shape[0],
            "seconds": frames.shape[0] / float(sample_rate),
            **noted,
        }
        if caption is not None:
            self.attributes["caption"] = coerce.text(caption)

    @property
    def n_bytes(self) -> int:
        return self.samples.nbytes + 500

    def encode(self) -> list[Medium]:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(self.samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(self.attributes["sample_rate"])
            file.writeframes(self.samples.tobytes())
        return [Medium("audio/wav", self.attributes, out.getvalue())]


def _frames(array: npt.NDArray[Any], channels_first: bool, data: Any) -> npt.NDArray[Any]:
    """(T, C)."""
    if array.ndim == 1:
        array = array[:, None]
    elif array.ndim == 2 and (array.shape[0] < array.shape[1] or (channels_first and array.shape[0] <= MAX_CHANNELS)):
        array = array.T
    if array.ndim != 2 or not array.size or array.shape[1] > MAX_CHANNELS:
        raise LoggedValueError(
            message(
                "Audio: this is not the shape of a sound.",
                expected=f"(T,), (T, C) or (C, T) with at least one sample and at most {MAX_CHANNELS} channels",
                got=arrays.describe(data),
            )
        )
    if array.size > MAX_SAMPLES:
        raise LoggedValueError(
            message(
                "Audio: the sound is too long.",
                expected=f"at most {MAX_SAMPLES:,} samples",
                got=f"{array.size:,}",
                hint="Log a part of it, or fewer samples a second.",
            )
        )
    return array


def to_int16(frames: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int16], dict[str, Any]]:
    """16-bit samples, little-endian, always a copy; and what had to be done to the numbers."""
    noted: dict[str, Any] = {}
    kind, size = frames.dtype.kind, frames.dtype.itemsize
    if kind == "b":
        return frames.astype("<i2") * np.int16(32767), noted
    if kind in "iu":
        centred = frames.astype(np.float64) - (2.0 ** (8 * size - 1) if kind == "u" else 0.0)
        scaled = centred / 2.0 ** (8 * size - 16)
        return np.clip(np.floor(scaled), -32768, 32767).astype("<i2"), noted
    nan = np.isnan(frames)
    if nan.any():
        noted["nan"] = int(nan.sum())
        frames = np.where(nan, 0, frames)
    outside = np.abs(frames) > 1
    if outside.any():
        noted["clipped"] = int(outside.sum())
    return np.rint(np.clip(frames, -1, 1) * 32767).astype("<i2"), noted
