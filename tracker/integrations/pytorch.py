"""PyTorch: the gradients and parameters of a module, and its graph, while an ordinary loop trains it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch

from tracker.integrations.pytorch_autopsy import Autopsy
from tracker.integrations.pytorch_ends import first_output, lengths, numbers, of_input, of_output
from tracker.integrations.pytorch_gradients import Gradients
from tracker.integrations.pytorch_optimizers import Optimizers
from tracker.integrations.pytorch_passes import Passes
from tracker.integrations.pytorch_stats import OutputStats
from tracker.overhead import Budget
from tracker.run import Run
from tracker.values.graph import Graph
from tracker.values.histogram import Histogram

logger = logging.getLogger("tracker")

_task_in_backward: Callable[[], int] = getattr(torch._C, "_current_graph_task_id", lambda: -1)

_GRACE = 100
"""Steps that are due before any is left out: what short trainings do is told in full."""


class Watch:
    """Hooks on a module that log as it trains; `stop()` takes them off.

    Steps are counted in forward passes in training mode that record gradients, so that they are those of a loop that
    logs each pass. A pass in evaluation mode that a backward pass follows is one as well.

    Every pass is counted, and its output's sum is looked at: when it is not finite, the pass is run again to mark the
    module, operation and line where that began, with what had been logged last while all was well. Everything else is
    computed every `every` steps, and read at once, so that a GPU is waited for at these steps only.

    Tags beside those that `gradients`, `parameters`, `outputs` and `norms` stand for:
        input/mean, input/std, input/min, input/max, input/feature_scale, output/mean, output/std, output/row_sum,
            output/constant: see `pytorch_ends`.
        unused/<parameter>, clipped: see `pytorch_gradients`.
        passes/train, passes/eval, passes/without_backward, passes/backward_in_eval: passes so far in either mode, those
            in training mode without a backward pass, those in evaluation mode with one; also when the mode changes.
        time/step, time/data: mean seconds from the beginning of a step to that of the next, and of these from the end
            of the optimizer's work to the next pass: what a loop logs and moves to a GPU is part of it. Validations are
            left out. On a GPU it is the time of the thread that commands it.

    Args:
        run: Where to.
        module: A `torch.nn.Module`.
        every: How many passes lie between two that are logged.
        gradients: Whether to log `gradients/<parameter>` as they come out of the backward pass.
        parameters: Whether to log `parameters/<parameter>` as they go into the forward pass.
        outputs: Whether to log `act_norm/<module>`, `dead/<module>` and `saturated/<module>` of what its parts put out,
            and what goes into the whole and comes out of it; see `pytorch_stats`.
        norms: Whether to log `grad_norm/`, `weight_norm/` and `update_ratio/<parameter>`: Euclidean lengths, and that
            of the step taken divided by that of the weights before it.
        detect_anomaly: Whether to look at every module's output in each pass for values that are not finite.
        graph: Whether to log the graph at the first pass.
        step: The first pass's step.
        max_overhead: The share of the training's time that what is logged may take: after a hundred steps that are
            due, the costliest of histograms, norms and outputs are logged at every second, fourth... of these where
            they take more, which is said once, in a warning and in a mark. None for as much as it takes.
    """

    def __init__(
        self,
        run: Run,
        module: Any,
        every: int = 100,
        *,
        gradients: bool = True,
        parameters: bool = True,
        outputs: bool = True,
        norms: bool = True,
        detect_anomaly: bool = False,
        graph: bool = True,
        step: int = 0,
        max_overhead: float | None = 0.02,
    ) -> None:
        if every < 1:
            raise ValueError(f"watch: every is how many passes lie between two that are logged\n  got:      {every}")
        self._budget = Budget(max_overhead, ("histograms", "norms", "outputs"), grace=_GRACE)
        self._has_said = False
        self.step = step - 1
        self._run = run
        self._every = every
        self._parameters, self._histograms = parameters, gradients
        self._graph = graph
        self._norms = norms
        self._outputs = outputs
        self._weights: dict[str, Any] = {}
        self._weighed = 0
        self._has_updated = self._has_optimizer = self._has_backward = False
        self._is_silent = self._is_step = self._trains_in_eval = False
        self._found: dict[str, Any] = {}
        self._passes = Passes()
        self._autopsy = Autopsy(run, module)
        self._stats: OutputStats | None = None
        if outputs or detect_anomaly:
            self._stats = OutputStats(module, self._autopsy, self._budget, every_pass=detect_anomaly)
        self._gradients = Gradients(module, self._budget) if gradients or norms else None
        self._optimizers = Optimizers(module, self)
        self._handles = [
            module.register_forward_pre_hook(self._before, with_kwargs=True),
            module.register_forward_hook(self._after, with_kwargs=True, always_call=True),
        ]

    def stop(self) -> None:
        """Takes the hooks off. Can be called twice."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._optimizers.stop()
        if self._gradients is not None:
            self._gradients.stop()
        if self._stats is not None:
            self._stats.stop()
        self._flush()

    def __deepcopy__(self, memo: dict[int, Any]) -> Watch:
        """A copy of the module, such as an average of its weights, has hooks that say nothing: it is another model."""
        twin = Watch.__new__(Watch)
        twin.__dict__ = {**self.__dict__, "_is_silent": True, "_handles": []}
        return twin

    # What an optimizer tells

    def before_update(self) -> None:
        """The gradients are there, as they are used."""
        if self._gradients is not None:
            self._gradients.before_update()
        self._autopsy.gradients()

    def after_update(self) -> None:
        """The parameters have changed."""
        self._has_updated = self._has_optimizer = True
        self._passes.worked()

    # What the module tells

    def _before(self, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if self._is_silent or self._autopsy.is_running or _is_in_backward():
            return
        if self._graph and args:
            self._graph = False
            self._log_graph(module, args)
        if self._is_step and not self._has_backward and self._trains_in_eval and not module.training:
            self.step, self._trains_in_eval = self.step - 1, False  # that was no step: nothing came of it
        self._flush(module)
        changed = self._passes.begin(module.training)
        records = torch.is_grad_enabled()
        self._is_step = records and (module.training or self._trains_in_eval)
        self._has_backward = False
        due = self._is_step and self._begin_step(module)
        if self._is_step:
            self._autopsy.begin(self.step)
        if self._stats is not None and self._is_step:
            self._stats.begin(due and self._outputs and self._wants("outputs"))
        if due and self._outputs and self._wants("outputs"):
            with self._budget.spending("outputs"):
                self._found |= of_input(args, kwargs)
        if due or changed or (not module.training and self._passes.eval % self._every == 0):
            self._log(self._passes.counts())

    def _after(self, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
        if self._is_silent or self._autopsy.is_running or _is_in_backward():
            return
        due = self._stats is not None and self._stats.due
        if self._stats is not None:
            self._stats.end()
        y = first_output(output)
        if y is None:
            return
        if y.grad_fn is not None:
            y.grad_fn.register_prehook(_Told(self._backward, y.output_nr))  # half the price of a hook of the tensor
        elif y.requires_grad:
            y.register_hook(self._backward)
        if self._is_step:
            if due:
                with self._budget.spending("outputs"):
                    self._found |= of_output(output)
            self._autopsy.end(args, kwargs, y)

    def _backward(self, gradient: Any) -> None:
        """The backward pass begins, as far as the module knows."""
        self._passes.backward()
        if not self._is_step and not self._has_backward:
            self._trains_in_eval = self._is_step = True
            self._begin_step(None)
            self._autopsy.begin(self.step)
        self._has_backward = True
        if self._gradients is not None:
            self._gradients.backward()
        self._autopsy.gradient_of_output(gradient)

    def _begin_step(self, module: Any) -> bool:
        """Counts it; gives whether it is due, and takes down the weights as they are before it."""
        self.step += 1
        self._passes.begin_step()
        if self.step % self._every:
            return False
        self._say(self._budget.judge())
        histograms, norms = self._wants("histograms"), self._norms and self._wants("norms")
        if self._gradients is not None and ((self._histograms and histograms) or norms):
            self._gradients.begin(self.step, histograms=self._histograms and histograms, norms=norms)
        if module is None:
            return True
        if self._parameters and histograms:
            with self._budget.spending("histograms"):
                self._found |= {f"parameters/{name}": Histogram(each) for name, each in module.named_parameters()}
        if norms:
            with self._budget.spending("norms"):
                self._weighed = self.step
                self._weights = {name: each.detach().clone() for name, each in module.named_parameters()}
                names = (f"weight_norm/{name}" for name in self._weights)
                self._found |= dict(zip(names, lengths(self._weights.values()), strict=True))
        self._found |= self._passes.times()
        self._has_updated = False
        self._log(self._found)
        self._found = {}
        return True

    def _wants(self, kind: str) -> bool:
        return self._budget.is_due(kind, self.step // self._every)

    def _say(self, thinned: list[str]) -> None:
        """Once for a training: what is logged more rarely than was asked for, and how to have all of it."""
        if not thinned or self._has_said:
            return
        self._has_said = True
        every = ", ".join(f"{kind} every {self._every * self._budget.stride[kind]}" for kind in thinned)
        text = f"watching would cost more than {self._budget.max_overhead:.1%} of the time, so it logs {every} steps"
        logger.warning("tracker: %s instead of %d; max_overhead=None logs all", text, self._every)
        self._run.mark(text, self.step)

    def _flush(self, module: Any = None) -> None:
        """Logs what the pass before told, and what came of it."""
        if self._stats is not None and self._stats.found:
            self._found |= self._stats.found
            self._stats.found = {}
        if self._found:
            self._log(self._found)
            self._found = {}
        if self._gradients is not None and self._gradients.awaited:
            self._log(self._gradients.take(), self._gradients.step)
        if self._weights and module is not None and (self._has_updated or not self._has_optimizer):
            with self._budget.spending("norms"):
                self._log_updates(module)

    def _log_updates(self, module: Any) -> None:
        """How far the step went that followed a pass, told at that pass's step."""
        before = self._weights
        now = {
            name: each.detach()
            for name, each in module.named_parameters()
            if name in before and before[name].shape == each.shape
        }
        steps = lengths(each - before[name] for name, each in now.items())
        lengths_before = lengths(before[name] for name in now)
        ratios = (step / length for step, length in zip(steps, lengths_before, strict=True))
        read = numbers(dict(zip((f"update_ratio/{name}" for name in now), ratios, strict=True)))
        if not self._has_updated and not any(read.values()):
            return  # whoever updates them has not done it yet, as with gradients of several small batches
        self._weights = {}
        # The ratio to weights of length 0 is none.
        self._log({tag: ratio for tag, ratio in read.items() if ratio - ratio == 0}, self._weighed)

    def _log(self, found: Mapping[str, Any], step: int | None = None) -> None:
        if not found:
            return
        step = max(0, self.step) if step is None else step
        read = numbers(found)
        self._autopsy.remember(read, step)
        self._run.log(read, step=step)

    def _log_graph(self, module: Any, inputs: tuple[Any, ...]) -> None:
        self._is_silent = True  # the trace calls the module, which must not count as a pass
        try:
            self._run.log({"graph": Graph.of(module, *inputs)}, step=max(0, self.step))
        except Exception as error:  # noqa: BLE001 a model that cannot be traced can be trained all the same
            logger.warning("tracker: the graph of %s cannot be traced: %s", type(module).__name__, str(error)[:200])
        finally:
            self._is_silent = False


class _Told:
    """Hears of the gradient of one output of an operation, before the operation's own backward pass.

    Args:
        tell: Called with it.
        number: Which of the operation's outputs.
    """

    __slots__ = ("number", "tell")

    def __init__(self, tell: Callable[[Any], None], number: int) -> None:
        self.tell = tell
        self.number = number

    def __call__(self, gradients: tuple[Any, ...]) -> None:
        self.tell(gradients[self.number])


def _is_in_backward() -> bool:
    """Whether this is a pass that a checkpoint repeats for its gradient."""
    return _task_in_backward() != -1


def gradients_and_parameters(module: Any) -> dict[str, Histogram]:
    """Histograms of every parameter and, where there is one, its gradient, as they are now."""
    found = {}
    for name, parameter in module.named_parameters():
        found[f"parameters/{name}"] = Histogram(parameter)
        if parameter.grad is not None:
            found[f"gradients/{name}"] = Histogram(parameter.grad)
    return found
