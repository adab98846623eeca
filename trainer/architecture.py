"""What a model is made of, as JSON: of each module its class, the arguments it was made with, its children by name.

What is read back is made of classes of `trainer.nn` only. Its parameters are drafts, without memory and without first
values, each compared with the weight that belongs to it: what a file says costs nothing until its weights prove it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trainer import creation, nn
from trainer.errors import CheckpointError, ExportError, TrainerError, sentence
from trainer.nn.module import Module, Parameter
from trainer.tensor import Tensor

_FORMAT = "everystep.trainer"
_VERSION = 1
_DEEPEST = 64
"""Modules within modules; more is a mistake or an attack."""

_PLACES = {"device"}
"""Arguments that say where a model computes, which is not what it is."""


def described(model: Module) -> dict[str, Any]:
    """A model for JSON.

    Raises:
        ExportError: a module of a class that `trainer.nn` does not have, or an argument that is no plain value.
    """
    first: dict[int, str] = {}
    shared: dict[str, str] = {}
    drawn = _described(model, "", {})
    for path, parameter in _every_parameter(model):
        at = first.setdefault(id(parameter), path)
        if at != path:
            shared[path] = at
    return {"format": _FORMAT, "version": _VERSION, "model": drawn, "shared": shared}


def _described(module: Module, path: str, seen: dict[int, str]) -> dict[str, Any]:
    """A module and those below it; one that stands in two places is the second time its first path."""
    if id(module) in seen:
        return {"same": seen[id(module)]}
    seen[id(module)] = path
    name = type(module).__name__
    if _class(name) is not type(module):
        problem = f"{path or 'the model'} is a class of its own, {name}, whose code is not part of a saved model."
        hint = "try trainer.export_onnx(model, path, example), which keeps what it computes"
        raise ExportError(sentence(problem, "modules of trainer.nn", type(module).__qualname__, hint))
    children = {each: _described(child, _join(path, each), seen) for each, child in module.named_children()}
    return {"class": name, "arguments": _arguments(module, path), **({"children": children} if children else {})}


def _class(name: Any) -> type[Module] | None:
    """The class of `trainer.nn` that is called so; None where there is none."""
    found = getattr(nn, name, None) if isinstance(name, str) and name in nn.__all__ else None
    return found if isinstance(found, type) and issubclass(found, Module) and found is not Module else None


def _arguments(module: Module, path: str) -> dict[str, Any]:
    """What a module was made with: each argument stands at the attribute of its name.

    Where a flag asks for a parameter of its own name, as `bias` does, it is whether that is there.
    """
    found: dict[str, Any] = {}
    if isinstance(module, (nn.Sequential, nn.ModuleList)):
        return found  # which are made of their children
    for name, parameter in inspect.signature(type(module)).parameters.items():
        if name in _PLACES:
            continue
        value = getattr(module, name)
        if parameter.annotation in ("bool", bool):
            value = value is not None and value is not False
        found[name] = _plain(value, _join(path, name))
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
                yield _join(path, name), value


def built(architecture: Any, weights: Mapping[str, Any]) -> Module:
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
        (owner, _, name), (source, _, other) = path.rpartition("."), first.rpartition(".")
        if not isinstance(vars(made[owner])[name], Parameter) or not isinstance(vars(made[source])[other], Parameter):
            raise CheckpointError(sentence("what is shared is no parameter.", "two parameters", f"{path}, {first}"))
        setattr(made[owner], name, vars(made[source])[other])
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
    arguments = {name: _tupled(value) for name, value in described["arguments"].items() if name not in _PLACES}
    try:
        module = made[path] = kind(**arguments)
    except TrainerError as err:
        problem = f"{path or 'the model'} cannot be made."
        raise CheckpointError(sentence(problem, "arguments as they were given once", err)) from err
    for name, child in described.get("children", {}).items():
        if not name or "." in name or hasattr(kind, name):
            problem = f"a part of {path or 'the model'} has a name that means something else."
            raise CheckpointError(sentence(problem, "a name of its own, without a dot", repr(name)))
        setattr(module, name, _made(child, _join(path, name), made))
    return module


def _tupled(value: Any) -> Any:
    return tuple(_tupled(part) for part in value) if isinstance(value, list) else value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
