"""The pictures of an embedding's vectors as one sheet, which a browser loads at once."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

ACROSS = 64
"""Pictures in a row of a sheet."""


def sheet_of(sprites: npt.NDArray[Any]) -> bytes:
    """Pictures (N, C, H, W) as one WebP, `ACROSS` in a row; a browser takes up to 16,383 pixels a side."""
    from PIL import Image

    array = sprites if sprites.dtype == np.uint8 else np.rint(255 * np.clip(np.nan_to_num(sprites), 0, 1))
    array = array.astype(np.uint8).transpose(0, 2, 3, 1)
    count, height, width, channels = array.shape
    rows = min(-(-count // ACROSS), 16_383 // height)
    sheet = np.zeros((rows * ACROSS, height, width, channels), np.uint8)
    sheet[: min(count, len(sheet))] = array[: len(sheet)]
    whole = sheet.reshape(rows, ACROSS, height, width, channels).swapaxes(1, 2)
    flat = whole.reshape(rows * height, ACROSS * width, channels)
    out = io.BytesIO()
    Image.fromarray(flat[:, :, 0] if channels == 1 else flat).save(out, "WEBP", lossless=True, method=0)
    return out.getvalue()
