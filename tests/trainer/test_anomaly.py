"""The first operation that made a NaN or an infinity is named, with its line and its inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import trainer
from trainer import AnomalyError, Tensor, nn

HERE = Path(__file__).name
pytestmark = pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")


def line_of(text: str) -> int:
    """The line of this file that ends in a marker."""
    lines = Path(__file__).read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.endswith(text))


class Broken(nn.Module):
    """Takes the logarithm of what may be negative."""

    def forward(self, x: Tensor) -> Tensor:
        return x.log() * 2  # BROKEN


def test_the_first_operation_is_named_with_line_modules_and_inputs() -> None:
    """Not the loss, where the NaN is usually seen (issue 4)."""
    model = nn.Sequential(nn.Identity(), Broken())
    x = Tensor([[-1.0, 4.0]], requires_grad=True)
    with pytest.raises(AnomalyError) as caught, trainer.detect_anomaly():
        model(x).sum().backward()
    assert str(caught.value) == (
        f"log at {HERE}:{line_of('# BROKEN')} in Broken in Sequential made the first value that is not finite.\n"
        "  expected: finite values from finite inputs\n"
        "  got:      float32 (1, 2), 1.386 to 1.386, mean 1.386, 1 NaN\n"
        "  its inputs: float32 (1, 2), -1 to 4, mean 1.5\n"
        "  in 1: Broken()"
    )


def test_a_gradient_is_named_by_the_line_of_its_operation() -> None:
    """The value was fine, the derivative is not: the root at 0."""
    x = Tensor([0.0, 4.0], requires_grad=True)
    says = rf"the gradient of sqrt at {HERE}:{line_of('# ROOT')}.*\n.*\n.*1 \+inf"
    with trainer.detect_anomaly():
        y = x.sqrt()  # ROOT
        with pytest.raises(AnomalyError, match=says):
            y.sum().backward()


def test_values_that_were_not_finite_before_are_no_fault_of_the_operation() -> None:
    """Missing data go through; scalars and integers are looked at too."""
    x = Tensor([np.nan, 1.0], requires_grad=True)
    with trainer.detect_anomaly():
        y = (x * 2).sum() + Tensor([1, 2]).sum()
        y.backward()
    assert x.grad is not None
    with pytest.raises(AnomalyError, match="div"), trainer.detect_anomaly():
        Tensor(1.0) / Tensor(0.0)


def test_nan_in_the_data_is_laid_to_the_data() -> None:
    """The loss is where it would fail, but the first layer is where it came in; -inf in a mask is no fault."""
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    x = np.array([[1.0, np.nan]], np.float32)
    says = r"linear at .* in Linear in Sequential was given a value that is not finite(.*\n)*.*1 to 1, mean 1, 1 NaN"
    with pytest.raises(AnomalyError, match=says), trainer.detect_anomaly():
        nn.CrossEntropyLoss()(model(x), np.array([0])).backward()
    attention = nn.MultiheadAttention(4, 2)
    z = trainer.randn(3, 2, 4)
    with trainer.detect_anomaly():
        attention(z, z, z, is_causal=True)[0].sum().backward()


def test_outside_nothing_is_looked_at() -> None:
    """And an error inside puts everything back."""
    with pytest.raises(ZeroDivisionError), trainer.detect_anomaly():
        raise ZeroDivisionError
    assert np.isinf((Tensor(1.0) / Tensor(0.0)).item())
    assert trainer.function.mode.observer is None
