"""The graph of a PyTorch module: what `torch.export` sees, or else what hooks on its modules can tell.

Imported only where a model is a torch module, so that torch is loaded already.
"""

from __future__ import annotations

import math
import operator
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

# Operations that only look at the same numbers in another way.
_FREE = frozenset("view reshape permute transpose t expand squeeze unsqueeze slice select alias detach flatten".split())
_SIZES_OF_PRODUCTS = ("linear", "matmul", "mm", "bmm", "addmm", "einsum")


def is_module(model: Any) -> bool:
    """Whether a model is a torch module; never imports torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def trace(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    """The graph of a torch module as `tracker.Graph` takes it: {"nodes": […], "edges": […], "notes": […]}.

    `torch.export` looks first, without running anything on real numbers. What it cannot follow (control flow that
    depends on the data, foreign code) is run once, in evaluation mode and without gradients, with hooks on every
    module: then operations between modules are not seen, and the notes say so.

    Args:
        model: The module; its mode and its buffers are as before afterwards.
        inputs: What to call it with.

    Raises:
        Whatever the model itself raises on these inputs.
    """
    try:
        return _exported(model, inputs)
    except Exception as error:  # noqa: BLE001 torch.export fails with errors of many kinds; the model itself decides below
        traced = _hooked(model, inputs)
        # What follows in brackets is about torch's own symbols.
        why = str(error).strip().partition("\n")[0].partition(" (unhinted")[0][:200] or type(error).__name__
        traced["notes"] = [
            f"Taken with hooks: torch.export could not follow the model ({why}). "
            "Operations between modules are not seen.",
        ]
        return traced


# --- torch.export -----------------------------------------------------------------------------------------------


def _exported(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    import warnings

    import torch

    was_training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of torch's own making; nothing that the caller could change
            program = torch.export.export(model, tuple(inputs), strict=False)
    finally:
        for module, training in was_training:
            module.training = training
    signature = program.graph_signature
    learned = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    parameters = set(signature.inputs_to_parameters)
    names: dict[Any, str] = {}
    taken: set[str] = set()
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for each in program.graph.nodes:
        if each.op == "placeholder":
            path = learned.get(each.name)
            if path is not None and not each.users:
                continue
            kind = "input" if path is None else "parameter"
            base = each.name if path is None else str(path).replace(".", "/")
            names[each] = _unique(base, taken)
            node = _node(names[each], "parameter" if path else "input", kind, each.meta.get("val"))
            node["attrs"]["parameters"] = _elements(each.meta.get("val")) if each.name in parameters else 0
            nodes.append(node)
        elif each.op == "output":
            for i, value in enumerate(_flat(each.args[0])):
                if value in names:
                    name = _unique("output" if i == 0 else f"output_{i}", taken)
                    nodes.append(_node(name, "output", "output", value.meta.get("val")))
                    edges.append(_edge(names[value], name, value.meta.get("val")))
        elif each.target is operator.getitem and each.args[0] in names:
            names[each] = names[each.args[0]]  # one of several results: the same node
        else:
            op = _op_name(each.target)
            scope = _scope(each)
            names[each] = _unique(f"{scope}/{op}" if scope else op, taken)
            node = _node(names[each], op, "op", each.meta.get("val"))
            node["attrs"]["flops"] = _flops(op, [x.meta.get("val") for x in each.all_input_nodes], each.meta.get("val"))
            node["attrs"]["source"] = _source(each.meta.get("stack_trace"))
            nodes.append(node)
            sources = [source for source in dict.fromkeys(each.all_input_nodes) if source in names]
            edges += [_edge(names[source], names[each], source.meta.get("val")) for source in sources]
    return {"nodes": nodes, "edges": edges, "notes": []}


def _scope(node: Any) -> str:
    """The path of the module that ran it."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = str(stack[-1][0]) if stack else ""
    return path.removeprefix("L['self']").strip(".").replace(".", "/")


def _op_name(target: Any) -> str:
    name = getattr(target, "_schema", None)
    text = str(name.name) if name is not None else getattr(target, "__name__", str(target))
    return text.rpartition("::")[2].strip("_") or "op"


