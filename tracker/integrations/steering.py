"""Steering: what can be asked of a framework's training without a line of code: stop, pause, lr, a checkpoint.

Where a framework trains in several processes and rank 0 alone has a run, it tells the others through the framework what
takes effect, so that all do it at the same step: a few numbers, a few times a second.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tracker.run import Run

LOWEST, HIGHEST = 1e-4, 1e3
"""What can be asked for as a learning rate, in multiples of the one that the training began with."""

LOOK_S = 0.1
"""How often ranks come together, in which time they go on by themselves."""

MOST_STEPS = 1_000

STEP, LR, SAVE, STOP, HELD = range(5)
"""What rank 0 tells: go on for so many steps; a learning rate; a checkpoint; to stop; that it is paused."""


class Group(Protocol):
    """Processes of one training; see `torch_group`."""

    leads: bool
    """Whether this is rank 0."""

    def tell(self, kind: int, value: float) -> None:
        """Of rank 0: waits until the others have heard it."""

    def hear(self) -> tuple[int, float]:
        """Of the others: the next that rank 0 tells."""


class Steering:
    """What is asked of a training, done between two of its steps.

    Args:
        run: Its run; None on ranks without one.
        lr: The learning rate that it begins with; None where there is none to be changed.
        set_lr: Makes the present learning rate this one.
        save: Writes a checkpoint of the step given, and says where it is.
        lr_now: The learning rate in force, which a schedule moves.
        group: The processes; None for one.
        is_interrupted: Whether somebody pressed Ctrl-C where that raises nothing: a pause ends by it.
    """

    def __init__(
        self,
        run: Run | None,
        lr: float | None,
        set_lr: Callable[[float], None],
        save: Callable[[int], str],
        lr_now: Callable[[], float],
        group: Group | None = None,
        is_interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.stopped = False
        self._run, self._set_lr, self._save, self._group = run, set_lr, save, group
        self._is_interrupted = is_interrupted
        self._step = self._wait = self._steps = 0
        self._looked = time.monotonic()
        self._lr, self._seen = None, None
        if run is None or (group is not None and not group.leads):
            self._run = None
            return
        if lr is not None and 0 < lr < math.inf:
            doc = "Makes the learning rate this now; what a schedule does from here on is scaled with it."
            self._lr = run.control("lr", float(lr), low=lr * LOWEST, high=lr * HIGHEST, log=True, doc=doc)
            self._lr.in_force = lr_now
            self._seen = (self._lr.since, self._lr.value)
        run.action("checkpoint now")(self._checkpoint)
        run.controls.is_polled, run.controls.while_held = True, self._held

    def step(self, step: int) -> bool:
        """Between two steps: does what is asked for, and waits while the training is paused; whether it is to stop.

        Args:
            step: How many were taken, for the receipts; the same in all processes.
        """
        self._steps += 1
        if self._group is not None and self._steps < self._wait:
            return self.stopped
        self._step = step
        if self._run is None:
            self._follow()
        else:
            self._lead(self._run)
        return self.stopped

    def end(self) -> None:
        """The training is over: whatever else logs to the run is told between its own steps again."""
        if self._lr is not None:
            self._lr.in_force = None
        if self._run is not None:
            self._run.controls.release()

    def _lead(self, run: Run) -> None:
        run.poll(self._step)
        if self._lr is not None and self._seen != (self._lr.since, self._lr.value):
            self._seen = (self._lr.since, self._lr.value)
            self._tell(LR, self._lr.value)
            self._set_lr(self._lr.value)
        if run.should_stop and not self.stopped:
            self._tell(STOP)
            self.stopped = True
        if self._group is not None:
            elapsed, self._looked = time.monotonic() - self._looked, time.monotonic()
            steps = min(MOST_STEPS, max(1, int(LOOK_S * self._steps / max(elapsed, 1e-6))))
            self._tell(STEP, steps)
            self._steps, self._wait = 0, steps

    def _follow(self) -> None:
        assert self._group is not None
        while True:
            kind, value = self._group.hear()
            if kind == LR:
                self._set_lr(value)
            elif kind == SAVE:
                self._save(self._step)
            elif kind == STOP:
                self.stopped = True
            elif kind == STEP:
                self._steps, self._wait = 0, int(value)
                return

    def _checkpoint(self) -> None:
        """Saves the model, and what it needs to be trained on, as it is between these two steps."""
        self._tell(SAVE)
        where = self._save(self._step)
        if self._run is not None:
            self._run.mark(f"checkpoint {where}", self._step, kind="checkpoint", path=where)

    def _held(self) -> None:
        if self._is_interrupted():
            raise KeyboardInterrupt
        self._tell(HELD)  # a process group gives up on who is not heard of for some minutes

    def _tell(self, kind: int, value: float = 0.0) -> None:
        if self._group is not None:
            self._group.tell(kind, value)


def first_lr(optimizers: Iterable[Any]) -> float | None:
    """The learning rate that a schedule goes out from; None where there is none. Of optimizers as PyTorch has them."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            lr = float(group.get("lr", math.nan))
            return lr if lr > 0 else float(group.get("initial_lr", lr))
    return None


def present_lr(optimizers: Iterable[Any]) -> float:
    """The learning rate in force, of the first group; NaN where there is none."""
    return next((float(group["lr"]) for optimizer in optimizers for group in optimizer.param_groups), math.nan)


def rescale(optimizers: Iterable[Any], schedulers: Iterable[Any], lr: float) -> None:
    """Makes the learning rate of the first group `lr`; by the same factor all others, and what schedules go out from.

    So groups keep their ratios, and a schedule its form. Where it stands at 0, as at the beginning of a warm-up, the
    rate that it goes out from becomes `lr`.

    Args:
        optimizers: With `param_groups` as PyTorch has them.
        schedulers: Those that compute from a first rate each time, or from the present one.
        lr: The rate.
    """
    listed = list(optimizers)
    first = next((group for optimizer in listed for group in optimizer.param_groups), None)
    if first is None:
        return
    present = float(first["lr"])
    origin = present if present > 0 else float(first.get("initial_lr", 0.0))
    factor = lr / origin if origin > 0 else 1.0
    for optimizer in listed:
        for group in optimizer.param_groups:
            for key in ("lr", "initial_lr", "max_lr", "min_lr"):
                if key in group:
                    _set(group, key, lr if group is first and key == "lr" and present > 0 else group[key] * factor)
    for scheduler in _all(schedulers):
        for name in ("base_lrs", "max_lrs"):
            rates = getattr(scheduler, name, None)
            if isinstance(rates, list):
                rates[:] = [rate * factor for rate in rates]


def _set(group: dict[str, Any], key: str, rate: Any) -> None:
    """A rate may be a tensor, which a captured graph reads in place."""
    known = group[key]
    if hasattr(known, "fill_"):
        known.fill_(float(rate))
    else:
        group[key] = rate


def _all(schedulers: Iterable[Any]) -> Iterable[Any]:
    """Schedulers, and those within them: of chains, and behind what a framework wraps around one."""
    seen: set[int] = set()
    waiting = list(schedulers)
    while waiting:
        scheduler = waiting.pop()
        if scheduler is None or id(scheduler) in seen:
            continue
        seen.add(id(scheduler))
        within = getattr(scheduler, "scheduler", None)
        waiting += getattr(scheduler, "_schedulers", [])
        if within is not None:  # a wrapper, which has the attributes of what it holds
            waiting.append(within)
        else:
            yield scheduler
