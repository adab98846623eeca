"""Values that are not numbers: what can be made of what, and what is said of what cannot."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

import tracker
from tracker import errors
from tracker.values.image import Image


def decoded(image: Image) -> np.ndarray:
    """The pixels after encoding."""
    (medium,) = image.encode()
    assert medium.form == "image/webp"
    return np.asarray(Pictures.open(io.BytesIO(medium.data)))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((5, 6), None), ((5, 6, 1), None), ((5, 6, 3), None), ((5, 6, 4), None), ((1, 5, 6), 0), ((3, 5, 6), 0), ((4, 5, 6), 0)],
    ids=str,
)  # fmt: skip
def test_pictures_of_any_layout_are_kept_without_loss(shape: tuple[int, ...], axes: int | None) -> None:
    """HW, HWC and CHW of 1, 3 or 4 channels."""
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if 4 in shape:  # what lies under full transparency is not kept
        (pixels[3] if axes == 0 else pixels[..., 3])[...] = 255
    expected = np.moveaxis(pixels, 0, -1) if axes == 0 else pixels if pixels.ndim == 3 else pixels[..., None]
    back = decoded(Image(pixels))  # WebP has no grey: three equal channels
    assert (back[..., : expected.shape[-1]] == expected[..., : back.shape[-1]]).all()
    assert back.shape[:2] == (5, 6)


def test_floats_are_shares_of_white_and_what_lies_outside_is_counted() -> None:
    """0 to 1; clipped values and NaN are told of."""
    image = Image(np.array([[0.0, 0.5, 1.0], [-1.0, 2.0, np.nan]]))
    assert image.pixels.tolist() == [[0, 128, 255], [0, 255, 0]]
    assert (image.attributes["clipped"], image.attributes["nan"]) == (2, 1)


def test_masks_are_black_and_white() -> None:
    """Of booleans, and never black on black."""
    assert Image(np.array([[True, False]])).pixels.tolist() == [[255, 0]]


def test_a_batch_becomes_a_grid() -> None:
    """Tiles in reading order with a line between them."""
    tiles = np.arange(1, 6, dtype=np.uint8)[:, None, None, None] * np.ones((5, 1, 2, 2), np.uint8)
    image = Image(tiles)
    assert image.pixels.shape == (5, 8)
    assert image.pixels[0].tolist() == [1, 1, 0, 2, 2, 0, 3, 3]
    assert image.pixels[3].tolist() == [4, 4, 0, 5, 5, 0, 0, 0]


def test_torch_pictures_are_channels_first() -> None:
    """As the framework keeps them, also where the last axis looks like channels."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    assert Image(torch.zeros(3, 8, 4)).pixels.shape == (8, 4, 3)
    assert Image(torch.zeros(3, 8, 4, requires_grad=True, dtype=torch.bfloat16)).pixels.shape == (8, 4, 3)
    assert Image(np.zeros((3, 8, 4))).pixels.shape == (3, 8, 4)
    assert Image(np.zeros((3, 8, 4)), layout="CHW").pixels.shape == (8, 4, 3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I", "F"])
def test_pil_pictures_of_any_mode(mode: str) -> None:
    """As other programs open them."""
    assert Image(Pictures.new(mode, (4, 3))).pixels.shape[:2] == (3, 4)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((5, 5, 2)), "shape of a picture"), (np.zeros((9, 5, 2)), "Of 2 channels"), (np.zeros((5, 50, 9)), "Of 5 pictures"), (np.zeros(4), "shape of a picture"),
        (np.zeros((0, 4)), "nothing to show"), (np.zeros((0, 3, 4, 4)), "nothing to show"), (np.zeros((20_000, 2)), "too large"),
        (np.broadcast_to(np.uint8(0), (9000, 9000)), "too large"), (np.zeros((4, 4), complex), "real numbers"), ("picture.png", "cannot be read"), (None, "real numbers"),
    ],
    ids=lambda each: str(getattr(each, "shape", each))[:20],
)  # fmt: skip
def test_what_is_no_picture_says_so(data: Any, words: str) -> None:
    """Where it was made, with its shape, and what would do."""
    with pytest.raises(errors.TrackerError, match=words):
        tracker.Image(data)


def test_the_most_probable_predictions_are_kept_in_order() -> None:
    """Ten of them; a NaN stays one."""
    image = Image(np.zeros((2, 2)), label=7, predictions={i: i / 100 for i in range(20)})
    assert [each["name"] for each in image.attributes["predictions"]] == [str(i) for i in range(19, 9, -1)]
    assert image.attributes["label"] == "7"
    assert Image(np.zeros((2, 2)), predictions={"a": float("nan")}).attributes["predictions"] == [
        {"name": "a", "probability": None}
    ]


@pytest.mark.parametrize("make", [lambda torch: torch.arange(6.0), lambda torch: torch.arange(6.0, requires_grad=True), lambda torch: torch.arange(6.0).to(torch.bfloat16), lambda torch: torch.arange(12.0)[::2] / 2, lambda torch: torch.arange(6).to_sparse()])  # fmt: skip
def test_histograms_of_torch_tensors(make: Any) -> None:
    """Recording, bfloat16, strided, sparse: counted as they are."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    counted = tracker.Histogram(make(torch))
    assert (counted.total, counted.min, counted.max) == (6, 0.0, 5.0)


@pytest.mark.parametrize(
    "odd", [[], [1, 2, 3], [[1.5], [2.5]], np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), range(4), 7]
)
def test_histograms_of_anything_that_is_numbers(odd: Any) -> None:
    """Lists, masked arrays (what is masked is not counted), single numbers."""
    assert tracker.Histogram(odd).total == (2 if isinstance(odd, np.ma.MaskedArray) else np.asarray(odd).size)


@pytest.mark.parametrize(
    "odd", ["abc", None, {"a": 1}, np.array(["a"]), np.array([1j]), pytest.param(object(), id="object")], ids=repr
)
def test_what_cannot_be_counted_says_so(odd: Any) -> None:
    """Text, nothing, complex numbers."""
    with pytest.raises(errors.LoggedTypeError, match="real numbers"):
        tracker.Histogram(odd)


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        ([{"op": "x"}], [], "needs a name"), ([{"name": "a"}, {"name": "a"}], [], "the same name"), ([{"name": "a", "kind": "weight"}], [], "unknown kind"),
        ([{"name": "a"}], [{"source": "a", "target": "b"}], "target of an edge"), ([{"name": "a"}], ["ab"], "source and a target"),
    ],
)  # fmt: skip
def test_a_graph_that_does_not_hold_together_says_why(nodes: Any, edges: Any, words: str) -> None:
    """Before it is stored."""
    with pytest.raises(errors.TrackerError, match=words):
        tracker.Graph(nodes, edges)


def test_a_model_without_a_graph_says_what_would_have_one() -> None:
    """log_graph(object()) names what it takes."""
    with pytest.raises(errors.LoggedTypeError, match="to_graph"):
        tracker.Graph.of(object())
