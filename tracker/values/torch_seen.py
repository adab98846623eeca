"""What was seen of a PyTorch module, before it is drawn: steps and the tensors that went from one to the next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False, slots=True)
class Seen:
    """An input, a parameter, a buffer, an operation or an output.

    Attributes:
        kind: One of these words: "input", "parameter", "buffer", "op", "output".
        name: What it is called: the path of a parameter, the operation's name.
        value: What it gave: a tensor, or several in lists.
        sources: Who gave what went in, and that tensor.
        scope: The path of the module that ran it, its parts joined by "/".
        source: The line that asked for it, as "file.py:12", or "".
    """

    kind: str
    name: str
    value: Any
    sources: list[tuple[Seen, Any]] = field(default_factory=list)
    scope: str = ""
    source: str = ""


def tensors(value: Any) -> Iterator[Any]:
    """The tensors in a nested value."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors(each)


def first(value: Any) -> Any:
    """The first tensor in a nested value; None without one."""
    return next(tensors(value), None)


def shape(value: Any) -> list[int | None] | None:
    """Sizes; one that is not known before the model runs is None."""
    tensor = first(value)
    return None if tensor is None else [size if isinstance(size, int) else None for size in tensor.shape]


def elements(value: Any) -> int:
    """How many numbers it has; 0 where that is not known."""
    sizes = shape(value)
    return 0 if sizes is None or None in sizes else math.prod(size for size in sizes if size is not None)


def dtype(value: Any) -> str | None:
    """The name of its type, as "float32"."""
    tensor = first(value)
    return None if tensor is None else str(tensor.dtype).removeprefix("torch.")
