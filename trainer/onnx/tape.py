"""One forward pass as a list: the operations in their order, and which value each took from which.

A value is known by its array, so that a detached tensor is the same one. What no operation made, neither input nor
result, came from outside: a parameter, a mask, or something that was computed with NumPy behind the tape's back; two
passes tell these apart (see `passes.py`).
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.autograd import enable_grad
from trainer.errors import ExportError, sentence
from trainer.function import Function, Observer, mode
from trainer.graph import line_outside
from trainer.mutation import mutations
from trainer.nn.module import Module, evaluating
from trainer.node import now
from trainer.tensor import Tensor


class Ref(NamedTuple):
    """A value of the tape, by its number."""

    number: int


class Place(NamedTuple):
    """Where in the model an operation was asked for."""

    path: str  # of the module, "encoder.conv1"; "" for the model itself
    module: str  # its class
    source: str  # "file.py:12"

    def __str__(self) -> str:
        where = f"{self.path}: {self.module}" if self.path else self.module
        return f"{where}, at {self.source}" if self.source else where


class Step(NamedTuple):
    """An operation that was done."""

    op: type[Function]
    inputs: tuple[Any, ...]  # a Ref for what has numbers with axes; a Python number or None as it is
    options: Mapping[str, Any]  # as they were, arrays within as Ref
    output: Ref
    place: Place


class Value:
    """Numbers that were there during the pass.

    Attributes:
        raw: They themselves; None of what was computed from the inputs, which goes when the model lets go of it.
        shape: As an array has it.
        dtype: Likewise.
        step: Where they were made, as a place in the tape's steps; None for what came from outside, inputs as well.
    """

    def __init__(self, raw: Any, step: int | None, order: int) -> None:
        self.raw = raw
        self.shape: tuple[int, ...] = tuple(raw.shape)
        self.dtype = np.dtype(raw.dtype)
        self.step = step
        self.order = order


class Tape(Observer):
    """What one pass did.

    Attributes:
        values: By number; the inputs first.
        inputs: How many of these.
        steps: In the order in which they were done.
        outputs: The tensors that the model gave.
    """

    stepwise = True

    def __init__(self, model: Module) -> None:
        self.values: list[Value] = []
        self.steps: list[Step] = []
        self.inputs = 0
        self.outputs: list[Ref] = []
        self._numbers: dict[int, int] = {}
        self._of_inputs: dict[int, Any] = {}  # by number, a weak reference to each that was computed from the inputs
        self._scopes: list[Module] = []
        self._paths = {id(module): path for path, module in model.named_modules()}

    def enter(self, module: Any) -> None:
        self._scopes.append(module)

    def leave(self, module: Any) -> None:
        self._scopes.pop()

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        place = self.place()
        given = tuple(self._taken(x, place) for x in inputs)
        chosen = {name: self._taken(option, place) for name, option in options.items()}
        if isinstance(output.raw, np.bool_):
            output.raw = np.asarray(output.raw)  # there are only two of NumPy's, so that they say nothing by being one
        if output.node is not None:
            output.node.saved = None  # no gradient will come, and activations need not wait for one
        made = self.new(output.raw, len(self.steps))
        step = Step(op, given, chosen, made, place)
        self.steps.append(step)
        if any(ref.number in self._of_inputs for ref in used(step)):
            self._let_go(made.number)

    def new(self, raw: Any, step: int | None = None) -> Ref:
        """A value that has not been there."""
        number = self._numbers[id(raw)] = len(self.values)
        self.values.append(Value(raw, step, now()))
        return Ref(number)

    def new_input(self, raw: Any) -> None:
        """An input of the model."""
        self._let_go(self.new(raw).number)
        self.inputs += 1

    def _let_go(self, number: int) -> None:
        """Holds a value weakly from now on: 447 MB for MobileNet v1 otherwise, 59 so. Its identity ends with it."""
        raw = self.values[number].raw
        key = id(raw)

        def gone(_: Any) -> None:
            if self._numbers.get(key) == number:
                del self._numbers[key]

        try:
            self._of_inputs[number] = weakref.ref(raw, gone)
        except TypeError:  # NumPy's scalars cannot be held so, and are small
            self._of_inputs[number] = raw
            return
        self.values[number].raw = None

    def place(self) -> Place:
        """Where the pass is."""
        module = self._scopes[-1]
        return Place(self._paths.get(id(module), ""), type(module).__name__, line_outside(record.__code__))

    def _taken(self, x: Any, place: Place) -> Any:
        """`x` as a step keeps it."""
        if type(x) is tuple:
            return tuple(self._taken(part, place) for part in x)
        raw = x.raw if isinstance(x, Tensor) else x
        if isinstance(raw, type) or not hasattr(raw, "dtype") or not hasattr(raw, "shape"):
            return x
        number = self._numbers.get(id(raw))
        if number is None:
            return self.new(raw)
        if mutations.changed_since(raw, self.values[number].order):
            problem = f"export_onnx: a value is changed in place, in {place}."
            hint = "try x = x + y instead of x += y"
            raise ExportError(sentence(problem, "values that stay as they were computed", "a change in place", hint))
        return Ref(number)

    def finish(self, result: Any) -> None:
        """Notes what the model gave."""
        place = Place("", "the model", "")
        self.outputs = [self._taken(tensor, place) for tensor in tensors(result)]


def used(step: Step) -> list[Ref]:
    """The values that a step takes, those in its options as well."""
    return refs((step.inputs, *step.options.values()))


def refs(x: Any) -> list[Ref]:
    """The values among inputs or options."""
    if isinstance(x, Ref):
        return [x]
    return [ref for part in x for ref in refs(part)] if isinstance(x, tuple) else []


def record(model: Module, inputs: Sequence[Any]) -> Tape:
    """The tape of one forward pass in evaluation mode.

    It runs as if gradients were wanted, because what is changed in place is then recorded as an operation.

    Args:
        model: Any module.
        inputs: Its inputs, as arrays.
    """
    tape = Tape(model)
    before = mode.observer
    with evaluating(model), enable_grad():
        given = []
        for raw in inputs:
            x = Tensor(raw)
            if x.dtype.kind == "f":
                x = x.requires_grad_().clone()  # no leaf, which cannot be changed in place
            tape.new_input(x.raw)
            given.append(x)
        mode.observer = tape
        try:
            result = model(*given)
        finally:
            mode.observer = before
        tape.finish(result)
    return tape


def tensors(result: Any) -> list[Tensor]:
    """The tensors of a result, those in tuples, lists and dicts in their order; what is None is left out."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (tuple, list)):
        return [tensor for part in result for tensor in tensors(part)]
    return [] if result is None else [result]
