"""What `TrackerCallback` looks at beside parameters: activations, batches, time, clipping, and what is not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from trainer.activations import Activations
from trainer.autopsy import Autopsy
from trainer.batch_stats import of_input, of_output, of_targets
from trainer.errors import AnomalyError
from trainer.function import mode
from trainer.nn.module import Module
from trainer.step_clock import StepClock

# Statistics that a mark carries: those of some ten layers.
_MOST = 60


class Watched:
    """A model in training, looked at at the steps that are due.

    Args:
        model: Which is trained.
    """

    def __init__(self, model: Module) -> None:
        self.clock = StepClock()
        self.autopsy = Autopsy(model)
        self._activations = Activations(model)
        self._paths = {id(module): path for path, module in model.named_modules()}
        self._clips, self._cuts, self._left = mode.clips, mode.cuts, mode.left
        self._healthy: dict[str, float] = {}
        self._healthy_step = 0

    def begin(self, due: bool) -> None:
        """A batch is there."""
        self.clock.begins()
        self.autopsy.begin()
        if due:
            self._activations.start()

    def stop(self) -> None:
        """Nothing is looked at any more until the next batch."""
        self._activations.stop()

    def values(self, loop: Any) -> dict[str, float]:
        """What is known of the step that was looked at."""
        found = self._activations.values()
        found |= of_input(loop.inputs) | of_output(loop.output) | of_targets(loop.targets)
        found |= self.clock.values()
        clips, cuts = mode.clips - self._clips, mode.cuts - self._cuts
        if clips:
            found |= {"clipped": cuts / clips, "clip_factor": (mode.left - self._left) / clips}
            self._clips, self._cuts, self._left = mode.clips, mode.cuts, mode.left
        return found

    def remember(self, found: Mapping[str, Any], step: int) -> None:
        """Keeps the numbers that were logged, while all of them are finite."""
        numbers = {tag: value for tag, value in found.items() if isinstance(value, float)}
        if not self.autopsy.is_done and all(math.isfinite(value) for value in numbers.values()):
            self._healthy, self._healthy_step = numbers, step

    def mark(self, run: Any, error: AnomalyError, step: int) -> None:
        """On the charts and in the graph: who made the first value that is not finite, and what led to it."""
        path = self._paths.get(id(error.module), "")
        node = "/".join(part for part in (*path.split("."), error.operation) if part)
        near = {tag: value for tag, value in self._healthy.items() if path and f"/{path}" in tag}
        led = [*near.items(), *(each for each in self._healthy.items() if each[0] not in near)]
        run.mark(
            str(error).partition("\n")[0], step, kind="anomaly", node=node, operation=error.operation,
            source=error.source, inputs=error.inputs, output=error.output, healthy=dict(led[:_MOST]),
            healthy_step=self._healthy_step,
        )  # fmt: skip
