"""Pictures as models are shown them: every kind of file, exactly what `preprocess` says, and one sentence for what is none."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tracker.errors import ModelError
from tracker.models.pictures import MAX_PIXELS, pixels
from tracker.models.preprocess import Preprocess, array
from tracker.models.preprocess_fields import KNOWN

COLOURS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[9, 9, 9], [250, 200, 10], [255, 255, 255]]], np.uint8)
GREYS = np.array([[0, 50, 100], [150, 200, 255]], np.uint8)


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def deep(values: list[list[int]]) -> Image.Image:
    """A grey picture of 16 bits."""
    return Image.fromarray(np.array(values, np.uint16))


RGB = Image.fromarray(COLOURS)
L = Image.fromarray(GREYS)


# --- every kind of file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (saved(RGB, "PNG"), COLOURS),
        (saved(RGB, "BMP"), COLOURS),
        (saved(RGB, "TIFF"), COLOURS),
        (saved(RGB, "PPM"), COLOURS),
        (saved(RGB, "WEBP", lossless=True), COLOURS),
        (saved(RGB.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), COLOURS),
        (saved(RGB.convert("P", palette=Image.Palette.ADAPTIVE), "GIF"), COLOURS),
        (saved(RGB.convert("RGBA"), "PNG"), COLOURS),
        (saved(L, "PNG"), GREYS),
        (saved(L.convert("LA"), "PNG"), np.stack([GREYS] * 3, -1)),
        (saved(L.point(lambda v: 255 * (v > 120), "1"), "PNG"), np.where(GREYS > 120, 255, 0)),
        (saved(deep([[0, 257, 32896], [65535, 1, 256]]), "PNG"), [[0, 1, 128], [255, 0, 0]]),
        (saved(deep([[0, 257, 32896], [65535, 1, 256]]), "TIFF"), [[0, 1, 128], [255, 0, 0]]),
        (saved(Image.fromarray(np.array([[0, 0.5, 1]], np.float32)), "TIFF"), [[0, 128, 255]]),
        (saved(RGB, "PNG", save_all=True, append_images=[RGB.rotate(180)], default_image=False), COLOURS),
        (saved(RGB, "WEBP", lossless=True, save_all=True, append_images=[RGB.rotate(180)]), COLOURS),
        (saved(L, "GIF", save_all=True, append_images=[L.rotate(180)]), GREYS),
        (saved(L, "TIFF", save_all=True, append_images=[L.rotate(180)]), GREYS),
    ],
    ids="png bmp tiff ppm webp palette gif rgba grey grey-alpha bits deep-png deep-tiff floats apng animated-webp"
    " animated-gif pages".split(),
)
def test_each_kind_of_file_is_seen(data: bytes, seen: Any, tmp_path: Path) -> None:
    """From its bytes and from a file; of an animation the first picture."""
    (tmp_path / "picture").write_bytes(data)
    for source in (data, tmp_path / "picture", str(tmp_path / "picture")):
        found = pixels(source)
        assert found.dtype == np.uint8
        seen_there = np.asarray(seen)
        as_wide = np.stack([seen_there] * 3, -1) if found.ndim > seen_there.ndim else seen_there
        assert np.array_equal(found, as_wide)


def test_what_is_transparent_is_on_white_paper() -> None:
    """As a page shows it; half of it half."""
    found = pixels(
        saved(Image.fromarray(np.array([[[0, 0, 0, 0], [200, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)), "PNG")
    )
    assert found.tolist() == [[[255] * 3, [200, 0, 0], [127] * 3]]
    palette = RGB.convert("P", palette=Image.Palette.ADAPTIVE)
    clear = pixels(saved(palette, "PNG", transparency=palette.getpixel((0, 0))))
    assert clear[0, 0].tolist() == [255] * 3
    assert np.array_equal(clear[1], COLOURS[1])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_as_the_camera_noted(form: str, orientation: int) -> None:
    """EXIF's eight orientations: the file holds the scene turned, and says how."""
    scene = np.zeros((32, 48, 3), np.uint8)
    scene[:16, :16], scene[16:, :16] = (255, 0, 0), (0, 0, 255)
    turned = {
        1: scene, 2: scene[:, ::-1], 3: scene[::-1, ::-1], 4: scene[::-1], 5: scene.swapaxes(0, 1),
        6: np.rot90(scene), 7: scene[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(scene, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    found = pixels(saved(Image.fromarray(np.ascontiguousarray(turned)), form, exif=exif, **options))
    assert found.shape == scene.shape
    assert abs(found.astype(int) - scene).max() <= 2  # JPEG is not exact


def test_arrays_and_pillow_images_are_pictures_too() -> None:
    """As a REST interface or a notebook has them."""
    assert np.array_equal(pixels(RGB), COLOURS)
    assert np.array_equal(pixels(COLOURS), COLOURS)
    wide = np.tile(COLOURS, (2, 2, 1))
    assert np.array_equal(pixels(np.moveaxis(wide, -1, 0)), wide)
    assert np.array_equal(pixels(GREYS / 255.0), GREYS)


# --- what is none ------------------------------------------------------------------------------------------------


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is of this size, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("width", [8_001, 10_000, 12_000, 60_000, 2_000_000_000], ids=str)
def test_a_decompression_bomb_is_one_sentence(width: int) -> None:
    """Told by its head, before anything is decoded: a few kilobytes would else be gigabytes."""
    data = png_of(width, width)
    tracemalloc.start()
    try:
        with pytest.raises(ModelError) as refused:
            pixels(data, "bomb.png")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("bomb.png: ")
    assert f"{MAX_PIXELS:,}" in str(refused.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no picture"),
        (b"hello", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (
            saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8)), "PNG")[:9000],
            "damaged",
        ),
        (
            saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8)), "JPEG")[:2000],
            "damaged",
        ),
        (png_of(4, 0), ""),
    ],
    ids=["empty", "text", "eps", "svg", "cut-png", "cut-jpeg", "no-height"],
)
def test_what_is_no_picture_is_one_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    """With the name of the file; no other program is started to look at it."""
    (tmp_path / "odd.png").write_bytes(data)
    with pytest.raises(ModelError, match=r"^odd\.png: ") as refused:
        pixels(tmp_path / "odd.png")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 12, 3), np.uint8))
