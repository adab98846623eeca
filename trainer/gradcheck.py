"""Derivatives checked against finite differences along random directions, of first and of second order.

For a function f, a random direction v at the inputs and a random w at the result, the number sum(w * f) has the
derivative sum(v * gradient) along v. It is compared with (f(x + eps v) - f(x - eps v)) / (2 eps). One direction mixes
all elements, so one comparison finds a mistake in any of them, whatever the size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trainer.autograd import grad
from trainer.backend import array_module
from trainer.errors import DTypeError, GradientError, sentence
from trainer.tensor import Tensor

# The error of a central difference is about eps^2 from the curve and 1e-16 / eps from rounding: least near 1e-5.
_EPS = 1e-5


def gradcheck(
    func: Callable[..., Any],
    inputs: Sequence[Tensor] | Tensor,
    *,
    order: int = 2,
    eps: float = _EPS,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    seed: int = 0,
) -> bool:
    """Checks the gradient of `func` at `inputs`, and the gradient of the gradient.

    Args:
        func: Takes tensors, gives one tensor or several. It must be smooth near `inputs`.
        inputs: Float64 tensors; those that require a gradient are checked.
        order: 1 for the gradient alone, 2 also for its gradient.
        eps: Length of the finite step along a direction of random normal numbers.
        atol, rtol: How far apart the two numbers may be.
        seed: For the directions.

    Returns:
        True.

    Raises:
        GradientError: the derivatives disagree; the message has both numbers under each other.
        DTypeError: an input that is not float64, for which finite differences say nothing.
    """
    tensors = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for i, tensor in enumerate(tensors):
        if tensor.requires_grad and tensor.dtype != np.float64:
            raise DTypeError(sentence(f"gradcheck: inputs[{i}] is too coarse.", "float64", tensor.dtype))
    random = np.random.default_rng(seed)
    _check(func, tensors, random, eps, atol, rtol, "gradient")
    if order > 1:
        # The weights are inputs here as well: a linear function has no second derivative, but what its gradient does
        # with the gradient that arrives is differentiated too when the function is part of a larger one.
        weights = [Tensor(_direction(y, random), requires_grad=True) for y in _several(func(*tensors))]
        gradient = _gradient_of(func, len(tensors))
        _check(gradient, [*tensors, *weights], random, eps, atol, rtol, "gradient of the gradient")
    return True


def _check(
    func: Callable[..., Any],
    inputs: list[Tensor],
    random: np.random.Generator,
    eps: float,
    atol: float,
    rtol: float,
    what: str,
) -> None:
    """Compares one directional derivative of `func`."""
    outputs = _several(func(*inputs))
    weights = [_direction(y, random) for y in outputs]
    wanted = [x for x in inputs if x.requires_grad]
    directions = [_direction(x, random) for x in wanted]
    recorded = [(y, w) for y, w in zip(outputs, weights, strict=True) if y.requires_grad]
    analytic = 0.0
    if recorded:
        gradients = grad([y for y, _ in recorded], wanted, [w for _, w in recorded], allow_unused=True)
        for g, v, x in zip(gradients, directions, wanted, strict=True):
            if g is not None:
                if g.shape != x.shape or g.dtype != x.dtype:
                    raise GradientError(
                        sentence(
                            f"the {what} is of another kind than its input.",
                            f"{x.shape} {x.dtype}",
                            f"{g.shape} {g.dtype}",
                        )
                    )
                analytic += float((g.raw * v).sum())
    numeric = (_shifted(func, inputs, directions, weights, eps) - _shifted(func, inputs, directions, weights, -eps)) / (
        2 * eps
    )
    if not abs(analytic - numeric) <= atol + rtol * abs(numeric):
        raise GradientError(
            sentence(
                f"the {what} disagrees with finite differences.",
                f"{numeric:.12g} (finite differences)",
                f"{analytic:.12g} (backward)",
            )
        )


def _shifted(
    func: Callable[..., Any], inputs: list[Tensor], directions: list[Any], weights: list[Any], step: float
) -> float:
    """sum(w * f) with the inputs moved by `step` along the directions."""
    moves = iter(directions)
    moved = [Tensor(x.raw + step * next(moves), requires_grad=True) if x.requires_grad else x for x in inputs]
    return sum(float((y.raw * w).sum()) for y, w in zip(_several(func(*moved)), weights, strict=True))


def _gradient_of(func: Callable[..., Any], count: int) -> Callable[..., tuple[Tensor, ...]]:
    """The gradient of sum(w * func(x)) with respect to x, as a function of `count` tensors x and of the tensors w."""

    def gradient(*tensors: Tensor) -> tuple[Tensor, ...]:
        xs, ws = tensors[:count], tensors[count:]
        outputs = [(y, w) for y, w in zip(_several(func(*xs)), ws, strict=True) if y.requires_grad]
        wanted = [x for x in xs if x.requires_grad]
        if not outputs:
            return tuple(x * 0 for x in wanted)
        found = grad([y for y, _ in outputs], wanted, [w for _, w in outputs], create_graph=True, allow_unused=True)
        return tuple(x * 0 if g is None else g for g, x in zip(found, wanted, strict=True))

    return gradient


def _direction(x: Tensor, random: np.random.Generator) -> Any:
    """Random normal numbers in the shape and on the device of `x`."""
    return array_module(x.raw).asarray(random.standard_normal(x.shape))


def _several(outputs: Any) -> list[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)
