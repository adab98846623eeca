"""XGBoost: a callback.

from tracker.integrations.xgboost import TrackerCallback
xgboost.train(parameters, data, evals=[(data, "train")], callbacks=[TrackerCallback("runs", "trees")])
"""

from __future__ import annotations

import json
from typing import Any

import xgboost

from tracker.integrations.borrowed_run import BorrowedRun
from tracker.run import Run


class TrackerCallback(xgboost.callback.TrainingCallback):
    """Logs `<data>/<metric>` of every round; a training that goes on with a model goes on with its rounds.

    Args:
        logdir: As `tracker.init`.
        name: The run's name; one that is there goes on.
        run: A run of your own instead, which stays open at the end.
    """

    def __init__(self, logdir: Any = None, name: str | None = None, *, run: Run | None = None) -> None:
        super().__init__()
        self._lent = BorrowedRun(run, logdir, name)
        self._first = 0

    def before_training(self, model: Any) -> Any:
        """Says what the run is made with."""
        self._first = model.num_boosted_rounds() if hasattr(model, "num_boosted_rounds") else 0
        if hasattr(model, "save_config"):  # cross-validation has several models and no configuration of its own
            learner = json.loads(model.save_config())["learner"]
            self._lent.run().configure({"learner": learner})
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, list[Any]]]) -> bool:
        """Logs a round; of a cross-validation the mean, and the deviation beside it."""
        found: dict[str, float] = {}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                last = values[-1]
                if isinstance(last, tuple):
                    found[f"{data}/{metric}"], found[f"{data}/{metric}-std"] = last
                else:
                    found[f"{data}/{metric}"] = last
        if found:
            self._lent.run().log(found, step=self._first + epoch)
        return False

    def after_training(self, model: Any) -> Any:
        """Stores everything; ends the run if it is the callback's own."""
        self._lent.finish()
        return model
