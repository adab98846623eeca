"""A model as two files that no code runs from: its architecture as JSON, its weights as safetensors.

The architecture says of each module the class, by its name in `trainer.nn`, the arguments it was made with, and its
children by name. What is read is made of classes of this package only, and a weight that does not fit is refused: a
stranger's file can be wrong, and can do no more.
"""

from __future__ import annotations

import inspect
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer import creation, nn, safetensors
from trainer.autograd import enable_grad, no_grad
from trainer.backend import to_numpy
from trainer.errors import ArgumentError, CheckpointError, ExportError, TrainerError, sentence
from trainer.files import written_whole
from trainer.nn.module import Module, Parameter
from trainer.onnx import onnx_bytes
from trainer.onnx.tape import tensors
from trainer.tensor import Tensor

ARCHITECTURE, WEIGHTS = "architecture.json", "weights.safetensors"
"""The names of the two files."""

_FORMAT = "everystep.trainer"
_VERSION = 1
_DEEPEST = 64
"""Modules within modules; more is a mistake or an attack."""

_PLACES = {"device"}
"""Arguments that say where a model computes, which is not what it is."""


def to_files(model: Module) -> dict[str, Any]:
    """A model as what its two files hold: the architecture as bytes, and copies of parameters and buffers by path.

    `safetensors_bytes` makes bytes of the second, which may be done later, on another thread.

    Args:
        model: Modules of `trainer.nn`, nested as you like; one in two places, and a parameter in two, stay one.

    Raises:
        ExportError: a module of another class, or one that is not any more as it was made.
    """
    architecture = {"format": _FORMAT, "version": _VERSION, **_Describing(model).whole()}
    weights = model.state_dict()
    try:
        _built(architecture, weights)
    except CheckpointError as err:
        problem = "the model is not as its arguments say, and could not be read back."
        raise ExportError(sentence(problem, "modules as they were made", err, "try trainer.export_onnx")) from err
    return {ARCHITECTURE: json.dumps(architecture).encode(), WEIGHTS: weights}


def safetensors_bytes(weights: Mapping[str, Any]) -> bytes:
    """Arrays by name as the bytes of a .safetensors file."""
    file = io.BytesIO()
    safetensors.write(weights, file)
    return file.getvalue()


def from_files(architecture: bytes, weights: Mapping[str, Any] | bytes) -> Module:
    """The model that `to_files` took apart, in evaluation mode. Nothing random is drawn.

    Args:
        architecture: The bytes of architecture.json.
        weights: Those of weights.safetensors, or its arrays by name; an array becomes the parameter's own memory.

    Raises:
        CheckpointError: they are damaged, or do not belong together.
    """
    try:
        if isinstance(weights, (bytes, bytearray, memoryview)):
            weights = safetensors.read(io.BytesIO(weights))
        model = _built(json.loads(architecture), weights)
        for name, tensor in model._state():
            tensor.data = np.asarray(weights[name])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, MemoryError) as err:
        if isinstance(err, CheckpointError):
            raise
        got = f"{type(err).__name__}: {err}"
        raise CheckpointError(sentence("the model cannot be read.", "what trainer.save_model writes", got)) from err
    return model.eval()


def save_model(model: Module, folder: str | os.PathLike[str]) -> None:
    """Writes a model to a folder, which is made: architecture.json and weights.safetensors, each whole or not at all.

    Raises:
        ExportError: as `to_files`.
    """
    files = to_files(model)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name, content in ((WEIGHTS, safetensors_bytes(files[WEIGHTS])), (ARCHITECTURE, files[ARCHITECTURE])):
        with written_whole(place / name) as file:
            file.write(content)


def load_model(folder: str | os.PathLike[str]) -> Module:
    """The model that `save_model` or a run keeps in a folder, in evaluation mode; `.train()` to go on learning.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
        FileNotFoundError: there is none of them.
    """
    place = Path(folder)
    return from_files((place / ARCHITECTURE).read_bytes(), (place / WEIGHTS).read_bytes())


def to_onnx(files: Mapping[str, Path], manifest: Mapping[str, Any]) -> bytes:
    """A model in two files as an ONNX file.

    Args:
        files: Where architecture.json and weights.safetensors lie.
        manifest: What is said of the model; "inputs" names what it takes, with dtype and shape, the batch first.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
        ExportError: the manifest does not say how large an input is.
    """
    model = from_files(files[ARCHITECTURE].read_bytes(), files[WEIGHTS].read_bytes())
    example = {}
    for each in manifest.get("inputs") or []:
        shape = [2, *(each.get("shape") or [None])[1:]]
        if None in shape or not each.get("shape"):
            problem = f"input {each['name']!r} has no size, and a file of operations is written for one."
            raise ExportError(sentence(problem, "sizes for all axes but the batch", each.get("shape")))
        example[each["name"]] = np.zeros(shape, each.get("dtype") or np.float32)
    names = [each["name"] for each in manifest.get("outputs") or []]
    return onnx_bytes(model, example, output_names=names or None)


