"""What may listen to a training, and may end it: the events `fit` announces."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer import checkpoint, safetensors
from trainer.errors import ArgumentError, sentence

if TYPE_CHECKING:
    from trainer.loop import Loop


class Callback:
    """Listens to a training. Subclass it and write the events you need; each is handed the `Loop` as it is then.

    In an epoch: on_epoch_start, for every batch on_batch_start, on_backward, on_step_end, on_between_steps; then
    on_epoch_end.
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

    def on_between_steps(self, loop: Loop) -> None:
        """Every callback has done what it does at a step's end: for what saves the training, or changes it."""

    def on_epoch_end(self, loop: Loop) -> None:
        """`loop.logs` holds the epoch's means, and those of the validation under val_... Not after Ctrl-C."""

    def on_interrupt(self, loop: Loop) -> None:
        """Ctrl-C ended the training; `on_fit_end` comes next."""

    def on_error(self, loop: Loop) -> None:
        """Something was raised, `loop.error`, and will be: the last that is announced of this training."""

    def on_fit_end(self, loop: Loop) -> None:
        """After the last epoch, and after Ctrl-C: `loop.interrupted` says which."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint has to keep of it, as for `trainer.save`."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from `state_dict`; called after `on_fit_start` when a training is resumed."""


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

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch, "model": self._state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.best_epoch, self._state = (state_dict[name] for name in ("best", "best_epoch", "model"))


class ModelCheckpoint(Callback):
    """Saves the whole state of the training after epochs and at Ctrl-C: what `fit(..., resume=path)` goes on from.

    `trainer.load(path)["model"]` is the model's state by itself, and `["step"]` the number of updates. At each event it
    comes after all other callbacks, whatever the order they were given in, so that what these did is in the file.

    Args:
        path: File to write, its folder made if need be; "{epoch}" in its name is filled in. The old file stays until
            the new one is complete.
        monitor: Save only when this number in `loop.logs` became better, and not at Ctrl-C; None saves every epoch.
        mode: "min" when less is better, "max" when more is.
        every_steps: Save every so many updates as well, for epochs that take hours; None for epochs only.
    """

    def __init__(
        self, path: str | Path, monitor: str | None = None, mode: str = "min", every_steps: int | None = None
    ) -> None:
        if every_steps is not None and every_steps < 1:
            raise ArgumentError(sentence("ModelCheckpoint: every_steps counts updates.", ">= 1", every_steps))
        self.path = str(path)
        if self.path.endswith(safetensors.SUFFIX):
            problem = "ModelCheckpoint: path holds a whole training, not only arrays."
            raise ArgumentError(
                sentence(problem, "a .npz file", self.path, "try trainer.save(model, path) for weights")
            )
        self.monitor = monitor
        self.sign = _sign(mode)
        self.every_steps = every_steps
        self.best = math.inf

    def on_step_end(self, loop: Loop) -> None:
        if self.every_steps is not None and loop.step % self.every_steps == 0:
            self._save(loop)

    def on_epoch_end(self, loop: Loop) -> None:
        if self.monitor is not None:
            value = self.sign * watched(loop, self.monitor)
            if not value < self.best:
                return
            self.best = value
        self._save(loop)

    def on_interrupt(self, loop: Loop) -> None:
        if self.monitor is None:
            self._save(loop)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = state_dict["best"]

    def _save(self, loop: Loop) -> None:
        path = Path(self.path.replace("{epoch}", str(loop.epoch)))
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(loop.state_dict(), path)


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

    def state_dict(self) -> dict[str, Any]:
        return dict(self.scheduler.state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state_dict)


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
