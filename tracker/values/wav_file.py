"""The samples of a WAV file: whole numbers of 8 to 32 bits and floats, as programs of every kind write them.

Python's own `wave` refuses floats, and files that say their form at length.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedValueError, message

PCM, FLOAT, AT_LENGTH = 1, 3, 0xFFFE
MAX_BYTES = 300_000_000


def read(path: Path) -> tuple[npt.NDArray[Any], int]:
    """The samples (T, C) of a file, integers over the range of their type or floats, and their number a second.

    Raises:
        LoggedValueError: it cannot be read, or is no WAV file of samples.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _odd("a file of more than 300 MB")
        data = path.read_bytes()
    except OSError as error:
        raise _odd(str(error)) from error
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _odd(repr(data[:12]))
    form: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        part = data[at + 8 : at + 8 + size]
        if name == b"fmt " and len(part) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", part[:16])
            form = (int.from_bytes(part[24:26], "little") if kind == AT_LENGTH else kind, channels, rate, bits)
        elif name == b"data" and form is not None:
            kind, channels, rate, bits = form
            samples = _samples(part, kind, bits)
            if not channels:
                raise _odd("no channel")
            return samples[: len(samples) // channels * channels].reshape(-1, channels), rate
        at += 8 + size + size % 2  # parts begin at even places
    raise _odd("a WAV file without samples")


def _samples(part: bytes, kind: int, bits: int) -> npt.NDArray[Any]:
    if kind == FLOAT and bits in (32, 64):
        return np.frombuffer(part[: len(part) // (bits // 8) * (bits // 8)], f"<f{bits // 8}")
    if kind == PCM and bits == 8:
        return np.frombuffer(part, np.uint8)  # the only one without a sign
    if kind == PCM and bits in (16, 32):
        return np.frombuffer(part[: len(part) // (bits // 8) * (bits // 8)], f"<i{bits // 8}")
    if kind == PCM and bits == 24:
        thirds = np.frombuffer(part[: len(part) // 3 * 3], np.uint8).reshape(-1, 3)
        wide = np.zeros((len(thirds), 4), np.uint8)
        wide[:, 1:] = thirds
        return wide.view("<i4")[:, 0]
    raise _odd(f"a WAV file of form {kind} with {bits} bits a sample")


def _odd(got: str) -> LoggedValueError:
    return LoggedValueError(
        message(
            "Audio: the file cannot be read.",
            expected="a WAV file of 8 to 32 bits or of floats",
            got=got,
            hint="Other kinds: read them with soundfile or torchaudio and log the array.",
        )
    )
