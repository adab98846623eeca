"""Where the time of training steps goes: every operation and every gradient, timed where it runs."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

from trainer.backend import Array, array_module, finish
from trainer.errors import TrainerError, sentence
from trainer.function import Function, Observer, mode
from trainer.node import Node
from trainer.tensor import Tensor

Event = tuple[str, str, int, int, dict[str, Any]]
"""Name, category, beginning and end in ns, what is told of it."""

STEP = "ProfilerStep#"
"""How a step is called in a trace, as torch.profiler does."""


class Profiler(Observer):
    """Times what this thread computes while it is entered; `tracker.Profile(profiler)` keeps it, for the page Profiles.

        with trainer.profile() as profiler:
            for inputs, targets in itertools.islice(loader, 5):
                train_step(inputs, targets)
                profiler.step()
        run.log({"profile": tracker.Profile(profiler)}, step=step)

    Each operation is an event within the module that ran it, each gradient one within "backward", with an arrow from
    the operation to its gradient. `DataLoader.__next__`, "optimizer" and what `span` names are events too. An event
    tells the shape and the bytes of what it made; the memory line is what arrays made by operations and gradients take
    until they are let go. Timing takes about 6 µs an operation, which lie between the events and not in them. On a GPU
    each operation is waited for, so that its time is its own: a step takes longer there than it does without.

    Args:
        clock: Nanoseconds that only go forward.

    Raises:
        TrainerError: at entering, when it was entered before: one profiler is for one stretch of training.
    """

    def __init__(self, clock: Callable[[], int] = perf_counter_ns) -> None:
        self._clock = clock
        self._events: list[Event] = []
        self._arrows: list[tuple[int, int]] = []
        """(number of an operation's event, number of its gradient's)."""
        self._made: dict[int, int] = {}
        """By the order of a node, the number of the event that made it."""
        self._open: list[tuple[str, str, int]] = []
        self._scopes: list[str] = []
        self._roots: list[Any] = []
        self._paths: dict[int, str] = {}
        self._began: list[int] = []
        self._memory: list[tuple[int, int]] = []
        self._held: dict[int, weakref.ref[Any]] = {}
        self._bytes = 0
        self._device = "CPU"
        self._steps = 0
        self._step_began: int | None = None
        self._before: Observer | None = None

    def __enter__(self) -> Profiler:
        if self._step_began is not None:
            raise TrainerError(
                sentence("profile(): this one was used before.", "a new one", "the same", "try trainer.profile()")
            )
        self._before, mode.observer = mode.observer, self
        self._step_began = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        mode.observer = self._before
        while self._open:  # an error came through
            self._close(self._clock())
        self._held.clear()  # what is let go from now on is not of these steps

    def step(self) -> None:
        """A training step ends here, and the next begins."""
        now = self._clock()
        assert self._step_began is not None, "a profiler that was not entered has no steps"
        self._events.append((f"{STEP}{self._steps}", "step", self._step_began, now, {}))
        self._steps += 1
        self._step_began = now

    # --- what it is told -----------------------------------------------------------------------------

    def before(self, op: type[Function]) -> None:
        self._began.append(self._clock())

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        finish(output.raw)
        now = self._clock()
        told = {"module": self._scopes[-1] if self._scopes else "", **_about(output.raw)}
        self._events.append((op.name, "forward", self._began.pop(), now, told))
        if output.node is not None:
            self._made[output.node.order] = len(self._events) - 1
        self._hold(output.raw, now)

    def gradient(self, node: Node, g: Any, parts: Sequence[Any]) -> None:
        raws = [part.raw if isinstance(part, Tensor) else part for part in parts if part is not None]
        for raw in raws[:1]:
            finish(raw)
        now = self._clock()
        made = self._made.get(node.order)
        module = self._events[made][4]["module"] if made is not None else ""
        told: dict[str, Any] = {"module": module, "bytes": sum(int(raw.nbytes) for raw in raws)}
        self._events.append((f"{node.op.name} gradient", "backward", self._began.pop(), now, told))
        if made is not None:
            self._arrows.append((made, len(self._events) - 1))
        for raw in raws:
            self._hold(raw, now)

    def enter(self, module: Any) -> None:
        kind = type(module).__name__
        if not self._scopes and all(root is not module for root in self._roots):
            self._roots.append(module)  # held, so that no other model takes its identity
            self._paths.update({id(each): path for path, each in module.named_modules()})
        path = self._paths.get(id(module), "")
        self._scopes.append(path.replace(".", "/") or kind)
        own = path.rpartition(".")[2]
        self._open.append((f"{own} ({kind})" if own else kind, "module", self._clock()))

    def leave(self, module: Any) -> None:
        self._close(self._clock())
        self._scopes.pop()

    def begin(self, part: str) -> None:
        self._open.append((part, "part", self._clock()))

    def end(self, part: str) -> None:
        self._close(self._clock())

    def _close(self, now: int) -> None:
        name, category, began = self._open.pop()
        self._events.append((name, category, began, now, {}))

    def _hold(self, raw: Array, now: int) -> None:
        """Counts the memory of an array that owns it, until it is let go."""
        key = id(raw)
        if key in self._held or getattr(raw, "base", None) is not None or not raw.nbytes:
            return
        size = int(raw.nbytes)

        def let_go(_: object, held: dict[int, Any] = self._held) -> None:
            if held.pop(key, None) is not None:
                self._bytes -= size
                self._memory.append((self._clock(), self._bytes))

        try:
            self._held[key] = weakref.ref(raw, let_go)
        except TypeError:  # a NumPy scalar: a result of one element that nothing has to hold
            return
        self._bytes += size
        self._memory.append((now, self._bytes))
        self._device = "CPU" if array_module(raw) is np else "GPU"

    # --- what it tells -------------------------------------------------------------------------------

    def trace(self) -> dict[str, Any]:
        """What was seen, in Chrome's trace-event format: fit for `tracker.Profile`, Perfetto and chrome://tracing.

        Source: Trace Event Format, Google, 2016.
        """
        where = {"pid": "trainer", "tid": "training"}
        found: list[dict[str, Any]] = [
            {"ph": "M", "name": "process_name", "pid": "trainer", "args": {"name": "trainer"}},
            {"ph": "M", "name": "thread_name", **where, "args": {"name": "training"}},
        ]
        for name, category, began, ended, told in self._events:
            event = {"ph": "X", "name": name, "cat": category, **where, "ts": began / 1e3, "dur": (ended - began) / 1e3}
            found.append({**event, "args": told} if told else event)
        for number, (made, gradient) in enumerate(self._arrows):
            arrow = {"name": "gradient", "cat": "gradient", "id": number, **where}
            found.append({"ph": "s", **arrow, "ts": self._events[made][2] / 1e3})
            found.append({"ph": "f", "bp": "e", **arrow, "ts": self._events[gradient][2] / 1e3})
        line = f"{self._device} memory allocated"
        for at, size in self._memory:
            found.append({"ph": "C", "name": line, "pid": "trainer", "ts": at / 1e3, "args": {"bytes": size}})
        return {"traceEvents": found, "displayTimeUnit": "ms"}

    def export_chrome_trace(self, path: str | Path) -> None:
        """Writes the trace to a file, as torch.profiler's method of that name does."""
        Path(path).write_text(json.dumps(self.trace(), separators=(",", ":")), encoding="utf-8")


def profile(clock: Callable[[], int] = perf_counter_ns) -> Profiler:
    """A `Profiler` to enter: `with trainer.profile() as profiler`."""
    return Profiler(clock)


def _about(raw: Array) -> dict[str, Any]:
    return {"shape": list(raw.shape), "dtype": str(raw.dtype), "bytes": int(raw.nbytes)}
