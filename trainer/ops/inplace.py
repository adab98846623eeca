"""Changing a tensor in place, in such a way that no gradient comes out wrong.

Where a gradient is recorded, `x += y` gives the tensor `x` a new value and a longer past; memory that others may have
saved is not written to. Where none is recorded, the memory is changed, and the change is noted, so that a gradient
that needed the old value is refused.
"""

from __future__ import annotations

from typing import Any

from trainer.backend import as_array, beside
from trainer.errors import GraphError, InPlaceError, ShapeError, sentence
from trainer.function import apply, mode
from trainer.mutation import mutations
from trainer.ops.index import SetItem, is_view, plain_index
from trainer.tensor import Tensor


def become(target: Tensor, value: Tensor) -> Tensor:
    """`target`, now with the value and the past of `value`, which was computed from it.

    Where `target` is a part x[index] of a tensor, x becomes what it is with that part changed.

    Raises:
        GraphError: `target` is a leaf that requires a gradient, and recording is on.
        InPlaceError: `target` is a view of another kind, and `value` has a past that what is behind would not know of.
        ShapeError: `value` was broadcast to another shape.
    """
    if value.raw.shape != target.raw.shape:
        raise ShapeError(
            sentence("a tensor changed in place keeps its shape.", target.shape, value.shape, "try x = x + y")
        )
    if value.node is None:
        return overwrite(target, value.raw)
    _refuse_leaf(target)
    origin = target.origin
    if origin is None and _may_be_view(target):
        raise InPlaceError(
            sentence(
                "a view cannot be changed in place while gradients are recorded.",
                "a tensor with memory of its own, or x[index]",
                f"a view of shape {target.shape}",
                "try x = x + y, or x = x.clone() before",
            )
        )
    target.raw, target.node = value.raw.astype(target.raw.dtype, copy=False), value.node
    if origin is not None and is_view(plain_index(origin[1], target.raw)):
        set_item(*origin, target)
    return target


def _may_be_view(x: Tensor) -> bool:
    """Whether x may look into memory that another tensor shows."""
    return getattr(x.raw, "base", None) is not None and (x.node is None or x.node.op.view)


def overwrite(target: Tensor, raw: Any) -> Tensor:
    """`target` with `raw` written into its memory, unrecorded."""
    mutations.note(target.data)
    target.data[...] = raw
    if target.origin is not None and not target.raw.shape:
        set_item(*target.origin, target)  # a single element is a copy, not a view
    return target


def set_item(target: Tensor, index: Any, value: Any) -> None:
    """target[index] = value."""
    index = plain_index(index, target.raw)
    raw = value.raw if isinstance(value, Tensor) else beside(as_array(value), target.raw)
    recorded = mode.enabled and (target.node is not None or (isinstance(value, Tensor) and value.node is not None))
    if recorded:
        become(target, apply(SetItem, target, value if isinstance(value, Tensor) else raw, index=index))
        return
    mutations.note(target.data)
    target.data[index] = raw


def _refuse_leaf(target: Tensor) -> None:
    if target.node is not None and target.is_leaf:
        raise GraphError(
            sentence(
                "a leaf that requires a gradient cannot be changed in place while gradients are recorded.",
                "a computed tensor, or no_grad()",
                f"a leaf of shape {target.shape}",
                "try `with trainer.no_grad():` around the change, or x = x + y",
            )
        )
