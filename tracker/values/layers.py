"""What is drawn over a picture: boxes and masks, in named layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays

MAX_BOXES = 5_000
MAX_LABELS = 256


def boxes(given: Any, width: int, height: int) -> list[dict[str, Any]]:
    """Layers of boxes as JSON values: [{"name", "boxes": [{"box": [x0, y0, x1, y1], "label", "score"}]}].

    Args:
        given: A sequence of boxes, or a mapping of layers (such as "truth" and "predicted") to them. A box is
            (x0, y0, x1, y1) in pixels, or a mapping with "box" and maybe "label" and "score".
        width: Of the picture, pixels.
        height: Of the picture, pixels.

    Raises:
        LoggedTypeError: not of that form.
        LoggedValueError: a corner is not finite; more than 5,000 boxes.
    """
    layers = given if isinstance(given, Mapping) else {"boxes": given}
    made = [
        {"name": coerce.text(name, 200), "boxes": [_box(each, width, height) for each in _boxes(of)]}
        for name, of in layers.items()
    ]
    count = sum(len(layer["boxes"]) for layer in made)
    if count > MAX_BOXES:
        raise LoggedValueError(message("Image: too many boxes.", expected=f"at most {MAX_BOXES:,}", got=f"{count:,}"))
    return made


def masks(given: Any, shape: tuple[int, ...]) -> list[tuple[str, npt.NDArray[np.uint8], dict[str, str]]]:
    """Layers of masks: name, class of each pixel (0 is none), names of the classes.

    Args:
        given: A mapping of layers to masks, or one mask: an array of the picture's height and width, of booleans or of
            classes 0 to 255; or a mapping with "mask" and "labels" (name by class).
        shape: (H, W) of the picture.

    Raises:
        LoggedTypeError: not an array of booleans or whole numbers.
        LoggedValueError: another shape than the picture's, or classes beyond 255.
    """
    if not isinstance(given, Mapping) or "mask" in given:
        given = {"mask": given}
    return [(coerce.text(name, 200), *_mask(mask, shape)) for name, mask in given.items()]


def _boxes(of: Any) -> list[Any]:
    if isinstance(of, (str, bytes)) or not hasattr(of, "__iter__"):
        raise _no_box(of)
    if hasattr(of, "detach"):
        of = arrays.real_array(of, "Image")[0]
    if isinstance(of, np.ndarray) and of.ndim == 2 and of.shape[1] != 4:
        raise _no_box(of)
    return arrays.listed(of, "Image: boxes", 4 * MAX_BOXES)


def _box(each: Any, width: int, height: int) -> dict[str, Any]:
    about = each if isinstance(each, Mapping) else {"box": each}
    try:
        corners = [float(x) for x in about["box"]]
        score = None if about.get("score") is None else float(about["score"])
    except (TypeError, ValueError, KeyError) as error:
        raise _no_box(each) from error
    if len(corners) != 4:
        raise _no_box(each)
    if not all(map(math.isfinite, corners)):
        raise LoggedValueError(message("Image: a box has a corner that is not finite.", got=repr(corners)))
    # Far outside the picture nothing is seen, and a browser's canvas miscounts.
    limit = 4.0 * max(width, height)
    made: dict[str, Any] = {"box": [min(max(x, -limit), limit) for x in corners]}
    if about.get("label") is not None:
        made["label"] = coerce.text(about["label"], 200)
    if score is not None and math.isfinite(score):
        made["score"] = score
    return made


def _no_box(got: Any) -> LoggedTypeError:
    return LoggedTypeError(
        message(
            "Image: this is no box.",
            expected="a list of boxes, each (x0, y0, x1, y1) in pixels "
            'or {"box": (x0, y0, x1, y1), "label": "cat", "score": 0.9}',
            got=arrays.describe(got),
        )
    )


def _mask(given: Any, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.uint8], dict[str, str]]:
    about = given if isinstance(given, Mapping) else {"mask": given}
    array, xp = arrays.real_array(about.get("mask"), "Image: a mask")
    array = array if xp is np else array.get()
    if array.ndim > 2 and [n for n in array.shape if n != 1] == [n for n in shape if n != 1]:
        array = array.reshape(shape)  # (1, H, W) and (H, W, 1)
    if array.dtype.kind not in "biu":
        raise LoggedTypeError(
            message(
                "Image: a mask holds the class of each pixel.",
                expected="booleans, or whole numbers from 0 (none) to 255",
                got=arrays.describe(array),
                hint="Of probabilities log probability > 0.5, or their argmax.",
            )
        )
    fits = array.shape == tuple(shape)
    if not fits or (array.size and (array.min() < 0 or array.max() > 255)):
        raise LoggedValueError(
            message(
                "Image: the mask does not fit the picture.",
                expected=f"shape {tuple(shape)}, classes 0 to 255",
                got=f"shape {array.shape}" + (f", {array.min()} to {array.max()}" if fits else ""),
            )
        )
    labels: Any = about.get("labels") or {}
    if isinstance(labels, Sequence) and not isinstance(labels, str):
        labels = dict(enumerate(labels))
    if not isinstance(labels, Mapping):
        raise LoggedTypeError(
            message(
                "Image: labels of a mask are the names of its classes.",
                expected='{1: "road", 2: "car"}, or a list of names whose first is that of class 0, which is none',
                got=arrays.describe(labels),
            )
        )
    return array.astype(np.uint8), {
        coerce.text(key, 200): coerce.text(name, 200) for key, name in list(labels.items())[:MAX_LABELS]
    }
