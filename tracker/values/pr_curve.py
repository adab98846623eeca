"""PRCurve: how a binary classifier does at every threshold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedValueError, message
from tracker.values import arrays, stored_array
from tracker.values.value import Medium, Value

ROWS = ("tp", "fp", "tn", "fn", "precision", "recall")
"""What the rows of the stored array are, as TensorBoard's plugin orders them."""

LEAST = 1e-7
"""Precision and recall of nothing at all are 0, as in TensorBoard."""

MAX_THRESHOLDS = 10_000


class PRCurve(Value):
    """Counts of right and wrong at every threshold: precision and recall, ROC, calibration and confusion follow.

    A prediction counts as positive at a threshold that it reaches; thresholds are even from 0 to 1. The area under the
    ROC curve, the average precision and the Brier score are computed from the predictions themselves, exactly, off the
    caller's thread.

    Args:
        labels: What is true, of any shape: booleans, or numbers of which 0 is false.
        predictions: The probability given to true, of the same number of elements. NaN counts as 0, and is counted.
        num_thresholds: At least 2.
        weights: What each element counts, 1 by default; of the same number of elements, not negative.

    Raises:
        LoggedTypeError: not arrays of real numbers.
        LoggedValueError: of different lengths, empty, or predictions outside 0 to 1.

    Source: Davis and Goadrich 2006; as TensorBoard's `pr_curves` counts.
    """

    kind = "pr_curve"

    def __init__(self, labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None) -> None:
        self.truth = _flat(labels, "PRCurve: labels") != 0
        scores = _flat(predictions, "PRCurve: predictions").astype(np.float64)
        self.weights = np.ones(len(scores)) if weights is None else _flat(weights, "PRCurve: weights").astype(float)
        if not len(self.truth) == len(scores) == len(self.weights) or not len(scores):
            raise LoggedValueError(
                message(
                    "PRCurve: one label, one prediction (and one weight) for each element.",
                    expected="as many labels as predictions, at least one",
                    got=f"{len(self.truth)} labels, {len(scores)} predictions, {len(self.weights)} weights",
                )
            )
        if not isinstance(num_thresholds, int) or not 2 <= num_thresholds <= MAX_THRESHOLDS:
            raise LoggedValueError(
                message("PRCurve: num_thresholds.", expected=f"2 to {MAX_THRESHOLDS:,}", got=repr(num_thresholds))
            )
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise LoggedValueError(message("PRCurve: a weight is negative or not finite.", expected="0 or more"))
        self.nan_count = int(np.isnan(scores).sum())
        low, high = np.nanmin(scores, initial=0.0), np.nanmax(scores, initial=0.0)
        if low < -1e-6 or high > 1 + 1e-6:
            raise LoggedValueError(
                message(
                    "PRCurve: predictions must be probabilities.",
                    expected="0 to 1",
                    got=f"{low:.4g} to {high:.4g}",
                    hint="Of logits take the sigmoid (or the softmax) first.",
                )
            )
        self.scores = np.clip(np.nan_to_num(scores), 0.0, 1.0)
        self.num_thresholds = num_thresholds

    @property
    def n_bytes(self) -> int:
        return 17 * len(self.scores) + 500

    def encode(self) -> list[Medium]:
        curve, sums = self._counted()
        auc, ap = areas(self.truth, self.scores, self.weights)
        brier = float(np.average((self.scores - self.truth) ** 2, weights=self.weights)) if self.weights.sum() else None
        noted = {"rows": list(ROWS), "elements": len(self.scores), "auc": auc, "ap": ap, "brier": brier}
        if self.nan_count:
            noted["nan"] = self.nan_count
        return [stored_array.item(curve, **noted), stored_array.item(sums, part="confidence")]

    def _counted(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The six rows (6, T), and the sum of the weighted predictions between one threshold and the next (T,)."""
        size = self.num_thresholds
        bucket = np.floor(self.scores * (size - 1)).astype(np.int64)
        positives = np.bincount(bucket[self.truth], self.weights[self.truth], size)
        negatives = np.bincount(bucket[~self.truth], self.weights[~self.truth], size)
        tp, fp = np.cumsum(positives[::-1])[::-1], np.cumsum(negatives[::-1])[::-1]
        tn, fn = fp[0] - fp, tp[0] - tp
        curve = np.stack([tp, fp, tn, fn, tp / np.maximum(LEAST, tp + fp), tp / np.maximum(LEAST, tp + fn)])
        return curve, np.bincount(bucket, self.weights * self.scores, size).astype(np.float64)


def areas(
    truth: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """The area under the ROC curve and the average precision, over every distinct score.

    Returns:
        None for what is not defined: without positives or without negatives there is no ROC curve, without positives
        no precision to average.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    tp = np.cumsum((weights * truth)[order])[ends]
    fp = np.cumsum((weights * ~truth)[order])[ends]
    if not tp[-1] > 0:
        return None, None
    recall, precision = tp / tp[-1], tp / np.maximum(LEAST, tp + fp)
    ap = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    if not fp[-1] > 0:
        return None, ap
    rate = fp / fp[-1]
    auc = np.sum(np.diff(rate, prepend=0.0) * (recall + np.concatenate([[0.0], recall[:-1]])) / 2)
    return (float(auc) if math.isfinite(auc) else None), ap


def _flat(values: Any, what: str) -> npt.NDArray[Any]:
    array, xp = arrays.real_array(values, what)
    flat: npt.NDArray[Any] = (array if xp is np else xp.asnumpy(array)).reshape(-1)
    return flat
