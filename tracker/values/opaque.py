"""OpaqueValue: values that no type of their own stands for yet, stored whole so that a page can show them later.

The one place that says how they are stored: as media of a kind, an encoded form and attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.values.value import Medium, Value

KINDS = (
    "audio",
    "video",
    "table",
    "figure",
    "pr_curve",
    "mesh",
    "embedding",
    "tensor",
    "layout",
    "hparams",
    "profile",
    "model",
    "file",
)


class OpaqueValue(Value):
    """Encoded items of one kind under one tag.

    Args:
        kind: One of `KINDS`, or "image".
        items: What is stored, in order.
    """

    def __init__(self, kind: str, items: Sequence[Medium]) -> None:
        self.kind = kind
        self.items = list(items)

    @property
    def n_bytes(self) -> int:
        return sum(len(item.data) + 500 for item in self.items)

    def encode(self) -> list[Medium]:
        return self.items


def audio(data: bytes, sample_rate: float, channels: int, frames: int, **attributes: Any) -> Medium:
    """A sound as its encoded bytes."""
    known = {"sample_rate": sample_rate, "channels": channels, "frames": frames, **attributes}
    return Medium(media_type(data, "audio/wav"), known, data)


def wave(data: bytes, **attributes: Any) -> Medium:
    """A sound as its encoded bytes, of which nothing else is known: rate, channels and length as a WAV's head says."""
    rate = channels = frames = 0
    if data[:4] == b"RIFF" and data[12:16] == b"fmt " and len(data) >= 44:
        channels, rate = int.from_bytes(data[22:24], "little"), int.from_bytes(data[24:28], "little")
        frames = int.from_bytes(data[40:44], "little") // (int.from_bytes(data[32:34], "little") or 1)
    return audio(data, rate, channels, frames, **attributes)


def picture(data: bytes, width: int = 0, height: int = 0, **attributes: Any) -> Medium:
    """A picture as its encoded bytes."""
    size = {"width": width, "height": height} if width and height else {}
    return Medium(media_type(data, "application/octet-stream"), {**size, **attributes}, data)


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)


def media_type(data: bytes, otherwise: str) -> str:
    """The media type that the first bytes say."""
    if data[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"WEBP": "image/webp"}.get(data[8:12], otherwise)
    return next((form for magic, form in _MAGIC if data.startswith(magic)), otherwise)
