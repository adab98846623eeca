"""What a classifier puts out as probabilities: softmax where it is logits, and the likeliest classes in their order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import ModelError
from tracker.models import ranking


@given(st.lists(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=3, max_size=3), min_size=1, max_size=4))
def test_any_finite_row_becomes_probabilities(rows: list[list[float]]) -> None:
    """Each lies in [0, 1], they sum to 1, and their order is that of the output."""
    output = np.array(rows, np.float32)
    found = ranking.ranked(output)
    assert found is not None
    assert found.probabilities.shape == output.shape
    assert np.allclose(found.probabilities.sum(1), 1, atol=2e-3)
    assert ((found.probabilities >= 0) & (found.probabilities <= 1)).all()
    for row, told in zip(output, found.probabilities, strict=True):
        assert told[row.argmax()] == told.max()


@pytest.mark.parametrize(
    ("rows", "by"),
    [
        ([[0.25, 0.75], [1, 0]], "as given"),
        ([[0.2501, 0.7498]], "as given"),  # as float16 has it
        ([[0.25, 0.5]], "softmax"),
        ([[0.25, 0.75], [0.5, 0.6]], "softmax"),  # one row is enough to say what all are
        ([[-0.5, 1.5]], "softmax"),
        ([[math.log(0.25), math.log(0.75)]], "softmax"),
        ([[1e4, -1e4]], "softmax"),
    ],
)
def test_logits_are_told_from_probabilities(rows: list[list[float]], by: str) -> None:
    """By whether every row lies in [0, 1] and sums to 1; logarithms of probabilities become these."""
    found = ranking.ranked(np.array(rows))
    assert found is not None
    assert found.made_by == by
    powers = np.exp(np.array(rows) - np.max(rows, axis=1, keepdims=True))
    wanted = rows if by == "as given" else powers / powers.sum(1, keepdims=True)
    assert np.allclose(found.probabilities, wanted)


def test_one_number_between_two_classes_is_the_second_one_s_share() -> None:
    """A probability or a logit; without two classes it is a number and no more."""
    for output, wanted in (([[0.25]], 0.25), ([[2.0]], 1 / (1 + math.exp(-2))), ([[-1e5]], 0.0)):
        found = ranking.ranked(np.array(output), classes=2)
        assert found is not None
        assert np.allclose(found.probabilities, [[1 - wanted, wanted]])
        assert ranking.ranked(np.array(output)) is None
        assert ranking.ranked(np.array(output), classes=3) is None


@pytest.mark.parametrize(
    "output",
    [
        np.zeros(3),
        np.zeros((2, 0)),
        np.zeros((2, 3, 4)),
        np.array([["a", "b"]]),
        np.array([[1, 2]]),
        np.zeros((2, 2)) * 1j,
    ],
    ids=["row", "nothing", "picture", "words", "labels", "complex"],
)
def test_what_is_no_row_of_scores_is_none(output: np.ndarray) -> None:  # type: ignore[type-arg]
    """It is told as it is."""
    assert ranking.ranked(output) is None


def test_of_several_outputs_it_is_the_one_with_a_score_for_each_class() -> None:
    """scikit-learn's give a label first; a convolution's have two axes more."""
    outputs = {"label": np.array([1]), "other": np.zeros((1, 5)), "scores": np.array([[[[3.0]], [[1.0]]]])}
    found = ranking.answer_of(outputs, 2)
    assert found is not None
    assert found[0] == "scores"
    assert ranking.top(outputs, ["a", "b"], 1) == [("a", pytest.approx(1 / (1 + math.exp(-2))))]
    with pytest.raises(ModelError, match="no classifier") as refused:
        ranking.top({"label": np.array([1])}, ["a", "b"])
    assert "label of (1,)" in str(refused.value)


def test_the_likeliest_come_first_and_what_is_no_number_last() -> None:
    """Equal ones in the order of the classes, those without a name by their numbers."""
    row = np.array([0.25, math.nan, 0.5, 0.25])
    assert [name for name, _ in ranking.likeliest(row, ["a", "b", "c"])] == ["c", "a", "3", "b"]
    assert ranking.likeliest(row, None, k=1) == [("2", 0.5)]
    assert ranking.likeliest(row, None, k=0) == []
    found = ranking.ranked(np.array([[1.0, math.nan], [math.inf, 0.0], [1.0, 2.0]]))
    assert found is not None
    assert np.isnan(found.probabilities[:2]).all()
    assert np.isfinite(found.probabilities[2]).all()
