"""The checker finds mistakes: a test that cannot fail proves nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import trainer
from trainer import DTypeError, GradientError, Tensor


class Wrong(trainer.Function):
    """The square, with a gradient that forgets the 2."""

    saves = (0,)

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return x * x, (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g * x,)


class WrongSecond(trainer.Function):
    """The square, with a right gradient that is not recorded as a function of x."""

    saves = (None,)

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return x * x, (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g * 2 * x,)


X = np.array([1.0, -2.0, 0.5])


def test_a_wrong_gradient_is_found() -> None:
    """Both numbers are in the message, one under the other."""
    with pytest.raises(GradientError, match=r"gradient disagrees[^\n]*\n  expected: .*\n  got: "):
        trainer.gradcheck(lambda x: trainer.apply(Wrong, x), Tensor(X, requires_grad=True))


def test_a_wrong_second_order_is_found() -> None:
    """First order passes, second does not."""
    x = Tensor(X, requires_grad=True)
    assert trainer.gradcheck(lambda x: trainer.apply(WrongSecond, x), x, order=1)
    with pytest.raises(GradientError, match="gradient of the gradient"):
        trainer.gradcheck(lambda x: trainer.apply(WrongSecond, x), x)


def test_float32_is_too_coarse() -> None:
    """Finite differences of float32 would say nothing."""
    with pytest.raises(DTypeError, match="float64"):
        trainer.gradcheck(trainer.exp, Tensor([1.0], requires_grad=True))


def test_several_inputs_and_outputs() -> None:
    """Inputs that need no gradient are left alone."""
    a, b = Tensor(X, requires_grad=True), Tensor(X)
    assert trainer.gradcheck(lambda a, b: (a * b, a.sum(), b * 2), [a, b])
