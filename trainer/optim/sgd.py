"""Stochastic gradient descent: plain, with momentum, with Nesterov's look ahead."""

from __future__ import annotations

from typing import Any

from trainer.backend import Array, array_module
from trainer.errors import ArgumentError, sentence
from trainer.optim.optimizer import Optimizer, Parameters


class SGD(Optimizer):
    """p <- p - lr * v, with v the gradient or, with momentum, v <- momentum * v + (1 - dampening) * g.

    Args:
        params: Tensors, or groups of them.
        lr: Length of a step.
        momentum: Share of the last step in the next, in [0, 1).
        dampening: Share of the gradient left out of the momentum.
        weight_decay: Added to the gradient times the parameter.
        nesterov: Use g + momentum * v, the gradient as if the step had been made.

    Raises:
        ArgumentError: a setting out of range; nesterov without momentum or with dampening.

    Source: Robbins and Monro 1951; Polyak 1964; Nesterov 1983 in the form of Sutskever et al. 2013, with lr outside of
    v as in PyTorch, so that a change of lr takes effect at once.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            got = f"momentum={group['momentum']}, dampening={group['dampening']}"
            raise ArgumentError(sentence("SGD: nesterov needs momentum.", "momentum > 0, dampening = 0", got))

    def update(self, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        xp = array_module(p)
        g = self.decayed(p, g, group["weight_decay"])
        step = self.scratch(p)
        momentum = group["momentum"]
        if momentum:
            v = state.get("momentum_buffer")
            if v is None:
                v = state["momentum_buffer"] = xp.array(g)
            else:
                v *= momentum
                v += xp.multiply(g, 1 - group["dampening"], out=step)
            g = xp.add(g, xp.multiply(v, momentum, out=step), out=step) if group["nesterov"] else v
        p -= xp.multiply(g, group["lr"], out=step)