class Runner:
    """A model that answers questions: arrays by name in, arrays by name out.

    Attributes:
        inputs, outputs: What the manifest says of them: name, dtype, shape.
        model: The model, in evaluation mode.
    """

    def __init__(self, model: Module, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
        self.model = model.eval().requires_grad_(False)
        self.inputs = inputs
        self.outputs = outputs

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs for some inputs; nothing is recorded.

        Args:
            inputs: An array for each name, with the batch as its first axis.

        Raises:
            TrainerError: an input is missing or does not fit.
        """
        with no_grad():
            found = tensors(self.model(*self._given(inputs)))
        return {name: to_numpy(tensor.data) for name, tensor in zip(self._names(len(found)), found, strict=True)}

    def saliency(self, inputs: Mapping[str, Any], output_index: int) -> Any:
        """How much each number of the input moves one output: the gradient of that with regard to the first input.

        Args:
            inputs: As for `run`.
            output_index: Which number of a sample's first output, such as a class.

        Returns:
            An array in the shape of the first input, each sample with the gradient of its own output.

        Raises:
            TrainerError: as `run`; or there is no such output, or the input has no gradient, as numbers of rows.
        """
        given = self._given(inputs)
        first = given[0] if isinstance(given[0], Tensor) else Tensor(given[0])
        if first.dtype.kind != "f":
            problem = f"saliency: input {self.inputs[0]['name']!r} has no gradient."
            raise ArgumentError(sentence(problem, "an input of floats", first.dtype))
        with enable_grad():
            x = first.detach().requires_grad_()
            y = tensors(self.model(x, *given[1:]))[0]
            rows = y.reshape(len(y), -1) if y.ndim else y.reshape(1, 1)
            if not 0 <= output_index < rows.shape[1]:
                problem = "saliency: there is no such output."
                raise ArgumentError(sentence(problem, f"0 to {rows.shape[1] - 1}", output_index))
            rows[:, output_index].sum().backward()
        return np.zeros(x.shape, x.dtype) if x.grad is None else to_numpy(x.grad.data)

    def _given(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The inputs in the order the model takes them, floats in the dtype of its weights."""
        names = [each["name"] for each in self.inputs]
        if set(names) != set(inputs):
            problem = "the model is asked with other inputs than it has."
            raise ArgumentError(sentence(problem, ", ".join(names), ", ".join(map(str, inputs)) or "none"))
        given = []
        like = next(self.model.parameters(), None)
        for each in self.inputs:
            x = Tensor(inputs[each["name"]])
            wanted = np.dtype(each.get("dtype") or x.dtype)
            x = x.to(like.dtype if like is not None and wanted.kind == "f" else wanted)
            given.append(x if like is None else x.to(device=like.device))
        return given

    def _names(self, count: int) -> list[str]:
        known = [each["name"] for each in self.outputs]
        return known if len(known) == count else output_names(count)


def open_runner(files: Mapping[str, Path], manifest: Mapping[str, Any], device: str = "cpu") -> Runner:
    """What answers for a model in two files.

    Args:
        files: Where architecture.json and weights.safetensors lie.
        manifest: What is said of the model; "inputs" names what it takes, in order.
        device: Where to compute.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
    """
    model = from_files(files[ARCHITECTURE].read_bytes(), files[WEIGHTS].read_bytes()).to(device)
    inputs = list(manifest.get("inputs") or [{"name": "input", "dtype": None, "shape": None}])
    return Runner(model, inputs, list(manifest.get("outputs") or []))


def output_names(count: int) -> list[str]:
    """What outputs are called that nobody named."""
    return ["output"] if count == 1 else [f"output_{i}" for i in range(count)]


class _Describing:
    """A model on its way to JSON."""

    def __init__(self, model: Module) -> None:
        self._model = model
        self._seen: dict[int, str] = {}

    def whole(self) -> dict[str, Any]:
        """The model, and the parameters that stand in two places: each further path with the first."""
        first: dict[int, str] = {}
        shared: dict[str, str] = {}
        model = self._module(self._model, "")
        for path, parameter in _every_parameter(self._model):
            at = first.setdefault(id(parameter), path)
            if at != path:
                shared[path] = at
        return {"model": model, "shared": shared}

    def _module(self, module: Module, path: str) -> dict[str, Any]:
        if id(module) in self._seen:
            return {"same": self._seen[id(module)]}
        self._seen[id(module)] = path
        name = type(module).__name__
        if _class(name) is not type(module):
            problem = f"{path or 'the model'} is a class of its own, {name}, whose code is not part of a saved model."
            hint = "try trainer.export_onnx(model, path, example), which keeps what it computes"
            raise ExportError(sentence(problem, "modules of trainer.nn", type(module).__qualname__, hint))
        children = {
            each: self._module(child, f"{path}.{each}" if path else each) for each, child in module.named_children()
        }
        return {"class": name, "arguments": _arguments(module, path), **({"children": children} if children else {})}


def _class(name: Any) -> type[Module] | None:
    """The class of `trainer.nn` that is called so; None where there is none."""
    found = getattr(nn, name, None) if isinstance(name, str) and name in nn.__all__ else None
    return found if isinstance(found, type) and issubclass(found, Module) and found is not Module else None


def _arguments(module: Module, path: str) -> dict[str, Any]:
    """What a module was made with: each argument stands at the attribute of its name.

    Where a flag asks for a parameter of its own name, as `bias` does, it is whether that is there.
    """
    found = {}
    for name, parameter in inspect.signature(type(module)).parameters.items():
        if name in _PLACES or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if isinstance(module, nn.ModuleList):
            continue
        value = getattr(module, name)
        if parameter.annotation in ("bool", bool):
            value = value is not None and value is not False
        found[name] = _plain(value, f"{path}.{name}" if path else name)
    return found


def _plain(value: Any, path: str) -> Any:
    """An argument for JSON."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(part, path) for part in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    problem = f"{path} cannot be written."
    raise ExportError(sentence(problem, "a number, a text, None, or lists of such", type(value).__name__))


def _every_parameter(model: Module) -> Iterator[tuple[str, Parameter]]:
    """All parameters by path, one in two places twice."""
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, Parameter):
                yield f"{path}.{name}" if path else name, value


def _built(architecture: Any, weights: Mapping[str, Any]) -> Module:
    """The model as drawn, its parameters without memory; each has the shape of its weight.

    Raises:
        CheckpointError: it is no such drawing, or the weights are another model's.
    """
    if architecture["format"] != _FORMAT or architecture["version"] != _VERSION:
        got = f"{architecture['format']!r}, version {architecture['version']!r}"
        raise CheckpointError(sentence("the architecture is in another format.", f"{_FORMAT!r}, {_VERSION}", got))
    made: dict[str, Module] = {}
    # A module with children of its own makes them once, and once more as its children.
    with creation.drafted(2 * len(weights) + len(architecture["shared"])):
        model = _made(architecture["model"], "", made)
    for path, first in architecture["shared"].items():
        owner, _, name = path.rpartition(".")
        source, _, other = first.rpartition(".")
        setattr(made[owner], name, getattr(made[source], other))
    own = dict(model._state())
    if own.keys() != weights.keys():
        missing = ", ".join(sorted(own.keys() - weights.keys())) or "none"
        unknown = ", ".join(sorted(weights.keys() - own.keys())) or "none"
        got = f"missing: {missing}; unknown: {unknown}"
        raise CheckpointError(sentence("the weights are those of another model.", ", ".join(own), got))
    for name, tensor in own.items():
        shape, kind = tuple(np.shape(weights[name])), np.asarray(weights[name]).dtype.kind
        if shape != tensor.shape or kind != tensor.dtype.kind:
            got = f"{np.asarray(weights[name]).dtype} {shape}"
            raise CheckpointError(sentence(f"{name} is another weight.", f"{tensor.dtype} {tensor.shape}", got))
    return model


def _made(described: Any, path: str, made: dict[str, Module]) -> Module:
    """A module and those below it, noted by path."""
    if "same" in described:
        return made[described["same"]]
    kind = _class(described["class"])
    if kind is None or path.count(".") >= _DEEPEST:
        got = f"{described['class']!r} at {path or 'the top'}"
        raise CheckpointError(sentence("there is no such module.", f"a class of trainer.nn, {_DEEPEST} deep", got))
    arguments = {name: _tupled(value) for name, value in described["arguments"].items()}
    try:
        module = made[path] = kind(**arguments)
    except TrainerError as err:
        problem = f"{path or 'the model'} cannot be made."
        raise CheckpointError(sentence(problem, "arguments as they were given once", err)) from err
    for name, child in described.get("children", {}).items():
        setattr(module, name, _made(child, f"{path}.{name}" if path else name, made))
    return module


def _tupled(value: Any) -> Any:
    return tuple(_tupled(part) for part in value) if isinstance(value, list) else value
