"""Sounds, videos, tables, figures, and what lies over pictures: from what they can be made, and how they come back."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forged import alter
from PIL import Image as Pictures

import tracker
from tracker import errors
from tracker.values import unpack
from tracker.values.value import Value


@pytest.fixture
def stored(logdir: Path) -> Callable[..., Any]:
    """Logs a value and gives its item back, read from the store."""

    def roundtrip(value: Value | list[Any], kind: str) -> Any:
        with tracker.init(logdir=logdir, name="a", resume="allow") as run:
            run.log({"it": value}, step=3)
        return tracker.open(logdir).run("a").media(kind, "it")

    return roundtrip


# --- sounds ---------------------------------------------------------------------------------------------------


def test_a_sound_comes_back_as_its_samples(stored: Callable[..., Any]) -> None:
    """16 bits of floats, and what is known of it."""
    wave = np.sin(np.linspace(0, 100, 4000))
    (item,) = stored(tracker.Audio(wave, 8000, caption="a tone"), "audio")
    assert item.step == 3
    assert item.attributes == {"sample_rate": 8000, "channels": 1, "frames": 4000, "seconds": 0.5, "caption": "a tone"}
    assert np.abs(item.samples[:, 0] / 32767 - wave).max() < 1 / 32767


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (np.zeros(9), (9, 1)), (np.zeros((9, 2)), (9, 2)), (np.zeros((2, 9)), (9, 2)), (np.zeros((1, 1)), (1, 1)), ([0.0, 0.5], (2, 1)),
        (np.zeros((2, 9), np.float16), (9, 2)), (np.zeros(9, bool), (9, 1)), (np.zeros((9, 8)), (9, 8)),
    ],
    ids=lambda each: str(getattr(each, "shape", each)),
)  # fmt: skip
def test_sounds_of_any_shape(data: Any, shape: tuple[int, int]) -> None:
    """Channels are the shorter axis."""
    assert tracker.Audio(data, 16000).samples.shape == shape


def test_torch_sounds_are_channels_first() -> None:
    """As torchaudio has them, also where there are fewer samples than channels."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    assert tracker.Audio(torch.zeros(4, 3, requires_grad=True), 16000).samples.shape == (3, 4)
    assert tracker.Audio(torch.zeros(7, dtype=torch.bfloat16), 16000).samples.shape == (7, 1)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16"])
def test_whole_samples_fill_the_range_of_their_type(dtype: str) -> None:
    """Silence is silence, the loudest is the loudest."""
    info = np.iinfo(dtype)
    middle = 0 if info.min < 0 else (info.max + 1) // 2
    low, silent, high = tracker.Audio(np.array([info.min, middle, info.max], dtype), 8000).samples[:, 0]
    assert (low, silent) == (-32768, 0)
    assert high > 32000


def test_samples_that_are_no_sound_are_counted() -> None:
    """Clipped and NaN, as of pictures."""
    sound = tracker.Audio(np.array([0.5, 2.0, -3.0, np.nan, np.inf]), 8000)
    assert sound.samples[:, 0].tolist() == [16384, 32767, -32767, 0, 32767]
    assert (sound.attributes["clipped"], sound.attributes["nan"]) == (3, 1)


