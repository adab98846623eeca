"""Two passes with different inputs beside each other: what is the same in both is the model, what differs the input.

A size that differs is a multiple of the batch. Numbers that came from outside of the tape and differ were computed
from the input behind its back: a file with the numbers of one example in it would answer wrongly, so it is refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from trainer.backend import to_numpy
from trainer.errors import ExportError, sentence
from trainer.onnx.tape import Place, Ref, Tape, refs, used


class Batch(NamedTuple):
    """A size that is so many times the batch."""

    times: int


Size = int | Batch
Sizes = tuple[Size, ...]


class Passes:
    """What two passes say together.

    Args:
        first, second: Their tapes.
        batches: How many samples each had.

    Attributes:
        steps: Those of the first, in their order.
        outputs: What the model gave.
        needed: The numbers of the steps that the outputs depend on, in their order.

    Raises:
        ExportError: the model did not do the same operations.
    """

    def __init__(self, first: Tape, second: Tape, batches: tuple[int, int]) -> None:
        self._first, self._second, self._batches = first, second, batches
        self.steps = first.steps
        self.outputs = first.outputs
        self._inputs = first.inputs
        self._check_same_way()
        self.needed = self._needed()
        self._varying = self._all_that_vary()

    def dtype(self, ref: Ref) -> Any:
        """The dtype of a value."""
        return self._first.values[ref.number].dtype

    def sizes(self, ref: Ref) -> Sizes:
        """The shape of a value."""
        value = self._first.values[ref.number]
        place = None if value.step is None else self.steps[value.step].place
        merged: Sizes = self._merged(value.shape, self._second.values[ref.number].shape, place, "a shape")
        return merged

    def varies(self, ref: Ref) -> bool:
        """Whether a value is another one with another input; otherwise it is a constant of the model."""
        return ref.number in self._varying

    def fixed(self, ref: Ref, user: Place) -> Any:
        """The numbers of a value from outside; along the axes of the batch, where all must be alike, one of them.

        Raises:
            ExportError: it has other numbers in the other pass.
        """
        one, other = (to_numpy(tape.values[ref.number].raw) for tape in (self._first, self._second))
        for axis, size in enumerate(self.sizes(ref)):
            if isinstance(size, Batch):
                first, second = one.take([0], axis), other.take([0], axis)
                alike = (np.array_equal(x, np.broadcast_to(y, x.shape)) for x, y in ((one, first), (other, second)))
                if not all(alike):
                    raise ExportError(_outside(user, f"other numbers along axis {axis}"))
                one, other = first, second
        if one is not other and not _same(one, other):
            raise ExportError(_outside(user, "other numbers"))
        return one

    def inputs_of(self, step: int) -> tuple[Any, ...]:
        """What a step was given: values, numbers, None."""
        one, other = self.steps[step], self._second.steps[step]
        merged: tuple[Any, ...] = self._merged(one.inputs, other.inputs, one.place, one.op.name)
        return merged

    def options_of(self, step: int) -> dict[str, Any]:
        """The options of a step, with the sizes in them as they depend on the batch."""
        one, other = self.steps[step], self._second.steps[step]
        return {
            name: self._merged(option, other.options[name], one.place, one.op.name)
            for name, option in one.options.items()
        }

    def _check_same_way(self) -> None:
        for one, other in zip(self.steps, self._second.steps, strict=False):
            if one.op is not other.op or refs(one.inputs) != refs(other.inputs):
                raise ExportError(_another_way(one.place, one.op.name, other.op.name))
        ends = [tape.outputs for tape in (self._first, self._second)]
        if len(self.steps) != len(self._second.steps) or ends[0] != ends[1]:
            counts = [f"{len(tape.steps)} operations" for tape in (self._first, self._second)]
            last = min((self.steps, self._second.steps), key=len)
            raise ExportError(_another_way(last[-1].place if last else Place("", "the model", ""), *counts))

    def _needed(self) -> list[int]:
        found: set[int] = set()
        waiting = list(self.outputs)
        while waiting:
            made = self._first.values[waiting.pop().number].step
            if made is not None and made not in found:
                found.add(made)
                waiting += used(self.steps[made])
        return sorted(found)

    def _all_that_vary(self) -> set[int]:
        """By number; in the order of the steps, because a recurrent network is deeper than Python's stack."""
        found = set(range(self._inputs))
        for number in self.needed:
            step = self.steps[number]
            for ref in used(step):
                if self._first.values[ref.number].step is None and self._has_batch(ref):
                    found.add(ref.number)
            if self._has_batch(step.output) or any(ref.number in found for ref in used(step)):
                found.add(step.output.number)
        return found

    def _has_batch(self, ref: Ref) -> bool:
        return self._first.values[ref.number].shape != self._second.values[ref.number].shape

    def _merged(self, one: Any, other: Any, place: Place | None, what: str) -> Any:
        """What is the same in both passes, or a multiple of the batch."""
        if isinstance(one, Ref):
            return one
        if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
            parts = [self._merged(a, b, place, what) for a, b in zip(one, other, strict=True)]
            return type(one)(*parts) if hasattr(one, "_fields") else tuple(parts)
        if isinstance(one, slice) and isinstance(other, slice):
            ends = ((one.start, other.start), (one.stop, other.stop), (one.step, other.step))
            return slice(*(self._merged(a, b, place, what) for a, b in ends))
        if callable(one) or one is other or one == other or (one != one and other != other):
            return one
        a, b = self._batches
        if isinstance(one, int) and isinstance(other, int) and a and one % a == 0 and one // a * b == other:
            return Batch(one // a)
        if isinstance(one, float):
            raise ExportError(_outside(place, f"{one} and {other}"))
        problem = f"export_onnx: the model bakes the batch in, by {what}{f', in {place}' if place else ''}."
        got = f"{one} with {a} samples, {other} with {b}"
        hint = "try x.reshape(len(x), -1) and the like, or dynamic_batch=False, which keeps the example's size"
        raise ExportError(sentence(problem, "sizes that are fixed, or a multiple of the batch", got, hint))


def _same(one: Any, other: Any) -> bool:
    """Whether two arrays have the same bits."""
    return bool(one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes())


def _another_way(place: Place, one: str, other: str) -> str:
    problem = f"export_onnx: the model takes another way with another input, in {place}."
    hint = "try batch_first=True where sequences come time first, dynamic_batch=False, or trainer.where instead of if"
    return sentence(problem, one, other, hint)


def _outside(place: Place | None, got: str) -> str:
    where = f", in {place}" if place else ""
    problem = f"export_onnx: a value is computed outside of trainer's operations, from the input or by chance{where}."
    hint = "try functions of trainer instead of NumPy's, tensors instead of item(), and no random numbers"
    return sentence(problem, "the same numbers for another input", got, hint)
