"""A model at a glance: a table of its layers with the shapes they give, what they learn and how much they compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer.graph import trace
from trainer.nn.module import Module
from trainer.tensor import Tensor


@dataclass(frozen=True)
class Layer:
    """One row: a module of the model.

    Attributes:
        path: Its name, "" for the model itself.
        kind: Its class.
        shapes: What it gave, call by call; empty when it was not called or no input was given.
        parameters: How many numbers it and all below it hold that an optimizer may change.
        frozen: How many of these require no gradient.
        flops: Floating-point operations of it and all below it; None without an input.
    """

    path: str
    kind: str
    shapes: tuple[tuple[int, ...], ...]
    parameters: int
    frozen: int
    flops: int | None


class Summary:
    """The layers of a model; printed, it is a table.

    Attributes:
        layers: One `Layer` for the model and each module below it, in the order of assignment.
        parameters, frozen, flops: Those of the whole model.
        parameter_bytes: Memory of the parameters.
    """

    def __init__(self, layers: Sequence[Layer], parameter_bytes: int) -> None:
        self.layers = list(layers)
        self.parameters = layers[0].parameters
        self.frozen = layers[0].frozen
        self.flops = layers[0].flops
        self.parameter_bytes = parameter_bytes

    def __str__(self) -> str:
        rows = [["layer", "gives", "parameters", "flops"]]
        for layer in self.layers:
            depth = layer.path.count(".") + 1 if layer.path else 0
            name = layer.path.rpartition(".")[2]
            title = f"{name} ({layer.kind})" if name else layer.kind
            gives = str(layer.shapes[0]) if layer.shapes else "-"
            if len(layer.shapes) > 1:
                gives += f" x {len(layer.shapes)}"
            flops = "-" if layer.flops is None else f"{layer.flops:,}"
            rows.append(["  " * depth + title, gives, f"{layer.parameters:,}", flops])
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join(
                cell.rjust(w) if i > 1 else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        rule = "-" * len(lines[0])
        learned = self.parameters - self.frozen
        frozen = f", {self.frozen:,} frozen" if self.frozen else ""
        total = f"{self.parameters:,} parameters ({learned:,} learned{frozen}), {_memory(self.parameter_bytes)}"
        if self.flops is not None:
            total += f", {self.flops:,} flops forward"
        return "\n".join([lines[0], rule, *lines[1:], rule, total])

    __repr__ = __str__


def summary(model: Module, *example_inputs: Any) -> Summary:
    """The layers of a model as a table.

    Args:
        model: Any module.
        example_inputs: What to call it with, as for `graph.trace`: in evaluation mode, nothing is recorded or changed.
            Without them shapes and flops are left out.

    Returns:
        A `Summary`; print it. Parameters and flops of a module are those of all below it together; a parameter shared
        by two counts in both and once in the model.
    """
    modules = dict(model.named_modules())
    shapes: dict[str, list[tuple[int, ...]]] = {path: [] for path in modules}
    flops: dict[str, int] | None = None
    if example_inputs:
        with _Watched(modules, shapes):
            nodes = trace(model, *example_inputs)["nodes"]
        flops = dict.fromkeys(modules, 0)
        for node in nodes:
            if node["kind"] == "op":
                scope = node["name"].rpartition("/")[0].replace("/", ".")
                for path in flops:
                    if not path or scope == path or scope.startswith(f"{path}."):
                        flops[path] += node["attrs"]["flops"]
    layers = []
    for path, module in modules.items():
        held = list(module.parameters())
        frozen = sum(p.numel() for p in held if not p.requires_grad)
        own = None if flops is None else flops[path]
        layers.append(
            Layer(path, type(module).__name__, tuple(shapes[path]), sum(p.numel() for p in held), frozen, own)
        )
    return Summary(layers, sum(int(p.raw.nbytes) for p in model.parameters()))


class _Watched:
    """Notes what each module gives, by standing in for its `forward` for as long as it lasts."""

    def __init__(self, modules: dict[str, Module], shapes: dict[str, list[tuple[int, ...]]]) -> None:
        self._modules = modules
        self._shapes = shapes

    def __enter__(self) -> None:
        for path, module in self._modules.items():
            vars(module)["forward"] = self._noting(module.forward, self._shapes[path])

    def __exit__(self, *error: object) -> None:
        for module in self._modules.values():
            del vars(module)["forward"]

    @staticmethod
    def _noting(forward: Any, seen: list[tuple[int, ...]]) -> Any:
        def noting(*args: Any, **kwargs: Any) -> Any:
            result = forward(*args, **kwargs)
            first = result[0] if isinstance(result, tuple) and result else result
            if isinstance(first, Tensor):
                seen.append(first.shape)
            return result

        return noting


def _memory(count: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.4g} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:,.4g} GiB"
