"""The walk backwards: what it gives, what it frees, how far it goes, and what it refuses."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import GraphError, InPlaceError, ShapeError, Tensor
from trainer.autograd import grad


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def gradient(x: Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


def test_gradients_add_up_over_uses_and_calls() -> None:
    """As in PyTorch: until zero_grad, each backward adds."""
    x = leaf(1.0, 2.0)
    (x * x + x).sum().backward()
    assert gradient(x) == [3.0, 5.0]
    (2 * x).sum().backward()
    assert gradient(x) == [5.0, 7.0]


def test_a_recurrence_of_ten_thousand_steps_passes() -> None:
    """No recursion anywhere: neither the walk nor letting go of the graph (issue 4)."""
    w = leaf(0.999)
    h = leaf(1.0)
    start = h
    for _ in range(10_000):
        h = h * w
    h.sum().backward()
    np.testing.assert_allclose(gradient(start), [0.999**10_000])
    np.testing.assert_allclose(gradient(w), [10_000 * 0.999**9_999])
    for _ in range(100_000):
        h = h + w
    del h  # a long graph that was never walked is freed as well


def test_saved_arrays_are_let_go_while_walking() -> None:
    """Peak memory falls during backward, without the garbage collector (issue 4)."""
    gc.disable()
    try:
        x = Tensor(np.ones(1000), requires_grad=True)
        y = x
        alive: list[int] = []
        watched = []
        for i in range(10):
            y = y * 1.0 * x
            watched.append(weakref.ref(y.raw))
            if i == 0:
                y.register_hook(lambda g: alive.append(sum(ref() is not None for ref in watched)))
        loss = y.sum()
        del y
        loss.backward()
        assert alive[0] <= 3  # of ten, when the first one is reached
        assert sum(ref() is not None for ref in watched) == 0
    finally:
        gc.enable()


def test_nothing_waits_for_the_garbage_collector() -> None:
    """No reference cycles, with create_graph neither: after some steps the collector finds nothing to do (issue 4)."""
    model = trainer.nn.Sequential(trainer.nn.Linear(5, 5), trainer.nn.Tanh(), trainer.nn.Linear(5, 1))
    optimizer = trainer.optim.Adam(model.parameters())
    x = trainer.randn(20, 5)

    def step() -> None:
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        (g,) = grad(loss, [next(model.parameters())], create_graph=True)
        (loss + (g * g).sum()).backward(create_graph=True)
        optimizer.step()

    step()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            step()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_second_backward_needs_retain_graph() -> None:
    """What was saved is gone after the first, and the error says so."""
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert gradient(x) == [4.0, 8.0]
    with pytest.raises(GraphError, match="retain_graph=True"):
        y.backward()


def test_a_gradient_is_needed_for_more_than_one_element() -> None:
    """The usual mistake: the loss was not reduced."""
    x = leaf(1.0, 2.0)
    with pytest.raises(ShapeError, match=r"loss\.mean\(\)\.backward\(\)"):
        (x * 2).backward()
    (x * 2).backward(np.array([1.0, 10.0]))
    assert gradient(x) == [2.0, 20.0]
    with pytest.raises(ShapeError, match="another shape"):
        (x * 2).backward(np.ones(3))


def test_nothing_recorded_is_an_error() -> None:
    """backward() of something computed in no_grad, or from data only."""
    x = leaf(1.0)
    with trainer.no_grad():
        y = x * 2
    assert not y.requires_grad
    for nothing in (y, x.detach() * 2):
        with pytest.raises(GraphError, match="not recorded"):
            nothing.sum().backward()


def test_no_grad_is_also_a_decorator_and_can_be_undone_inside() -> None:
    """And holds for its own thread only."""
    x = leaf(1.0)

    @trainer.no_grad()
    def compute() -> Tensor:
        with trainer.enable_grad():
            assert (x * 2).requires_grad
        return x * 2

    assert not compute().requires_grad
    seen: list[bool] = []
    with trainer.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_detach_cuts_and_shares_memory() -> None:
    """detach() is the same numbers without a past."""
    x = leaf(1.0, 2.0)
    y = (x * 2).detach()
    assert y.is_leaf
    assert np.shares_memory(x.detach().data, x.data)
    (x * y).sum().backward()
    assert gradient(x) == [2.0, 4.0]


def test_grad_touches_no_attribute_and_goes_no_further_than_needed() -> None:
    """grad() of results in between; branches that do not lead there are not walked."""
    x, other = leaf(2.0), leaf(3.0)
    y = x * x
    z = (y * other).sum()
    (g,) = grad(z, y, retain_graph=True)
    assert g.tolist() == [3.0]
    assert x.grad is None
    assert other.grad is None
    (gx,) = grad(z, [x])
    assert gx.tolist() == [12.0]


def test_grad_computes_no_gradient_that_leads_nowhere() -> None:
    """The gradient of one layer's output does not cost those of all others."""
    computed: list[Any] = []

    class Watched(trainer.Function):
        @staticmethod
        def forward(needs: Any, x: Any) -> Any:
            return x * 1, ()

        @staticmethod
        def backward(g: Any, needs: Any) -> Any:
            computed.append(g)
            return (g,)

    a, b = leaf(2.0), leaf(3.0)
    grad((a * 2 * trainer.apply(Watched, b)).sum(), a)
    assert computed == []


