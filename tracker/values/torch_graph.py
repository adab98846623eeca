"""The graph of a PyTorch module: what `torch.export` sees, or else what hooks on its modules can tell.

Imported only where a model is a torch module, so that torch is loaded already.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tracker.values.torch_seen import Seen, dtype, elements, first, shape, tensors

# Operations that only look at the same numbers in another way.
_FREE = frozenset("view reshape permute transpose t expand squeeze unsqueeze slice select alias detach flatten".split())
_SIZES_OF_PRODUCTS = ("linear", "matmul", "mm", "bmm", "addmm", "einsum")


def is_module(model: Any) -> bool:
    """Whether a model is a torch module; never imports torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def trace(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    """The graph of a torch module as `tracker.Graph` takes it: {"nodes": […], "edges": […], "notes": […]}.

    What the module does is seen without running anything on real numbers, as `torch.export` would say it, which is
    asked itself where that is not sure. What it cannot follow (control flow that depends on the data, foreign code) is
    run once, in evaluation mode and without gradients, with hooks on every module: then operations between modules are
    not seen, and the notes say so.

    Args:
        model: The module; its mode and its buffers are as before afterwards.
        inputs: What to call it with.

    Raises:
        Whatever the model itself raises on these inputs.
    """
    try:
        return drawn(_steps(model, inputs))
    except Exception as error:  # noqa: BLE001 torch.export fails with errors of many kinds; the model itself decides below
        traced = _hooked(model, inputs)
        # What follows in brackets is about torch's own symbols.
        why = str(error).strip().partition("\n")[0].partition(" (unhinted")[0][:200] or type(error).__name__
        traced["notes"] = [
            f"Taken with hooks: torch.export could not follow the model ({why}). "
            "Operations between modules are not seen.",
        ]
        return traced


@contextmanager
def in_evaluation(model: Any) -> Iterator[None]:
    """In evaluation mode, without gradients; afterwards every module is in the mode that it was in."""
    import torch

    was_training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in was_training:
            module.training = training


def _steps(model: Any, inputs: Sequence[Any]) -> list[Seen]:
    import warnings

    with in_evaluation(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own making; nothing that the caller could change
        try:
            from tracker.values.torch_operations import operations

            return operations(model, inputs)
        except Exception:  # noqa: BLE001 it refuses, or torch has changed, or the model fails, and then it fails again
            from tracker.values.torch_exported import exported

            return exported(model, inputs)


def drawn(steps: Sequence[Seen]) -> dict[str, Any]:
    """What was seen as nodes, each with a name of its own, and edges."""
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    taken: set[str] = set()
    names: dict[int, str] = {}
    for step in steps:
        name = names[id(step)] = _unique(f"{step.scope}/{step.name}" if step.scope else step.name, taken)
        kind = "parameter" if step.kind == "buffer" else step.kind
        node = _node(name, step.name if kind == "op" else kind, kind, step.value)
        if step.kind == "parameter":
            node["attrs"]["parameters"] = elements(step.value)
        if kind == "op":
            node["attrs"]["flops"] = _flops(step.name, [value for _, value in step.sources], step.value)
            node["attrs"]["source"] = step.source
        nodes.append(node)
        edges += [_edge(names[id(source)], name, value) for source, value in step.sources]
    return {"nodes": nodes, "edges": edges, "notes": []}


# --- hooks ------------------------------------------------------------------------------------------------------


def _hooked(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    """The leaves of the module tree as nodes, joined by the tensors that went from one to the next."""
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    taken: set[str] = set()
    made: dict[int, tuple[str, Any]] = {}  # each tensor is held, so that no identity is used twice
    paths = {id(module): path.replace(".", "/") for path, module in model.named_modules()}

    def came(values: Any, target: str) -> None:
        edges.extend(_edge(made[id(value)][0], target, value) for value in tensors(values) if id(value) in made)

    def after(module: Any, given: Any, result: Any) -> None:
        if any(True for _ in module.children()):
            return
        op = type(module).__name__
        name = _unique(f"{paths.get(id(module)) or op}/{op}" if paths.get(id(module)) else op, taken)
        results = list(tensors(result))
        node = _node(name, op, "op", results[0] if results else None)
        node["attrs"]["parameters"] = sum(p.numel() for p in module.parameters(recurse=False))
        nodes.append(node)
        came(given, name)
        for value in results:
            made[id(value)] = (name, value)

    given = list(tensors(inputs))
    for i, value in enumerate(given):
        name = _unique("input" if len(given) == 1 else f"input_{i}", taken)
        nodes.append(_node(name, "input", "input", value))
        made[id(value)] = (name, value)
    hooks = [module.register_forward_hook(after) for module in model.modules()]
    try:
        with in_evaluation(model):
            result = model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    for i, value in enumerate(tensors(result)):
        name = _unique("output" if i == 0 else f"output_{i}", taken)
        nodes.append(_node(name, "output", "output", value))
        came(value, name)
    return {"nodes": nodes, "edges": edges}


# --- both -------------------------------------------------------------------------------------------------------


def _unique(base: str, taken: set[str]) -> str:
    name, count = base, 0
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name


def _node(name: str, op: str, kind: str, value: Any) -> dict[str, Any]:
    tensor = first(value)
    attrs = {
        "shape": shape(value),
        "dtype": dtype(value),
        "parameters": 0,
        "flops": 0,
        "bytes": elements(value) * (tensor.element_size() if tensor is not None else 0),
        "device": "" if tensor is None else str(tensor.device),
        "source": "",
    }
    return {"name": name, "op": op, "kind": kind, "attrs": attrs}


def _edge(source: str, target: str, value: Any) -> dict[str, Any]:
    return {"source": source, "target": target, "shape": shape(value), "dtype": dtype(value)}


def _flops(op: str, inputs: Sequence[Any], output: Any) -> int:
    """Floating-point operations, a product and a sum counted as two; one an element where nothing better is known."""
    size = elements(output)
    shapes = [sizes for each in inputs if (sizes := shape(each))]
    if op in _FREE:
        return 0
    if op in _SIZES_OF_PRODUCTS and shapes:
        return 2 * size * (shapes[0][-1] or 1)
    if op.startswith("conv") and len(shapes) > 1:
        return 2 * size * math.prod(each or 1 for each in shapes[1][1:])
    if op == "scaled_dot_product_attention" and len(shapes) > 1:
        return 4 * size * (shapes[1][-2] or 1)
    return max([size, *(elements(each) for each in inputs)])
