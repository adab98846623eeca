"""PyTorch: what a module's parts put out, and which of them made the first value that is not finite."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tracker.run import Run


class OutputStats:
    """Hooks on the modules without modules of their own, which look at what these put out at the steps that are due.

    Args:
        run: Where `act_norm/<module>` and, of rectifiers, `dead/<module>` go: the Euclidean length of the output, and
            the share of units (channels) that were 0 for every sample.
        module: A `torch.nn.Module`.
        every_pass: Whether each pass is looked at for values that are not finite, and not only those that are due.
    """

    def __init__(self, run: Run, module: Any, *, every_pass: bool = False) -> None:
        self.step = -1
        self.due = False
        self._run = run
        self._every_pass = every_pass
        self._found: dict[str, Any] = {}
        self._marked = False
        self._handles = [
            each.register_forward_hook(self._hook(name))
            for name, each in module.named_modules()
            if name and next(each.children(), None) is None
        ]

    def stop(self) -> None:
        """Takes the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def flush(self) -> None:
        """Logs what the pass before told."""
        if self._found:
            self._run.log(self._found, step=self.step)
            self._found = {}

    def _hook(self, name: str) -> Any:
        def look(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
            if not module.training or not (self.due or self._every_pass) or not _is_float(output):
                return
            length = float(output.detach().float().norm())
            if self.due:
                self._found[f"act_norm/{name}"] = length
                if type(module).__name__ in ("ReLU", "ReLU6") and output.dim() > 1:
                    zero = output.detach().movedim(1, 0).reshape(output.shape[1], -1) <= 0
                    self._found[f"dead/{name}"] = float(zero.all(1).float().mean())
            # The length of what is finite can be beyond float32: so its elements are looked at as well.
            if length - length != 0 and not self._marked and not bool(output.isfinite().all()):
                self._mark(name, module, inputs, output)

        return look

    def _mark(self, name: str, module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Marks who made the first value that is not finite: its inputs were finite, or were not."""
        self._marked = True
        kind, source = type(module).__name__, _line_outside()
        described = [statistics(each) for each in inputs if _is_float(each)]
        broken = [path for path, each in module.named_parameters() if not bool(each.isfinite().all())]
        why = f"; its {' and '.join(broken)} {'is' if len(broken) == 1 else 'are'} not finite" if broken else ""
        text = f"{kind} {name}{f' at {source}' if source else ''} put out the first value that is not finite{why}."
        self._run.mark(
            text,
            max(self.step, 0),
            kind="anomaly",
            node=name.replace(".", "/"),
            operation=kind,
            source=source,
            inputs=described,
            output=statistics(output),
        )


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


def _is_float(x: Any) -> bool:
    return hasattr(x, "is_floating_point") and bool(x.is_floating_point()) and x.numel() > 0


def _line_outside() -> str:
    """The line of the user's code that is running: the innermost that is neither PyTorch's nor ours."""
    frame = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in ("torch", "tracker"):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
