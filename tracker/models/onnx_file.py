"""An ONNX file as far as it must be known before a runner is given it: graphs, names, shapes; no numbers of weights.

Read field by field with a bound on how many there are, so that what is small in the file stays small in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tracker.errors import DamagedBytesError, ModelError, message
from tracker.values import protobuf

DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16, 17: 8,
    18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
"""Of an element as raw data; texts have none."""

MAX_FIELDS = 400_000
"""Looked at in one file, 1.4 µs each. A transformer of 12 layers has 9,000."""

MAX_INTS = 64
"""Numbers that a shape may have."""

_INT64 = 7

DEEPEST = 20
"""Graphs within graphs."""


@dataclass
class Tensor:
    """Numbers in the file, or beside it."""

    name: str = ""
    dims: list[int] = field(default_factory=list)
    dtype: int = 0
    stored: int | None = None
    """Bytes of raw data; None where the numbers are in fields of their types."""
    n_typed: int = 0
    """Bytes of those."""
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False
    is_sparse: bool = False
    ints: list[int] | None = None
    """The numbers of a small one of whole numbers: shapes and sizes."""


@dataclass
class Flow:
    """A value that flows: an input, an output or one between."""

    name: str = ""
    dtype: str | None = None
    shape: list[int | None] | None = None
    is_tensor: bool = False


@dataclass
class Node:
    """An operation."""

    op: str = ""
    domain: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    graphs: list[Graph] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    shape: list[int] = field(default_factory=list)
    """Its attribute of that name."""


@dataclass
class Graph:
    """Operations in their order."""

    nodes: list[Node] = field(default_factory=list)
    inputs: list[Flow] = field(default_factory=list)
    outputs: list[Flow] = field(default_factory=list)
    between: list[Flow] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)


@dataclass
class Function:
    """A function of the model's own."""

    key: tuple[str, str] = ("", "")
    inputs: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


@dataclass
class Model:
    """A file."""

    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    graph: Graph | None = None
    functions: list[Function] = field(default_factory=list)


def read(data: bytes) -> Model:
    """The model in the bytes of an .onnx file.

    Raises:
        ModelError: there is none.
    """
    try:
        return _Reading(memoryview(data)).model()
    except DamagedBytesError as error:
        raise ModelError(
            message("This is no ONNX model, or only a part of one.", expected="the bytes of an .onnx file", got=error)
        ) from error


