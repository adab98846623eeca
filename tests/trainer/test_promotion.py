"""Which dtype a result has, and what is said when inputs do not fit: no silent float64, no bare traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, DeviceError, DTypeError, ShapeError, Tensor

SINGLE, DOUBLE = Tensor([1.0, 2.0]), Tensor(np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("result", "dtype"),
    [
        (lambda: SINGLE * 2.5, "float32"),
        (lambda: SINGLE * np.float64(2.5), "float32"),
        (lambda: np.int64(3) * SINGLE, "float32"),
        (lambda: SINGLE * Tensor([1, 2]), "float32"),
        (lambda: SINGLE + Tensor([True, False]), "float32"),
        (lambda: SINGLE * Tensor(np.float64(2.0)), "float32"),
        (lambda: SINGLE * DOUBLE, "float64"),
        (lambda: SINGLE * np.array([1.0, 2.0]), "float64"),
        (lambda: Tensor([1, 2]) / 2, "float32"),
        (lambda: Tensor([1, 2]) / Tensor([2, 2]), "float32"),
        (lambda: Tensor([1, 2]) + 1, "int64"),
        (lambda: Tensor([1, 2]) * 0.5, "float32"),
        (lambda: Tensor([True]) + 1, "int64"),
        (lambda: Tensor([1, 2]).mean(), "float32"),
        (lambda: Tensor(1.0) * 2.5, "float32"),
        (lambda: Tensor(np.float64(1.0)) * 2.5, "float64"),
        (lambda: trainer.where(Tensor([True, False]), SINGLE, 0.5), "float32"),
        (lambda: trainer.cat([SINGLE, DOUBLE]), "float64"),
        (lambda: trainer.maximum(SINGLE, 0), "float32"),
    ],
)
def test_result_dtype(result: Callable[[], Tensor], dtype: str) -> None:
    """PyTorch's rule, also where NumPy's would widen."""
    assert result().dtype == np.dtype(dtype)


def test_gradient_of_mixed_dtypes_comes_back_in_each_inputs_own() -> None:
    """A float32 weight keeps a float32 gradient when it meets float64 data."""
    w = Tensor([1.0, 2.0], requires_grad=True)
    x = Tensor(np.array([3.0, 4.0]), requires_grad=True)
    (w * x).sum().backward()
    assert w.grad is not None
    assert x.grad is not None
    assert (w.grad.dtype, x.grad.dtype) == (np.float32, np.float64)


def test_a_leaf_collects_its_gradient_in_its_own_dtype_whatever_arrives() -> None:
    """einsum lets NumPy mix dtypes, so a float64 gradient arrives at a float32 leaf."""
    w = Tensor([1.0, 2.0], requires_grad=True)
    trainer.einsum("i,i->", w, DOUBLE).backward()
    assert w.grad is not None
    assert w.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0]), ShapeError, "add: shapes do not fit"),
        (lambda: trainer.maximum(trainer.ones(2), trainer.ones(3)), ShapeError, r"\(2,\) and \(3,\)"),
        (lambda: Tensor([1.0, 2.0]) == Tensor([1.0, 2.0, 3.0]), ShapeError, "equal: shapes do not fit"),
        (lambda: trainer.ones(2, 3).sum(2), ShapeError, r"an axis in \[-2, 2\)"),
        (lambda: trainer.ones(2, 3).softmax(5), ShapeError, "axis"),
        (lambda: trainer.ones(2, 3).reshape(4, 2), ShapeError, r"shape \(2, 3\)"),
        (lambda: trainer.ones(2, 3) @ trainer.ones(2, 3), ShapeError, r"b\.T"),
        (lambda: trainer.ones(2, 3) @ DOUBLE, DTypeError, "float64"),
        (lambda: trainer.ones(()) @ trainer.ones(2), ShapeError, "matmul"),
        (lambda: trainer.cat([]), ShapeError, "nothing"),
        (lambda: trainer.cat([trainer.ones(2, 3), trainer.ones(3, 2)]), ShapeError, "only axis 0"),
        (lambda: trainer.ones(5).split([2, 2]), ShapeError, "a sum of 5"),
        (lambda: trainer.einsum("ij,jk", trainer.ones(2, 3)), ArgumentError, "2 operands"),
        (lambda: trainer.einsum("ij->i", trainer.ones(2, 3, 4)), ArgumentError, "2 axes"),
        (lambda: Tensor([1.0]) + "a", DTypeError, "data"),
        (lambda: trainer.ones(2, 3).max(4), ShapeError, "axis"),
        (lambda: trainer.ones(2, 3).permute(0, 0), ArgumentError, "permute"),
        (lambda: trainer.ones(2, 3).transpose(0, 3), ShapeError, "axis"),
        (lambda: trainer.ones(2, 3).unsqueeze(4), ShapeError, "axis"),
        (lambda: trainer.ones(2, 3).flatten(0, 2), ShapeError, "axis"),
    ],
)
def test_what_does_not_fit_is_named(call: Callable[[], Any], error: type[Exception], says: str) -> None:
    """Three parts: what was wrong, expected and got."""
    with pytest.raises(error, match=says) as caught:
        call()
    assert "expected:" in str(caught.value)
    assert "got:" in str(caught.value)


def test_cuda_without_cupy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """CONTRACT: the error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    with pytest.raises(DeviceError, match=r"everystep\[gpu\]"):
        Tensor([1.0], device="cuda")


def test_an_unknown_device_is_named() -> None:
    """A typing mistake is not answered with an import error."""
    with pytest.raises(ArgumentError, match="'gpu'"):
        trainer.zeros(2, device="gpu")
