"""Which operation made the first value that is not finite: the step is executed again, once its loss is not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.anomaly import detect_anomaly
from trainer.backend import array_module, random_state, set_random_state, standing
from trainer.errors import AnomalyError
from trainer.function import mode
from trainer.nn.module import Module

if TYPE_CHECKING:
    from trainer.loop import Loop


class Autopsy:
    """Looks at the loss of each step, and at one small gradient near the input, where what is not finite arrives.

    Args:
        model: Which is trained.

    Attributes:
        is_done: Whether there was such a step: the first is the one that matters.
    """

    def __init__(self, model: Module) -> None:
        self.is_done = False
        self._random: dict[str, Any] | None = None
        trained = [p for p in model.parameters() if p.requires_grad]
        self._sentinel = min(trained[: max(2, len(trained) // 4)], key=lambda p: p.raw.size, default=None)

    def begin(self) -> None:
        """A step begins."""
        if not self.is_done:
            self._random = standing()

    def examine(self, loop: Loop) -> AnomalyError | None:
        """Called when the gradients are there and parameters as they were: what went wrong, the first time it does."""
        if self.is_done or self._random is None or self._is_well(loop):
            return None
        self.is_done = True
        return _executed_again(loop, self._random) or AnomalyError(
            "The loss or a gradient is not finite; executed again, the step was."
        )

    def _is_well(self, loop: Loop) -> bool:
        if loop.batch_loss is not None and not math.isfinite(loop.batch_loss.item()):
            return False
        grad = None if self._sentinel is None else self._sentinel.grad
        if grad is None:
            return True
        flat = grad.raw.reshape(-1)
        # Not finite where an element is not: a third of the time of a sum. It may run over by itself.
        return math.isfinite(float(flat.dot(flat))) or bool(array_module(grad.raw).isfinite(grad.raw).all())


def _executed_again(loop: Loop, random: dict[str, Any]) -> AnomalyError | None:
    """What `detect_anomaly` says of the step that was made last; gradients, buffers and random numbers stay as they
    were after it."""
    gradients = [(p, p.grad) for p in loop.model.parameters()]
    kept = [(module, name, getattr(module, name)) for module in loop.model.modules() for name in module._buffers]
    buffers = [(module, name, buffer, buffer.raw.copy()) for module, name, buffer in kept if buffer is not None]
    now, observer = random_state(), mode.observer
    set_random_state(random)
    try:
        for p, _ in gradients:
            p.grad = None
        with np.errstate(all="ignore"), detect_anomaly():  # of the same values it was warned before
            loop.loss(loop.model(loop.inputs), loop.targets).backward()
    except AnomalyError as error:
        return error
    except Exception:  # noqa: BLE001 a step that cannot be executed twice has trained all the same
        return None
    finally:
        mode.observer = observer
        set_random_state(now)
        for p, grad in gradients:
            p.grad = grad
        for module, name, buffer, raw in buffers:
            buffer.raw[...] = raw
            setattr(module, name, buffer)
    return None
