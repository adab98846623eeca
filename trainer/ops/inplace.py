"""Changing a tensor in place, in such a way that no gradient comes out wrong.

Where a gradient is recorded, `x += y` gives the tensor `x` a new value and a longer past; memory that others may have
saved is not written to, and the views of x are made anew. Where none is recorded, the memory is changed, and the
change is noted, so that a gradient that needed the old value is refused.
"""

from __future__ import annotations

from typing import Any

from trainer.backend import as_array, beside
from trainer.errors import GraphError, InPlaceError, ShapeError, sentence
from trainer.function import apply, mode
from trainer.mutation import mutations
from trainer.ops.index import GetItem, SetItem, plain_index
from trainer.tensor import Tensor


def become(target: Tensor, value: Tensor) -> Tensor:
    """`target`, now with the value and the past of `value`, which was computed from it.

    Where `target` is a part x[index] of a tensor, x becomes what it is with that part changed. Views of it follow.

    Raises:
        GraphError: `target` is a leaf that requires a gradient, and recording is on.
        InPlaceError: `target` is a view of another kind, and `value` has a past that what is behind would not know of;
            or one of its views is a leaf, which has no past.
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
    if origin is not None and origin[1] is GetItem:
        base, _, options = origin
        become(base, apply(SetItem, base, value, index=options["index"]))  # which makes `target` anew as well
        return target
    if origin is not None or (target.node is None and getattr(target.raw, "base", None) is not None):
        raise InPlaceError(
            sentence(
                "a view cannot be changed in place while gradients are recorded.",
                "a tensor with memory of its own, or x[index]",
                f"a view of shape {target.shape}",
                "try x = x + y, or x = x.clone() before",
            )
        )
    target.raw, target.node = value.raw.astype(target.raw.dtype, copy=False), value.node
    _renew_views(target)
    return target


def _renew_views(base: Tensor) -> None:
    """Makes the views of `base` again, now that it has another value and past."""
    for view in _views(base):
        if view.is_leaf and view.node is not None:
            raise InPlaceError(
                sentence(
                    "a tensor cannot be changed in place while a view of it is a leaf that requires a gradient.",
                    "views with the past of their tensor",
                    f"a leaf of shape {view.shape}",
                    "try x = x + y instead of x += y",
                )
            )
        _, op, options = view.origin  # type: ignore[misc]
        again = apply(op, base, **options)
        view.raw, view.node = again.raw, again.node
        _renew_views(view)


def _views(base: Tensor) -> list[Tensor]:
    return [view for ref in list((base.views or {}).values()) if (view := ref()) is not None]


def _write(target: Tensor, index: Any, raw: Any) -> None:
    """Writes into the memory of `target`, unrecorded, which all views see but NumPy's scalars."""
    mutations.note(target.data)
    target.data[index] = raw
    while target.origin is not None:
        target = target.origin[0]
    _renew_scalars(target)


def _renew_scalars(base: Tensor) -> None:
    """Reads again what stands for a view of one element, among all views of `base`."""
    for view in _views(base):
        if not view.raw.shape and view.origin is not None:
            _, op, options = view.origin
            view.raw = op.forward((None,), base.data, **options)[0]
        _renew_scalars(view)


def overwrite(target: Tensor, raw: Any) -> Tensor:
    """`target` with `raw` written into its memory, unrecorded."""
    origin = target.origin
    if origin is not None and origin[1] is GetItem and not target.raw.shape:
        _write(origin[0], origin[2]["index"], raw)  # a single element is a copy; this reads it anew as well
    else:
        _write(target, ..., raw)
    return target


def set_item(target: Tensor, index: Any, value: Any) -> None:
    """target[index] = value."""
    index = plain_index(index, target.raw)
    raw = value.raw if isinstance(value, Tensor) else beside(as_array(value), target.raw)
    recorded = mode.enabled and (target.node is not None or (isinstance(value, Tensor) and value.node is not None))
    if recorded:
        become(target, apply(SetItem, target, value if isinstance(value, Tensor) else raw, index=index))
        return
    _write(target, index, raw)


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
