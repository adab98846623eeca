"""Pictures as a model is shown them: whatever a file holds as upright, opaque 8-bit pixels, or one sentence why not."""

from __future__ import annotations

import io
import os
import stat
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedTypeError, LoggedValueError, ModelError
from tracker.values.image import MAX_PIXELS, Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""What is opened, by Pillow's names. Others that it knows start programs (EPS asks Ghostscript), or nobody has."""

ENDINGS = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .webp .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm .avif".split()
)
"""What files of these formats are called; of a folder these are its pictures."""

Pixels = npt.NDArray[np.uint8]


def pixels(source: Any, name: str = "") -> Pixels:
    """The pixels of a picture: (H, W) of a grey one, else (H, W, 3).

    Turned as the camera noted (EXIF), what is transparent on white, 16 bits and floats brought to 8, of an animation
    the first frame. Colour profiles are not applied.

    Args:
        source: A file's path or its bytes, a Pillow image, or an array (H, W), (H, W, C) or (C, H, W), uint8 or floats
            from 0 to 1.
        name: What it is called in an error; of a path that is the file's name.

    Raises:
        ModelError: it holds no picture of `FORMATS`, a damaged or empty one, or one of more than 64 million pixels,
            which is told before any of them is decoded.
    """
    if isinstance(source, (str, os.PathLike)):
        name = name or Path(source).name
    name = name or "the picture"
    with (
        warnings.catch_warnings()
    ):  # Pillow's, about odd notes of cameras and palettes: the picture is read all the same
        warnings.simplefilter("ignore")
        try:
            return _opaque(Image(_decoded(source, name)).pixels)
        except (LoggedTypeError, LoggedValueError) as error:
            raise ModelError(f"{name}: {' '.join(str(error).removeprefix('Image: ').split())}") from error


def _decoded(source: Any, name: str) -> Any:
    """A Pillow image whose pixels are there; an array as it is."""
    from PIL import Image as Pictures
    from PIL import UnidentifiedImageError

    if isinstance(source, (str, os.PathLike)):
        source = _file(Path(source), name)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        source = io.BytesIO(source)
    elif isinstance(source, Pictures.Image):
        _check_size(source, name)
        return source
    else:
        return source
    Pictures.init()
    try:
        with source, Pictures.open(source, formats=[each for each in FORMATS if each in Pictures.OPEN]) as picture:
            _check_size(picture, name)
            picture.load()
            return picture
    except UnidentifiedImageError as error:
        raise ModelError(f"{name}: this is no picture; there are {', '.join(FORMATS)}") from error
    except Pictures.DecompressionBombError as error:
        raise ModelError(f"{name}: a picture of more pixels than are read, {MAX_PIXELS:,} at most") from error
    except MemoryError:
        raise
    except ModelError:
        raise
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"{name}: the picture is damaged ({said[:200]})") from error


def _file(path: Path, name: str) -> Any:
    """A plain file, opened: a pipe would be waited for, a folder holds no bytes."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelError(f"{name}: this is no plain file")
        return path.open("rb")
    except OSError as error:
        raise ModelError(f"{name}: it cannot be read ({error.strerror or error})") from error


def _check_size(picture: Any, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise ModelError(
            f"{name}: a picture of {picture.width:,} × {picture.height:,} pixels; {MAX_PIXELS:,} at most are read"
        )


def _opaque(found: Pixels) -> Pixels:
    """Without transparency: as it is seen on white paper."""
    from PIL import Image as Pictures

    if found.ndim == 2 or found.shape[-1] == 3:
        return found
    picture = Pictures.fromarray(found)
    paper = Pictures.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return np.asarray(paper)
