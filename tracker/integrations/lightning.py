"""Lightning: a Logger.

from tracker.integrations.lightning import TrackerLogger
trainer = lightning.Trainer(logger=TrackerLogger("runs", "mnist/adam"))
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

try:
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:  # the older package, which is the same
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

from tracker.integrations.borrowed_run import BorrowedRun
from tracker.run import Run
from tracker.values.graph import Graph


class TrackerLogger(Logger):
    """Logs what a LightningModule logs, under the same tags and steps as Lightning's TensorBoardLogger.

    A test or another fit after the training goes on in the same run, as theirs does.

    Args:
        logdir: As `tracker.init`.
        name: The run's name; one that is there goes on.
        run: A run of your own instead, which stays open at the end.
        log_graph: Whether to log the model's graph, of its `example_input_array`.
    """

    def __init__(
        self, logdir: Any = None, name: str | None = None, *, run: Run | None = None, log_graph: bool = False
    ) -> None:
        super().__init__()
        self._lent = BorrowedRun(run, logdir, name)
        self._name = run.name if run is not None else name
        self._wants_graph = log_graph

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        """The run."""
        run = self._lent.run()
        self._name = run.name
        return run

    @property
    def name(self) -> str | None:
        """The run's name."""
        return self._name

    @property
    def version(self) -> str:
        """Empty: a run's name says all."""
        return ""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Logs numbers at a step."""
        self.experiment.log(dict(metrics), step)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Adds to the run's configuration."""
        self.experiment.configure(params)

    @rank_zero_only
    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """Logs the model's graph when that was asked for."""
        given = input_array if input_array is not None else getattr(model, "example_input_array", None)
        if self._wants_graph and given is not None:
            inputs = given if isinstance(given, tuple) else (given,)
            self.experiment.log({"graph": Graph.of(model, *inputs)}, step=0)

    @rank_zero_only
    def save(self) -> None:
        """Nothing to do: a point is on disk within a quarter of a second."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Ends the run, as finished or as crashed, until something more is logged."""
        self._lent.finish("finished" if status == "success" else "crashed")
