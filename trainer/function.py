"""An operation and its gradient side by side, and `apply`, which runs one and writes it on the tape.

The tape is no list: each result holds the `Node` that made it, and a node holds the nodes its inputs came from. Nodes
never hold tensors, and leaves are held weakly, so there is no cycle: an array goes the moment its last user lets go,
without the garbage collector.

Every operation can be called with arrays as well as tensors, and gives back the same kind. That is how a gradient is
written once: `backward` is called with arrays for plain speed, or with tensors when it shall be recorded itself.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from trainer.backend import Array
from trainer.errors import TrainerError
from trainer.node import Edges, Node
from trainer.promotion import OLD_NUMPY, WEAK_NUMBERS, explain, promoted, weak_number
from trainer.tensor import Tensor

# In `Function.saves`: this saved value is the operation's own result.
OUTPUT = -1


_NOTHING_NEEDED: Edges = (None,) * 8


class Function:
    """One operation: subclass it with `forward` and `backward`; `apply(TheClass, x, ...)` runs it.

    forward(needs, *arrays, **options): the result and a tuple of what the gradient will need. `needs[i]` is None where
    no gradient will be asked for input i, so that nothing is kept for it.

    backward(g, needs, *saved): for each input the gradient, or None. `g` has the shape of the result. A gradient
    may have the shape the input was broadcast to; it is summed back. Written with operators and with operations
    of this package only, it is right for arrays and recordable for tensors.
    """

    name: ClassVar[str]
    # For each saved value: the number of the input it is, OUTPUT, or None for what does not depend on the inputs.
    saves: ClassVar[tuple[int | None, ...]] = ()
    # True when `backward` returns arrays that nobody else holds, so that they may be added to in place.
    fresh: ClassVar[bool] = False
    # True when the result shares the input's memory.
    view: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if "name" not in cls.__dict__:
            cls.name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    @staticmethod
    def forward(*args: Any, **options: Any) -> tuple[Array, tuple[Any, ...]]:
        raise NotImplementedError

    @staticmethod
    def backward(*args: Any) -> tuple[Any, ...]:
        raise NotImplementedError  # of operations that are never recorded, see `apply_unrecorded`

    # add_backward(total, g, *saved): adds what `backward` would give for the only input to the array `total`, for less
    # than making it whole first; False where that is not so, and nothing was added.
    add_backward: ClassVar[Callable[..., bool] | None] = None


class Leaf(Function):
    """Where a gradient ends: a tensor that was made, not computed. It is held weakly in `saved`."""


class Observer:
    """Sees every operation of its thread while it is in place: how graphs are drawn and steps timed."""

    # True of one for which a sequence's steps are to be operations of their own, and not one for all of them.
    stepwise: ClassVar[bool] = False

    def before(self, op: type[Function]) -> None:
        """An operation on tensors, or the gradient of one, is computed next."""

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        """An operation gave `output`."""

    def gradient(self, node: Node, g: Any, parts: Sequence[Any]) -> None:
        """`g` arrived at `node`, whose gradient gave `parts`, one for each input."""

    def enter(self, module: Any) -> None:
        """A module's forward begins."""

    def leave(self, module: Any) -> None:
        """It ends, well or not."""

    def begin(self, part: str) -> None:
        """A part of a training step begins: "backward", "optimizer", "DataLoader.__next__", one of the user's."""

    def end(self, part: str) -> None:
        """It ends, well or not."""


class Mode(threading.local):
    """What one thread does at present: whether it records, who looks on, and how often it has clipped gradients, how
    often something was cut by it, and the sum of what was left of their lengths."""

    enabled: bool = True
    observer: Observer | None = None
    clips: int = 0
    cuts: int = 0
    left: float = 0.0


mode = Mode()


class span:
    """Names a part of a training step to who looks on, while it is entered: `with span("augmentation"): ...`."""

    __slots__ = ("_name", "_observer")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._observer = mode.observer
        if self._observer is not None:
            self._observer.begin(self._name)

    def __exit__(self, *_: object) -> None:
        if self._observer is not None:
            self._observer.end(self._name)


@contextmanager
def observed_as_before() -> Iterator[None]:
    """Who looked on at the beginning does so after the end, whoever came in between: an error may leave one behind."""
    observer = mode.observer
    try:
        yield
    finally:
        mode.observer = observer


def wrap(raw: Array, node: Node | None = None) -> Tensor:
    """A tensor around an array, with none of the checks of `Tensor(...)`."""
    tensor = _new(Tensor)
    tensor.raw = raw
    tensor.node = node
    tensor.grad = None
    tensor.origin = None
    tensor.views = None
    return tensor


_new = Tensor.__new__


