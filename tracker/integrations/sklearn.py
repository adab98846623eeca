"""scikit-learn: what an estimator remembers of its training.

from tracker.integrations.sklearn import log_estimator
log_estimator(run, model.fit(x, y))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tracker.run import Run
from tracker.values.histogram import Histogram

CURVES = {
    "loss_curve_": "train/loss",
    "validation_scores_": "val/score",
    "train_score_": "train/score",
    "validation_score_": "val/score",
    "oob_scores_": "oob/score",
    "scores_": "scores",
}
"""Attributes that hold a number an iteration, and their tags."""


class EstimatorLog:
    """Logs an estimator again and again, as after each `partial_fit`: of its curves what is new.

    Args:
        run: Where to.
        estimator: One that is, or will be, fitted.
        prefix: Before each tag.
    """

    def __init__(self, run: Run, estimator: Any, prefix: str = "") -> None:
        self._run = run
        self._estimator = estimator
        self._prefix = prefix
        self._logged: dict[str, int] = {}

    def log(self) -> int:
        """Logs parameters, curves by iteration, and weights; how many points were new."""
        self._run.configure({f"{self._prefix}{k}": v for k, v in self._estimator.get_params(deep=False).items()})
        count = 0
        for attribute, tag in CURVES.items():
            curve = getattr(self._estimator, attribute, None)
            if curve is None or np.ndim(curve) != 1:
                continue
            begin = self._logged.get(attribute, 0)
            begin = begin if begin <= len(curve) else 0  # a second fit() begins anew
            for step in range(begin, len(curve)):
                self._run.log({f"{self._prefix}{tag}": float(curve[step])}, step=step)
            self._logged[attribute] = len(curve)
            count += len(curve) - begin
        step = int(np.max(getattr(self._estimator, "n_iter_", 0)))
        for number, weights in enumerate(getattr(self._estimator, "coefs_", ())):
            self._run.log({f"{self._prefix}weights/{number}": Histogram(weights)}, step=step)
        return count


def log_estimator(run: Run, estimator: Any, *, prefix: str = "") -> int:
    """Logs a fitted estimator once; see `EstimatorLog`."""
    return EstimatorLog(run, estimator, prefix).log()
