"""PyTorch: the gradients and parameters of a module, and its graph, while an ordinary loop trains it."""

from __future__ import annotations

import logging
from typing import Any

from tracker.integrations.pytorch_stats import OutputStats
from tracker.run import Run
from tracker.values.graph import Graph
from tracker.values.histogram import Histogram

logger = logging.getLogger("tracker")


class Watch:
    """Hooks on a module that log as it trains; `stop()` takes them off.

    Steps are counted in forward passes in training mode, so that they are those of a loop that logs each pass.

    Args:
        run: Where to.
        module: A `torch.nn.Module`.
        every: How many passes lie between two that are logged.
        gradients: Whether to log `gradients/<parameter>` as they come out of the backward pass.
        parameters: Whether to log `parameters/<parameter>` as they go into the forward pass.
        outputs: Whether to log `act_norm/<module>` and `dead/<module>` of what its parts put out, and to mark the one
            that puts out the first value that is not finite.
        norms: Whether to log `grad_norm/`, `weight_norm/` and `update_ratio/<parameter>`: Euclidean lengths, and that
            of the step taken divided by that of the weights before it.
        detect_anomaly: Whether to look for such a value in each pass, and not only in those that are logged.
        graph: Whether to log the graph at the first pass.
        step: The first pass's step.
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
    ) -> None:
        if every < 1:
            raise ValueError(f"watch: every is how many passes lie between two that are logged\n  got:      {every}")
        self.step = step - 1
        self._run = run
        self._every = every
        self._parameters = parameters
        self._graph = graph
        self._gradients = gradients
        self._norms = norms
        self._weights: dict[str, Any] = {}
        self._outputs = OutputStats(run, module, every_pass=detect_anomaly) if outputs or detect_anomaly else None
        self._handles = [module.register_forward_pre_hook(self._before)]
        if gradients or norms:
            for name, parameter in module.named_parameters():
                if parameter.requires_grad:
                    self._handles.append(parameter.register_hook(self._hook(name)))

    def stop(self) -> None:
        """Takes the hooks off. Can be called twice."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self._outputs is not None:
            self._outputs.flush()
            self._outputs.stop()

    def __deepcopy__(self, memo: dict[int, Any]) -> Watch:
        """A copy of the module, such as an average of its weights, has hooks that say nothing: it is another model."""
        twin = Watch.__new__(Watch)
        twin.__dict__ = {**self.__dict__, "_graph": False, "_parameters": False, "_handles": []}
        return twin

    def _before(self, module: Any, inputs: tuple[Any, ...]) -> None:
        if self._graph and inputs:
            self._graph = False
            self._log_graph(module, inputs)
        if not module.training:
            return
        if self._outputs is not None:
            self._outputs.flush()
        if self._weights:
            self._log_updates(module)
        self.step += 1
        due = self.step % self._every == 0
        if self._outputs is not None:
            self._outputs.step, self._outputs.due = self.step, due
        if not due:
            return
        found: dict[str, Any] = {}
        if self._parameters:
            found = {f"parameters/{name}": Histogram(each) for name, each in module.named_parameters()}
        if self._norms:
            self._weights = {name: each.detach().clone() for name, each in module.named_parameters()}
            found |= {f"weight_norm/{name}": float(each.float().norm()) for name, each in self._weights.items()}
        if found:
            self._run.log(found, step=self.step)

    def _log_updates(self, module: Any) -> None:
        """How far the step went that followed the pass before, told at that pass's step."""
        before, self._weights = self._weights, {}
        found = {}
        for name, each in module.named_parameters():
            if name in before and before[name].shape == each.shape and (length := float(before[name].float().norm())):
                found[f"update_ratio/{name}"] = float((each.detach() - before[name]).float().norm()) / length
        self._run.log(found, step=self.step)

    def _hook(self, name: str) -> Any:
        def log(gradient: Any) -> None:
            if self.step >= 0 and self.step % self._every == 0:
                found: dict[str, Any] = {}
                if self._gradients:
                    found[f"gradients/{name}"] = Histogram(gradient)
                if self._norms:
                    found[f"grad_norm/{name}"] = float(gradient.detach().float().norm())
                self._run.log(found, step=self.step)

        return log

    def _log_graph(self, module: Any, inputs: tuple[Any, ...]) -> None:
        handle = self._handles.pop(0)
        handle.remove()  # the trace calls the module, which must not count as a pass
        try:
            self._run.log({"graph": Graph.of(module, *inputs)}, step=max(0, self.step))
        except Exception as error:  # noqa: BLE001 a model that cannot be traced can be trained all the same
            logger.warning("tracker: the graph of %s cannot be traced: %s", type(module).__name__, str(error)[:200])
        finally:
            self._handles.insert(0, module.register_forward_pre_hook(self._before))


def gradients_and_parameters(module: Any) -> dict[str, Histogram]:
    """Histograms of every parameter and, where there is one, its gradient, as they are now."""
    found = {}
    for name, parameter in module.named_parameters():
        found[f"parameters/{name}"] = Histogram(parameter)
        if parameter.grad is not None:
            found[f"gradients/{name}"] = Histogram(parameter.grad)
    return found
