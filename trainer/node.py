"""A node of the tape: one recorded step, where its inputs came from, and what its gradient needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.function import Function
    from trainer.tensor import Tensor


Edges = Sequence["Node | None"]


_next_order = count(1).__next__


class Node:
    """One recorded step: which operation, where its inputs came from, and what its gradient needs.

    Attributes:
        op: The operation.
        edges: For each input the node that made it, or None where no gradient is needed.
        saved: What `op.backward` needs; None once it was used and let go.
        shape: Shape of the result, and so of the gradient that arrives here.
        order: When this was recorded; later is larger, across the whole process.
        hooks: Called with the gradient before it is passed on; None when there are none.
    """

    __slots__ = ("edges", "hooks", "op", "order", "saved", "shape")

    def __init__(self, op: type[Function], edges: Edges, saved: Any, shape: tuple[int, ...]) -> None:
        self.op = op
        self.edges = edges
        self.saved = saved
        self.shape = shape
        self.order = _next_order()
        self.hooks: list[Callable[[Tensor], Tensor | None]] | None = None

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.shape}>"


class HookHandle:
    """A hook at a node, for as long as it is not removed."""

    def __init__(self, node: Node, hook: Callable[[Tensor], Tensor | None]) -> None:
        self._node = node
        self._hook = hook
        node.hooks = [*(node.hooks or ()), hook]

    def remove(self) -> None:
        """The hook is not called any more; it may be removed twice."""
        self._node.hooks = [hook for hook in self._node.hooks or () if hook is not self._hook] or None


def now() -> int:
    """The order of something that happens now, comparable with `Node.order`."""
    return _next_order()
