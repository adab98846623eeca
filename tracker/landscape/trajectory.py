"""Trajectory: the weights of a model on the way, kept in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from tracker.errors import LoggedValueError, message
from tracker.landscape.weights import State, weights_of

FEWEST = 4
"""Checkpoints that must have room: thinning by half leaves two of them, and the last is the third."""


class Trajectory:
    """Keeps copies of a model's weights while it is trained, for `log_landscape(..., trajectory=...)`.

        trajectory = tracker.Trajectory(every=10)
        for step in range(1000):
            ...
            trajectory.record(model, step)

    When there is no room for more, every second checkpoint is let go, and from then on half as many are kept: those
    that stay are evenly spread over the training, and the first is always among them.

    Args:
        every: Calls of `record` between two that keep something.
        limit: Checkpoints at most.
        memory_mb: Megabytes at most.
        dtype: "float32", or "float16" for half of the memory; running statistics are kept as they are.

    Attributes:
        steps: The steps of what is kept.
    """

    def __init__(self, every: int = 1, limit: int = 100, memory_mb: float = 256, dtype: str = "float32") -> None:
        if every < 1 or limit < FEWEST:
            raise LoggedValueError(
                message(
                    "Trajectory: checkpoints are counted.",
                    expected=f"every >= 1, limit >= {FEWEST}",
                    got=f"every={every}, limit={limit}",
                )
            )
        if dtype not in ("float32", "float16"):
            raise LoggedValueError(
                message("Trajectory: dtype is that of the copies.", expected='"float32" or "float16"', got=repr(dtype))
            )
        self.steps: list[int] = []
        self._every = every
        self._limit = limit
        self._bytes = memory_mb * 1e6
        self._dtype = np.dtype(dtype)
        self._kept: list[tuple[State, State]] = []
        self._stride = 1
        self._calls = 0

    def __len__(self) -> int:
        return len(self.steps)

    def record(self, model: Any, step: int) -> bool:
        """Looks at the model after a step; gives whether a copy was kept.

        Raises:
            LoggedTypeError: `model` is no module of a known kind, nor a dictionary of arrays.
            LoggedValueError: not even four copies fit in the memory that was given.
        """
        occasion, rest = divmod(self._calls, self._every)
        self._calls += 1
        if rest or occasion % self._stride:
            return False
        weights = weights_of(model)
        state = {name: each.astype(self._narrow(each), copy=False) for name, each in weights.read().items()}
        buffers = weights.read_buffers()
        if not self._kept:
            size = sum(each.nbytes for each in (*state.values(), *buffers.values()))
            self._limit = int(min(self._limit, self._bytes // max(1, size)))
            if self._limit < FEWEST:
                raise LoggedValueError(
                    message(
                        "Trajectory: the weights are too large to keep several copies.",
                        expected=f"room for {FEWEST} at least",
                        got=f"{size / 1e6:,.0f} MB each, memory_mb={self._bytes / 1e6:g}",
                        hint=f'Give memory_mb={FEWEST * size / 1e6:.0f} or more, or dtype="float16".',
                    )
                )
        self._kept.append((state, buffers))
        self.steps.append(int(step))
        if len(self.steps) > self._limit:
            del self._kept[1::2], self.steps[1::2]
            self._stride *= 2
        return True

    def checkpoints(self) -> list[tuple[int, State, State]]:
        """What is kept: steps, weights, and the buffers of then."""
        return [(step, *kept) for step, kept in zip(self.steps, self._kept, strict=True)]

    def _narrow(self, array: Any) -> Any:
        return self._dtype if array.dtype.kind == "f" and array.dtype.itemsize > self._dtype.itemsize else array.dtype