WHOLE = [saved(NOISE, form) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")] + [
    saved(NOISE.convert("P"), "PNG", transparency=3), saved(NOISE, "PNG", save_all=True, append_images=[NOISE]),
    saved(NOISE, "TIFF", compression="tiff_lzw"), saved(deep([[1, 2], [3, 4]]), "TIFF"),
]  # fmt: skip


@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), max_size=4), st.floats(0, 1))
def test_damaged_bytes_are_a_picture_or_one_sentence(data: bytes, changes: list[Any], kept: float) -> None:
    """Whatever was written over, or cut off: nothing else is raised, and no size that they claim is believed."""
    odd = bytearray(data[: int(len(data) * max(kept, 0.3))])
    for place, what in changes:
        at = int(place * len(odd))
        odd[at : at + len(what)] = what
    found, said = None, "odd: a picture"
    try:
        found = pixels(bytes(odd), "odd")
    except ModelError as error:
        said = str(error)
    assert said.startswith("odd: ")
    assert "\n" not in said
    assert found is None or 0 < found.size <= 3 * MAX_PIXELS


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes into, a folder, nothing at all."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name, said in (("pipe.png", "no plain file"), ("folder.png", "no plain file"), ("none.png", "cannot be read")):
        with pytest.raises(ModelError, match=f"^{name}: .*{said}"):
            pixels(tmp_path / name)


# --- exactly what preprocess says --------------------------------------------------------------------------------


