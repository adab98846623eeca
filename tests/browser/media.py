"""What tests of the media page share: a picture with all that one may have, and how much of a canvas is painted."""

from __future__ import annotations

import numpy as np

import tracker

INK = """(selector) => {
  const canvas = document.querySelector(selector);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i]) ink++;
  return ink;
}"""
"""How many pixels of a canvas are painted, also of one that has another context."""


def scene(shade: int, share: float) -> tracker.Image:
    """A picture with a box, a mask and predictions."""
    pixels = np.full((20, 30, 3), shade, np.uint8)
    return tracker.Image(
        pixels,
        label="cat",
        predictions={"cat": share, "dog": 1 - share},
        boxes={"found": [{"box": (5, 5, 15, 15), "label": "cat", "score": share}]},
        masks={"parts": pixels[..., 0] > 300},
    )
