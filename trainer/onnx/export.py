"""A model as an ONNX file: the tape of a forward pass, written with ONNX's operations."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainer.backend import beside, to_numpy
from trainer.errors import ArgumentError, ExportError, TrainerError, sentence
from trainer.files import written_whole
from trainer.nn.module import Module
from trainer.onnx import messages, wire
from trainer.onnx.call import Call
from trainer.onnx.counterparts import COUNTERPARTS
from trainer.onnx.graph import Graph, dims
from trainer.onnx.passes import Passes
from trainer.onnx.tape import Place, Ref, record
from trainer.tensor import Tensor

OLDEST, NEWEST = 17, 23
"""Versions of ONNX's operations that can be asked for; 17 is the first with layer normalisation."""

_BATCHES = 2, 5
"""How many samples the two passes have. Neither is 1, which broadcasts; and halves, thirds … of them differ."""

_MOST_BYTES = 2**31 - 1
"""Of a file: what protocol buffers can hold."""


def export_onnx(
    model: Module,
    path: str | os.PathLike[str],
    example: Any,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic_batch: bool = True,
    opset: int = OLDEST,
) -> None:
    """Writes a model to an .onnx file, whole or not at all.

    It is run twice, in evaluation mode, and what it does is written down: any module will do that computes with
    trainer's operations. What it decides by `if` is decided in the file as it was with the example.

    Args:
        model: Any module.
        path: The file.
        example: What it is called with: an array or a tensor, a list of them, or a dict of them by name. Floats are
            taken in the dtype of the model's weights.
        input_names, output_names: What they are called in the file; "input", or "input_0" and so on, likewise outputs.
        dynamic_batch: The first axis may be of any length when the file is run: that of the first input, and of those
            that are as long in the example.
        opset: Version of ONNX's operations, 17 to 23.

    Raises:
        ExportError: the model does something that a file cannot say. A sentence says what, and where in the model.
        ArgumentError: an argument is out of its range.
        TrainerError: the model cannot be called with the example.
    """
    data = onnx_bytes(
        model,
        example,
        input_names=input_names,
        output_names=output_names,
        dynamic_batch=dynamic_batch,
        opset=opset,
    )
    with written_whole(path) as file:
        file.write(data)


def onnx_bytes(
    model: Module,
    example: Any,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic_batch: bool = True,
    opset: int = OLDEST,
) -> bytes:
    """What `export_onnx` writes."""
    if not OLDEST <= opset <= NEWEST:
        raise ArgumentError(sentence("export_onnx: opset is out of range.", f"{OLDEST} to {NEWEST}", opset))
    arrays, keys = _given(example, model)
    inputs = _names("input_names", input_names or keys, "input", len(arrays))
    passes = _passed(model, arrays, dynamic_batch)
    outputs = _names("output_names", output_names, "output", len(passes.outputs))
    parts = _Writing(model, passes, inputs, outputs, opset).parts()
    if wire.size_of(parts) > _MOST_BYTES:
        got = f"{wire.size_of(parts):,} bytes"
        raise ExportError(sentence("export_onnx: the file would be too large.", f"at most {_MOST_BYTES:,} bytes", got))
    return b"".join(parts)


class _Writing:
    """A model on its way into a file."""

    def __init__(
        self, model: Module, passes: Passes, inputs: Sequence[str], outputs: Sequence[str], opset: int
    ) -> None:
        named = [*model.named_parameters(), *model.named_buffers()]
        self._passes = passes
        self._inputs = inputs
        self._outputs = outputs
        self._graph = Graph(opset, [*inputs, *outputs], {id(tensor.raw): name for name, tensor in named})
        self._names = dict(enumerate(inputs))

    def parts(self) -> wire.Parts:
        """The file."""
        for number in self._passes.needed:
            if self._passes.varies(self._passes.steps[number].output):
                self._step(number)
        for ref, name in zip(self._passes.outputs, self._outputs, strict=True):
            self._graph.give(self._name(ref, _OF_THE_MODEL), name)
        inputs = [self._value(Ref(i), name) for i, name in enumerate(self._inputs)]
        outputs = [self._value(ref, name) for ref, name in zip(self._passes.outputs, self._outputs, strict=True)]
        return messages.model(self._graph.message("model", inputs, outputs), self._graph.opset, "everystep trainer")

    def _step(self, number: int) -> None:
        """Writes an operation."""
        call = Call(self._graph, self._passes, number, self._name)
        step = self._passes.steps[number]
        counterpart = COUNTERPARTS.get(step.op)
        if counterpart is None:
            raise call.refuse("has no counterpart in ONNX", "write it with other operations of trainer")
        name = self._names[step.output.number] = counterpart(call)
        self._graph.note(name, call.dtype, call.sizes)

    def _name(self, ref: Ref, user: Place) -> str:
        """What a value is called. A constant is written where it is used first, and what is computed from constants
        alone is one; where it has an axis of the batch, it is repeated along it."""
        name = self._names.get(ref.number)
        if name is None:
            name = self._graph.constant(self._passes.fixed(ref, user), f"{user.path or 'model'}.constant")
            if self._passes.varies(ref):
                sizes = self._passes.sizes(ref)
                name = self._graph.node("Expand", [name, self._graph.lengths(sizes)], user.path.replace(".", "/"))
            self._names[ref.number] = name
        return name

    def _value(self, ref: Ref, name: str) -> wire.Message:
        return messages.value(name, self._passes.dtype(ref), dims(self._passes.sizes(ref)))


