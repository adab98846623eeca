"""A forward pass laid out in memory: each value's place, used again as soon as nobody wants what is in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.errors import CheckpointError
from trainer.tfjs.folding import Folded
from trainer.tfjs.shapes import shape_after
from trainer.tfjs.steps import Same
from trainer.tfjs.words import Shape

MAX_NUMBERS = 2**28
"""In all arrays of one forward pass: 1 GiB of float32. MobileNet v1 takes 5 million for a picture."""


class Space:
    """Arrays of float32, counted: a model that wants too many is refused before they are there."""

    def __init__(self) -> None:
        self.numbers = 0
        self._scratch: Any = np.empty(0, np.float32)
        self._padded: dict[Any, Any] = {}

    def array(self, count: int, make: Any = np.empty) -> Any:
        """Numbers of one's own.

        Raises:
            CheckpointError: they would be more than `MAX_NUMBERS` together.
        """
        self.numbers += count
        if self.numbers > MAX_NUMBERS:
            raise CheckpointError(f"the model needs more than {MAX_NUMBERS:,} numbers at a time for one input")
        return make(count, np.float32)

    def scratch(self, count: int) -> Any:
        if self._scratch.size < count:
            self._scratch = self.array(count)
        return self._scratch[:count]

    def padded(self, shape: tuple[int, ...], inside: tuple[Any, ...]) -> Any:
        """Shared by steps that write to the same places, since each fills them in before it reads."""
        if (shape, inside) not in self._padded:
            self._padded[shape, inside] = self.array(math.prod(shape), np.zeros).reshape(shape)
        return self._padded[shape, inside]


class Plan:
    """The steps of a folded network for a number of samples, bound to their arrays.

    Args:
        folded: The network.
        shapes: Of each input, without the batch, all lengths known.
        samples: How many at a time.

    Raises:
        CheckpointError: it would take more memory than is given, or images are smaller than a window.
    """

    def __init__(self, folded: Folded, shapes: Sequence[Shape], samples: int) -> None:
        known = shapes_of(folded, shapes)
        self._space = Space()
        values = _arrays(folded, [(samples, *shape) for shape in known], self._space)
        self._inputs = [values[at] for at in range(folded.inputs)]
        self._outputs = [values[at] for at in folded.outputs]
        self._runs = [
            step.bind([values[at] for at in inputs], values[output], self._space)
            for step, inputs, output in folded.steps
        ]

    @property
    def numbers(self) -> int:
        """How many it holds in memory, weights left out."""
        return self._space.numbers

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs, as views that the next run writes over."""
        for into, x in zip(self._inputs, inputs, strict=True):
            np.copyto(into, x, casting="unsafe")
        with np.errstate(all="ignore"):  # weights that are not finite give what is not, as in Keras
            for run in self._runs:
                run()
        return self._outputs


def shapes_of(folded: Folded, shapes: Sequence[Shape]) -> list[tuple[int, ...]]:
    """The shape of every value, without the batch, for inputs whose lengths are all known."""
    known: list[Shape] = list(shapes)
    for unit in folded.units:
        try:
            known.append(shape_after(unit.module, *(known[at] for at in unit.inputs)))
        except ValueError as err:
            raise CheckpointError(f"{unit.module!r} does not fit {known[unit.inputs[0]]}: {err}") from err
    return [tuple(n or 0 for n in shape) for shape in known]


def _arrays(folded: Folded, shapes: list[tuple[int, ...]], space: Space) -> dict[int, Any]:
    """An array for each value that is given or computed; two that are not wanted at the same time share memory."""
    owner = {at: at for at in range(folded.inputs)}  # whose memory a value has
    for step, inputs, output in folded.steps:
        owner[output] = owner[inputs[0]] if isinstance(step, Same) else output
    last = {owner[at]: len(folded.steps) for at in (*range(folded.inputs), *folded.outputs)}
    for i, (_, inputs, _) in enumerate(folded.steps):
        for at in inputs:
            last[owner[at]] = max(i, last.get(owner[at], 0))
    memory = {at: space.array(math.prod(shapes[at])) for at in range(folded.inputs)}
    free: list[Any] = []
    for i, (_, inputs, output) in enumerate(folded.steps):
        if owner[output] == output:
            count = math.prod(shapes[output])
            fitting = [each for each in free if each.size >= count]
            best = min(fitting, key=len, default=None)
            if best is not None:
                free = [each for each in free if each is not best]
            memory[output] = space.array(count) if best is None else best
            if output not in last:  # nobody takes it
                free.append(memory[output])
        for at in {owner[at] for at in inputs}:
            if last[at] == i:
                free.append(memory[at])
    return {at: memory[who][: math.prod(shapes[at])].reshape(shapes[at]) for at, who in owner.items()}
