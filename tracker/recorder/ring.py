"""Ring: the last steps of a training and the states from which each of them can be reached, within bounds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.recorder.tree import size_of


@dataclass
class Step:
    """One step, as it is remembered."""

    step: int
    batch: Any = None
    """Which samples, or the samples themselves: what the loader gave."""
    random: Any = None
    """Where the random generators stood when it began; None where that was not looked at."""
    epoch: int = 0
    lr: tuple[float, ...] = ()
    """Of each group of parameters."""
    loss: float = float("nan")
    is_done: bool = False
    """False for a step that was begun and never ended."""
    gradients: npt.NDArray[np.uint32] | None = None
    """The CRC-32 of each parameter's gradient; None where they were not looked at."""
    layers: Any = None
    """Statistics by name."""


@dataclass(frozen=True)
class State:
    """Everything a training goes on from, between two steps."""

    step: int
    """How many steps are behind it."""
    tree: Any
    size: int


class Ring:
    """The last steps.

    Args:
        last: How many steps are to be reachable.
        every: Steps between two states, at least.
        max_bytes: How much memory states and batches may take, half of it each. Where states are larger than that
            allows, there are fewer of them; of batches the oldest are let go.
    """

    def __init__(self, last: int, every: int, max_bytes: int) -> None:
        self.last, self.every = last, every
        self.steps: deque[Step] = deque()
        self.states: deque[State] = deque()
        self.is_too_large = False
        """Whether a state does not fit at all."""
        self._half = max_bytes // 2
        self._batches = 0

    def add(self, step: Step) -> None:
        """Takes a step that begins; the oldest goes."""
        self.steps.append(step)
        self._batches += size_of(step.batch)
        # One state at or before the first of the last steps is enough; the steps behind it are the way to that one.
        while len(self.states) > 1 and self.states[1].step <= step.step - self.last:
            self.states.popleft()
        while len(self.steps) > self.last and not (self.states and self.states[0].step < self.steps[0].step):
            self._batches -= size_of(self.steps.popleft().batch)
        if self._batches > self._half:
            for each in self.steps:
                if each.batch is not None and each is not step:
                    self._batches -= size_of(each.batch)
                    each.batch = None
                    if self._batches <= self._half:
                        break

    def wants_state(self, step: int) -> bool:
        """Whether a state is due after so many steps."""
        return not self.is_too_large and (not self.states or step - self.states[-1].step >= self.every)

    def add_state(self, step: int, tree: Any) -> State:
        """Takes a state; how far apart they lie follows from how large it is."""
        state = State(step, tree, size_of(tree))
        room = self._half // max(1, state.size)
        if not room:
            self.is_too_large = True
            return state
        self.every = max(self.every, -(-self.last // max(1, room - 1)))
        while len(self.states) >= room:
            self.states.popleft()
        self.states.append(state)
        return state
