"""Gradients by walking the tape backwards: once through every node, newest first, letting go of each on the way.

The walk is a loop over a sorted list, so a recurrence of any length passes. What a node saved is dropped as soon as its
gradient was computed, so memory falls while the walk goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trainer import ops
from trainer.backend import Array, array_module
from trainer.errors import GraphError, ShapeError, sentence
from trainer.function import OUTPUT, Leaf, mode, span, wrap
from trainer.mutation import mutations
from trainer.node import Node
from trainer.tensor import Tensor


@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    """Nothing is recorded inside: for evaluation and for changing parameters. Also a decorator."""
    with set_grad_enabled(False):
        yield


@contextlib.contextmanager
def enable_grad() -> Iterator[None]:
    """Recording is on again inside, within a `no_grad`."""
    with set_grad_enabled(True):
        yield


class set_grad_enabled:
    """Recording is on or off from here on, in this thread; as a context, only inside: after it, it is as before."""

    def __init__(self, enabled: bool) -> None:
        self._before = mode.enabled
        mode.enabled = enabled

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None:
        mode.enabled = self._before


def is_grad_enabled() -> bool:
    """Whether this thread records at present."""
    return mode.enabled


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Adds the gradient of `tensors` to the `grad` of every leaf they were computed from.

    Args:
        tensors: What to differentiate; a tensor of one element needs no `grad_tensors`.
        grad_tensors: The gradient that arrives at each, of its shape; None means 1.
        retain_graph: Keep what was saved, so that backward can be called again; None means as `create_graph`.
        create_graph: Record the computation of the gradient, so that it can be differentiated again.

    Raises:
        GraphError: nothing was recorded, or the graph was let go by an earlier call.
        InPlaceError: a saved value was changed in place since.
        ShapeError: a gradient of another shape, or none for more than one element.
    """
    seeds = _seeds(tensors, grad_tensors)
    _walk(seeds, create_graph if retain_graph is None else retain_graph, create_graph, None)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`; no `grad` attribute is touched.

    Args:
        outputs, grad_outputs, retain_graph, create_graph: As for `backward`.
        inputs: Leaves or results in between, each requiring a gradient.
        allow_unused: Give None for an input that `outputs` do not depend on, instead of an error.

    Returns:
        One tensor for each input, of its shape.
    """
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for i, tensor in enumerate(wanted):
        if tensor.node is None:
            raise GraphError(
                sentence(f"inputs[{i}] takes no part in the graph.", "requires_grad=True", "requires_grad=False")
            )
    nodes = [tensor.node for tensor in wanted]
    found = _walk(
        _seeds(outputs, grad_outputs),
        create_graph if retain_graph is None else retain_graph,
        create_graph,
        {node for node in nodes if node is not None},
    )
    result = []
    for i, node in enumerate(nodes):
        g = found.get(node)
        if g is None and not allow_unused:
            raise GraphError(
                sentence(
                    f"outputs do not depend on inputs[{i}].",
                    "an input used in computing outputs",
                    f"a tensor of shape {wanted[i].shape} that was not",
                    "try allow_unused=True to get None for it",
                )
            )
        result.append(g)
    return tuple(result)


def _seeds(tensors: Tensor | Sequence[Tensor], gradients: Any) -> list[tuple[Node, Tensor]]:
    """The nodes to start from with the gradient that arrives there."""
    if isinstance(tensors, Tensor):
        tensors, gradients = [tensors], [gradients]
    elif gradients is None:
        gradients = [None] * len(tensors)
    seeds = []
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if tensor.node is None:
            raise GraphError(
                sentence(
                    "backward() has nothing to go back through.",
                    "a result computed from a tensor with requires_grad=True, outside no_grad()",
                    f"a tensor of shape {tensor.shape} that was not recorded",
                )
            )
        if gradient is None:
            if tensor.raw.size != 1:
                raise ShapeError(
                    sentence(
                        "backward() without a gradient needs a result of one element.",
                        "shape () or (1,)",
                        tensor.shape,
                        "try loss.mean().backward(), or backward(gradient) with a gradient of this shape",
                    )
                )
            gradient = wrap(array_module(tensor.raw).ones_like(tensor.raw))
        elif not isinstance(gradient, Tensor):
            gradient = Tensor(gradient, dtype=tensor.raw.dtype, device=tensor.device)
        if gradient.raw.shape != tensor.raw.shape:
            raise ShapeError(sentence("backward(): gradient has another shape.", tensor.shape, gradient.shape))
        seeds.append((tensor.node, gradient))
    return seeds


def _walk(
    seeds: list[tuple[Node, Tensor]], retain: bool, create: bool, wanted: set[Node] | None
) -> dict[Node | None, Tensor]:
    """Sends gradients from `seeds` through the tape.

    Args:
        seeds: Where to start, with what.
        retain: Keep what the nodes saved.
        create: Compute with tensors, recorded, instead of arrays.
        wanted: Collect the gradient at these nodes; None adds it to the leaves.
    """
    pending: dict[Node, Any] = {}
    for node, seed in seeds:
        value = seed if create else seed.raw
        pending[node] = pending[node] + value if node in pending else value
    order = _newest_first(pending)
    useful = None if wanted is None else _leading_to(wanted, order)
    # Nodes whose pending gradient nobody else holds: it may be added to in place, and given away without a copy.
    owned: set[Node] = set()
    found: dict[Node | None, Tensor] = {}
    with span("backward"), set_grad_enabled(create):
        for node in order:
            g = pending.pop(node, None)
            if g is None:
                continue
            if node.hooks is not None:
                g = _through_hooks(node, g)
                owned.discard(node)
            if wanted is not None and node in wanted:
                found[node] = g if create else wrap(g if node in owned else g.copy())
                owned.discard(node)
            op = node.op
            if op is Leaf:
                if wanted is None:
                    _deposit(node, g, node in owned)
                continue
            saved = node.saved
            if saved is None:
                raise _let_go(node)
            if mutations.latest > node.order:
                mutations.check(node, saved)
            edges = node.edges
            if useful is not None:
                edges = tuple(edge if edge in useful else None for edge in edges)
            if create:
                saved = _as_tensors(node)
            observer = mode.observer
            adds = None if create or observer is not None else op.add_backward
            if adds is not None and edges[0] in owned and adds(pending[edges[0]], g, *saved):
                if not retain:
                    node.saved = None
                continue
            if observer is not None:
                observer.before(op)
            parts = op.backward(g, edges, *saved)
            if observer is not None:
                observer.gradient(node, g, parts)
            for edge, part in zip(edges, parts, strict=False):
                if edge is None or part is None:
                    continue
                if part.shape != edge.shape:
                    part = ops.sum_to(part, edge.shape)
                before = pending.get(edge)
                if before is None:
                    pending[edge] = part
                    if op.fresh:
                        owned.add(edge)
                elif edge in owned and not create:
                    before += part
                    pending[edge] = before
                else:
                    pending[edge] = before + part
                    owned.add(edge)
            if not retain:
                node.saved = None
            del parts  # lets go of what was summed into something else
    return found


def _newest_first(roots: Iterable[Node]) -> list[Node]:
    """Every node that `roots` were computed from. A node is older than all that use it, so no node comes too early."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return sorted(seen, key=_order_of, reverse=True)


def _order_of(node: Node) -> int:
    return node.order


def _leading_to(wanted: set[Node], newest_first: list[Node]) -> set[Node]:
    """The nodes through which a gradient has to pass to arrive at `wanted`."""
    useful = set(wanted)
    for node in reversed(newest_first):
        if any(edge in useful for edge in node.edges):
            useful.add(node)
    return useful


def _as_tensors(node: Node) -> list[Any]:
    """What `node` saved, with each input and the result put back on the tape where it was."""
    values = []
    for value, source in zip(node.saved, node.op.saves, strict=False):
        if source is None or not hasattr(value, "shape"):
            values.append(value)
        else:
            values.append(wrap(value, node if source == OUTPUT else node.edges[source]))
    return values


def _through_hooks(node: Node, g: Any) -> Any:
    """`g` as the hooks leave it."""
    is_tensor = isinstance(g, Tensor)
    tensor = g if is_tensor else wrap(g)
    for hook in node.hooks or ():
        changed = hook(tensor)
        if changed is not None:
            tensor = changed
    return tensor if is_tensor else tensor.raw


def _deposit(node: Node, g: Any, owned: bool) -> None:
    """Adds a gradient to the `grad` of a leaf; a leaf that is gone wants none."""
    tensor = node.saved()
    if tensor is None:
        return
    before = tensor.grad
    if isinstance(g, Tensor):
        tensor.grad = g if before is None else before + g
    elif before is None:
        tensor.grad = wrap(_kept(g, tensor.raw, owned))
    elif before.node is None:
        before.data[...] += g
        mutations.note(before.raw)
    else:
        tensor.grad = wrap(before.raw + g)


def _kept(g: Array, like: Array, owned: bool) -> Array:
    """`g` in the dtype of its leaf, and held by nobody else."""
    if g.dtype != like.dtype:
        return g.astype(like.dtype)
    return g if owned else g.copy()


def _let_go(node: Node) -> GraphError:
    return GraphError(
        sentence(
            "backward() went through this graph before, and what it saved was let go.",
            "a graph that was not used, or retain_graph=True at the first backward()",
            f"a second backward() at {node.op.name}",
            "try adding the losses up and calling backward() once",
        )
    )
