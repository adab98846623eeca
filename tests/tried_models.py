"""A small network for tests of the page *Try*: it tells on which half of a picture of 8 x 8 there is more ink."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer import nn

CLASSES = ("left", "right")
PREPROCESS = {"size": [8, 8], "mode": "L", "layout": "NCHW", "resize": "area", "invert": True}


def halves(strength: float = 1.0) -> nn.Sequential:
    """Scores of left and right; a negative strength tells them the wrong way round, NaN tells nothing."""
    model = nn.Sequential({"flatten": nn.Flatten(), "linear": nn.Linear(64, 2)})
    row = np.tile(np.repeat([1.0, -1.0], 4), 8) * strength
    linear: Any = model[1]
    linear.weight.data[...] = np.stack([row, -row]).astype(np.float32)
    linear.bias.data[...] = 0
    return model


def log(run: Any, step: int, strength: float = 1.0, **more: Any) -> None:
    """Logs it as "halves"."""
    said = {"classes": list(CLASSES), "preprocess": PREPROCESS, **more}
    run.log_model(halves(strength), "halves", inputs={"image": (None, 1, 8, 8)}, step=step, **said)


def ink(left: float, right: float = 0.0) -> list[Any]:
    """A picture of so much ink on each half."""
    return [[[[left] * 4 + [right] * 4] * 8]]
