"""What a newcomer hands over on a first try: taken for what it plainly is, or refused with the line that does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

import tracker
from tracker import errors

DEEP = np.array([[0, 257 * 7], [40_000, 65_535]], np.uint16)
"""A picture of 16 bits."""


@pytest.mark.parametrize(
    ("shape", "size"), [((60, 28, 28), (231, 231)), ((2, 8, 8), (8, 17)), ((10, 64, 48), (194, 195))], ids=str
)
def test_grey_pictures_in_one_array_are_a_grid(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    """As data sets of digits have them: (N, H, W)."""
    about = tracker.Image(np.zeros(shape, np.uint8)).attributes
    assert (about["height"], about["width"]) == size


def test_pictures_of_sixteen_bits_are_not_white() -> None:
    """Arrays and PIL's modes for them, over the range of 16 bits; whole numbers below 256 stay what they are."""
    expected = [[0, 7], [155, 255]]
    assert tracker.Image(DEEP).pixels.tolist() == expected
    assert tracker.Image(Pictures.fromarray(DEEP)).pixels.tolist() == expected
    assert tracker.Image(Pictures.fromarray(DEEP.astype(np.int32))).pixels.tolist() == expected
    assert tracker.Image(Pictures.fromarray(np.full((1, 1), 200, np.int32))).pixels.tolist() == [[200]]
    assert tracker.Image(Pictures.fromarray(np.full((1, 1), 0.5, np.float32))).pixels.tolist() == [[128]]


def test_a_picture_that_was_clipped_says_how_far_its_numbers_went() -> None:
    """Floats up to 255 are white all over, and the page says why; what is infinite has no end to name."""
    about = tracker.Image(np.array([[0.5, 3.0], [254.0, 1.0]])).attributes
    assert (about["clipped"], about["least"], about["most"]) == (2, 0.5, 254.0)
    about = tracker.Image(np.array([[np.inf, np.nan]])).attributes
    assert (about["clipped"], about["nan"]) == (1, 1)
    assert "most" not in about


def test_masked_pixels_are_missing_ones() -> None:
    """And do not change the picture's shape."""
    image = tracker.Image(np.ma.masked_array(np.ones((2, 2)), mask=np.eye(2)))
    assert image.pixels.tolist() == [[0, 255], [255, 0]]
    assert image.attributes["nan"] == 2


@pytest.mark.parametrize(
    "given", [[0.1, 0.9], (0.1, 0.9), np.array([0.1, 0.9]), {0: 0.1, 1: 0.9}, {"1": np.float64(0.9), "0": 0.1}], ids=str
)
def test_predictions_by_name_or_in_order(given: Any) -> None:
    """The most probable first."""
    (first, second) = tracker.Image(np.zeros((2, 2)), predictions=given).attributes["predictions"]
    assert (first, second) == ({"name": "1", "probability": 0.9}, {"name": "0", "probability": 0.1})


def test_predictions_that_are_not_finite_come_last() -> None:
    """NaN must not hide what is known."""
    found = tracker.Image(np.zeros((2, 2)), predictions={"a": float("nan"), "b": 0.2, "c": 0.5}).attributes
    assert [each["name"] for each in found["predictions"]] == ["c", "b", "a"]
    assert found["predictions"][2]["probability"] is None


def test_tensors_of_torch() -> None:
    """Predictions, a sample rate, a tensor without numbers."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    image = tracker.Image(torch.zeros(3, 4, 4), predictions=torch.tensor([0.25, 0.75], dtype=torch.bfloat16))
    assert image.attributes["predictions"][0] == {"name": "1", "probability": 0.75}
    assert tracker.Audio(torch.zeros(1, 8), torch.tensor(8000)).attributes["sample_rate"] == 8000
    assert tracker.Image(torch.zeros(16, 28, 28)).attributes["height"] == 115
    with pytest.raises(errors.LoggedTypeError, match="holds no numbers"):
        tracker.Image(torch.zeros(3, 4, 4, device="meta"))


def test_a_table_keeps_the_names_of_its_rows() -> None:
    """A DataFrame's index where it says something; rows that are only counted are not a column."""
    pandas = pytest.importorskip("pandas", reason="needs pandas, which only the tests use")
    named = pandas.DataFrame({"v": [1, 2]}, index=["x", "y"])
    plain = [column["name"] for column in tracker.Table(named.reset_index(drop=True)).columns]
    assert plain == ["v"]
    assert [column["values"] for column in tracker.Table(named).columns] == [["x", "y"], [1, 2]]
    assert [column["name"] for column in tracker.Table(named, columns=["v"]).columns] == ["v"]
    grouped = pandas.DataFrame({"a": [1, 1], "b": [2, 3], "c": [4, 5]}).set_index(["a", "b"])
    assert [column["name"] for column in tracker.Table(grouped).columns] == ["a", "b", "c"]
    with pytest.raises(errors.LoggedValueError, match="reset_index"):
        tracker.Table(named["v"])


@pytest.mark.parametrize(
    "rows", [[np.array([1, 2]), np.array([3, 4])], np.array([(1, 2), (3, 4)], [("0", int), ("1", int)])], ids=["rows", "fields"]
)  # fmt: skip
def test_rows_of_numpy(rows: Any) -> None:
    """Arrays as rows, and a structured array."""
    assert [column["values"] for column in tracker.Table(rows).columns] == [[1, 3], [2, 4]]


def test_pyplot_stands_for_its_current_figure() -> None:
    """As it does everywhere in Matplotlib."""
    matplotlib = pytest.importorskip("matplotlib", reason="needs Matplotlib, which only the tests use")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    made = plt.subplots(figsize=(2, 1))
    assert tracker.Figure(plt).attributes["width"] == 288
    with pytest.raises(errors.LoggedTypeError, match="log the figure"):
        tracker.Figure(made)
    plt.close(made[0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tracker.Image("cat.png"), r"a picture, such as PNG"),
        (lambda: tracker.Image(np.zeros((2, 2)), predictions={"a": "x"}), "probabilities of classes"),
        (lambda: tracker.Image(np.zeros((2, 2)), predictions=0.5), "probabilities of classes"),
        (lambda: tracker.Image(np.zeros((2, 2)), masks={"mask": np.zeros((2, 2), int), "labels": "abc"}), "names of its classes"),
        (lambda: tracker.Image(np.zeros((2, 2)), boxes=(0, 0, 1, 1)), "a list of boxes"),
        (lambda: tracker.Audio(np.zeros(8), "8k"), "got: *str '8k'"),
    ],
    ids=["path", "words", "number", "labels", "box", "rate"],
)  # fmt: skip
def test_what_cannot_be_taken_says_what_can(make: Any, words: str) -> None:
    """On the caller's line, with what was expected and what came."""
    with pytest.raises(errors.TrackerError, match=words):
        make()
