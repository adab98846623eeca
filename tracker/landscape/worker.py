"""The landscape that is being computed: a thread of low priority over a copy of the model; it tells how far it is."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

import numpy as np

from tracker.landscape.directions import Plane
from tracker.landscape.grid import Grid
from tracker.landscape.weights import State, Weights
from tracker.values.scalar import number
from tracker.values.text import Text

logger = logging.getLogger("tracker")

Checkpoint = tuple[int, State, State]
Loss = Callable[[Any], Any]

TOLD_S = 0.5
TOLD_TIMES = 40
"""The page hears of progress so often at the most: each time the whole of a grid is stored anew, some kilobytes."""

SAID_AFTER_S, SAID_EVERY_S = 3.0, 30.0
"""When the end of a run says what it waits for."""

CANCEL_S = 2.0
"""What the end of a run that crashed waits for a point that is being computed."""

NICENESS = 10


class Run(Protocol):
    """What this file knows of a run."""

    name: str

    def observe(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Logs from any thread, without moving the loop's step."""


class Landscape:
    """A landscape that is on its way to the page of paths. Made by `log_landscape`.

    Attributes:
        plane: Where in the space of weights it is.
        grid: The losses so far.
        path: Steps, places and losses of the checkpoints of a trajectory, as they become known: (step, place, loss).
        state: "computing", "done", "cancelled" or "failed".
        error: What the loss raised, if it failed.
    """

    def __init__(
        self, run: Run, tag: str, weights: Weights, loss: Loss, plane: Plane, grid: Grid, path: list[Checkpoint],
        told: dict[str, Any], share: float,
    ) -> None:  # fmt: skip
        self.plane, self.grid = plane, grid
        self.path: list[tuple[int, tuple[float, ...], float]] = []
        self.state = "computing"
        self.error: BaseException | None = None
        self._run, self._tag, self._weights, self._loss = run, tag, weights, loss
        self._checkpoints = path
        self._steps = len(path)
        self._buffers = weights.read_buffers()
        self._told = told
        self._share = share
        self._cancelled = threading.Event()
        self._hurried = threading.Event()
        self._ended = threading.Event()
        self._next_tell = 0.0
        self._computed = 0.0
        self._evaluated = 0

    @property
    def progress(self) -> float:
        """The part that is computed, 0 to 1."""
        return (self.grid.done + len(self.path)) / (self.grid.total + self._steps)

    def wait(self, timeout: float | None = None) -> bool:
        """Returns when it is complete; meanwhile it takes all the time it can get.

        Returns:
            False when it was not within `timeout` seconds, or was cancelled.

        Raises:
            whatever the loss raised.
        """
        self._hurried.set()
        if not self._ended.wait(timeout):
            return False
        if self.error is not None:
            raise self.error
        return self.state == "done"

    def finish(self) -> None:
        """`wait`, at the end of a run: says how far it is, and raises nothing of the loss's."""
        self._hurried.set()
        said = SAID_AFTER_S
        while not self._ended.wait(said):
            logger.warning(
                "tracker: waiting for the landscape %r of run %s: %.0f %%; Ctrl-C leaves it as it is",
                self._tag, self._run.name, 100 * self.progress,
            )  # fmt: skip
            said = SAID_EVERY_S

    def cancel(self, timeout: float | None = None) -> None:
        """Ends it after the point that is being computed; what is there stays on the page. Can be called twice."""
        self._cancelled.set()
        self._hurried.set()
        if threading.current_thread().name != self._name:
            self._ended.wait(timeout)

    @property
    def _name(self) -> str:
        return f"everystep-landscape-{self._tag}"

    def begin(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._in_background, name=self._name, daemon=True).start()

    def _in_background(self) -> None:
        if (
            hasattr(os, "setpriority") and os.uname().sysname == "Linux"
        ):  # there it is the thread's, and never given back
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
        self.compute()
        if self.error is not None:
            logger.warning("tracker: the landscape %r of run %s failed: %s", self._tag, self._run.name, self.error)

    def compute(self) -> None:
        """Everything, on this thread."""
        try:
            self._tell()
            with ExitStack() as stack:
                stack.enter_context(np.errstate(all="ignore"))  # far away losses overflow: that is told, not warned of
                stack.enter_context(self._weights.evaluating())
                self._walk()
                self._fill()
            self.state = "cancelled" if self._cancelled.is_set() else "done"
        except BaseException as error:  # kept for whoever waits; the page says that it failed
            self.error, self.state = error, "failed"
            self._told["problem"] = f"{type(error).__name__}: {error}"[:300]
            if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                raise  # Ctrl-C
        finally:
            self._tell()
            self._ended.set()
            self._checkpoints, self._buffers = [], {}

    def _walk(self) -> None:
        """The path first: it needs few points, and says where the surface is worth a look."""
        for step, state, buffers in self._checkpoints:
            if self._pause():
                return
            place = self.plane.project(state)
            # Each checkpoint's own statistics, where the plane has those of the last: its loss is that of the training.
            value = self.ask(state, buffers)
            self.path.append((step, place, value))
            if len(place) == 2:
                tag = f"path/{self._tag}"
                self._run.observe({f"{tag}/x": place[0], f"{tag}/y": place[1], f"{tag}/value": value}, step)

    def _fill(self) -> None:
        for index, is_whole in self.grid.order():
            if self._pause():
                return
            self.grid.put(index, self.ask(self.plane.at(*self.grid.place(index))))
            every = max(TOLD_S, self._computed / TOLD_TIMES)
            if time.monotonic() >= self._next_tell or (is_whole and self.grid.done < self.grid.total):
                self._next_tell = time.monotonic() + every
                self._tell()

    def ask(self, state: State, buffers: State | None = None) -> float:
        """The loss at some weights. Buffers are written too: a loss that updates them changes no other point."""
        begin = time.monotonic()
        self._weights.write({**(self._buffers if buffers is None else buffers), **state})
        value = number(self._loss(self._weights.model), f"the loss of landscape {self._tag!r}")
        self._computed += time.monotonic() - begin
        self._evaluated += 1
        return value

    def _pause(self) -> bool:
        """Leaves the machine to the training for a while; gives whether it was cancelled."""
        if not self._hurried.is_set() and self._evaluated:
            took = self._computed / self._evaluated
            self._hurried.wait(took * (1 - self._share) / self._share)
        return self._cancelled.is_set()

    def _tell(self) -> None:
        what = "surface" if len(self.plane.axes) == 2 else "slice"
        text = self.grid.text(**self._told, state=self.state)
        self._run.observe({f"path/{self._tag}/{what}": Text(text, markdown=False)})


def end(landscapes: list[Landscape], *, cancel: bool) -> None:
    """Waits for landscapes, saying so when that takes a while; Ctrl-C leaves them as they are and is passed on."""
    for landscape in landscapes:
        try:
            if cancel:
                landscape.cancel(CANCEL_S)
            elif landscape.state == "computing":
                landscape.finish()
        except BaseException:
            for each in landscapes:
                each.cancel(CANCEL_S)
            raise