def weights(taken: int, made: int, support: float, kind: str) -> np.ndarray[Any, Any]:
    """(made, taken): what each new pixel is of each old one, as the head of preprocess.py has it."""
    ratio = max(1.0, taken / made)
    found = np.zeros((made, taken))
    for i in range(made):
        centre = (i + 0.5) * taken / made
        first = max(0, int(np.floor(centre - support * ratio + 0.5)))
        last = min(taken, int(np.floor(centre + support * ratio + 0.5)))
        for x in range(first, last):
            t = (x + 0.5 - centre) / ratio
            found[i, x] = max(0.0, 1 - abs(t)) if kind == "bilinear" else float(-0.5 < t <= 0.5)
    return found / found.sum(1, keepdims=True)


def resized(picture: np.ndarray[Any, Any], height: int, width: int, kind: str) -> np.ndarray[Any, Any]:
    """A picture in another size, by the words of preprocess.py."""
    if kind == "nearest":
        rows = (2 * np.arange(height) + 1) * len(picture) // (2 * height)
        columns = (2 * np.arange(width) + 1) * picture.shape[1] // (2 * width)
        return picture[rows][:, columns]
    support = 1.0 if kind == "bilinear" else 0.5
    along = np.floor(np.einsum("oi,hic->hoc", weights(picture.shape[1], width, support, kind), picture) + 0.5)
    return np.floor(np.einsum("oi,iwc->owc", weights(len(picture), height, support, kind), along) + 0.5)


SIDE = st.integers(1, 24)


@examples(60)
@given(st.sampled_from(["bilinear", "nearest", "area"]), SIDE, SIDE, SIDE, SIDE, st.integers(0, 99))
def test_sizes_change_as_it_is_written(kind: str, rows: int, columns: int, height: int, width: int, seed: int) -> None:
    """Whoever follows the words in another language is within one of 255 levels."""
    picture = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)
    made = Preprocess.of({"size": [height, width], "layout": "NHWC", "scale": [0, 255], "resize": kind}).array(picture)
    assert abs(made[0] - resized(picture, height, width, kind)).max() <= 1.001


def test_grey_is_as_it_is_written() -> None:
    """The weights of the three colours, to the last level."""
    picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    made = Preprocess.of({"size": [20, 30], "mode": "L", "layout": "NHW", "scale": [0, 255]}).array(picture)
    wide = picture.astype(int)
    assert np.array_equal(made[0], (19595 * wide[..., 0] + 38470 * wide[..., 1] + 7471 * wide[..., 2] + 32768) >> 16)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "flat"])
def test_levels_become_the_model_s_numbers(layout: str, invert: bool) -> None:
    """Scale, then mean and std of each channel, in the order of the axes."""
    mean, std = [0.4, 0.5, 0.6], [0.1, 0.2, 0.3]
    said = {"size": [2, 3], "layout": layout, "scale": [-1, 1], "mean": mean, "std": std, "invert": invert}
    made = array(RGB, said)
    levels = 255.0 - COLOURS if invert else COLOURS.astype(float)
    wanted = ((levels / 255 * 2 - 1) - mean) / std
    wanted = np.moveaxis(wanted, -1, 0) if layout == "NCHW" else wanted
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    assert np.allclose(made, wanted.reshape(made.shape), atol=1e-6)
    assert len(made) == 1


def test_other_proportions_are_stretched_cropped_or_padded() -> None:
    """A black picture with white ends, 40 wide and 10 high, for a model that takes squares of 10."""
    picture = np.zeros((10, 40), np.uint8)
    picture[:, :10] = picture[:, -10:] = 255

    def seen(**said: Any) -> np.ndarray[Any, Any]:
        made: np.ndarray[Any, Any] = array(picture, {"size": [10, 10], "layout": "NHW", "mode": "L", **said})[0]
        return made

    assert seen(fit="stretch", resize="nearest")[0].tolist() == [1, 1, 0, 0, 0, 0, 0, 1, 1, 1]
    assert not seen(fit="crop").any()
    padded = seen(fit="pad", resize="area")
    assert not padded[:3].any()
    assert not padded[6:].any()
    assert padded[3:6].any(0).tolist() == [True] * 3 + [False] * 4 + [True] * 3
    inverted = seen(fit="pad", resize="area", invert=True)
    assert not inverted[:3].any(), "what is padded is nothing to the model, inverted or not"
    assert inverted[4, 5] == 1


