"""What `torch.export` sees of a PyTorch module."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Sequence
from typing import Any

from tracker.values.torch_seen import Seen


def exported(model: Any, inputs: Sequence[Any]) -> list[Seen]:
    """What the module is given, does and returns, in that order.

    Args:
        model: A torch module in the mode in which it is to be seen.
        inputs: What to call it with.

    Raises:
        Exception: of many kinds, where torch cannot follow it.
    """
    import torch

    program = torch.export.export(model, tuple(inputs), strict=False)
    signature = program.graph_signature
    learned = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    parameters = set(signature.inputs_to_parameters)
    steps: list[Seen] = []
    by_node: dict[Any, Seen] = {}
    for each in program.graph.nodes:
        value = each.meta.get("val")
        if each.op == "placeholder":
            path = learned.get(each.name)
            if path is not None and not each.users:
                continue
            kind = "input" if path is None else "parameter" if each.name in parameters else "buffer"
            step = Seen(kind, each.name if path is None else str(path).replace(".", "/"), value)
        elif each.op == "output":
            steps += [
                Seen(
                    "output",
                    "output" if i == 0 else f"output_{i}",
                    at.meta.get("val"),
                    [(by_node[at], at.meta.get("val"))],
                )
                for i, at in enumerate(_flat(each.args[0]))
                if at in by_node
            ]
            continue
        elif each.target is operator.getitem and each.args[0] in by_node:
            by_node[each] = by_node[each.args[0]]  # one of several results: the same step
            continue
        else:
            sources = [(by_node[at], at.meta.get("val")) for at in each.all_input_nodes if at in by_node]
            step = Seen(
                "op", _op_name(each.target), value, sources, _scope(each), _source(each.meta.get("stack_trace"))
            )
        by_node[each] = step
        steps.append(step)
    return steps


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


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))
    else:
        yield value
