"""Curves of quality and confusion matrices: counted as they should be, read back as they were, refused with reason."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.errors import LoggedTypeError, LoggedValueError


def read_back(logdir: Path, value: Any, step: int = 0) -> Any:
    with tracker.init(logdir=logdir, name="run", resume="allow") as run:
        run.log({"q": value}, step=step)
    stored = tracker.open(logdir).run("run")
    return (stored.pr_curves if isinstance(value, tracker.PRCurve) else stored.confusions)("q")


def test_counts_are_those_of_each_threshold(logdir: Path) -> None:
    """Against counting each threshold by itself; labels and predictions of any shape."""
    rng = np.random.default_rng(0)
    labels, scores, weights = rng.random((20, 5)) < 0.4, rng.random((20, 5)), rng.random((20, 5))
    (curve,) = read_back(logdir, tracker.PRCurve(labels, scores, num_thresholds=11, weights=weights), step=7)
    assert curve.step == 7
    for k, threshold in enumerate(curve.thresholds):
        positive = np.floor(scores * 10) >= k
        assert threshold == pytest.approx(k / 10)
        assert curve.tp[k] == pytest.approx(weights[positive & labels].sum())
        assert curve.fp[k] == pytest.approx(weights[positive & ~labels].sum())
        assert curve.tn[k] == pytest.approx(weights[~positive & ~labels].sum())
        assert curve.fn[k] == pytest.approx(weights[~positive & labels].sum())
    assert curve.confidence.sum() == pytest.approx((weights * scores).sum())


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])), min_size=2, max_size=30))
def test_the_area_is_the_chance_to_rank_rightly(pairs: list[tuple[bool, float]]) -> None:
    """AUC counted over all pairs of a positive and a negative, ties a half (Hanley and McNeil 1982)."""
    truth, scores = np.array([t for t, _ in pairs]), np.array([s for _, s in pairs])
    noted = tracker.PRCurve(truth, scores).encode()[0].attributes
    if truth.all() or not truth.any():
        assert noted["auc"] is None
        return
    differences = scores[truth][:, None] - scores[~truth][None, :]
    assert noted["auc"] == pytest.approx(np.mean((differences > 0) + 0.5 * (differences == 0)))


def test_average_precision_of_a_known_ranking() -> None:
    """Positives at ranks 1 and 3 of four: (1/1 + 2/3) / 2."""
    noted = tracker.PRCurve([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]).encode()[0].attributes
    assert noted["ap"] == pytest.approx((1 + 2 / 3) / 2)
    assert noted["brier"] == pytest.approx(np.mean([0.1**2, 0.8**2, 0.3**2, 0.1**2]))


def test_a_later_change_of_the_arrays_changes_nothing() -> None:
    """It is a snapshot."""
    labels, scores = np.array([1.0, 0.0]), np.array([0.9, 0.1])
    value = tracker.PRCurve(labels, scores)
    labels[:], scores[:] = 0, 0.5
    assert value.encode()[0].attributes["auc"] == 1.0


@pytest.mark.parametrize("of", [list, np.float16, np.int8, bool, "torch"])
def test_labels_and_predictions_of_any_kind(of: Any) -> None:
    """Lists, half precision, small integers, booleans, tensors."""
    if of == "torch":
        torch = pytest.importorskip("torch")
        value = tracker.PRCurve(
            torch.tensor([0, 1]), torch.tensor([0.0, 1.0], dtype=torch.bfloat16, requires_grad=True)
        )
    else:
        value = tracker.PRCurve([0, 1], [0, 1] if of is list else np.array([0, 1], of))
    assert value.encode()[0].attributes["auc"] == 1.0


def test_nan_of_a_diverged_model_stops_nothing() -> None:
    """It counts as 0, and is counted."""
    noted = tracker.PRCurve([1, 0, 1], [math.nan, 0.2, 0.9]).encode()[0].attributes
    assert noted["nan"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([1, 0], [0.5]), "2 labels, 1 predictions"),
        (([], []), "at least one"),
        (([1, 0], [-3.0, 4.0]), "sigmoid"),
        (([1, 0], [0.1, 0.2], 1), "num_thresholds"),
        (([1, 0], [0.1, 0.2], 5, [1, -1]), "negative"),
    ],
    ids=["lengths", "nothing", "logits", "thresholds", "weights"],
)
def test_what_cannot_be_counted_is_refused_with_reason(arguments: Any, says: str) -> None:
    """On the caller's line."""
    with pytest.raises(LoggedValueError, match=says):
        tracker.PRCurve(*arguments)


def test_a_confusion_matrix_counts_pairs(logdir: Path) -> None:
    """Rows are true, columns predicted; scores of classes are decided by the highest."""
    scores = np.array([[0.9, 0.1, 0], [0.2, 0.3, 0.5], [0, 1, 0], [0, 0, 1]])
    (found,) = read_back(logdir, tracker.ConfusionMatrix([0, 1, 1, 2], scores, class_names=["cat", "dog", "eel"]))
    assert found.counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert found.class_names == ["cat", "dog", "eel"]


def test_a_class_that_never_came_has_its_place() -> None:
    """With scores or names there are as many classes as they say."""
    assert tracker.ConfusionMatrix([0], [0], class_names="abc").counts.shape == (3, 3)
    assert tracker.ConfusionMatrix([0], np.zeros((1, 4))).counts.shape == (4, 4)
    assert tracker.ConfusionMatrix([], []).counts.shape == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (([0, 1], [0]), LoggedValueError, "a label for each prediction"),
        (([0, 5], [0, 1], ["a", "b"]), LoggedValueError, "no place"),
        (([-1], [0]), LoggedValueError, "no place"),
        (([0.5], [0]), LoggedTypeError, "whole numbers"),
        ((["cat"], [0]), LoggedTypeError, "not an array"),
    ],
    ids=["lengths", "no name", "negative", "half a class", "words"],
)
def test_classes_that_are_none_are_refused(arguments: Any, error: type[Exception], says: str) -> None:
    """On the caller's line."""
    with pytest.raises(error, match=says):
        tracker.ConfusionMatrix(*arguments)
