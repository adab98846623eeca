"""Lightning: a Logger, and the Callback that it brings along, by which a training is steered.

from tracker.integrations.lightning import TrackerLogger
trainer = lightning.Trainer(logger=TrackerLogger("runs", "mnist/adam"))
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from lightning.pytorch.callbacks import Callback
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:  # the older package, which is the same
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

from tracker.integrations.borrowed_run import BorrowedRun
from tracker.integrations.pytorch import gradients_and_parameters
from tracker.integrations.steering import Steering, first_lr, present_lr, rescale
from tracker.integrations.torch_group import torch_group
from tracker.run import Run
from tracker.values.graph import Graph


class TrackerLogger(Logger):
    """Logs what a LightningModule logs, under the same tags and steps as Lightning's TensorBoardLogger.

    A test or another fit after the training goes on in the same run, as theirs does. While it trains, what is asked for
    on the page takes effect after a batch, in all processes: see `TrackerCallback`.

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

    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """Logs the model's graph when that was asked for. Called at the beginning of a fit, in all processes."""
        trainer = getattr(model, "_trainer", None)
        if trainer is not None and not any(isinstance(each, TrackerCallback) for each in trainer.callbacks):
            trainer.callbacks.append(TrackerCallback(lent=self._lent))
        self._log_graph(model, input_array)

    @rank_zero_only
    def _log_graph(self, model: Any, input_array: Any) -> None:
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


class TrackerCallback(Callback):
    """Steers a fit from the page: stop, pause, `lr`, "checkpoint now", and more that is logged for some steps.

    A `TrackerLogger` brings one along. `lr` is the rate of the first optimizer's first group; all others, and what
    schedules go out from, change by the same factor. A checkpoint is `trainer.save_checkpoint`'s, beside the run. More
    that is logged are histograms of `parameters/` and `gradients/`, at each step.

    Args:
        run: The run, in the process of rank 0; it stays open.
    """

    def __init__(self, run: Run | None = None, *, lent: BorrowedRun | None = None) -> None:
        self._lent = BorrowedRun(run) if lent is None else lent
        self._steering: Steering | None = None
        self._run: Run | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Says what can be asked for."""
        self._run = self._lent.run() if trainer.is_global_zero else None
        folder = Path(trainer.strategy.broadcast(None if self._run is None else str(self._run.folder)))
        schedulers = [each.scheduler for each in trainer.lr_scheduler_configs]

        def save(step: int) -> str:
            name = f"checkpoint-{step}.ckpt"
            trainer.save_checkpoint(folder / name)
            return name

        self._steering = Steering(
            self._run, first_lr(trainer.optimizers), lambda lr: rescale(trainer.optimizers, schedulers, lr), save,
            lambda: present_lr(trainer.optimizers), torch_group(),
        )  # fmt: skip

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Logs more, when that was asked for."""
        if self._run is not None and self._run.log_more:
            self._run.log(gradients_and_parameters(pl_module), step=trainer.global_step)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        """Does what was asked for."""
        if self._steering is not None and self._steering.step(trainer.global_step):
            trainer.should_stop = True

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """It is over."""
        self._end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """It is over."""
        self._end()

    def _end(self) -> None:
        if self._steering is not None:
            self._steering.end()
        self._steering = self._run = None
