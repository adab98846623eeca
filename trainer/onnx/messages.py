"""The messages of an ONNX file: model, graph, node, tensor, as far as a network needs them.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, whose numbers of fields and of types these are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainer.errors import DTypeError, sentence
from trainer.onnx import wire
from trainer.onnx.wire import Message

Dim = int | str
"""The length of an axis: a number, or the name of one that is known when the model is run."""

IR_VERSION = 8
"""Of the file, as it was when operations were at 17; later ones add what is not used here."""

TYPES = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
    "float64": 11, "uint32": 12, "uint64": 13,
}  # fmt: skip

_FLOAT, _INT, _STRING, _FLOATS, _INTS = 1, 2, 3, 6, 7
"""Kinds of attributes."""


def model(graph: Message, opset: int, producer: str) -> wire.Parts:
    """A whole file."""
    return wire.message({1: IR_VERSION, 2: producer, 7: graph, 8: wire.inner({1: "", 2: opset})})


def graph(
    name: str,
    nodes: Sequence[Message],
    weights: Sequence[Message],
    inputs: Sequence[Message],
    outputs: Sequence[Message],
    between: Sequence[Message],
) -> Message:
    """Operations in an order in which they can be done, and what goes in, out, and between them."""
    return wire.inner(
        {1: list(nodes), 2: name, 5: list(weights), 11: list(inputs), 12: list(outputs), 13: list(between)}
    )


def node(op: str, name: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Any]) -> Message:
    """An operation; an input that is left out is an empty name."""
    given = [_attribute(key, value) for key, value in attributes.items()]
    return wire.inner({1: list(inputs), 2: list(outputs), 3: name, 4: op, 5: given})


def tensor(name: str, array: Any) -> Message:
    """Numbers under a name."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = little.reshape(-1).view(np.uint8).data if little.size else b""
    return wire.inner({1: [int(n) for n in array.shape], 2: type_of(array.dtype), 8: name, 9: data})


def value(name: str, dtype: Any, shape: Sequence[Dim]) -> Message:
    """What flows under a name."""
    dims = [wire.inner({2: each} if isinstance(each, str) else {1: each}) for each in shape]
    return wire.inner({1: name, 2: wire.inner({1: wire.inner({1: type_of(dtype), 2: wire.inner({1: dims})})})})


def type_of(dtype: Any) -> int:
    """The number of a dtype.

    Raises:
        DTypeError: ONNX has none.
    """
    known = TYPES.get(np.dtype(dtype).name)
    if known is None:
        raise DTypeError(sentence("export_onnx: a dtype that ONNX does not have.", ", ".join(TYPES), dtype))
    return known


def _attribute(name: str, value: Any) -> Message:
    if isinstance(value, int):  # a flag is a number
        return wire.inner({1: name, 3: int(value), 20: _INT})
    if isinstance(value, float):
        return wire.inner({1: name, 2: value, 20: _FLOAT})
    if isinstance(value, str):
        return wire.inner({1: name, 4: value, 20: _STRING})
    if value and isinstance(value[0], float):
        return wire.inner({1: name, 7: list(value), 20: _FLOATS})
    return wire.inner({1: name, 8: [int(each) for each in value], 20: _INTS})
