"""Changing tensors in place: the value is there, and the gradient is right or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import GraphError, InPlaceError, ShapeError, Tensor


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def gradient(x: Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


def test_recorded_changes_have_the_right_gradient() -> None:
    """h += ..., h *= ... on a computed tensor, whose old values were saved by others."""
    x, y = leaf(2.0), leaf(5.0)
    h = x * x
    h += y
    h *= y
    h -= x
    h /= 2
    h.sum().backward()  # ((x^2 + y) y - x) / 2
    assert gradient(x) == [(2 * 2 * 5 - 1) / 2]
    assert gradient(y) == [(4 + 2 * 5) / 2]


def test_items_can_be_set_with_recorded_values() -> None:
    """The usual way of filling a result row by row."""
    x = leaf(1.0, 2.0)
    out = trainer.zeros(3, 2, dtype=np.float64)
    for i in range(3):
        out[i] = x * i
    out[0] += x
    (out * out).sum().backward()
    assert out.tolist() == [[1.0, 2.0], [1.0, 2.0], [2.0, 4.0]]
    assert gradient(x) == [2.0 * (1 + 1 + 4), 4.0 * (1 + 1 + 4)]


def test_unrecorded_changes_write_to_the_memory() -> None:
    """Buffers and data are changed where they are; others who look into the memory see it."""
    x = Tensor([1.0, 2.0])
    view = x[1:]
    x += 1
    x[0] = 9
    assert view.item() == 3.0
    assert x.tolist() == [9.0, 3.0]
    for change in (lambda: x.fill_(4), lambda: x.mul_(2), lambda: x.sub_(1), lambda: x.add_(3), lambda: x.div_(2)):
        change()
    assert x.tolist() == [5.0, 5.0]
    assert x.copy_(Tensor([1.0, 0.0])).tolist() == [1.0, 0.0]
    assert x.zero_().tolist() == [0.0, 0.0]


def test_a_leaf_needs_no_grad_to_be_changed() -> None:
    """Otherwise its gradient would belong to a value that is gone."""
    x = leaf(1.0)
    for change in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.__setitem__(0, 2.0)):
        with pytest.raises(GraphError, match="no_grad"):
            change()
    with trainer.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0]


def test_a_part_that_is_changed_changes_the_whole() -> None:
    """row = out[0]; row += ... is seen in out, recorded or not, also for a single element and a part of a part."""
    x = leaf(3.0, 4.0)
    out = trainer.zeros(2, 2, dtype=np.float64)
    row = out[0]
    row += x
    part = out[1][1:]
    part *= 0
    part += x[:1]
    out[:, 0] *= x
    assert row.tolist() == [9.0, 4.0]
    assert out.tolist() == [[9.0, 4.0], [0.0, 3.0]]
    out.sum().backward()
    assert gradient(x) == [2 * 3.0 + 1.0, 1.0]
    data = Tensor([1.0, 2.0])
    element = data[0]
    element += 5
    assert data.tolist() == [6.0, 2.0]
    copied = data[[0, 1]]
    copied += 1
    assert data.tolist() == [6.0, 2.0]


def test_a_view_of_another_kind_cannot_be_changed_while_recording() -> None:
    """The tensor behind it would not know of the change."""
    x = leaf(1.0, 2.0)
    for view in ((x * 2).reshape(2, 1), trainer.zeros(2, 1, dtype=np.float64).T):
        with pytest.raises(InPlaceError, match="clone"):
            view += x.reshape(view.shape)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "row": lambda y: y[1],
    "columns": lambda y: y[:, 1:],
    "element": lambda y: y[1, 2],
    "part of a part": lambda y: y[1:][0],
    "reshape": lambda y: y.reshape(-1),
    "transposed": lambda y: y.T[1:],
    "permuted part": lambda y: y[:, :2].permute(1, 0),
    "a copy": lambda y: y[[1, 0]],
    "a reshaped copy": lambda y: y.T.reshape(-1),
}


def double(y: Any) -> None:
    y *= 2


def fill(y: Any) -> None:
    y[1] = 7.0


def square_row(y: Any) -> None:
    row = y[1]
    row *= row.clone()


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("change", [double, fill, square_row])
@pytest.mark.parametrize("name", VIEWS)
def test_views_follow_a_change_as_in_pytorch(
    name: str, change: Callable[[Any], None], recorded: bool, torch: Any
) -> None:
    """Taken before, read after: the value and the gradient are those of the changed tensor; a copy stays as it was."""
    values = np.arange(1.0, 7.0).reshape(2, 3)
    found = []
    for x in (Tensor(values, requires_grad=recorded), torch.tensor(values, requires_grad=recorded)):
        y = x * 1.5
        view = VIEWS[name](y)
        change(y)
        total = (view * view).sum() + y.sum()
        if recorded:
            total.backward()
        found.append([view.tolist(), y.tolist(), total.item(), x.grad.tolist() if recorded else None])
    assert found[0] == found[1]


def test_a_view_that_is_a_leaf_cannot_follow() -> None:
    """It has no past that could be made anew."""
    base = trainer.zeros(3, dtype=np.float64)
    part = base[1:].requires_grad_()
    with pytest.raises(InPlaceError, match="a leaf that requires a gradient"):
        base *= leaf(2.0)
    assert part.is_leaf


def test_views_that_are_gone_are_forgotten() -> None:
    """Reading a tensor row by row for hours fills nothing up."""
    y = leaf(1.0, 2.0) * 2
    rows = [y[i % 2] for i in range(100)]
    del rows[:-1]
    assert y.views is not None
    assert len(y.views) == 1


def test_the_shape_stays() -> None:
    """x += y does not broadcast x."""
    x = Tensor([1.0])
    with pytest.raises(ShapeError, match="keeps its shape"):
        x += Tensor([1.0, 2.0])


def test_the_dtype_stays() -> None:
    """float32 += float64 is float32."""
    x = Tensor([1.0])
    x += Tensor(np.array([0.5]))
    assert x.dtype == np.float32
    h = leaf(1.0).float() * 1
    h += leaf(2.0)
    assert h.dtype == np.float32
