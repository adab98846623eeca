"""PyTorch: which module and operation made the first value that is not finite, looked for once there is one."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from typing import Any

from tracker.integrations.pytorch_ends import first_output, is_float, tensors
from tracker.integrations.pytorch_functions import Functions, line_outside, module_here
from tracker.run import Run

logger = logging.getLogger("tracker")


class Autopsy:
    """Looks at one number a pass; when it is not finite, the pass is run again to say where that began.

    Args:
        run: Where the mark goes.
        module: A `torch.nn.Module`.

    Attributes:
        step: That of the pass that runs.
        healthy: What was logged last by tag while all was finite, and `healthy_step` of which step it was.
        is_running: Whether the module is being run again, which is no pass of the training.
    """

    def __init__(self, run: Run, module: Any) -> None:
        import torch

        self._generator = torch.default_generator
        self.step = 0
        self.healthy: dict[str, float] = {}
        self.healthy_step = 0
        self.is_running = False
        self._run = run
        self._module = weakref.ref(module)  # hooks of parameters lead here, and would keep the model alive
        self._paths = {id(each): name for name, each in module.named_modules()}
        self._is_done = False
        self._random: Any = None
        self._output_gradient: Any = None
        self._later = _Later()
        sentinel = _sentinel(module)
        self._sentinel = (lambda: None) if sentinel is None else weakref.ref(sentinel)

    def remember(self, found: Mapping[str, Any], step: int) -> None:
        """Keeps what was logged, unless something is wrong already."""
        numbers = {tag: value for tag, value in found.items() if isinstance(value, (int, float))}
        if not self._is_done and all(value - value == 0 for value in numbers.values()):
            if step != self.healthy_step:
                self.healthy, self.healthy_step = {}, step
            self.healthy |= numbers

    def begin(self, step: int) -> None:
        """A pass of the training begins."""
        self.step = step
        if not self._is_done:
            self._random = self._generator.get_state()

    def end(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
        """It ended: its output, a tensor, is looked at."""
        if self._is_done:
            return
        step = self._later.ask(output.detach(), self.step)
        if step is not None:
            self._run_again(step, args, kwargs)

    def gradient_of_output(self, gradient: Any) -> None:
        """The backward pass reached the output: kept, and looked at when something turns out to be wrong."""
        self._output_gradient = None if self._is_done else gradient

    def gradients(self) -> None:
        """The optimizer is about to use them. One parameter near the input is asked: what is not finite goes there."""
        if self._is_done:
            return
        sentinel, root = self._sentinel(), self._module()
        gradient = None if sentinel is None else sentinel.grad
        if root is None or gradient is None or gradient.is_cuda or gradient.is_sparse or _is_finite(gradient):
            return
        if self._output_gradient is not None and not _is_finite(self._output_gradient):
            self._mark(
                "The gradient of the loss by the model's output is the first value that is not finite: the output was "
                "finite, the loss or what leads to it was not.",
                self.step, "", "loss", "", [], self._output_gradient,
            )  # fmt: skip
            return
        broken = [
            (name, each.grad) for name, each in root.named_parameters()
            if each.grad is not None and not _is_finite(each.grad)
        ]  # fmt: skip
        name, gradient = broken[-1]  # the nearest to the output was computed first
        text = f"The gradient of {name} is the first that is not finite, coming from the output."
        self._mark(text, self.step, name.rpartition(".")[0], "backward", "", [], gradient)

    def look(self, name: str, module: Any, inputs: Any, output: Any) -> None:
        """What a module put out, where every pass is looked at."""
        if self._is_done or _is_finite(output):
            return
        kind = type(module).__name__
        self._say(kind, f"{kind} {name}", name, module, line_outside(), tensors(inputs), output, self.step)

    def _run_again(self, step: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """The forward pass, with the random numbers it had, every function looked at, and everything put back."""
        import torch

        root = self._module()
        if root is None:
            return
        # The pass that is under way has them on its tape: copies stand in for them, which may be written to.
        buffers = [(each, name, buffer) for each in root.modules() for name, buffer in each._buffers.items()]
        now, self.is_running = torch.get_rng_state(), True
        try:
            for each, name, buffer in buffers:
                each._buffers[name] = None if buffer is None else buffer.detach().clone()
            torch.set_rng_state(self._random)
            with torch.no_grad(), Functions(self._look_at_function):
                root(*args, **kwargs)
        except _FoundError:
            pass
        except Exception as error:  # noqa: BLE001 a model that cannot be run twice has trained all the same
            logger.debug("tracker: %s cannot be run again: %s", type(root).__name__, error)
        finally:
            torch.set_rng_state(now)
            for each, name, buffer in buffers:
                each._buffers[name] = buffer
            self.is_running = False
        if not self._is_done:
            text = "The model put out a value that is not finite; run again, it did not."
            self._mark(text, step, "", type(root).__name__, "", [], None)

    def _look_at_function(self, function: str, args: tuple[Any, ...], output: Any) -> None:
        y = first_output(output)
        if y is None or not y.numel() or _is_finite(y):
            return
        given = [each for each in tensors(args) if is_float(each)]
        if function in _MASKS or (bool((~y.isnan()).all()) and any(not _is_finite(each) for each in given)):
            return  # a mask of -inf does no harm; where it does, a NaN comes
        path, module = module_here(self._paths)
        source = line_outside()
        is_torch = type(module).__module__.startswith("torch.")
        kind = type(module).__name__ if is_torch else function
        self._say(kind, f"{kind} {path}" if is_torch else f"{function}{f' in {path}' if path else ''}",
                  path, module, source, given, y, self.step)  # fmt: skip
        raise _FoundError

    def _say(
        self, operation: str, who: str, path: str, module: Any, source: str, inputs: Any, output: Any, step: int
    ) -> None:
        given = [each for each in inputs if is_float(each)]
        broken = []
        if module is not None:
            broken = [name for name, each in module.named_parameters() if is_float(each) and not _is_finite(each)]
        why = f"; its {' and '.join(broken[:4])} {'is' if len(broken) == 1 else 'are'} not finite" if broken else ""
        if not broken and any(not _is_finite(each) for each in given):
            why = "; it was given one that no operation had made"
        text = f"{who}{f' at {source}' if source else ''} put out the first value that is not finite{why}."
        self._mark(text, step, path, operation, source, given, output)

    def _mark(
        self, text: str, step: int, path: str, operation: str, source: str, inputs: list[Any], output: Any
    ) -> None:
        self._is_done = True
        self._random = self._output_gradient = None
        self._run.mark(
            text,
            max(step, 0),
            kind="anomaly",
            node=path.replace(".", "/"),
            operation=operation,
            source=source,
            inputs=[statistics(each) for each in inputs],
            output="" if output is None else statistics(output),
            healthy=self._led_here(path),
            healthy_step=self.healthy_step,
        )

    def _led_here(self, path: str) -> dict[str, float]:
        """Of what was logged last while all was finite: what is of this module and of the input before the rest."""
        if not path:
            return dict(list(self.healthy.items())[:_MOST])
        near = {tag: value for tag, value in self.healthy.items() if f"/{path}" in tag or tag.startswith("input/")}
        rest = {tag: value for tag, value in self.healthy.items() if tag not in near}
        return dict([*near.items(), *rest.items()][:_MOST])


_MOST = 60
"""Statistics that a mark carries: those of some ten layers."""

_MASKS = frozenset(
    "masked_fill masked_fill_ full full_like new_full triu tril where empty empty_like detach get".split()
)


class _FoundError(Exception):
    """Ends the second run: what was looked for is found."""


class _Later:
    """Whether tensors are finite: at once on a CPU, on a GPU when it comes by, so that nothing waits for it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Any, Any, int]] = []

    def ask(self, x: Any, step: int) -> int | None:
        """The step of the first tensor of those asked about that is known not to be finite."""
        if not x.is_cuda:
            return None if _is_finite(x) else step
        import torch

        number = x.float().sum()
        kept = torch.empty((), pin_memory=True)
        kept.copy_(number, non_blocking=True)
        event: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self._waiting.append((event, kept, step))
        while self._waiting and self._waiting[0][0].query():
            _, answer, of_step = self._waiting.pop(0)
            if float(answer) - float(answer) != 0:
                return of_step
        return None


def _is_finite(x: Any) -> bool:
    """The sum tells it in one pass; where it is too large for the type, the elements do."""
    total = (x.detach() if x.requires_grad else x).sum().item()
    return total - total == 0 or bool(x.isfinite().all())


def _sentinel(module: Any) -> Any:
    """The smallest parameter in the first quarter of those that are trained: cheap to look at, near the input."""
    trained = [each for each in module.parameters() if each.requires_grad]
    return min(trained[: max(2, len(trained) // 4)], key=lambda each: each.numel(), default=None)


def statistics(x: Any) -> str:
    """Shape, range and mean of the finite elements of a tensor, and how many are NaN or infinite."""
    flat = x.detach().reshape(-1).float()
    finite = flat[flat.isfinite()]
    text = f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"
    if finite.numel():
        text += f", {float(finite.min()):.4g} to {float(finite.max()):.4g}, mean {float(finite.mean()):.4g}"
    for name, count in (("NaN", flat.isnan().sum()), ("+inf", flat.isposinf().sum()), ("-inf", flat.isneginf().sum())):
        text += f", {int(count)} {name}" if int(count) else ""
    return text
