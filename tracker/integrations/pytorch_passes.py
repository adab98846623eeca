"""PyTorch: how many passes a module has made in which mode, and how long its steps take."""

from __future__ import annotations

import time
from collections.abc import Callable


class Passes:
    """Counts passes and times steps; it computes nothing else.

    Args:
        clock: Seconds that only go forward.

    Attributes:
        train, eval: Forward passes in either mode so far.
        without_backward: Passes in training mode after which no backward pass came.
        backward_in_eval: Passes in evaluation mode after which one came.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.train = self.eval = self.without_backward = self.backward_in_eval = 0
        self._clock = clock
        self._was_training: bool | None = None
        self._awaits_backward = False
        self._begun: float | None = None
        self._ended: float | None = None
        self._sums = [0.0, 0.0]
        self._steps = 0

    def begin(self, training: bool) -> bool:
        """A forward pass begins; gives whether the mode is another than at the one before."""
        if self._awaits_backward and self._was_training:
            self.without_backward += 1
        changed = self._was_training is not None and training != self._was_training
        self._was_training, self._awaits_backward = training, True
        if training:
            self.train += 1
        else:
            self.eval += 1
            self._begun = None  # the time of a validation belongs to no step
        return changed

    def begin_step(self) -> None:
        """The pass is one of a step."""
        now = self._clock()
        if self._begun is not None and self._ended is not None:
            self._sums[0] += now - self._ended
            self._sums[1] += now - self._begun
            self._steps += 1
        self._begun, self._ended = now, None

    def backward(self) -> None:
        """A backward pass reaches the output."""
        if self._awaits_backward and not self._was_training:
            self.backward_in_eval += 1
        self._awaits_backward = False

    def worked(self) -> None:
        """A gradient is there, or an optimizer is done: until now nobody waited for data."""
        self._ended = self._clock()

    def counts(self) -> dict[str, float]:
        """passes/…, so far."""
        return {
            "passes/train": self.train,
            "passes/eval": self.eval,
            "passes/without_backward": self.without_backward,
            "passes/backward_in_eval": self.backward_in_eval,
        }

    def times(self) -> dict[str, float]:
        """time/step and time/data: means over the steps since they were asked for last; nothing without one."""
        if not self._steps:
            return {}
        data, step = (total / self._steps for total in self._sums)
        self._sums, self._steps = [0.0, 0.0], 0
        return {"time/data": data, "time/step": step}