class _Reading:
    """One file, with the fields that may still be looked at."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._left = MAX_FIELDS

    def _fields(self, place: slice) -> Iterator[tuple[int, Any]]:
        """Number and content of each field: a whole number, or where it lies."""
        for number, kind, where in protobuf.spans(self._data, place.start, place.stop):
            self._left -= 1
            if self._left < 0:
                raise ModelError(
                    message("This ONNX model has too many parts: a mistake or an attack.", expected=f"{MAX_FIELDS:,}")
                )
            if kind == protobuf.VARINT:
                yield number, protobuf.varint(self._data, where.start)[0]
            else:
                yield number, where

    def _text(self, where: Any) -> str:
        if not isinstance(where, slice):
            raise DamagedBytesError("a number where a text should be")
        if where.stop - where.start > 10_000:
            raise DamagedBytesError("a name of more than 10,000 bytes")
        return bytes(self._data[where]).decode("utf-8", "backslashreplace")

    def _message(self, where: Any) -> slice:
        if not isinstance(where, slice):
            raise DamagedBytesError("a number where a message should be")
        return where

    def model(self) -> Model:
        found = Model()
        for number, where in self._fields(slice(0, len(self._data))):
            if number == 2:
                found.producer = self._text(where)
            elif number == 7:
                if found.graph is not None:
                    raise DamagedBytesError("two graphs")
                found.graph = self._graph(self._message(where), 0)
            elif number == 8:
                domain, version = "", 0
                for inner, value in self._fields(self._message(where)):
                    if inner == 1:
                        domain = self._text(value)
                    elif inner == 2:
                        version = self._whole(value)
                found.opsets[domain] = version
            elif number == 25:
                found.functions.append(self._function(self._message(where)))
        if found.graph is None:
            raise DamagedBytesError("no graph")
        return found

    def _whole(self, value: Any) -> int:
        if not isinstance(value, int):
            raise DamagedBytesError("bytes where a number should be")
        return value - (1 << 64) if value >> 63 else value

    def _wholes(self, value: Any) -> list[int]:
        """A repeated number, one or packed."""
        if isinstance(value, int):
            return [self._whole(value)]
        found, at = [], value.start
        while at < value.stop:
            one, at = protobuf.varint(self._data, at)
            self._left -= 1
            if self._left < 0 or at > value.stop:
                raise DamagedBytesError("a list of numbers that does not end")
            found.append(self._whole(one))
        return found

    def _graph(self, place: slice, depth: int) -> Graph:
        if depth > DEEPEST:
            raise ModelError(
                message("This ONNX model is nested too deeply: a mistake or an attack.", expected=f"{DEEPEST} graphs")
            )
        found = Graph()
        for number, where in self._fields(place):
            if number == 1:
                found.nodes.append(self._node(self._message(where), depth))
            elif number == 5:
                found.weights.append(self._tensor(self._message(where)))
            elif number == 15:
                found.weights.append(self._sparse(self._message(where)))
            elif number in (11, 12, 13):
                flow = self._flow(self._message(where))
                (found.inputs, found.outputs, found.between)[number - 11].append(flow)
        return found

    def _function(self, place: slice) -> Function:
        found = Function()
        name = domain = ""
        for number, where in self._fields(place):
            if number == 1:
                name = self._text(where)
            elif number == 10:
                domain = self._text(where)
            elif number == 4:
                found.inputs.append(self._text(where))
            elif number == 7:
                found.nodes.append(self._node(self._message(where), 1))
        found.key = (domain, name)
        return found

    def _node(self, place: slice, depth: int) -> Node:
        found = Node()
        for number, where in self._fields(place):
            if number == 1:
                found.inputs.append(self._text(where))
            elif number == 2:
                found.outputs.append(self._text(where))
            elif number == 3:
                found.name = self._text(where)
            elif number == 4:
                found.op = self._text(where)
            elif number == 7:
                found.domain = self._text(where)
            elif number == 5:
                self._attribute(self._message(where), found, depth)
        if not found.op:
            raise DamagedBytesError("an operation without a name")
        return found

    def _attribute(self, place: slice, node: Node, depth: int) -> None:
        name = ""
        ints: list[int] = []
        for number, where in self._fields(place):
            if number == 1:
                name = self._text(where)
            elif number == 8 or (number == 3 and isinstance(where, int)):
                ints += self._wholes(where)
            if number in (6, 11):
                node.graphs.append(self._graph(self._message(where), depth + 1))
            elif number in (5, 10):
                node.tensors.append(self._tensor(self._message(where)))
            elif number in (22, 23):
                node.tensors.append(self._sparse(self._message(where)))
        if name == "shape":
            node.shape = ints
        elif name in ("value_int", "value_ints"):
            node.tensors.append(Tensor(name, [len(ints)], _INT64, n_typed=8 * len(ints), ints=ints[:MAX_INTS]))

    def _sparse(self, place: slice) -> Tensor:
        """A tensor that is mostly nothing, as large as it becomes."""
        found, dims = Tensor(), []
        for number, where in self._fields(place):
            if number == 1:
                found = self._tensor(self._message(where))
            elif number == 3:
                dims += self._wholes(where)
        found.dims, found.is_sparse = dims, True
        return found

    def _tensor(self, place: slice) -> Tensor:
        found, raw = Tensor(), slice(0, 0)
        ints: list[int] = []
        for number, where in self._fields(place):
            if number == 1:
                found.dims += self._wholes(where)
            elif number == 2:
                found.dtype = self._whole(where)
            elif number == 8:
                found.name = self._text(where)
            elif number == 9:
                raw = self._message(where)
                found.stored = raw.stop - raw.start
            elif number in (4, 5, 6, 7, 10, 11):
                found.n_typed += max(1, where.stop - where.start) if isinstance(where, slice) else 1
                if number == 7 and len(ints) < MAX_INTS and (isinstance(where, int) or where.stop - where.start < 640):
                    ints += self._wholes(where)
            elif number == 13:
                key = value = ""
                for inner, text in self._fields(self._message(where)):
                    if inner == 1:
                        key = self._text(text)
                    elif inner == 2:
                        value = self._text(text)
                found.external[key] = value
            elif number == 14:
                found.is_external = self._whole(where) == 1
        if found.dtype == _INT64 and found.stored is not None and found.stored <= 8 * MAX_INTS:
            found.ints = np.frombuffer(self._data[raw], "<i8", found.stored // 8).tolist()
        elif found.dtype == _INT64 and ints:
            found.ints = ints
        return found

    def _flow(self, place: slice) -> Flow:
        found = Flow()
        for number, where in self._fields(place):
            if number == 1:
                found.name = self._text(where)
            elif number == 2:
                for kind, tensor in self._fields(self._message(where)):
                    if kind == 1:
                        found.is_tensor = True
                        self._tensor_type(self._message(tensor), found)
        return found

    def _tensor_type(self, place: slice, flow: Flow) -> None:
        for number, where in self._fields(place):
            if number == 1:
                flow.dtype = DTYPES.get(self._whole(where))
            elif number == 2:
                flow.shape = [self._size(self._message(dim)) for _, dim in self._fields(self._message(where))]

    def _size(self, place: slice) -> int | None:
        size = None
        for number, where in self._fields(place):
            if number == 1:
                size = self._whole(where)
        return size