def test_leaves_are_let_go_with_their_last_user() -> None:
    """A leaf and the end of the tape for it are no cycle."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            leaf(1.0, 2.0)
            (leaf(1.0) * 2).sum().backward()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_grad_of_an_input_that_was_not_used() -> None:
    """An error, or None when that is allowed."""
    x, unused = leaf(1.0), leaf(1.0)
    with pytest.raises(GraphError, match=r"inputs\[1\]"):
        grad((x * 2).sum(), [x, unused])
    assert grad((x * 2).sum(), [x, unused], allow_unused=True)[1] is None
    with pytest.raises(GraphError, match="takes no part"):
        grad((x * 2).sum(), [Tensor([1.0])])


def test_derivatives_of_any_order() -> None:
    """create_graph records the gradient: x^4 differentiated four times."""
    x = leaf(3.0)
    y = x**4
    values = []
    for _ in range(4):
        (y,) = grad(y.sum(), [x], create_graph=True)
        values.append(y.item())
    np.testing.assert_allclose(values, [108.0, 108.0, 72.0, 24.0])


def test_create_graph_makes_grad_itself_differentiable() -> None:
    """A gradient penalty: the gradient is part of the loss."""
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad is not None
    penalty = (x.grad * x.grad).sum()
    x.grad = None
    penalty.backward()
    np.testing.assert_allclose(gradient(x), [2 * 3 * 4 * 6 * 2.0])


def test_two_leaves_never_share_a_gradient_array() -> None:
    """z = a + b gives both the same gradient; changing one must leave the other."""
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).backward(seed := np.ones(2))
    assert a.grad is not None
    a.grad *= 5
    assert gradient(b) == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]
    ga, gb = grad((a + b).sum(), [a, b])
    assert not np.shares_memory(ga.data, gb.data)


def test_hooks_see_and_change_gradients() -> None:
    """register_hook, and retain_grad for results in between."""
    x = leaf(1.0, 2.0)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    y.sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [1.0, 1.0]
    assert seen == [[30.0, 30.0]]
    assert gradient(x) == [30.0, 30.0]
    with pytest.raises(GraphError, match="no gradient will arrive"):
        Tensor([1.0]).register_hook(print)


def test_a_leaf_that_is_gone_is_passed_over() -> None:
    """Leaves are held weakly by the graph."""
    x = leaf(1.0)
    y = (x * leaf(2.0)).sum()
    y.backward()
    assert gradient(x) == [2.0]


def test_an_error_in_the_middle_leaves_the_graph_usable() -> None:
    """A hook that raises does not leave half a walk behind."""
    x = leaf(1.0)
    y = x * 2
    z = (y * y).sum()

    def fail(g: Tensor) -> None:
        raise RuntimeError("hook")

    y.register_hook(fail)
    with pytest.raises(RuntimeError, match="hook"):
        z.backward(retain_graph=True)
    assert y.node is not None
    y.node.hooks = None
    z.backward()
    assert gradient(x) == [8.0]


def test_own_operations_are_subclasses_of_function() -> None:
    """The door for users: forward and backward, written once for arrays and tensors."""

    class Cube(trainer.Function):
        saves = (0,)

        @staticmethod
        def forward(needs: Any, x: Any) -> Any:
            return x * x * x, (x,)

        @staticmethod
        def backward(g: Any, needs: Any, x: Any) -> Any:
            return (g * 3 * x * x,)

    assert trainer.gradcheck(lambda x: trainer.apply(Cube, x), leaf(1.0, -2.0))


def test_changing_a_saved_value_is_refused() -> None:
    """The classic mistake: parameters change between forward and backward (issue 4)."""
    w, x = leaf(2.0), Tensor(np.array([3.0]))
    y = (w * x).sum()
    with trainer.no_grad():
        w += 1.0
    y.backward()  # only x was needed for this gradient
    assert gradient(w) == [3.0]
    z = (w * w).sum()
    with trainer.no_grad():
        w += 1.0
    with pytest.raises(InPlaceError, match="mul: a value its gradient needs was changed in place"):
        z.backward()


def test_changing_a_saved_value_through_a_view_is_refused() -> None:
    """Memory counts, not names."""
    w, x = leaf(1.0, 2.0), Tensor(np.array([3.0, 4.0]))
    y = (w * x).sum()
    x[:1].zero_()
    with pytest.raises(InPlaceError, match=r"x = x \+ y"):
        y.backward()


def test_recording_can_be_switched_for_good_and_for_a_while() -> None:
    """set_grad_enabled(False) alone is how some programs begin their evaluation; as a context it is put back."""
    x = Tensor(2.0, requires_grad=True)
    with trainer.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    try:
        trainer.set_grad_enabled(False)
        assert not (x * 2).requires_grad
    finally:
        trainer.set_grad_enabled(True)
    assert (x * 2).requires_grad


def test_a_hook_can_be_removed() -> None:
    """As often as one likes; others stay."""
    x = Tensor(2.0, requires_grad=True)
    seen: list[float] = []
    first = x.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: seen.append(g.item()))
    first.remove()
    first.remove()
    (x * 3).backward()
    assert x.grad is not None
    assert (x.grad.item(), seen) == (3.0, [3.0])
