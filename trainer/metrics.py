"""How good a model is, in numbers a person can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from trainer.backend import as_array, beside
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.tensor import Tensor

Metric: TypeAlias = Callable[[Any, Any], float]
Metrics: TypeAlias = Mapping[str, Metric] | Sequence[str | Metric] | str | None


def accuracy(output: Any, target: Any) -> float:
    """The share of rows whose class is right, between 0 and 1; NaN for no rows.

    Args:
        output: Logits or probabilities (N, C) or (N, C, ...); or one logit a row, (N,) or (N, 1), above 0 for a yes.
        target: Class numbers (N,) or (N, ...), or one-hot rows like `output`; 0 and 1 where that has one column.
    """
    guesses = output.raw if isinstance(output, Tensor) else output
    truth = beside(target.raw if isinstance(target, Tensor) else as_array(target), guesses)
    if guesses.ndim == 1 or guesses.shape[1] == 1:
        if truth.size != guesses.size:
            raise ShapeError(sentence("accuracy: target has another size.", guesses.shape, truth.shape))
        right = (guesses.reshape(-1) > 0) == (truth.reshape(-1) > 0.5)
    else:
        if truth.shape == guesses.shape:
            truth = truth.argmax(axis=1)
        chosen = guesses.argmax(axis=1)
        if truth.shape != chosen.shape:
            expected = f"{chosen.shape} classes or {guesses.shape} one-hot"
            raise ShapeError(sentence("accuracy: target does not belong to output.", expected, truth.shape))
        right = chosen == truth
    return float(right.sum()) / right.size if right.size else float("nan")


_BY_NAME: dict[str, Metric] = {"accuracy": accuracy}


def named_metrics(metrics: Metrics) -> dict[str, Metric]:
    """Metrics by name, from a name, functions, a list of both, or a dict.

    Raises:
        ArgumentError: a name that is not known.
    """
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        return dict(metrics)
    result = {}
    for metric in [metrics] if isinstance(metrics, str) else metrics:
        if isinstance(metric, str):
            if metric not in _BY_NAME:
                raise ArgumentError(
                    sentence("metrics names an unknown one.", ", ".join(_BY_NAME), repr(metric), "or pass a function")
                )
            result[metric] = _BY_NAME[metric]
        else:
            result[getattr(metric, "__name__", type(metric).__name__)] = metric
    return result
