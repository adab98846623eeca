"""Adagrad: a step length for each parameter, smaller the more it has moved."""

from __future__ import annotations

from typing import Any

from trainer.backend import Array, array_module
from trainer.optim.optimizer import Optimizer, Parameters


class Adagrad(Optimizer):
    """G <- G + g^2;  p <- p - lr / (1 + (t - 1) lr_decay) * g / (sqrt(G) + eps).

    Args:
        params: Tensors, or groups of them.
        lr: Length of a step.
        lr_decay: How fast the step shrinks by itself.
        weight_decay: Added to the gradient times the parameter.
        initial_accumulator_value: G at the start.
        eps: Keeps the division from 0.

    Source: Duchi et al. 2011.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
            },
        )

    def first_state(self, p: Array, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "sum": array_module(p).full_like(p, group["initial_accumulator_value"])}

    def update(self, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        xp = array_module(p)
        g = self.decayed(p, g, group["weight_decay"])
        total = state["sum"]
        step = self.scratch(p)
        lr = group["lr"] / (1 + state["step"] * group["lr_decay"])
        state["step"] += 1
        total += xp.multiply(g, g, out=step)
        xp.sqrt(total, out=step)
        step += group["eps"]
        xp.divide(g, step, out=step)
        step *= lr
        p -= step
