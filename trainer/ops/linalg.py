"""Products of matrices: matmul, the linear layer in one step, and einsum."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.backend import array_module
from trainer.errors import ArgumentError, DTypeError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.ops.elementwise import mul
from trainer.ops.index import getitem
from trainer.ops.shape import expand, permute, reshape, squeeze, transpose, unsqueeze
from trainer.promotion import promoted
from trainer.tensor import Tensor


class MatMul(Function):
    """Matrix product over the last two axes; the axes before broadcast."""

    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return array_module(a).matmul(a, b), (a if needs[1] else None, b if needs[0] else None)

    @staticmethod
    def backward(g: Any, needs: Any, a: Any, b: Any) -> Any:
        grad_a = g @ transpose(b, -1, -2) if needs[0] else None
        if not needs[1]:
            return grad_a, None
        if needs[1].shape != (a.shape[-1], g.shape[-1]) or a.ndim == 2:
            return grad_a, transpose(a, -1, -2) @ g
        # One matrix b for a batch of a: one product over all rows instead of one a sample, summed later.
        return grad_a, a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])


class Linear(Function):
    """x @ weight.T + bias in one step, over the last axis of x."""

    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, weight: Any, bias: Any) -> Any:
        rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        y = rows @ weight.T
        if bias is not None:
            y += bias
        return y if x.ndim == 2 else y.reshape(*x.shape[:-1], y.shape[-1]), (
            x if needs[1] else None,
            weight if needs[0] else None,
        )

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, weight: Any) -> Any:
        rows = g if g.ndim == 2 else g.reshape(-1, g.shape[-1])
        return (
            g @ weight if needs[0] else None,
            rows.T @ (x if x.ndim == 2 else x.reshape(-1, x.shape[-1])) if needs[1] else None,
            rows.sum(0) if needs[2] else None,
        )


class EinSum(Function):
    """One term per operand and one result, no letter twice in a term, no ellipsis; `einsum` brings it to this form."""

    name = "einsum"
    saves = (None, None, *range(52))

    @staticmethod
    def forward(needs: Any, *operands: Any, terms: tuple[str, ...], result: str) -> Any:
        y = array_module(operands[0]).einsum(f"{','.join(terms)}->{result}", *operands, optimize=len(operands) > 1)
        return y, (terms, result, *operands)

    @staticmethod
    def backward(g: Any, needs: Any, terms: tuple[str, ...], result: str, *operands: Any) -> Any:
        grads: list[Tensor | None] = []
        for i, need in enumerate(needs):
            if not need:
                grads.append(None)
                continue
            others = [t for j, t in enumerate(terms) if j != i]
            # A letter that is only in this term was summed away: every element along it gets the same gradient.
            there = "".join(c for c in terms[i] if c in result or any(c in t for t in others))
            part = apply(
                EinSum, g, *(x for j, x in enumerate(operands) if j != i), terms=(result, *others), result=there
            )
            shape = operands[i].shape
            lengths = tuple(shape[k] if c in there else 1 for k, c in enumerate(terms[i]))
            grads.append(expand(reshape(part, lengths), shape))
        return tuple(grads)


def matmul(input: Any, other: Any) -> Tensor:
    """Matrix product: (..., n, k) @ (..., k, m) = (..., n, m); a vector is a row on the left, a column on the right.

    Raises:
        ShapeError: the inner lengths differ, or an operand has no axes.
        DTypeError: float32 against float64.
    """
    if isinstance(input, Tensor) or isinstance(other, Tensor):
        if not (hasattr(input, "dtype") and hasattr(other, "dtype") and input.dtype == other.dtype):
            input, other = _matching("matmul", input, other)
        _check_inner(input, other)
    if input.ndim == 1:
        return squeeze(matmul(unsqueeze(input, 0), other), -2 if other.ndim > 1 else 0)
    if other.ndim == 1:
        return squeeze(matmul(input, unsqueeze(other, 1)), -1)
    return apply(MatMul, input, other)


def linear(input: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias over the last axis.

    Args:
        input: (..., in_features).
        weight: (out_features, in_features).
        bias: (out_features,), or None.

    Returns:
        (..., out_features).

    Raises:
        ShapeError: the last axis of `input` is not in_features long.
        DTypeError: `input` and `weight` are of different float dtypes.
    """
    features = weight.shape[1]
    if not isinstance(input, Tensor):
        input = Tensor(input, dtype=weight.dtype, device=weight.device)
    if input.shape[-1:] != (features,):
        raise ShapeError(features_message(f"linear with weight {weight.shape}", input.shape, features))
    if input.dtype != weight.dtype:
        raise _dtype_error("linear", "input", input, weight)
    return apply(Linear, input, weight, bias)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The product of every element of one vector with every element of another: (n,), (m,) -> (n, m)."""
    return mul(unsqueeze(input, 1), vec2)


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products in Einstein's notation: "bij,bjk->bik" is a batch of matrix products.

    Args:
        equation: A term of letters for each operand, comma between, and after "->" the letters of the result; without
            "->" those that occur once, in the order of the alphabet. "..." stands for any further axes. A letter
            twice in a term takes the diagonal.
        operands: One for each term, with an axis for each letter; axes of length 1 broadcast.

    Raises:
        ArgumentError: the equation does not fit the operands.
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ArgumentError(
            sentence(f"einsum: {equation!r} has a term for each operand.", f"{len(terms)} operands", len(operands))
        )
    if not arrow:
        once = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
        result = ("..." if "..." in left else "") + "".join(once)
    values = list(operands)
    if "..." in equation:
        terms, values, result = _without_ellipsis(equation, terms, values, result)
    for i, term in enumerate(terms):
        if len(term) != values[i].ndim:
            raise ArgumentError(
                sentence(
                    f"einsum: term {i} of {equation!r} has a letter for each axis.",
                    f"{len(term)} axes",
                    f"shape {values[i].shape}",
                )
            )
    lengths = _lengths(equation, terms, values, result)
    for i, term in enumerate(terms):
        full = tuple(lengths[c] for c in term)
        spread = values[i] if full == tuple(values[i].shape) else expand(values[i], full)
        values[i], terms[i] = _diagonal(spread, term)
    return apply(EinSum, *values, terms=tuple(terms), result=result)


def _lengths(equation: str, terms: list[str], values: list[Any], result: str) -> dict[str, int]:
    """How long the axis of each letter is; ArgumentError where an equation cannot be understood."""
    lengths: dict[str, int] = {}
    for term, x in zip(terms, values, strict=True):
        for c, n in zip(term, x.shape, strict=True):
            if c not in string.ascii_letters:
                raise ArgumentError(sentence(f"einsum: {equation!r} is made of letters.", "a to z, A to Z", repr(c)))
            known = lengths.get(c, n)
            if n != known and (1 not in (n, known) or term.count(c) > 1):
                shapes = " and ".join(str(tuple(value.shape)) for value in values)
                raise ArgumentError(
                    sentence(f"einsum: {c} of {equation!r} has one length.", f"{known} or 1", f"{n}, in {shapes}")
                )
            lengths[c] = n if known == 1 else known
    for c in result:
        if c not in lengths or result.count(c) > 1:
            expected = f"letters of {','.join(terms)}, each once"
            raise ArgumentError(sentence(f"einsum: the result of {equation!r} cannot be.", expected, repr(result)))
    return lengths


def _without_ellipsis(
    equation: str, terms: list[str], values: list[Any], result: str
) -> tuple[list[str], list[Any], str]:
    """The same sum with a letter for each axis that "..." stands for; operands are broadcast along these."""
    counts = [x.ndim - len(t.replace("...", "")) for t, x in zip(terms, values, strict=True)]
    most = max(n for n, t in zip(counts, terms, strict=True) if "..." in t)
    free = [c for c in string.ascii_letters if c not in equation][:most]
    middle = [
        x.shape[t.index("...") :][:n] if "..." in t else () for t, x, n in zip(terms, values, counts, strict=True)
    ]
    common = np.broadcast_shapes(*middle)
    for i, term in enumerate(terms):
        if "..." in term:
            at = term.index("...")
            shape = values[i].shape
            full = (*shape[:at], *common[len(common) - counts[i] :], *shape[at + counts[i] :])
            values[i] = expand(values[i], full) if full != shape else values[i]
            terms[i] = term.replace("...", "".join(free[most - counts[i] :]))
    return terms, values, result.replace("...", "".join(free))


def _diagonal(x: Any, term: str) -> tuple[Any, str]:
    """x and its term with every letter once: along a repeated letter the diagonal is taken."""
    for c in sorted(set(term)):
        while term.count(c) > 1:
            first, second = [k for k, d in enumerate(term) if d == c][:2]
            rest = [k for k in range(x.ndim) if k not in (first, second)]
            steps = array_module(x.raw if isinstance(x, Tensor) else x).arange(x.shape[first])
            x = getitem(permute(x, first, second, *rest), (steps, steps))
            term = c + "".join(term[k] for k in rest)
    return x, term


def _matching(name: str, a: Any, b: Any) -> Sequence[Any]:
    """Two operands of one dtype; arrays and integers are brought to it, float32 against float64 is refused."""
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.dtype.kind == b.dtype.kind == "f":
        raise _dtype_error(name, "input", a, b)
    return promoted(a, b)


def _dtype_error(name: str, argument: str, x: Any, weight: Any) -> DTypeError:
    hint = f"try {argument}.to(trainer.{weight.dtype})"
    return DTypeError(sentence(f"{name}: {argument} has another dtype than the weights.", weight.dtype, x.dtype, hint))


def _check_inner(a: Any, b: Any) -> None:
    """Raises ShapeError when a @ b cannot be."""
    if a.ndim and b.ndim and a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0]:
        return
    hint = None
    if b.ndim == 2 and a.ndim and a.shape[-1] == b.shape[1]:
        hint = f"try a @ b.T, which is {a.shape} @ {b.shape[::-1]}"
    raise ShapeError(
        sentence(
            "matmul: the last axis of the first must be as long as the last but one of the second.",
            "(..., n, k) @ (..., k, m)",
            f"{tuple(a.shape)} @ {tuple(b.shape)}",
            hint,
        )
    )


def features_message(who: str, shape: tuple[int, ...], features: int) -> str:
    """What to say when the last axis has the wrong length, with the reshape that helps where one does."""
    hint = None
    if len(shape) > 2 and int(np.prod(shape[1:])) == features:
        hint = f"try x.reshape({shape[0]}, -1), which is ({shape[0]}, {features})"
    return sentence(
        f"{who}: x must have {features} features on its last axis.", f"(..., {features})", tuple(shape), hint
    )
