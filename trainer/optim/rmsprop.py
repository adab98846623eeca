"""RMSprop: the gradient divided by the size it had lately."""

from __future__ import annotations

from typing import Any

from trainer.backend import Array, array_module
from trainer.optim.optimizer import Optimizer, Parameters


class RMSprop(Optimizer):
    """v <- alpha v + (1 - alpha) g^2;  p <- p - lr * g / (sqrt(v) + eps).

    Args:
        params: Tensors, or groups of them.
        lr: Length of a step.
        alpha: How long squared gradients are remembered; the paper's decay.
        eps: Keeps the division from 0.
        weight_decay: Added to the gradient times the parameter.
        momentum: Share of the last step in the next.
        centered: Divide by the spread of the gradient around its mean instead.

    Source: Tieleman and Hinton 2012, lecture 6.5; centered: Graves 2013.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
            },
        )

    def first_state(self, p: Array, group: dict[str, Any]) -> dict[str, Any]:
        xp = array_module(p)
        state = {"square_avg": xp.zeros_like(p)}
        if group["momentum"]:
            state["momentum_buffer"] = xp.zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = xp.zeros_like(p)
        return state

    def update(self, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        xp = array_module(p)
        g = self.decayed(p, g, group["weight_decay"])
        alpha = group["alpha"]
        v = state["square_avg"]
        step = self.scratch(p)
        v *= alpha
        xp.multiply(g, g, out=step)
        step *= 1 - alpha
        v += step
        if group["centered"]:
            mean = state["grad_avg"]
            mean *= alpha
            mean += xp.multiply(g, 1 - alpha, out=step)
            xp.subtract(v, xp.multiply(mean, mean, out=step), out=step)
            xp.sqrt(step, out=step)
        else:
            xp.sqrt(v, out=step)
        step += group["eps"]
        xp.divide(g, step, out=step)
        if group["momentum"]:
            buffer = state["momentum_buffer"]
            buffer *= group["momentum"]
            buffer += step
            xp.multiply(buffer, group["lr"], out=step)
        else:
            step *= group["lr"]
        p -= step
