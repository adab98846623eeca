"""ONNX files looked at before they are run: what no exporter writes is refused, with what is wrong in one sentence.

A file of a few bytes can name 10¹² numbers, a graph whose ends meet, or functions that call each other ten times over.
A runner would find out by running. What only shows while it runs is bounded where it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tracker.errors import ModelError, message
from tracker.models import onnx_file
from tracker.models.manifest import check_file_name
from tracker.models.onnx_file import BITS, Flow, Function, Graph, Model, Node, Tensor
from tracker.models.signature import MAX_NAME

MAX_ELEMENTS = 1 << 28
"""Numbers of one value that flows, as far as the file says: 1 GB of float32, which is 64 pictures of 2,048 × 2,048."""

MAX_AXES = 32
MAX_EXPANDED = 1 << 20
"""Operations once each function stands where it is called."""

MAX_TRIPS = 1_000_000
"""Of a loop, where the file says them."""

_SHAPED = {"ConstantOfShape": 0, "Expand": 1, "Resize": 3}
"""Operations whose output has the shape that one of their inputs says."""


class Onnx(NamedTuple):
    """What an ONNX file says of itself.

    Attributes:
        inputs: [{"name", "dtype", "shape"}].
        outputs: Likewise.
        external: Names of files beside it that hold weights.
        needed: How many bytes each of these must have.
        producer: What wrote it.
    """

    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    external: list[str]
    needed: dict[str, int]
    producer: str


def checked(data: bytes) -> Onnx:
    """What an ONNX file says of itself.

    Raises:
        ModelError: it is none, or none that should be run.
    """
    model = onnx_file.read(data)
    graph = model.graph
    assert graph is not None
    if not graph.outputs:
        raise _refused("it gives nothing")
    _check_calls(model)
    needed: dict[str, int] = {}
    _check_graph(graph, frozenset(), {}, needed)
    for function in model.functions:
        inside = Graph(function.nodes, [Flow(name) for name in function.inputs])
        _check_graph(inside, frozenset(), {}, needed)
    weights = {each.name for each in graph.weights}
    inputs = [_spec(each, "input") for each in graph.inputs if each.name not in weights]
    return Onnx(inputs, [_spec(each, "output") for each in graph.outputs], list(needed), needed, model.producer)


def check_beside(found: Onnx, sizes: Mapping[str, int]) -> None:
    """That the files beside an ONNX file hold what it takes from them.

    Args:
        found: Of the file.
        sizes: Bytes of each file by name.

    Raises:
        ModelError: they do not.
    """
    for name, needed in found.needed.items():
        if sizes.get(name, 0) < needed:
            raise ModelError(
                message(
                    f"The file {name!r} beside the ONNX model is missing or cut off.",
                    expected=f"{needed:,} bytes",
                    got=f"{sizes.get(name, 0):,}",
                )
            )


def _refused(why: str) -> ModelError:
    return ModelError(message(f"This ONNX model cannot be run: {why}."))


def _spec(flow: Flow, what: str) -> dict[str, Any]:
    """An input or output as a signature has it."""
    if not 0 < len(flow.name) <= MAX_NAME:
        raise _refused(f"an {what} has a name of {len(flow.name):,} characters")
    if not flow.is_tensor or flow.dtype is None:
        raise _refused(f"the {what} {flow.name!r} is no tensor of numbers or texts")
    shape = [None if size is None or size < 0 else size for size in flow.shape or ()]
    if shape:
        shape[0] = None if what == "input" and shape[0] == 0 else shape[0]
    return {"name": flow.name, "dtype": flow.dtype, "shape": shape}


# --- graphs ------------------------------------------------------------------------------------------


def _check_graph(graph: Graph, outer: frozenset[str], known: dict[str, Tensor], needed: dict[str, int]) -> None:
    """That each value is made before it is taken, once, and that none is too large.

    Args:
        graph: Which.
        outer: Names of the values around it, which it sees.
        known: Small tensors by name whose numbers are in the file.
        needed: Takes the bytes that files beside it must have.
    """
    for flow in (*graph.inputs, *graph.outputs, *graph.between):
        _check_shape(flow.shape or (), flow.name)
    for tensor in graph.weights:
        _check_tensor(tensor, needed)
    known = known | {each.name: each for each in graph.weights if each.ints is not None}
    own = {each.name for each in graph.inputs} | {each.name for each in graph.weights}
    for node in graph.nodes:
        own |= _made_by(node, own, outer, known, needed)
    lost = next((each.name for each in graph.outputs if each.name not in own and each.name not in outer), None)
    if lost is not None:
        raise _refused(f"nothing makes its output {lost!r}")


def _made_by(
    node: Node, own: set[str], outer: frozenset[str], known: dict[str, Tensor], needed: dict[str, int]
) -> set[str]:
    """The names of what a node makes, once it was looked at."""
    what = f"{node.op or 'an operation'} {node.name!r}" if node.name else node.op or "an operation"
    for name in node.inputs:
        if name and name not in own and name not in outer:
            raise _refused(f"{what} takes {name!r}, which nothing before it makes: its graph is cut off, or a circle")
    made = {name for name in node.outputs if name}
    twice = next((name for name in made if name in own), None)
    if twice is not None:
        raise _refused(f"{what} makes {twice!r}, which is there already")
    for tensor in node.tensors:
        _check_tensor(tensor, needed)
    if node.op == "Constant" and len(node.outputs) == 1 and node.tensors and node.tensors[0].ints is not None:
        known[node.outputs[0]] = node.tensors[0]
    _check_amplifier(node, what, known)
    seen = outer | own if node.graphs else outer
    for graph in node.graphs:
        _check_graph(graph, frozenset(seen), known, needed)
    return made


def _check_amplifier(node: Node, what: str, known: Mapping[str, Tensor]) -> None:
    """Operations that make much of little, as far as the file says how much."""

    def said(place: int) -> list[int] | None:
        tensor = known.get(node.inputs[place]) if place < len(node.inputs) else None
        return None if tensor is None else tensor.ints

    if node.op in _SHAPED:
        _check_shape(said(_SHAPED[node.op]) or (), what)
    elif node.op == "Tile":
        _check_shape(said(1) or (), what)
    elif node.op == "Range":
        ends = [said(place) for place in range(3)]
        if all(ends) and ends[2][0]:  # type: ignore[index]
            _check_shape([abs((ends[1][0] - ends[0][0]) // ends[2][0])], what)  # type: ignore[index]
    elif node.op.startswith("Random"):
        _check_shape(node.shape, what)
    elif node.op == "Loop":
        trips = said(0)
        if trips and trips[0] > MAX_TRIPS:
            raise _refused(f"{what} goes round {trips[0]:,} times, and at most {MAX_TRIPS:,} are taken")


# --- tensors -----------------------------------------------------------------------------------------


def _check_shape(shape: Iterable[int | None], what: str) -> None:
    sizes = [size for size in shape if size is not None and size > 0]
    if len(sizes) > MAX_AXES or math.prod(sizes) > MAX_ELEMENTS:
        raise _refused(f"{what!r} would be {_product(sizes)} numbers, and at most {MAX_ELEMENTS:,} are taken")


def _product(sizes: list[int]) -> str:
    return " × ".join(f"{size:,}" for size in sizes[:6]) + (" × …" if len(sizes) > 6 else "")


def _check_tensor(tensor: Tensor, needed: dict[str, int]) -> None:
    """That a tensor has as many numbers as it says; what a file beside it has to hold."""
    if len(tensor.dims) > MAX_AXES or any(size < 0 for size in tensor.dims):
        raise _refused(f"the weight {tensor.name!r} has a shape that there is not")
    elements = math.prod(tensor.dims)
    bits = BITS.get(tensor.dtype)
    if tensor.is_external:
        _note_external(tensor, elements, bits, needed)
        return
    if tensor.is_sparse:
        fits = elements <= max(1 << 24, 64 * (tensor.stored or tensor.n_typed))
    elif tensor.stored is not None:
        fits = bits is not None and tensor.stored == (elements * bits + 7) // 8
    else:  # a number in a field of its own takes a byte at least, and holds at most four of the smallest
        fits = elements <= 4 * tensor.n_typed
    if not fits:
        stored = tensor.stored or tensor.n_typed
        said = _product(tensor.dims) or "1"
        raise _refused(f"the weight {tensor.name!r} says that it is {said} numbers, and has {stored:,} bytes")


def _note_external(tensor: Tensor, elements: int, bits: int | None, needed: dict[str, int]) -> None:
    name = check_file_name(tensor.external.get("location"))
    try:
        offset, length = int(tensor.external.get("offset") or 0), int(tensor.external.get("length") or -1)
    except ValueError as error:
        raise _refused(f"the weight {tensor.name!r} does not say where it lies in {name!r}") from error
    wanted = (elements * bits + 7) // 8 if bits is not None else -1
    if offset < 0 or wanted < 0 or length not in (-1, wanted):
        raise _refused(f"the weight {tensor.name!r} has another size in {name!r} than it says")
    needed[name] = max(needed.get(name, 0), offset + wanted)


# --- functions ---------------------------------------------------------------------------------------


def _check_calls(model: Model) -> None:
    """That no function calls itself, through others or not, and that all of them written out are not too many."""
    functions = {each.key: each for each in model.functions}
    if len(functions) != len(model.functions):
        raise _refused("two of its functions have the same name")
    waiting = {key: [call for call in _calls(each.nodes) if call in functions] for key, each in functions.items()}
    users: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for key, calls in waiting.items():
        for call in calls:
            users.setdefault(call, set()).add(key)
    missing = {key: len({*calls}) for key, calls in waiting.items()}
    ready = [key for key, count in missing.items() if not count]
    sizes: dict[tuple[str, str], int] = {}
    while ready:
        key = ready.pop()
        sizes[key] = min(_size(functions[key], waiting[key], sizes), MAX_EXPANDED + 1)
        for user in users.get(key, ()):
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    if len(sizes) < len(functions):
        name = next(key[1] for key in functions if key not in sizes)
        raise _refused(f"its function {name!r} calls itself, or one that calls it")
    assert model.graph is not None
    calls = list(_calls(model.graph.nodes))
    if sum(sizes.get(call, 1) for call in calls) > MAX_EXPANDED:
        raise _refused(f"with its functions written out it would be more than {MAX_EXPANDED:,} operations")


def _size(function: Function, calls: list[tuple[str, str]], sizes: Mapping[tuple[str, str], int]) -> int:
    return len(function.nodes) + sum(sizes[call] for call in calls)


def _calls(nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    """What nodes call, those in graphs within them among them."""
    for node in nodes:
        yield node.domain, node.op
        for graph in node.graphs:
            yield from _calls(graph.nodes)
