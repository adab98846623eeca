"""Keras 3, on any backend: a callback.

from tracker.integrations.keras import TrackerCallback
model.fit(x, y, callbacks=[TrackerCallback("runs", "mnist")])
"""

from __future__ import annotations

from typing import Any

import keras

from tracker.integrations.borrowed_run import BorrowedRun
from tracker.integrations.steering import Steering
from tracker.run import Run
from tracker.values.histogram import Histogram


class TrackerCallback(keras.callbacks.Callback):
    """Logs `train/…` and `val/…` at the end of each epoch, by epoch; `batch/…` by batch, and `test/…` of `evaluate`.

    All that is done with one callback is one run, as with Keras' TensorBoard; two models want two callbacks.

    While it trains, what is asked for on the page takes effect after a batch: to stop, to pause, `lr` (a schedule goes
    on, scaled so that it is this now), "checkpoint now" (`model.save`, beside the run), and for some batches histograms
    of `batch/weights/`.

    Args:
        logdir: As `tracker.init`.
        name: The run's name; one that is there goes on.
        batches: How many batches lie between two that are logged; 0 logs none.
        histograms: How many epochs lie between two whose weights are logged; 0 logs none.
        run: A run of your own instead, which stays open at the end.
    """

    def __init__(
        self,
        logdir: Any = None,
        name: str | None = None,
        *,
        batches: int = 1,
        histograms: int = 0,
        run: Run | None = None,
    ) -> None:
        super().__init__()
        self._lent = BorrowedRun(run, logdir, name)
        self._every, self._histograms, self._batch = batches, histograms, 0
        self._is_training = False
        self._steering: Steering | None = None

    def set_model(self, model: Any) -> None:
        """A `fit` or an `evaluate` begins, whatever became of the one before."""
        super().set_model(model)
        self._is_training = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Says what the run is made with."""
        self._is_training = True
        config: dict[str, Any] = {"fit": dict(self.params or {})}
        if self.model.optimizer is not None:
            config["optimizer"] = self.model.optimizer.get_config()
        run = self._lent.run()
        run.configure(config)
        rate = None if self.model.optimizer is None else _number(self.model.optimizer.learning_rate)
        self._steering = Steering(run, rate, self._set_lr, self._save, self._lr_now)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Logs a batch's running means, as Keras' progress bar shows them."""
        if logs and self._every and self._batch % self._every == 0:
            self._lent.run().log({f"batch/{name}": value for name, value in logs.items()}, step=self._batch)
        run = self._lent.run()
        if run.log_more:
            self._log_weights(run, self._batch, "batch/weights")
        self._batch += 1
        if self._steering is not None and self._steering.step(self._batch - 1):
            self.model.stop_training = True

    def _lr_now(self) -> float:
        self._sync()
        return _number(self.model.optimizer.learning_rate)

    def _set_lr(self, lr: float) -> None:
        optimizer = self.model.optimizer
        self._sync()
        rate = optimizer._learning_rate
        if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            optimizer.learning_rate = lr
            return
        schedule = rate.schedule if isinstance(rate, ScaledSchedule) else rate
        present = _number(schedule(optimizer.iterations))
        optimizer.learning_rate = ScaledSchedule(schedule, lr / present if present > 0 else 1.0)
        self.model.make_train_function(force=True)  # what was compiled has the schedule before in it

    def _save(self, step: int) -> str:
        name = f"checkpoint-{step}.keras"
        self._sync()
        self.model.save(self._lent.run().folder / name)
        return name

    def _sync(self) -> None:
        """On JAX the values of a training are not in its variables while it runs."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()

    def _log_weights(self, run: Run, step: int, prefix: str) -> None:
        for weight in self.model.trainable_weights:
            run.log({f"{prefix}/{weight.path}": Histogram(keras.ops.convert_to_numpy(weight.value))}, step=step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Logs an epoch's means."""
        run = self._lent.run()
        if logs:
            run.log({tag_of(name): value for name, value in logs.items()}, step=epoch)
        if self._histograms and epoch % self._histograms == 0:
            self._log_weights(run, epoch, "weights")

    def on_train_end(self, logs: Any = None) -> None:
        """Stores everything; ends the run if it is the callback's own."""
        self._is_training = False
        if self._steering is not None:
            self._steering.end()
            self._steering = None
        self._lent.finish()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Logs what `evaluate` found, by the batches that were trained; the end of an epoch has it otherwise."""
        if self._is_training or not logs:
            return
        run = self._lent.run()
        optimizer = getattr(self.model, "optimizer", None)
        trained = int(keras.ops.convert_to_numpy(optimizer.iterations)) if optimizer is not None else self._batch
        run.log({f"test/{name}": value for name, value in logs.items()}, step=trained)
        run.flush()


def tag_of(name: str) -> str:
    """A name of Keras' logs as a tag: val_loss is val/loss, all else is train/…"""
    return f"val/{name[4:]}" if name.startswith("val_") else f"train/{name}"


def _number(value: Any) -> float:
    return float(keras.ops.convert_to_numpy(value))


@keras.saving.register_keras_serializable(package="everystep")
class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule times a factor: what was asked for on the page, and how the rate goes on from there."""

    def __init__(self, schedule: Any, factor: float) -> None:
        self.schedule, self.factor = schedule, factor

    def __call__(self, step: Any) -> Any:
        return self.schedule(step) * self.factor

    def get_config(self) -> dict[str, Any]:
        """As Keras saves it."""
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ScaledSchedule:
        """As Keras loads it."""
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["factor"])