def test_what_is_cropped_away_is_not_seen_at_the_edge() -> None:
    """A filter looks beside a pixel, and there only at what is kept."""
    picture = np.zeros((30, 90), np.uint8)
    picture[:, :30] = picture[:, 60:] = 255
    assert not array(picture, {"size": [10, 10], "layout": "NHW", "mode": "L", "fit": "crop"}).any()


# --- completed by the signature ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "size", "mode", "layout"),
    [
        ([None, 1, 8, 8], (8, 8), "L", "NCHW"),
        ([None, 3, 32, 48], (32, 48), "RGB", "NCHW"),
        ([1, 224, 224, 3], (224, 224), "RGB", "NHWC"),
        ([None, 28, 28], (28, 28), "L", "NHW"),
        ([None, 784], (28, 28), "L", "flat"),
        ([None, 3072], (32, 32), "RGB", "flat"),
    ],
)
def test_the_model_s_input_tells_what_is_not_said(shape: Any, size: Any, mode: str, layout: str) -> None:
    """Nobody need repeat the shape of a model."""
    about = {"name": "x", "dtype": "float32", "shape": shape}
    found = Preprocess.of(None, [about])
    assert (found.size, found.mode, found.layout) == (size, mode, layout)
    made = array(RGB, None, about)
    assert made.shape == (1, *shape[1:])
    assert made.min() >= 0
    assert made.max() <= 1
    assert Preprocess.of(found.as_json(), about) == found


def test_mobilenet_has_a_name() -> None:
    """224 × 224, RGB, from -1 to 1, in the order of the model's own axes."""
    made = array(RGB, "mobilenet")
    assert made.shape == (1, 224, 224, 3)
    assert (made.min(), made.max()) == (-1, 1)
    assert array(RGB, "mobilenet", {"name": "x", "shape": [None, 3, 224, 224]}).shape == (1, 3, 224, 224)
    assert set(KNOWN) == {"mobilenet"}


SQUARE = {"name": "x", "dtype": "float32", "shape": [None, 1, 8, 8]}


@pytest.mark.parametrize(
    ("said", "about", "word"),
    [
        ({"size": [8]}, None, "size"),
        ({"size": [0, 8]}, None, "size"),
        ({"size": [8, 10**9]}, None, "size"),
        ({"size": [8.5, 8]}, None, "size"),
        ({"size": 8, "mode": "CMYK"}, None, "'RGB' or 'L'"),
        ({"size": 8, "layout": "CHWN"}, None, "layout"),
        ({"size": 8, "layout": "NHW"}, None, 'mode "L"'),
        ({"size": 8, "scale": [0, float("nan")]}, None, "scale"),
        ({"size": 8, "std": 0}, None, "none of them 0"),
        ({"size": 8, "mean": [1, 2]}, None, "mean"),
        ({"size": 8, "mode": "L", "mean": [1, 2, 3]}, None, "mean"),
        ({"size": 8, "invert": 1}, None, "invert"),
        ({"size": 8, "rotate": 90}, None, "rotate"),
        ("resnet", None, "mobilenet"),
        (["mobilenet"], None, "dictionary"),
        (None, None, "size"),
        ({}, {"name": "x", "shape": [None, None, None, 3]}, "size"),
        ({"size": 9}, SQUARE, "input x"),
        ({"mode": "RGB"}, SQUARE, "input x"),
        (None, {"name": "x", "shape": [None, 7]}, "size"),
    ],
)
def test_preprocessing_that_makes_no_sense_is_a_named_error(said: Any, about: Any, word: str) -> None:
    """When it is said, and not at the first picture."""
    with pytest.raises(ModelError, match="preprocess") as refused:
        Preprocess.of(said, about)
    assert word in str(refused.value)
