"""Losses: the forms a target may have, and what is said when it has none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, DTypeError, ShapeError, Tensor, nn
from trainer import functional as F

LOGITS = np.random.default_rng(2).standard_normal((6, 4)).astype(np.float32)
CLASSES = np.array([0, 3, 1, 1, 2, 0])
ONE_HOT = np.eye(4)[CLASSES]


def test_class_numbers_one_hot_rows_and_probabilities_are_recognised() -> None:
    """Integers (N,), and (N, C) of any dtype, as arrays or tensors, give the same loss (issue 4)."""
    targets = [CLASSES, CLASSES.astype(np.uint8), ONE_HOT, ONE_HOT.astype(np.int64), ONE_HOT > 0, Tensor(CLASSES)]
    values = {round(F.cross_entropy(Tensor(LOGITS), target).item(), 5) for target in targets}
    assert len(values) == 1
    assert F.one_hot(CLASSES).tolist() == ONE_HOT.tolist()
    assert nn.CrossEntropyLoss()(LOGITS, CLASSES).item() == pytest.approx(values.pop(), abs=1e-5)


@pytest.mark.parametrize(
    ("logits", "target", "error", "says"),
    [
        ((32, 80), np.zeros(2560, int), ShapeError, "logits (32, 80), target (2560,)\n  if target is one-hot, try target.reshape(32, 80)"),
        ((32, 80), np.zeros((32, 1), int), ShapeError, "try target.reshape(-1), which is (32,)"),
        ((32, 80), np.zeros(64, int), ShapeError, "2 labels a row"),
        ((32, 80), np.zeros((32, 81)), ShapeError, "as many columns as there are logits, 80"),
        ((32, 80), np.zeros(31, int), ShapeError, "expected: (32,) class numbers, or (32, 80) one-hot"),
        ((32, 80), np.zeros(32), DTypeError, "try target.astype('int64')"),
        ((32, 80), np.full(32, 80), ArgumentError, "expected: 0 to 79"),
        ((32, 80), np.full(32, -1), ArgumentError, "got:      -1 to -1"),
        ((80,), np.zeros(1, int), ShapeError, "(N, C)\n  got:      (80,)\n  try input.unsqueeze(0)"),
        ((2560, 80), np.zeros((32, 80), int), ShapeError, "try target.reshape(-1), which is (2560,)"),
        ((32, 50, 80), np.zeros((32, 50), int), ShapeError, "classes lie on axis 1: try input.permute(0, 2, 1)"),
        ((32, 50, 80), np.zeros(1600, int), ShapeError, "if classes lie on the last axis, try input.reshape(1600, 80)"),
        ((32, 80, 50), np.zeros(1600, int), ShapeError, "try target.reshape(32, 50)"),
    ],
)  # fmt: skip
def test_targets_that_do_not_belong_are_answered_with_the_fix(
    logits: tuple[int, ...], target: Any, error: type[Exception], says: str
) -> None:
    """The classic: logits and labels must have the same first dimension, (32, 80) against (2560,) (issue 4)."""
    with pytest.raises(error) as caught:
        F.cross_entropy(trainer.zeros(logits), target)
    assert says in str(caught.value)


def test_huge_logits_and_certain_answers_do_not_overflow() -> None:
    """Warnings are errors in this suite, so none was given either."""
    x = Tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    loss = F.cross_entropy(x, np.array([0, 0]), reduction="none")
    assert loss.tolist() == [0.0, 2e4]
    loss.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0], [-1, 1]]
    y = F.binary_cross_entropy_with_logits(Tensor([1e4, -1e4]), np.array([0.0, 0.0]), reduction="none")
    assert y.tolist() == [1e4, 0.0]
    assert F.binary_cross_entropy(Tensor([0.0, 1.0]), np.array([1.0, 1.0]), reduction="none").tolist() == [100.0, 0.0]


def test_a_certain_answer_has_a_finite_gradient(torch: Any) -> None:
    """Probabilities of exactly 0 and 1, right and wrong: PyTorch's numbers, and no warning of NumPy's."""
    p, t = np.array([0.0, 1.0, 0.0, 1.0, 0.3]), np.array([0.0, 1.0, 1.0, 0.0, 0.5])
    ours, theirs = Tensor(p, requires_grad=True), torch.tensor(p, requires_grad=True)
    F.binary_cross_entropy(ours, t).backward()
    torch.nn.functional.binary_cross_entropy(theirs, torch.tensor(t)).backward()
    assert ours.grad is not None
    # PyTorch's 1e-12 is a float32, and ours a float64.
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-8)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0, 1.0, 0.25])], ids=["", "weighted"])
@pytest.mark.parametrize("kind", ["classes", "some ignored", "one-hot", "places", "list"])
def test_every_combination_of_options_is_that_of_pytorch(
    kind: str, weight: Any, label_smoothing: float, reduction: str, torch: Any
) -> None:
    """Values and gradients, to 1e-10."""
    logits = np.random.default_rng(3).standard_normal((6, 4, 2) if kind == "places" else (6, 4))
    target: Any = {"one-hot": ONE_HOT, "places": np.stack([CLASSES, CLASSES[::-1]], 1)}.get(kind, CLASSES)
    if kind == "some ignored":
        target = np.where(CLASSES == 1, -100, CLASSES)
    ours, theirs = Tensor(logits, requires_grad=True), torch.tensor(logits, requires_grad=True)
    options: dict[str, Any] = {"label_smoothing": label_smoothing, "reduction": reduction}
    y = F.cross_entropy(ours, target.tolist() if kind == "list" else target, weight, **options)
    z = torch.nn.functional.cross_entropy(
        theirs, torch.tensor(target), None if weight is None else torch.tensor(weight), **options
    )
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-10)
    y.sum().backward()
    z.sum().backward()
    assert ours.grad is not None
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_nothing_gives_nan_and_ignored_rows_count_nothing() -> None:
    """The mean over no rows, and over rows that are all padding, is not a number."""
    assert np.isnan(F.cross_entropy(trainer.zeros(0, 3), np.zeros(0, int)).item())
    assert np.isnan(F.cross_entropy(trainer.zeros(2, 3), np.array([-100, -100])).item())
    assert F.cross_entropy(trainer.zeros(2, 3), np.array([-100, 1])).item() == pytest.approx(np.log(3))
    assert F.cross_entropy(trainer.zeros(0, 3), np.zeros(0, int), reduction="sum").item() == 0


def test_a_nan_logit_makes_a_nan_loss() -> None:
    """Never hidden."""
    assert np.isnan(F.cross_entropy(Tensor([[np.nan, 1.0]]), np.array([1])).item())


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.binary_cross_entropy_with_logits])
def test_targets_are_not_broadcast(loss: Callable[..., Tensor]) -> None:
    """(N, 1) against (N,) would compare every sample with every other."""
    with pytest.raises(ShapeError, match=r"try target\.reshape\(3, 1\)"):
        loss(trainer.zeros(3, 1), np.zeros(3))
    with pytest.raises(ArgumentError, match="'mean' or 'sum' or 'none'"):
        loss(trainer.zeros(3), np.zeros(3), reduction="average")


@pytest.mark.parametrize("make", [nn.CrossEntropyLoss, nn.MSELoss, nn.L1Loss, nn.BCELoss, nn.BCEWithLogitsLoss])
def test_an_unknown_reduction_is_refused_when_the_loss_is_made(make: Callable[..., Any]) -> None:
    """Not an epoch later."""
    with pytest.raises(ArgumentError, match="reduction"):
        make(reduction="average")


def test_loss_modules_are_the_functions() -> None:
    """Arrays and float64 targets are fine."""
    x, t = trainer.rand(3, 4), np.random.default_rng(0).random((3, 4))
    for module, function in (
        (nn.MSELoss(), F.mse_loss),
        (nn.L1Loss(), F.l1_loss),
        (nn.BCELoss(), F.binary_cross_entropy),
        (nn.BCEWithLogitsLoss(), F.binary_cross_entropy_with_logits),
    ):
        assert module(x, t).item() == function(x, t).item()
        assert module(x, t).dtype == np.float32


def test_one_hot_refuses_what_is_no_class() -> None:
    """Floats, and numbers without a column."""
    with pytest.raises(DTypeError):
        F.one_hot(np.array([0.5]))
    with pytest.raises(ArgumentError, match="0 to 1"):
        F.one_hot(np.array([2]), 2)
