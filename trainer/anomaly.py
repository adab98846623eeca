"""Finds the first operation that made a NaN or an infinity, going forward or back, and says where it was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trainer.backend import array_module
from trainer.errors import AnomalyError, sentence
from trainer.function import Function, Observer, mode
from trainer.graph import line_outside
from trainer.node import Node
from trainer.tensor import Tensor


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Every operation and every gradient computed inside, in this thread, is looked at.

    It reads every result once more, and takes two to three times as long: for finding a mistake, not for every day.

    Raises:
        AnomalyError: an operation gave NaN or infinity while its inputs were finite, or its gradient did. The message
            names it, its line in the user's code and its modules, and says what its inputs were like. Where the value
            was there from the start, in data or parameters, it names the first operation that was given it; masks of
            -inf, which do no harm, are no anomaly.
    """
    before = mode.observer
    mode.observer = _Watch()
    try:
        yield
    finally:
        mode.observer = before


class _Watch(Observer):
    """Checks what comes out of operations and of their gradients."""

    def __init__(self) -> None:
        self._modules: list[Any] = []
        self._made_at: dict[int, tuple[str, Any, str]] = {}
        # What to say when a gradient fails because of a value that no operation made: NaN in the data.
        self._given: AnomalyError | None = None

    def enter(self, module: Any) -> None:
        self._modules.append(module)

    def leave(self, module: Any) -> None:
        self._modules.pop()

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        line, module = line_outside(), self._modules[-1] if self._modules else None
        place = " in ".join([line, *(type(each).__name__ for each in reversed(self._modules))])
        if isinstance(output, Tensor) and output.node is not None:
            self._made_at[output.node.order] = (place, module, line)
        if _is_finite(output):
            return
        if all(_is_finite(x) for x in inputs):
            problem = f"{op.name} at {place} made the first value that is not finite."
            raise _error(problem, inputs, output, op.name, module, line)
        if self._given is None:
            problem = f"{op.name} at {place} was given a value that is not finite, and no operation had made it."
            self._given = _error(problem, inputs, output, op.name, module, line, "finite inputs and parameters")

    def gradient(self, node: Node, g: Any, parts: Sequence[Any]) -> None:
        if not _is_finite(g):
            return
        for part in parts:
            if part is not None and not _is_finite(part):
                if self._given is not None and not all(_is_finite(x) for x in node.saved or ()):
                    raise self._given
                place, module, line = self._made_at.get(node.order, ("a line outside detect_anomaly()", None, ""))
                problem = f"the gradient of {node.op.name} at {place} is the first that is not finite."
                raise _error(problem, [g, *(node.saved or ())], part, node.op.name, module, line)


def _error(
    problem: str,
    inputs: Sequence[Any],
    output: Any,
    operation: str,
    module: Any,
    source: str,
    expected: str = "finite values from finite inputs",
) -> AnomalyError:
    described = [each for x in inputs if (each := statistics(x))]
    lines = "\n  ".join(f"its inputs: {each}" for each in described)
    text = sentence(problem, expected, statistics(output), lines)
    return AnomalyError(text, operation, module, source, described, statistics(output))


def statistics(x: Any) -> str:
    """Shape, range and mean of the finite elements, and how many are NaN or infinite; "" for what is no float array."""
    raw = x.raw if isinstance(x, Tensor) else x
    if not hasattr(raw, "dtype") or raw.dtype.kind != "f":
        return ""
    xp = array_module(raw)
    finite = raw[xp.isfinite(raw)] if raw.shape else raw.reshape(1)[xp.isfinite(raw.reshape(1))]
    text = f"{raw.dtype} {tuple(raw.shape)}"
    if finite.size:
        text += f", {float(finite.min()):.4g} to {float(finite.max()):.4g}, mean {float(finite.mean()):.4g}"
    bad = {"NaN": xp.isnan(raw).sum(), "+inf": (raw == xp.inf).sum(), "-inf": (raw == -xp.inf).sum()}
    return text + "".join(f", {int(count)} {name}" for name, count in bad.items() if count)


def _is_finite(x: Any) -> bool:
    raw = x.raw if isinstance(x, Tensor) else x
    if not hasattr(raw, "dtype") or raw.dtype.kind != "f":
        return True
    return bool(array_module(raw).isfinite(raw).all())
