"""The Tensor: an array that remembers how it was computed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.backend import Array, as_array, device_of, to_numpy
from trainer.errors import DTypeError, GraphError, ShapeError, sentence
from trainer.methods import TensorMethods

if TYPE_CHECKING:
    from trainer.function import Function
    from trainer.node import Node


class Tensor(TensorMethods):
    """Numbers with axes, on which computation is recorded so that gradients can be asked for.

    Args:
        data: A number, nested lists of numbers, or an array of NumPy or CuPy. Python floats become float32; an array
            with axes keeps its dtype, and its memory is shared (`trainer.tensor` copies).
        dtype: What to convert to.
        device: "cpu", or "cuda" where CuPy is installed; None leaves an array where it is.
        requires_grad: Record what is computed from this, and collect its gradient in `grad`.

    Attributes:
        raw: What the kernels compute with: an array, or NumPy's scalar where a computation gave a 0-d result (it is
            eight times faster than a 0-d array: 64 against 540 ns for a product). Never written to; use `data`.
        node: The tape's record of how this was computed; None when no gradient is wanted.
        grad: The gradient that `backward()` collected here, or None.
        origin: For a view, the tensor it looks into, and the operation and options that make it; otherwise None.
        views: The views of this that are alive; None while there was none.
    """

    __slots__ = ("__weakref__", "grad", "node", "origin", "raw", "views")

    # Lets array * tensor come to Tensor.__rmul__ instead of NumPy going through the elements.
    __array_ufunc__ = None

    def __init__(self, data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> None:
        raw = as_array(data.raw if isinstance(data, Tensor) else data, dtype, device)
        self.raw: Array = raw[()] if isinstance(raw, np.ndarray) and not raw.shape else raw
        self.node: Node | None = None
        self.grad: Tensor | None = None
        self.origin: tuple[Tensor, type[Function], dict[str, Any]] | None = None
        self.views: dict[int, weakref.ref[Tensor]] | None = None
        if requires_grad:
            self.requires_grad = True

    # What it is

    @property
    def data(self) -> Array:
        """The array itself, in the tensor's own memory: writing to it is not recorded and not noticed."""
        if not self.raw.shape and isinstance(self.raw, np.generic):
            self.raw = np.asarray(self.raw)
        return self.raw

    @data.setter
    def data(self, value: Any) -> None:
        self.raw = as_array(value.raw if isinstance(value, Tensor) else value)

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.raw.shape
        return shape

    @property
    def ndim(self) -> int:
        return len(self.raw.shape)

    @property
    def dtype(self) -> Any:
        return self.raw.dtype

    @property
    def device(self) -> str:
        return device_of(self.raw)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return permute(self, tuple(range(self.ndim))[::-1])

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of one axis."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """How many elements."""
        return int(self.raw.size)

    def __len__(self) -> int:
        if not self.raw.shape:
            raise DTypeError(sentence("len() of a tensor without axes.", "at least one axis", "shape ()"))
        return int(self.raw.shape[0])

    def __repr__(self) -> str:
        text = np.array2string(to_numpy(self.raw), separator=", ", prefix="Tensor(", threshold=100)
        dtype = "" if self.dtype in (np.float32, np.int64, np.bool_) else f", dtype={self.dtype}"
        device = "" if self.device == "cpu" else f", device={self.device!r}"
        past = "" if self.node is None else ", requires_grad=True" if self.is_leaf else f", grad_fn={self.node!r}"
        return f"{type(self).__name__}({text}{dtype}{device}{past})"

    # How it takes part in the graph

    @property
    def requires_grad(self) -> bool:
        """Whether what is computed from this is recorded. Setting it works on leaves of a float dtype only."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not self.is_leaf:
            if not wanted:
                raise GraphError(
                    sentence("requires_grad of a computed tensor is decided by its inputs.", "a leaf", repr(self.node))
                )
        elif not wanted:
            self.node = None
        elif self.node is None:
            if self.raw.dtype.kind != "f":
                raise DTypeError(sentence("only floats have gradients.", "a float dtype", self.dtype))
            self.node = leaf_node(self)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets `requires_grad` and gives this tensor back."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this was made, not computed from something that requires a gradient."""
        return self.node is None or self.node.op is Leaf

    @property
    def grad_fn(self) -> Node | None:
        """The record of the operation that computed this; None for leaves."""
        return None if self.is_leaf else self.node

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Adds the gradient of this to the `grad` of every leaf it was computed from; see `autograd.backward`."""
        autograd.backward(self, gradient, retain_graph, create_graph)

    def detach(self) -> Tensor:
        """The same memory, with no past: no gradient flows through."""
        return wrap(self.raw)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
        """Calls `hook` with the gradient of this when it is known; what it returns, if anything, takes its place.

        Returns:
            A handle; its `remove()` ends that.
        """
        if self.node is None:
            raise GraphError(sentence("no gradient will arrive here.", "requires_grad=True", "requires_grad=False"))
        return HookHandle(self.node, hook)

    def retain_grad(self) -> None:
        """Keeps the gradient of a computed tensor in its `grad`, as leaves do."""
        if not self.is_leaf:
            keeper = weakref.ref(self)

            def keep(g: Tensor) -> None:
                tensor = keeper()
                if tensor is not None:
                    tensor.grad = g if tensor.grad is None else tensor.grad + g

            self.register_hook(keep)

    # To the rest of the world

    def item(self) -> Any:
        """The one element as a Python number."""
        if self.raw.size != 1:
            raise ShapeError(sentence("item() needs one element.", "shape () or (1,)", self.shape, "try tolist()"))
        return self.raw.item()

    def tolist(self) -> Any:
        return self.raw.tolist()

    def numpy(self) -> Any:
        """As a NumPy array: shared memory on the CPU, a copy from a GPU."""
        return to_numpy(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = np.asarray(self.numpy(), dtype=dtype)
        return array.copy() if copy else array

    def to(self, target: Any = None, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """On another device ("cuda"), in another dtype, or both; this tensor itself where nothing changes."""
        if isinstance(target, str) and target.partition(":")[0] in ("cpu", "cuda"):
            device = target
        elif target is not None:
            dtype = target
        tensor = self
        if dtype is not None and np.dtype(dtype) != tensor.raw.dtype:
            tensor = cast(tensor, np.dtype(dtype))
        if device is not None and device != tensor.device:
            tensor = move(tensor, device)
        return tensor

    def float(self) -> Tensor:
        return self.to(np.float32)

    def double(self) -> Tensor:
        return self.to(np.float64)

    def half(self) -> Tensor:
        return self.to(np.float16)

    def long(self) -> Tensor:
        return self.to(np.int64)

    def cpu(self) -> Tensor:
        return self.to("cpu")

    def cuda(self) -> Tensor:
        return self.to("cuda")

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GraphError(
                sentence(
                    "a computed tensor cannot be deep-copied.", "a leaf", repr(self.node), "try x.detach().clone()"
                )
            )
        twin = type(self).__new__(type(self))
        twin.raw, twin.node, twin.grad, twin.origin, twin.views = self.raw.copy(), None, None, None, None
        twin.requires_grad = self.requires_grad
        memo[id(self)] = twin
        return twin

    def __copy__(self) -> Tensor:
        twin = type(self).__new__(type(self))
        twin.raw, twin.node, twin.grad, twin.origin, twin.views = self.raw, self.node, self.grad, None, None
        return twin

    def __reduce__(self) -> Any:
        if self.node is not None:
            expected = "a tensor without a gradient, such as x.detach()"
            problem = "a tensor that requires a gradient cannot be pickled."
            raise DTypeError(sentence(problem, expected, repr(self.node), "try trainer.save(...)"))
        return type(self), (self.raw,)

    def __bool__(self) -> bool:
        return bool(self.raw)

    def __float__(self) -> Any:
        return self.item().__float__()

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return self.raw.item().__index__()  # type: ignore[no-any-return]

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Tensor:
        return getitem(self, index)

    # Changed in place

    def __setitem__(self, index: Any, value: Any) -> None:
        inplace.set_item(self, index, value)

    def __iadd__(self, other: Any) -> Tensor:
        return inplace.become(self, add(self, other))

    def __isub__(self, other: Any) -> Tensor:
        return inplace.become(self, sub(self, other))

    def __imul__(self, other: Any) -> Tensor:
        return inplace.become(self, mul(self, other))

    def __itruediv__(self, other: Any) -> Tensor:
        return inplace.become(self, div(self, other))

    # Arithmetic

    def __add__(self, other: Any) -> Tensor:
        return apply_pair(Add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return apply_pair(Sub, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return apply_pair(Sub, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return apply_pair(Mul, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return apply_pair(Div, self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return apply_pair(Div, other, self)

    def __pow__(self, other: Any) -> Tensor:
        return apply_pair(Pow, self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return apply_pair(Pow, other, self)

    def __neg__(self) -> Tensor:
        return neg(self)

    def __abs__(self) -> Tensor:
        return abs_(self)

    def __matmul__(self, other: Any) -> Tensor:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul(other, self)

    # Comparison: bools without a past

    def __eq__(self, other: object) -> Any:
        return compare(elementwise.Equal, self, other)

    def __ne__(self, other: object) -> Any:
        return compare(elementwise.NotEqual, self, other)

    def __lt__(self, other: Any) -> Any:
        return compare(elementwise.Less, self, other)

    def __le__(self, other: Any) -> Any:
        return compare(elementwise.LessEqual, self, other)

    def __gt__(self, other: Any) -> Any:
        return compare(elementwise.Greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return compare(elementwise.GreaterEqual, self, other)

    def __invert__(self) -> Tensor:
        return elementwise.invert(self)

    def __and__(self, other: Any) -> Any:
        return compare(elementwise.BitwiseAnd, self, other)

    def __or__(self, other: Any) -> Any:
        return compare(elementwise.BitwiseOr, self, other)

    # By identity: tensors are keys of dictionaries although == compares element by element.
    __hash__ = object.__hash__


# Last, because recording and the operations need Tensor to be there.
from trainer import autograd  # noqa: E402
from trainer.function import Leaf, apply_pair, leaf_node, wrap  # noqa: E402
from trainer.node import HookHandle  # noqa: E402
from trainer.ops import elementwise, inplace  # noqa: E402
from trainer.ops.convert import cast, move  # noqa: E402
from trainer.ops.elementwise import Add, Div, Mul, Pow, Sub, abs_, add, compare, div, mul, neg, sub  # noqa: E402
from trainer.ops.index import getitem  # noqa: E402
from trainer.ops.linalg import matmul  # noqa: E402
from trainer.ops.shape import permute  # noqa: E402