@pytest.mark.parametrize(
    ("data", "rate", "words"),
    [
        (np.zeros(0), 8000, "shape of a sound"), (np.zeros((9, 9)), 8000, "shape of a sound"), (np.zeros((2, 2, 2)), 8000, "shape of a sound"),
        (np.zeros(()), 8000, "shape of a sound"), ("a.wav", 8000, "cannot be read"), (np.zeros(3, complex), 8000, "real numbers"),
        (np.zeros(3), 0, "sample_rate"), (np.zeros(3), float("nan"), "sample_rate"), (np.zeros(3), "fast", "sample_rate"), (np.zeros(3), True, "sample_rate"),
        (np.broadcast_to(np.float32(0), (31_000_000,)), 8000, "too long"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_sound_says_so(data: Any, rate: Any, words: str) -> None:
    """On the caller's line."""
    with pytest.raises(errors.TrackerError, match=words):
        tracker.Audio(data, rate)


# --- pictures that let through ----------------------------------------------------------------------------------

SEEN_THROUGH = np.random.default_rng(0).integers(0, 256, (9, 11, 4), np.uint8)
SEEN_THROUGH[::2, :, 3] = 0
"""Every second row is wholly transparent, and has colours."""


def with_transparency(picture: Any, value: Any) -> Any:
    """A picture of Pillow's, one colour or index of which is transparent, as PNG has it."""
    picture.info["transparency"] = value
    return picture


TRANSPARENT: dict[str, Callable[[], Any]] = {
    "array": lambda: SEEN_THROUGH,
    "floats": lambda: SEEN_THROUGH / 255,
    "channels first": lambda: np.moveaxis(SEEN_THROUGH, -1, 0),
    "batch": lambda: np.stack([SEEN_THROUGH] * 3),
    "RGBA": lambda: Pictures.fromarray(SEEN_THROUGH),
    "RGBa": lambda: Pictures.fromarray(SEEN_THROUGH).convert("RGBa"),
    "LA": lambda: Pictures.fromarray(SEEN_THROUGH).convert("LA"),
    "La": lambda: Pictures.fromarray(SEEN_THROUGH).convert("LA").convert("La"),
    "RGB": lambda: with_transparency(Pictures.fromarray(SEEN_THROUGH[..., :3]), tuple(SEEN_THROUGH[0, 0, :3].tolist())),
    "L": lambda: with_transparency(Pictures.fromarray(SEEN_THROUGH[..., 0]), int(SEEN_THROUGH[0, 0, 0])),
    "P": lambda: with_transparency(Pictures.fromarray(SEEN_THROUGH[..., :3]).quantize(8), 3),
    "1": lambda: with_transparency(Pictures.fromarray(SEEN_THROUGH[..., 0] > 99), 0),
}


@pytest.mark.parametrize("mode", TRANSPARENT)
def test_what_is_wholly_transparent_keeps_its_colour(stored: Callable[..., Any], mode: str) -> None:
    """Lossless is every byte; WebP's encoder throws these away unless it is told not to."""
    given = TRANSPARENT[mode]()
    image = tracker.Image(given)
    assert image.pixels.shape[-1] == 4
    if isinstance(given, Pictures.Image) and mode != "La":
        assert np.array_equal(image.pixels, np.asarray(given.convert("RGBA")))
    (item,) = stored(image, "image")
    assert np.array_equal(item.array, image.pixels)
    assert (item.array[..., 3] == 0).any()


# --- videos ---------------------------------------------------------------------------------------------------


def wav(kind: int, bits: int, samples: bytes, channels: int = 2, *, at_length: bool = False, odd: bytes = b"") -> bytes:
    """A WAV file of a form that Python's own module may not write."""
    form = struct.pack("<HHIIHH", 0xFFFE if at_length else kind, channels, 8000, 0, 0, bits)
    if at_length:
        form += struct.pack("<HHIH", 22, bits, 0, kind) + bytes(14)
    parts = b"fmt " + struct.pack("<I", len(form)) + form + odd + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WAVE" + parts


STEREO = np.array([[0, -32768], [16384, 32767], [-1, 1]], "<i2")


@pytest.mark.parametrize(
    "file",
    [
        wav(1, 16, STEREO.tobytes()),
        wav(1, 16, STEREO.tobytes() + b"x", at_length=True),
        wav(1, 32, (STEREO.astype("<i4") * 65536).tobytes(), odd=b"LIST\x03\0\0\0abc\0"),
        wav(1, 24, b"".join(b"\0" + each.tobytes() for each in STEREO.ravel())),
        wav(3, 32, (STEREO / 32767).astype("<f4").tobytes()),
        wav(3, 64, (STEREO / 32767).astype("<f8").tobytes(), at_length=True),
        wav(1, 8, ((STEREO // 256) + 128).astype(np.uint8).tobytes()),
    ],
)
def test_sounds_are_read_from_files(file: bytes, tmp_path: Path) -> None:
    """Of every form that programs write; what the file says of its rate is heard."""
    (tmp_path / "x.wav").write_bytes(file)
    sound = tracker.Audio(tmp_path / "x.wav")
    assert sound.attributes["sample_rate"] == 8000
    assert sound.samples.shape == STEREO.shape
    tolerance = 256 if file[34:36] == b"\x08\0" else 1
    assert np.abs(sound.samples.astype(int) - STEREO).max() <= tolerance


@pytest.mark.parametrize("file", [b"", b"ID3\x04", wav(1, 16, b"")[:-8], wav(7, 8, b"abc"), wav(1, 16, b"1234", 0)])
def test_a_file_that_is_no_sound_says_so(file: bytes, tmp_path: Path) -> None:
    """On the caller's line, with what to do."""
    (tmp_path / "x.wav").write_bytes(file)
    with pytest.raises(tracker.errors.LoggedValueError, match="cannot be read"):
        tracker.Audio(str(tmp_path / "x.wav"))
    with pytest.raises(tracker.errors.LoggedValueError, match="cannot be read"):
        tracker.Audio(tmp_path / "none.wav")


def test_pictures_are_read_from_files_and_stand_upright(tmp_path: Path) -> None:
    """A telephone keeps its pictures lying on their side, with a word of how it was held."""
    upright = np.zeros((4, 6, 3), np.uint8)
    upright[0, :, 0] = 255
    lying = Pictures.fromarray(np.rot90(upright))  # a quarter to the left: orientation 6 turns it to the right
    exif = Pictures.Exif()
    exif[0x0112] = 6
    lying.save(tmp_path / "x.png", exif=exif)
    assert (tracker.Image(tmp_path / "x.png").pixels == upright).all()
    with Pictures.open(tmp_path / "x.png") as opened:
        assert (tracker.Image(opened).pixels == upright).all()
    (tmp_path / "y.png").write_bytes(b"no picture")
    for odd in ("y.png", "none.png"):
        with pytest.raises(tracker.errors.LoggedValueError, match="cannot be read"):
            tracker.Image(str(tmp_path / odd))


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint32"])
def test_a_mask_of_zeros_and_ones_is_black_and_white(dtype: str) -> None:
    """As 0 and 1 of 255 nobody would see it. 8 bits without a sign are levels of grey, whatever they are."""
    mask = np.eye(4, dtype=dtype)
    assert set(np.unique(tracker.Image(mask).pixels)) == {0, 255}
    assert set(np.unique(tracker.Image(mask.astype(np.uint8)).pixels)) == {0, 1}
    assert set(np.unique(tracker.Image(mask * 2).pixels)) == {0, 2}


def test_frames_last_as_long_as_the_rate_says() -> None:
    """Sixty frames of a second take a second: milliseconds are rounded as they follow each other."""
    (made,) = tracker.Video(np.random.default_rng(0).random((60, 4, 4)), fps=60).encode()
    with Pictures.open(io.BytesIO(made.data)) as video:
        lasting = []
        for frame in range(video.n_frames):
            video.seek(frame)
            video.load()
            lasting.append(video.info["duration"])
    assert sum(lasting) == 1000
    assert set(lasting) == {16, 17}


def test_a_video_is_an_animation_of_its_frames(stored: Callable[..., Any]) -> None:
    """As many frames, each as long as fps says; bright stays bright."""
    frames = np.zeros((5, 16, 24, 3), np.uint8)
    for i, frame in enumerate(frames):
        frame[...] = 50 * i
    (item,) = stored(tracker.Video(frames, fps=20), "video")
    picture = Pictures.open(io.BytesIO(item.data))
    assert (picture.n_frames, picture.size) == (5, (24, 16))
    picture.seek(4)
    assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - 200).max() < 8
    assert picture.info["duration"] == 50
    assert item.attributes == {"frames": 5, "height": 16, "width": 24, "fps": 20.0}


@pytest.mark.parametrize(
    ("shape", "size"),
    [((4, 6, 8), (8, 6)), ((4, 6, 8, 1), (8, 6)), ((4, 6, 8, 3), (8, 6)), ((4, 3, 6, 8), (8, 6)), ((2, 4, 3, 6, 8), (16, 6)), ((1, 4, 6, 8, 4), (8, 6)), ((1, 1, 1), (1, 1))],
    ids=str,
)  # fmt: skip
def test_videos_of_any_layout(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    """A batch is shown side by side."""
    about = tracker.Video(np.zeros(shape)).attributes
    assert (about["width"], about["height"]) == size


@pytest.mark.parametrize(
    ("file", "form"),
    [(b"\x1aE\xdf\xa3rest", "video/webm"), (b"\0\0\0\x20ftypisom", "video/mp4"), (b"GIF89arest", "image/gif")],
)
def test_files_are_kept_as_they_are(file: bytes, form: str, stored: Callable[..., Any], tmp_path: Path) -> None:
    """Their first bytes say what they are, not their name."""
    path = tmp_path / "clip.txt"
    path.write_bytes(file)
    (item,) = stored(tracker.Video(path), "video")
    assert (item.form, item.data) == (form, file)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((4, 6)), "shape of a video"), (np.zeros((0, 4, 4)), "shape of a video"), (np.zeros((2, 5, 5, 5)), "shape of a video"),
        (b"<svg onload=alert(1)>", "no video"), (b"RIFF....AVI ", "no video"), ("/nowhere/clip.mp4", "cannot be read"), (7j, "real numbers"),
        (np.broadcast_to(np.uint8(0), (1000, 1000, 1000)), "too large"), (np.broadcast_to(np.uint8(0), (1, 2, 5000)), "too large"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_video_says_so(data: Any, words: str) -> None:
    """Before anything of its size is allocated."""
    with pytest.raises(errors.TrackerError, match=words):
        tracker.Video(data)
    with pytest.raises(errors.LoggedValueError, match="fps"):
        tracker.Video(np.zeros((2, 2, 2)), fps=0)


# --- tables ---------------------------------------------------------------------------------------------------


def test_a_table_comes_back_cell_by_cell(stored: Callable[..., Any]) -> None:
    """Numbers that JSON has not, whole ones a browser has not, empty cells and text of any letters."""
    rows = [[1, "é\ud800", True, None], [float("nan"), "NaN", False, 2**60], [float("-inf"), "", True, -0.5]]
    (item,) = stored(tracker.Table(rows, columns=["n", "text", "yes", "mixed"]), "table")
    table = item.table
    assert table["n"][0] == 1
    assert np.isnan(table["n"][1])
    assert table["n"][2] == -np.inf
    assert table["text"] == ["é\\ud800", "NaN", ""]
    assert table["yes"] == [True, False, True]
    assert table["mixed"] == [None, str(2**60), -0.5]
    assert [column["kind"] for column in item.json["columns"]] == ["number", "text", "boolean", "mixed"]
    assert item.attributes == {"rows": 3, "columns": 4}


def test_pictures_in_cells(stored: Callable[..., Any]) -> None:
    """Kept beside the table, in the order of its columns; two tables of one step keep theirs."""
    shade = [np.full((2, 2), value, np.uint8) for value in (10, 20, 30)]
    one = tracker.Table({"x": [tracker.Image(shade[0]), None], "y": [1, Pictures.fromarray(shade[1])]})
    two = tracker.Table({"x": [tracker.Image(shade[2])]})
    first, second = stored([one, two], "table")
    assert first.table == {"x": [{"image": 0}, None], "y": [1, {"image": 1}]}
    assert [part.array[0, 0, 0] for part in first.parts] == [10, 20]
    assert [part.array[0, 0, 0] for part in second.parts] == [30]


def test_tables_of_pandas(stored: Callable[..., Any]) -> None:
    """Missing values, times, categories, and columns of two levels."""
    pandas = pytest.importorskip("pandas", reason="needs pandas, which only the tests use")
    frame = pandas.DataFrame(
        {
            "whole": pandas.array([1, None], dtype="Int64"),
            "time": pandas.to_datetime(["2024-01-02", None]),
            "kind": pandas.Categorical(["a", "b"]),
            "share": np.array([0.5, np.nan], np.float32),
        }
    )
    (item,) = stored(tracker.Table(frame), "table")
    table = item.table
    assert table["whole"] == [1, None]
    assert table["time"][0].startswith("2024-01-02")
    assert table["time"][1] is None
    assert table["kind"] == ["a", "b"]
    assert np.isnan(table["share"][1])
    nested = pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert [c["name"] for c in tracker.Table(nested).columns] == ["a / x", "a / y"]


@pytest.mark.parametrize(
    ("data", "columns", "expected"),
    [
        ([{"a": 1}, {"b": 2}], None, {"a": [1, None], "b": [None, 2]}),
        (np.arange(4).reshape(2, 2), None, {"0": [0, 2], "1": [1, 3]}),
        ([], ["a"], {"a": []}), ([], None, {}), ({}, None, {}),
        ({"b": np.arange(2), "a": (1, 2)}, ["a"], {"a": [1, 2]}),
        ([[np.float32(0.5), np.int8(3), np.bool_(True), np.array(7)]], list("abcd"), {"a": [0.5], "b": [3], "c": [True], "d": [7]}),
        ([[b"x", [1, 2]]], None, {"0": ["b'x'"], "1": ["[1, 2]"]}),
    ],
    ids=str,
)  # fmt: skip
def test_tables_of_anything_with_rows(data: Any, columns: Any, expected: Any) -> None:
    """Mappings, arrays, nothing at all."""
    assert {column["name"]: column["values"] for column in tracker.Table(data, columns).columns} == expected


@pytest.mark.parametrize(
    ("data", "columns", "words"),
    [
        ("abc", None, "no table"), (7, None, "no table"), ([[1], [1, 2]], None, "row 1"), ([[1, 2]], ["a"], "columns does not fit"), ([[1, 2]], ["a", "a"], "columns does not fit"),
        ({"a": [1], "b": [1, 2]}, None, "unequal"), ({"a": 1}, None, "a column is"), ({"a": [1]}, ["b"], "columns does not fit"), (np.zeros((2, 2, 2)), None, "two axes"),
        (np.zeros((1, 501)), None, "too large"), ({"a": range(2_000_001)}, None, "too large"),
    ],
    ids=lambda each: str(each)[:30],
)  # fmt: skip
def test_what_is_no_table_says_so(data: Any, columns: Any, words: str) -> None:
    """With the row or the column that is odd."""
    with pytest.raises(errors.TrackerError, match=words):
        tracker.Table(data, columns)


# --- figures --------------------------------------------------------------------------------------------------


def test_a_matplotlib_figure_is_a_picture_of_what_it_was(stored: Callable[..., Any]) -> None:
    """A snapshot: drawn on afterwards, it stays as it was. Axes do as well."""
    matplotlib = pytest.importorskip("matplotlib", reason="needs Matplotlib, which only the tests use")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(2, 1))
    logged = tracker.Figure(figure, caption="empty")
    before = logged.data
    axes.plot([1, 2], [1, 2], linewidth=20)
    assert tracker.Figure(axes).data != before
    tracker.Figure(figure, close=True)
    assert not plt.fignum_exists(figure.number)
    (item,) = stored(logged, "figure")
    assert (item.form, item.data) == ("image/png", before)
    assert (
        Pictures.open(io.BytesIO(item.data)).size == (288, 144) == (item.attributes["width"], item.attributes["height"])
    )


def test_a_plotly_figure_keeps_its_numbers(stored: Callable[..., Any]) -> None:
    """So that it can be hovered and zoomed; a mapping of the same form does as well."""
    go = pytest.importorskip("plotly.graph_objects", reason="needs Plotly")
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, float("nan")]), layout={"title": "t"})
    (item,) = stored(tracker.Figure(figure), "figure")
    assert item.json["data"][0]["type"] == "scatter"
    assert item.json["layout"]["title"]["text"] == "t"
    plain = tracker.Figure({"data": [{"type": "bar", "y": np.arange(3)}]})
    assert b"[0, 1, 2]" in plain.data


@pytest.mark.parametrize(
    "odd", [None, "plot.png", np.zeros((3, 3)), {"layout": {}}, object()], ids=lambda each: str(each)[:20]
)
def test_what_is_no_figure_says_so(odd: Any) -> None:
    """And what would be one."""
    with pytest.raises(errors.LoggedTypeError, match="no figure"):
        tracker.Figure(odd)


def test_a_figure_of_a_hundred_inches_is_refused_before_it_is_drawn() -> None:
    """A picture of 14,400 pixels a side would take a gigabyte."""
    matplotlib = pytest.importorskip("matplotlib", reason="needs Matplotlib, which only the tests use")
    with pytest.raises(errors.LoggedValueError, match="too large"):
        tracker.Figure(matplotlib.figure.Figure(figsize=(100, 100)))


# --- layers ---------------------------------------------------------------------------------------------------


def test_masks_and_boxes_lie_over_a_picture(stored: Callable[..., Any]) -> None:
    """In layers by name; the class of every pixel comes back."""
    classes = np.arange(12, dtype=np.int64).reshape(3, 4)
    image = tracker.Image(
        np.zeros((3, 4, 3), np.uint8),
        boxes={"truth": [(0, 1, 2, 3)], "found": [{"box": np.array([0.5, 1, 2, 1e9]), "label": "cat", "score": 0.5}]},
        masks={"parts": {"mask": classes, "labels": ["none", "ear"]}, "all": classes > 3},
    )
    first, second = stored([image, tracker.Image(np.zeros((2, 2)))], "image")
    assert first.attributes["boxes"] == [
        {"name": "truth", "boxes": [{"box": [0.0, 1.0, 2.0, 3.0]}]},
        {"name": "found", "boxes": [{"box": [0.5, 1.0, 2.0, 16.0], "label": "cat", "score": 0.5}]},
    ]
    assert first.attributes["masks"] == [
        {"name": "parts", "labels": {"0": "none", "1": "ear"}},
        {"name": "all", "labels": {}},
    ]
    assert (first.parts[0].array[..., 0] == classes).all()
    assert first.parts[1].array[..., 0].sum() == 8
    assert second.parts == ()
    assert second.array.shape[:2] == (2, 2)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ({"boxes": [(0, 1, 2)]}, "no box"), ({"boxes": "all"}, "no box"), ({"boxes": [{"label": "x"}]}, "no box"), ({"boxes": [(0, 0, 1, float("inf"))]}, "not finite"),
        ({"boxes": [(0, 0, 1, 1)] * 5001}, "too many boxes"), ({"masks": np.zeros((4, 3), bool)}, "does not fit"), ({"masks": np.full((3, 4), 256)}, "does not fit"),
        ({"masks": np.zeros((3, 4))}, "class of each pixel"), ({"masks": {"mask": "x"}}, "real numbers"),
    ],
    ids=lambda each: str(each)[:30],
)  # fmt: skip
def test_layers_that_do_not_fit_say_so(layers: Any, words: str) -> None:
    """On the caller's line."""
    with pytest.raises(errors.TrackerError, match=words):
        tracker.Image(np.zeros((3, 4, 3)), **layers)