def _source(trace: str | None) -> str:
    """The innermost line outside torch."""
    found = ""
    for line in (trace or "").splitlines():
        line = line.strip()
        if line.startswith('File "') and f"{os.sep}torch{os.sep}" not in line:
            path, _, rest = line[6:].partition('", line ')
            found = f"{os.path.basename(path)}:{rest.partition(',')[0]}"
    return found


# --- hooks ------------------------------------------------------------------------------------------------------


def _hooked(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    """The leaves of the module tree as nodes, joined by the tensors that went from one to the next."""
    import torch

    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    taken: set[str] = set()
    made: dict[int, tuple[str, Any]] = {}  # each tensor is held, so that no identity is used twice
    paths = {id(module): path.replace(".", "/") for path, module in model.named_modules()}

    def came(values: Any, target: str) -> None:
        edges.extend(_edge(made[id(value)][0], target, value) for value in _tensors(values) if id(value) in made)

    def after(module: Any, given: Any, result: Any) -> None:
        if any(True for _ in module.children()):
            return
        op = type(module).__name__
        name = _unique(f"{paths.get(id(module)) or op}/{op}" if paths.get(id(module)) else op, taken)
        results = list(_tensors(result))
        node = _node(name, op, "op", results[0] if results else None)
        node["attrs"]["parameters"] = sum(p.numel() for p in module.parameters(recurse=False))
        nodes.append(node)
        came(given, name)
        for value in results:
            made[id(value)] = (name, value)

    given = list(_tensors(inputs))
    for i, value in enumerate(given):
        name = _unique("input" if len(given) == 1 else f"input_{i}", taken)
        nodes.append(_node(name, "input", "input", value))
        made[id(value)] = (name, value)
    was_training = [(module, module.training) for module in model.modules()]
    hooks = [module.register_forward_hook(after) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            result = model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in was_training:
            module.training = training
    for i, value in enumerate(_tensors(result)):
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


def _first(value: Any) -> Any:
    return next(_tensors(value), None)


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors in a nested value."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _tensors(each)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))
    else:
        yield value


def _shape(value: Any) -> list[int | None] | None:
    """Sizes; one that is not known before the model runs is None."""
    tensor = _first(value)
    return None if tensor is None else [size if isinstance(size, int) else None for size in tensor.shape]


def _elements(value: Any) -> int:
    shape = _shape(value)
    return 0 if shape is None or None in shape else math.prod(size for size in shape if size is not None)


def _dtype(value: Any) -> str | None:
    tensor = _first(value)
    return None if tensor is None else str(tensor.dtype).removeprefix("torch.")


def _node(name: str, op: str, kind: str, value: Any) -> dict[str, Any]:
    tensor = _first(value)
    attrs = {
        "shape": _shape(value),
        "dtype": _dtype(value),
        "parameters": 0,
        "flops": 0,
        "bytes": _elements(value) * (tensor.element_size() if tensor is not None else 0),
        "device": "" if tensor is None else str(tensor.device),
        "source": "",
    }
    return {"name": name, "op": op, "kind": kind, "attrs": attrs}


def _edge(source: str, target: str, value: Any) -> dict[str, Any]:
    return {"source": source, "target": target, "shape": _shape(value), "dtype": _dtype(value)}


def _flops(op: str, inputs: Sequence[Any], output: Any) -> int:
    """Floating-point operations, a product and a sum counted as two; one an element where nothing better is known."""
    size = _elements(output)
    shapes = [shape for each in inputs if (shape := _shape(each))]
    if op in _FREE:
        return 0
    if op in _SIZES_OF_PRODUCTS and shapes:
        return 2 * size * (shapes[0][-1] or 1)
    if op.startswith("conv") and len(shapes) > 1:
        return 2 * size * math.prod(each or 1 for each in shapes[1][1:])
    if op == "scaled_dot_product_attention" and len(shapes) > 1:
        return 4 * size * (shapes[1][-2] or 1)
    return max([size, *(_elements(each) for each in inputs)])