def leaf_node(tensor: Tensor) -> Node:
    """The end of the tape for a tensor whose gradient is wanted."""
    return Node(Leaf, (), weakref.ref(tensor), tensor.raw.shape)


def apply(op: type[Function], *inputs: Any, **options: Any) -> Tensor:
    """Runs an operation, and records it when an input wants a gradient.

    Args:
        op: The operation.
        inputs: Tensors, arrays and numbers.
        options: Passed on to `op.forward`: axes, strides, an index.

    Returns:
        A tensor when an input is one, otherwise an array; callers that pass arrays know.
    """
    output: Tensor
    raws = []
    edges = []
    is_tensor = is_recorded = False
    for x in inputs:
        if isinstance(x, Tensor):
            is_tensor = True
            raws.append(x.raw)
            node = x.node
            edges.append(node)
            if node is not None:
                is_recorded = True
        else:
            raws.append(x)
            edges.append(None)
    observer = mode.observer
    if observer is not None and is_tensor:
        observer.before(op)
    try:
        if is_recorded and mode.enabled:
            raw, saved = op.forward(edges, *raws, **options)
            output = wrap(raw, Node(op, edges, saved, raw.shape))
        else:
            output, _ = op.forward(_NOTHING_NEEDED, *raws, **options)
            if not is_tensor:
                return output
            output = wrap(output)
        if op.view and is_tensor:
            _tie(output, inputs[0], op, options)
    except (ValueError, TypeError, IndexError) as err:
        if isinstance(err, TrainerError):
            raise
        raise explain(op.name, raws, err) from err
    if observer is not None:
        observer.operation(op, inputs, options, output)
    return output


def apply_unrecorded(op: type[Function], *inputs: Any, **options: Any) -> Tensor:
    """`apply` for an operation without a gradient, such as a comparison: its result has no past."""
    recorded, mode.enabled = mode.enabled, False
    try:
        return apply(op, *inputs, **options)
    finally:
        mode.enabled = recorded


def _tie(view: Tensor, base: Tensor, op: type[Function], options: dict[str, Any]) -> None:
    """Lets a view and what it looks into know of each other, so that a change of one reaches the other.

    What turned out to be a copy is no view. NumPy's scalar stands for a view of one element, which it cannot be.
    """
    raw, behind = view.raw, base.raw
    owner = getattr(raw, "base", None)
    looks_into = owner is not None and (owner is behind or owner is getattr(behind, "base", None))
    is_scalar = not raw.shape and behind.shape and not isinstance(raw, type(behind))
    if not looks_into and not is_scalar:
        return
    view.origin = (base, op, options)
    views = base.views
    if views is None:
        views = base.views = {}
    key = id(view)
    views[key] = weakref.ref(view, lambda _: views.pop(key, None))


def apply_pair(op: type[Function], a: Any, b: Any) -> Tensor:
    """`apply` for arithmetic between two values, brought to one dtype first (see `promotion`).

    Unrolled, because it is what small recorded operations spend their time in: 1.2 µs instead of 1.8 with `apply`.
    """
    output: Tensor
    if isinstance(a, Tensor):
        raw_a, node_a = a.raw, a.node
        if isinstance(b, Tensor):
            raw_b, node_b = b.raw, b.node
            if raw_a.dtype is not raw_b.dtype and raw_a.dtype != raw_b.dtype:
                return apply_pair(op, *promoted(a, b))
        else:
            raw_b, node_b = b, None
            if type(b) not in WEAK_NUMBERS or raw_a.dtype.kind != "f":
                return apply_pair(op, *promoted(a, b))
            if OLD_NUMPY and not raw_a.shape:
                raw_b = weak_number(b, raw_a)
    elif isinstance(b, Tensor):
        raw_a, node_a = a, None
        raw_b, node_b = b.raw, b.node
        if type(a) not in WEAK_NUMBERS or raw_b.dtype.kind != "f":
            return apply_pair(op, *promoted(a, b))
        if OLD_NUMPY and not raw_b.shape:
            raw_a = weak_number(a, raw_b)
    else:
        output = op.forward(_NOTHING_NEEDED, a, b)[0]
        return output
    observer = mode.observer
    if observer is not None:
        observer.before(op)
    try:
        if (node_a is None and node_b is None) or not mode.enabled:
            output = wrap(op.forward(_NOTHING_NEEDED, raw_a, raw_b)[0])
        else:
            edges = (node_a, node_b)
            raw, saved = op.forward(edges, raw_a, raw_b)
            output = wrap(raw, Node(op, edges, saved, raw.shape))
    except (ValueError, TypeError) as err:
        if isinstance(err, TrainerError):
            raise
        raise explain(op.name, (raw_a, raw_b), err) from err
    if observer is not None:
        observer.operation(op, (a, b), {}, output)
    return output
