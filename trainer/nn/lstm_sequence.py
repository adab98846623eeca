"""An LSTM over a whole sequence as one operation: few large products and few calls a step, forward and back.

Arrays of a step lie features first, (4 H, N), so that each gate is one block of memory. Measured with 64 features, 128
units, 32 steps and a batch of 32, forward, back and Adam: 3.8 ms, where steps of recorded operations take 7.1. Halves
of the batch on two threads, with one of BLAS each, gain nothing: 3.3 ms forward and back on two cores of their own, as
now, since a half's products of 16 columns take more than half the time and the threads wait for Python's lock; and 6.0
wherever the system puts both threads on one core, which it often does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trainer import functional as F
from trainer.autograd import grad
from trainer.backend import array_module
from trainer.function import Function, apply, mode
from trainer.ops.convert import clone
from trainer.ops.shape import cat, stack, unsqueeze
from trainer.tensor import Tensor

State = tuple[Tensor, ...]
Weights = tuple[Tensor, Tensor, Tensor | None, Tensor | None]  # of inputs and states, and their biases
Cell = Callable[[Tensor, Tensor, State], State]


class Lstm(Function):
    """Every output and the last cell state, (T + 1, N, H), of a sequence (T, N, D) of at least one step."""

    saves = (0, 1, 2, 3, 4, 5, 6, None, None, None, None)
    fresh = True

    @staticmethod
    def forward(
        needs: Any, x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, h: Any, c: Any, backwards: bool
    ) -> Any:
        xp = array_module(x)
        (steps, batch, width), size = x.shape, h.shape[-1]
        # sigmoid(a) is tanh(a / 2) / 2 + 1 / 2, so that one call of tanh is all gates. Halving the weights of three of
        # them once halves their sums: of a power of two no bit is lost. Those three lie together: i, f, o, new values.
        biases = [] if bias_ih is None else [(bias_ih + bias_hh)[:, None]]
        weight = xp.concatenate([weight_ih, weight_hh, *biases], axis=1).reshape(4, size, -1)[[0, 1, 3, 2]]
        weight[:3] *= 0.5
        weight = weight.reshape(4 * size, -1)
        # What the weights are multiplied with: of each step the input, the state before it, and 1 for the bias.
        taken = xp.empty((steps + 1, batch, weight.shape[1]), dtype=x.dtype)
        taken[:-1, :, :width], taken[:, :, width + size :] = _in_order(x, backwards), 1
        hs = taken[:, :, width : width + size]
        # Of each step the gates i, f and o, the new values, and c before it, so that what they add up to is two calls.
        gates = xp.empty((steps + 1, 5, size, batch), dtype=x.dtype)
        tanh_cs = xp.empty((steps, size, batch), dtype=x.dtype)
        hs[0], gates[0, 4] = h, c.T
        parts = xp.empty((2, size, batch), dtype=x.dtype)
        new, kept = parts
        for t in range(steps):
            now, after, tanh_c = gates[t], gates[t + 1, 4], tanh_cs[t]
            sums, between = now[:4], now[:3]
            xp.matmul(weight, taken[t].T, out=sums.reshape(4 * size, batch))
            np.tanh(sums, out=sums)
            between *= 0.5
            between += 0.5
            np.multiply(now[:2], now[3:], out=parts)
            np.add(new, kept, out=after)
            np.tanh(after, out=tanh_c)
            # Turned after the product: 0.1 of 4 ms less than by an output of the product that lies the other way.
            hs[t + 1] = np.multiply(now[2], tanh_c, out=new).T
        y = xp.empty(hs.shape, dtype=x.dtype)
        y[:-1], y[-1] = _in_order(hs[1:], backwards), gates[-1, 4].T
        return y, (x, weight_ih, weight_hh, bias_ih, bias_hh, h, c, taken, gates, tanh_cs, backwards)

    @staticmethod
    def backward(
        g: Any,
        needs: Any,
        x: Any,
        weight_ih: Any,
        weight_hh: Any,
        bias_ih: Any,
        bias_hh: Any,
        h: Any,
        c: Any,
        taken: Any,
        gates: Any,
        tanh_cs: Any,
        backwards: bool,
    ) -> Any:
        if isinstance(g, Tensor):
            return _recorded_gradient(g, needs, (x, weight_ih, weight_hh, bias_ih, bias_hh, h, c), backwards)
        xp = array_module(g)
        (steps, batch, width), size = x.shape, h.shape[-1]
        gates = gates[:-1]
        i, f, o, n = (gates[:, k] for k in range(4))
        # The gradient at the sums of the gates is the one at h or at c times what is known of all steps already; here
        # the gates lie as in the weights, with the new values before o.
        slopes = xp.empty((steps, 4, size, batch), dtype=g.dtype)
        for gate, slope in ((gates[:, :2], slopes[:, :2]), (o, slopes[:, 3])):
            np.subtract(1, gate, out=slope)
            slope *= gate
        slopes[:, :2] *= gates[:, 3:]
        slopes[:, 3] *= tanh_cs
        to_c = xp.empty_like(tanh_cs)
        for value, gate, slope in ((n, i, slopes[:, 2]), (tanh_cs, o, to_c)):
            np.multiply(value, value, out=slope)
            np.subtract(1, slope, out=slope)
            slope *= gate
        arriving = _in_order(g[:-1], backwards)
        is_reached = arriving.any((1, 2)).tolist()  # of a classifier only the last step
        grad_h, grad_c = xp.zeros_like(tanh_cs[0]), g[-1].T.copy()
        part, back = xp.empty_like(grad_c), xp.ascontiguousarray(weight_hh.T)
        sums = slopes.reshape(steps, 4 * size, batch)
        for t in reversed(range(steps)):
            now = slopes[t]
            by_c, by_h = now[:3], now[3]
            if is_reached[t]:
                grad_h += arriving[t].T
            np.multiply(grad_h, to_c[t], out=part)
            grad_c += part
            by_c *= grad_c
            by_h *= grad_h
            grad_c *= f[t]
            if t or needs[5]:
                xp.matmul(back, sums[t], out=grad_h)
        # (4 H, T N): what all steps did to all weights is one product.
        sums = sums.swapaxes(0, 1).reshape(4 * size, -1)
        weight: Any = sums @ taken[:-1].reshape(-1, taken.shape[2]) if any(needs[1:5]) else None
        return (
            _in_order((sums.T @ weight_ih).reshape(x.shape), backwards) if needs[0] else None,
            weight[:, :width].copy() if needs[1] else None,
            weight[:, width : width + size].copy() if needs[2] else None,
            weight[:, -1].copy() if needs[3] else None,
            weight[:, -1].copy() if needs[4] else None,
            grad_h.T if needs[5] else None,
            grad_c.T if needs[6] else None,
        )


def lstm(x: Tensor, weights: Weights, state: State, backwards: bool) -> tuple[Tensor, State] | None:
    """The outputs (T, N, H) of a sequence (T, N, D) and the last state; None where it has to go step by step.

    That is so where nothing is there to be done, where dtypes differ, and where each step is wanted by who looks on.
    """
    given = (x, *weights, *state)
    is_watched = mode.observer is not None and mode.observer.stepwise
    if is_watched or not x.numel() or any(each is not None and each.dtype != x.dtype for each in given):
        return None
    y = apply(Lstm, *given, backwards=backwards)
    return y[:-1], (y[0 if backwards else -2], y[-1])


def lstm_cell(from_input: Tensor, from_state: Tensor, state: State) -> State:
    """One step: h and c after it, from sums (N, 4 H) and from h and c before it."""
    i, f, g, o = (from_input + from_state).chunk(4, -1)
    c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def step_by_step(cell: Cell, x: Tensor, weights: Weights, state: State, backwards: bool) -> tuple[Tensor, State]:
    """A recurrent layer's outputs and last state by operations of each step; the inputs' products are made at once."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    projected = F.linear(x, weight_ih, bias_ih)
    outputs: list[Tensor] = []
    for t in reversed(range(len(x))) if backwards else range(len(x)):
        state = cell(projected[t], F.linear(state[0], weight_hh, bias_hh), state)
        outputs.append(state[0])
    if not outputs:
        return projected[..., : weight_hh.shape[1]], state
    return stack(outputs[::-1] if backwards else outputs), state


def _in_order(x: Any, backwards: bool) -> Any:
    """Steps as they are gone through."""
    return x[::-1] if backwards else x


def _recorded_gradient(g: Tensor, needs: Any, inputs: tuple[Tensor | None, ...], backwards: bool) -> tuple[Any, ...]:
    """The gradient in operations that have gradients themselves: that of the same sequence, step by step.

    It is asked for at clones, behind which nothing else lies: what one input owes to another is not its own.
    """
    given = [None if x is None else clone(x) for x in inputs]
    y, state = step_by_step(lstm_cell, given[0], tuple(given[1:5]), tuple(given[5:]), backwards)  # type: ignore[arg-type]
    wanted = [x for x, need in zip(given, needs, strict=False) if x is not None and need]
    found = iter(grad(cat([y, unsqueeze(state[1], 0)]), wanted, g, create_graph=True))
    return tuple(next(found) if need else None for _, need in zip(given, needs, strict=False))
