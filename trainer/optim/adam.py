"""Adam and AdamW: momentum, and a step length for each parameter."""

from __future__ import annotations

import math
from typing import Any

from trainer.backend import Array, array_module
from trainer.errors import ArgumentError, sentence
from trainer.optim.optimizer import Optimizer, Parameters, in_blocks


class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  p <- p - lr * m^ / (sqrt(v^) + eps).

    m^ and v^ are m and v divided by 1 - beta^t, because both start at 0.

    The state holds the sums M = m / (1 - beta1) and V = v / (1 - beta2) instead, and all factors are put into one
    number at the end: ten passes over memory instead of twelve (measured: 1.07 against 1.26 ms for 670,000 parameters).

    Args:
        params: Tensors, or groups of them.
        lr: Length of a step; the paper's alpha.
        betas: beta1 and beta2, how long gradients and squared gradients are remembered, in [0, 1).
        eps: Keeps the division from 0.
        weight_decay: Added to the gradient times the parameter.

    Source: Kingma and Ba 2015, algorithm 1.
    """

    decoupled = False

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        if not all(0 <= beta < 1 for beta in group["betas"]):
            raise ArgumentError(sentence(f"{type(self).__name__}: betas are out of range.", "[0, 1)", group["betas"]))

    def first_state(self, p: Array, group: dict[str, Any]) -> dict[str, Any]:
        xp = array_module(p)
        return {"step": 0, "grad_sum": xp.zeros_like(p), "square_sum": xp.zeros_like(p)}

    def update(self, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        xp = array_module(p)
        lr, (beta1, beta2) = group["lr"], group["betas"]
        if self.decoupled:
            p *= 1 - lr * group["weight_decay"]
        else:
            g = self.decayed(p, g, group["weight_decay"])
        t = state["step"] = state["step"] + 1
        # lr m^ / (sqrt(v^) + eps), with sqrt(v^) = root * sqrt(V).
        root = math.sqrt((1 - beta2) / (1 - beta2**t))
        rate = lr * (1 - beta1) / (1 - beta1**t) / root
        for part, g_part, m, v in in_blocks(p, g, state["grad_sum"], state["square_sum"]):
            step = self.scratch(part)
            m *= beta1
            m += g_part
            v *= beta2
            v += xp.multiply(g_part, g_part, out=step)
            xp.sqrt(v, out=step)
            step += group["eps"] / root
            xp.divide(m, step, out=step)
            step *= rate
            part -= step


class AdamW(Adam):
    """Adam with the weights shrunk by lr * weight_decay at each step instead of a change to the gradient.

    Source: Loshchilov and Hutter 2019.
    """

    decoupled = True

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