_OF_THE_MODEL = Place("", "the model's result", "")


def _given(example: Any, model: Module) -> tuple[list[Any], list[str] | None]:
    """The example as arrays, floats in the dtype of the model's weights, and their names where it has some."""
    keys = None
    if isinstance(example, Mapping):
        keys = [str(key) for key in example]
        example = list(example.values())
    elif not isinstance(example, (tuple, list)) or not all(hasattr(each, "dtype") for each in example):
        example = [example]
    if not example:
        raise ArgumentError(sentence("export_onnx: example is empty.", "an array for each input", "none"))
    like = next(model.parameters(), None)
    arrays = []
    for each in example:
        x = Tensor(each)
        if like is not None:
            x = x.detach().to(like.dtype if x.dtype.kind == "f" else x.dtype).to(device=like.device)
        arrays.append(x.data)
    return arrays, keys


def _names(argument: str, given: Sequence[str] | None, usual: str, count: int) -> list[str]:
    """Names for inputs or outputs."""
    if given is None:
        return [usual] if count == 1 else [f"{usual}_{i}" for i in range(count)]
    names = list(given)
    if len(names) != count or len(set(names)) != count or not all(isinstance(each, str) and each for each in names):
        raise ArgumentError(sentence(f"export_onnx: {argument} do not fit.", f"{count} different texts", names))
    return names


def _passed(model: Module, arrays: Sequence[Any], dynamic_batch: bool) -> Passes:
    """The model's way with the example, and with another of other numbers."""
    samples = len(arrays[0]) if arrays[0].ndim else 0
    with np.errstate(all="ignore"):  # what numbers come out is of no interest here
        if not dynamic_batch or not samples:
            return Passes(record(model, arrays), record(model, [_other(x) for x in arrays]), (samples, samples))
        few, more = ([_of_length(x, samples, count) for x in arrays] for count in _BATCHES)
        try:
            tapes = record(model, few), record(model, [_other(x) for x in more])
        except (TrainerError, ValueError, TypeError, IndexError, AssertionError, RuntimeError) as err:
            if isinstance(err, ExportError):
                raise
            record(model, arrays)  # where the example is what is wrong, this says so
            problem = f"export_onnx: the model bakes the batch in: it answers {samples} samples, and not {_BATCHES[0]}."
            hint = "try x.reshape(len(x), -1) and the like, or dynamic_batch=False, which keeps the example's size"
            raise ExportError(sentence(problem, "any number of samples", err, hint)) from err
        return Passes(*tapes, _BATCHES)


def _of_length(x: Any, samples: int, count: int) -> Any:
    """So many samples of an input; one that has no axis of samples as it is."""
    return x[[i % samples for i in range(count)]] if x.ndim and len(x) == samples else x


def _other(x: Any) -> Any:
    """Other numbers that the model takes as well: those of the example the other way round, floats a little changed."""
    turned = to_numpy(x)[(slice(None, None, -1),) * x.ndim]
    if turned.dtype.kind == "f":
        noise = np.random.default_rng(0).uniform(-1, 1, turned.shape)
        turned = (turned * (1 + 0.1 * noise) + 0.01 * noise).astype(turned.dtype)
    return beside(np.ascontiguousarray(turned), x)
