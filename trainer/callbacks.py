"""What may listen to a training, and may end it: the events `fit` announces."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer import checkpoint
from trainer.errors import ArgumentError, sentence

if TYPE_CHECKING:
    from trainer.loop import Loop


class Callback:
    """Listens to a training. Subclass it and write the events you need; each is handed the `Loop` as it is then.

    In an epoch: on_epoch_start, for every batch on_batch_start, on_backward, on_step_end; then on_epoch_end.
    """

    def on_fit_start(self, loop: Loop) -> None:
        """Before the first epoch."""

    def on_epoch_start(self, loop: Loop) -> None:
        """`loop.epoch` is the number of the epoch, from 1."""

    def on_batch_start(self, loop: Loop) -> None:
        """`loop.inputs` and `loop.targets` are there."""

    def on_backward(self, loop: Loop) -> None:
        """Gradients are there, parameters not changed yet. `loop.step` is the number of the update to come."""

    def on_step_end(self, loop: Loop) -> None:
        """Update number `loop.step`, from 1, is done; `loop.logs` holds the batch's loss and metrics."""

    def on_epoch_end(self, loop: Loop) -> None:
        """`loop.logs` holds the epoch's means, and those of the validation under val_... Not after Ctrl-C."""

    def on_fit_end(self, loop: Loop) -> None:
        """After the last epoch, and after Ctrl-C: `loop.interrupted` says which."""


EVENTS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def handlers(callbacks: Sequence[Callback], event: str) -> list[Any]:
    """The methods to call at an event: of those callbacks that have written one."""
    empty = getattr(Callback, event)
    return [getattr(c, event) for c in callbacks if getattr(type(c), event) is not empty]


class EarlyStopping(Callback):
    """Ends the training when a number has not become better for some epochs.

    Args:
        monitor: Its name in `loop.logs`: "val_loss", "loss", "val_accuracy"...
        patience: How many epochs without an improvement are borne.
        min_delta: How much better counts as better.
        mode: "min" when less is better, "max" when more is.
        restore_best: Put the parameters back to those of the best epoch at the end.

    A NaN is never better.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "min",
        restore_best: bool = True,
    ) -> None:
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.sign = _sign(mode)
        self.restore_best = restore_best

    def on_fit_start(self, loop: Loop) -> None:
        self.best = math.inf
        self.best_epoch = 0
        self._state: dict[str, Any] | None = None

    def on_epoch_end(self, loop: Loop) -> None:
        value = self.sign * watched(loop, self.monitor)
        if value < self.best - self.min_delta:
            self.best, self.best_epoch = value, loop.epoch
            self._state = loop.model.state_dict() if self.restore_best else None
        elif loop.epoch - self.best_epoch >= self.patience:
            loop.stop = True

    def on_fit_end(self, loop: Loop) -> None:
        if self._state is not None:
            loop.model.load_state_dict(self._state)


class ModelCheckpoint(Callback):
    """Saves model and optimizer after epochs, and at the end, such that `checkpoint.load` can go on from there.

    Args:
        path: File to write; "{epoch}" in its name is filled in.
        monitor: Save only when this number in `loop.logs` became better; None saves after every epoch.
        mode: "min" when less is better, "max" when more is.
    """

    def __init__(self, path: str | Path, monitor: str | None = None, mode: str = "min") -> None:
        self.path = str(path)
        self.monitor = monitor
        self.sign = _sign(mode)
        self.best = math.inf

    def on_epoch_end(self, loop: Loop) -> None:
        if self.monitor is not None:
            value = self.sign * watched(loop, self.monitor)
            if not value < self.best:
                return
            self.best = value
        self._save(loop)

    def on_fit_end(self, loop: Loop) -> None:
        if loop.interrupted and self.monitor is None:
            self._save(loop)

    def _save(self, loop: Loop) -> None:
        checkpoint.save(
            {
                "model": loop.model.state_dict(),
                "optimizer": loop.optimizer.state_dict(),
                "epoch": loop.epoch,
                "step": loop.step,
            },
            self.path.replace("{epoch}", str(loop.epoch)),
        )


class ScheduleCallback(Callback):
    """Steps a learning-rate schedule after every epoch, or after every update.

    Args:
        scheduler: From `trainer.optim`.
        every: "epoch" or "step".
    """

    def __init__(self, scheduler: Any, every: str = "epoch") -> None:
        if every not in ("epoch", "step"):
            raise ArgumentError(sentence("ScheduleCallback: every is unknown.", '"epoch" or "step"', repr(every)))
        self.scheduler = scheduler
        self.every = every

    def on_step_end(self, loop: Loop) -> None:
        if self.every == "step":
            self.scheduler.step()

    def on_epoch_end(self, loop: Loop) -> None:
        if self.every == "epoch":
            self.scheduler.step()


class Pace(Callback):
    """Holds a training back to a number of updates per second, so that a person can watch it.

    Args:
        steps_per_second: At most this many.
        clock, sleep: Seconds that only go forward, and how to wait.
    """

    def __init__(
        self,
        steps_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not steps_per_second > 0:
            raise ArgumentError(sentence("Pace: steps_per_second is out of range.", "> 0", steps_per_second))
        self._interval_s = 1 / steps_per_second
        self._clock = clock
        self._sleep = sleep

    def on_fit_start(self, loop: Loop) -> None:
        self._due = self._clock() + self._interval_s

    def on_step_end(self, loop: Loop) -> None:
        early = self._due - self._clock()
        if early > 0:
            self._sleep(early)
        # Lost time is not made up for: after a pause the pace is the same, not faster.
        self._due += self._interval_s - min(0.0, early)


def watched(loop: Loop, monitor: str) -> float:
    """The number called `monitor` in the epoch's logs; ArgumentError when there is none."""
    if monitor not in loop.logs:
        hint = "try fit(..., validation=loader)" if monitor.startswith("val_") else None
        raise ArgumentError(sentence("monitor names no number of this epoch.", ", ".join(loop.logs), monitor, hint))
    return loop.logs[monitor]


def _sign(mode: str) -> int:
    if mode not in ("min", "max"):
        raise ArgumentError(sentence("mode is unknown.", '"min" or "max"', repr(mode)))
    return 1 if mode == "min" else -1