# --- all of them ----------------------------------------------------------------------------------------------


def test_a_value_is_a_snapshot() -> None:
    """What the training does to its arrays afterwards changes nothing."""
    sound, video, mask = np.zeros(4, np.float32), np.zeros((2, 2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8)
    values = tracker.Audio(sound, 8000), tracker.Video(video), tracker.Image(mask, masks=mask)
    sound += 1
    video += 1
    mask += 1
    assert not values[0].samples.any()
    assert not values[1].frames.any()
    assert not values[2].masks[0][1].any()


def test_media_are_asked_for_by_step_and_by_place(logdir: Path) -> None:
    """A page of a long run reads one step, or one sample's history, and not all of them."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in (5, 3, 5):
            run.log({"p": [tracker.Image(np.full((2, 2), i, np.uint8)) for i in range(3)]}, step=step)
    stored = tracker.open(logdir).run("a")
    assert stored.media_steps("image", "p") == [3, 5]
    assert len(stored.media("image", "p", step=5)) == 6
    assert [item.step for item in stored.media("image", "p", position=1)] == [5, 3, 5]
    assert stored.media("image", "p", step=4) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [(zlib.compress(b"[" + b" " * 5_000_000), "too large"), (zlib.compress(b"[" * 100_000), "too deeply"), (b"junk", "cannot be unpacked"), (b"", "cannot be read")],
    ids=["bomb", "nested", "junk", "empty"],
)  # fmt: skip
def test_bombs_and_junk_in_a_store_are_refused(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, words: str
) -> None:
    """A run from elsewhere may hold anything: it costs no more memory than the limit, and says what was wrong."""
    monkeypatch.setattr("tracker.values.unpack.NUMBERS", unpack.NUMBERS._replace(bytes_free=1_000_000))
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"t": tracker.Table([[1]])}, step=0)
    (path,) = (logdir / "a").glob("*.sqlite")
    alter(path, "UPDATE blobs SET data=?", data)
    (item,) = tracker.open(logdir).run("a").tables("t")
    with pytest.raises(errors.DamagedBytesError, match=words):
        _ = item.table
