"""PyTorch: the gradients and parameters of a module, and its graph, while an ordinary loop trains it."""

from __future__ import annotations

import logging
from typing import Any

from tracker.integrations.pytorch_graph import graph_of
from tracker.run import Run
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
        self._handles = [module.register_forward_pre_hook(self._before)]
        if gradients:
            for name, parameter in module.named_parameters():
                if parameter.requires_grad:
                    self._handles.append(parameter.register_hook(self._hook(f"gradients/{name}")))

    def stop(self) -> None:
        """Takes the hooks off. Can be called twice."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

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
        self.step += 1
        if self._parameters and self.step % self._every == 0:
            found = {f"parameters/{name}": Histogram(each) for name, each in module.named_parameters()}
            self._run.log(found, step=self.step)

    def _hook(self, tag: str) -> Any:
        def log(gradient: Any) -> None:
            if self.step >= 0 and self.step % self._every == 0:
                self._run.log({tag: Histogram(gradient)}, step=self.step)

        return log

    def _log_graph(self, module: Any, inputs: tuple[Any, ...]) -> None:
        handle = self._handles.pop(0)
        handle.remove()  # the trace calls the module, which must not count as a pass
        try:
            self._run.log({"graph": graph_of(module, inputs, strict=False)}, step=max(0, self.step))
        except Exception as error:  # noqa: BLE001 a model that cannot be traced can be trained all the same
            logger.warning("tracker: the graph of %s cannot be traced: %s", type(module).__name__, str(error)[:200])
        finally:
            self._handles.insert(0, module.register_forward_pre_hook(self._before))
