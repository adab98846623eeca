"""What is said of preprocessing: each field of its own type, and what the shape of a model's input tells besides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.errors import ModelError, message
from tracker.models.signature import TensorSpec

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


# --- what is said ------------------------------------------------------------------------------------------------


def fields_of(said: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """The fields that are said, each of its own type."""
    if isinstance(said, str):
        if said not in KNOWN:
            raise wrong("a name", ", ".join(map(repr, KNOWN)), repr(said))
        said = KNOWN[said]
    if said is not None and not isinstance(said, Mapping):
        raise wrong("it", f"a dictionary of its fields, or one of {', '.join(map(repr, KNOWN))}", type(said).__name__)
    found: dict[str, Any] = {}
    for field, value in (said or {}).items():
        if field not in _READ:
            raise wrong("a field", ", ".join(_READ), repr(field))
        if value is not None:
            found[field] = _READ[field](field, value)
    return found


def _size(field: str, value: Any) -> tuple[int, int]:
    values = [value, value] if isinstance(value, int) else value
    if not _are(values, int, 2) or not all(1 <= each <= LONGEST_SIDE for each in values):
        raise wrong(field, f"[height, width], each from 1 to {LONGEST_SIDE:,}", repr(value)[:100])
    return int(values[0]), int(values[1])


def _choice(field: str, value: Any) -> Any:
    if not any(value is each or (isinstance(value, str) and value == each) for each in CHOICES[field]):
        raise wrong(field, " or ".join(map(repr, CHOICES[field])), repr(value)[:100])
    return value


def _scale(field: str, value: Any) -> tuple[float, ...]:
    if not _are(value, (int, float), 2):
        raise wrong(field, "two numbers, what 0 and 255 become, such as [-1, 1]", repr(value)[:100])
    return tuple(map(float, value))


def _numbers(field: str, value: Any) -> tuple[float, ...]:
    values = [value] if _is(value, (int, float)) else value
    if not (_are(values, (int, float), 1) or _are(values, (int, float), 3)) or (field == "std" and 0 in values):
        no_zero = ", none of them 0" if field == "std" else ""
        raise wrong(field, f"a number, or one a channel{no_zero}", repr(value)[:100])
    return tuple(map(float, values))


def _is(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _are(values: Any, kinds: Any, count: int) -> bool:
    return isinstance(values, (list, tuple)) and len(values) == count and all(_is(each, kinds) for each in values)


_READ: dict[str, Any] = {
    "size": _size, "mode": _choice, "layout": _choice, "scale": _scale, "mean": _numbers, "std": _numbers,
    "resize": _choice, "invert": _choice, "fit": _choice,
}  # fmt: skip


def wrong(field: str, expected: str, got: str) -> ModelError:
    return ModelError(message(f"preprocess: {field} is not what it should be.", expected=expected, got=got))


# --- what the shape tells ----------------------------------------------------------------------------------------


def picture_shape(signature: Any) -> tuple[str, Sequence[int | None] | None]:
    """Name and shape of the input that takes a picture: of several the first that has the axes of one."""
    given = [signature] if isinstance(signature, (Mapping, TensorSpec)) else list(signature or ())
    inputs: list[Mapping[str, Any]] = [each.as_json() if isinstance(each, TensorSpec) else each for each in given]
    if not inputs:
        return "", None
    chosen = next((each for each in inputs if len(each.get("shape") or ()) in (3, 4)), inputs[0])
    return str(chosen.get("name", "")), chosen.get("shape")


def by_shape(said: Mapping[str, Any], shape: Sequence[int | None] | None) -> dict[str, Any]:
    """Layout, mode and size as the model's shape tells them; each only where it does."""
    sizes = list(shape or ())[1:]
    layout = said.get("layout")
    if layout is None and len(sizes) == 3:
        layout = "NCHW" if _has_channels(sizes) else "NHWC"
    elif layout is None:
        layout = "NHWC" if shape is None else {1: "flat", 2: "NHW"}.get(len(sizes))
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
