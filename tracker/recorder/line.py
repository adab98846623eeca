"""Line: steps of a whole run on disk, with sparse states, so that any of them can be reached after it has ended.

Written on a thread of its own. When the states take more room than they may, every second one is let go, and from then
on they lie twice as far apart: those that are kept stay evenly spaced. The first one is always kept.
"""

from __future__ import annotations

import queue
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tracker.recorder.folder import Columns, Folder, columns, joined
from tracker.recorder.ring import State, Step
from tracker.worker_thread import started

MOST_STATES = 256
"""However small they are: so many files, and as many of the steps between them."""

MOST_STEPS = 10_000
"""That wait for the next state to be written with it."""


class Line:
    """What is written of a run as it goes.

    Args:
        folder: Where.
        said: What a recording says beside its steps, of which the first is given.
        max_bytes: How much the states may take on the disk.
        spent: Told how many seconds of the processor it took to write something.
        failed: Told what could not be written.
    """

    def __init__(
        self,
        folder: Folder,
        said: Callable[[int], dict[str, Any]],
        max_bytes: int,
        spent: Callable[[float], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.stride = 1
        """Which of the states that are offered are taken: all, every second, every fourth …"""
        self._folder, self._said, self._spent, self._failed = folder, said, spent, failed
        self._max_bytes = max_bytes
        self._offered = 0
        self._waiting: list[Step] = []
        self._states: list[tuple[int, int, str, int]] = []  # offered as, step, name, size
        self._chunks: list[tuple[Path, Columns]] = []
        self._queue: queue.Queue[tuple[State | None, int, list[Step]] | None] = queue.Queue()
        self._worker = started(self._work, "recorder")

    @property
    def wants(self) -> bool:
        """Whether the next state that is offered is taken."""
        return self._offered % self.stride == 0

    def add(self, step: Step) -> None:
        """Takes a step that has ended: what is small of it."""
        self._waiting.append(_small(step))
        if len(self._waiting) >= MOST_STEPS:
            self._hand_over(None, 0)

    def offer(self, state: State) -> None:
        """Takes a state, or not."""
        if self.wants:
            self._hand_over(state, self._offered)
        self._offered += 1

    def close(self, timeout_s: float) -> None:
        """Writes the rest and returns once it is on the disk, or after `timeout_s`."""
        self._hand_over(None, 0)
        self._queue.put(None)
        if self._worker is None:
            self._work()
        else:
            self._worker.join(timeout_s)

    def _hand_over(self, state: State | None, offered: int) -> None:
        steps, self._waiting = self._waiting, []
        self._queue.put((state, offered, steps))

    # --- on the thread -----------------------------------------------------------------------------

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            began = time.thread_time()
            try:
                self._write(*item)
            except Exception as error:  # noqa: BLE001 the disk, or a state that cannot be written: the training goes on
                self._failed(error)
            self._spent(time.thread_time() - began)

    def _write(self, state: State | None, offered: int, steps: list[Step]) -> None:
        if state is not None and offered % self.stride == 0:  # which may have doubled since it was offered
            name = self._folder.write_state(state.tree)
            self._states.append((offered, state.step, name, state.size))
        if steps:
            known = columns(steps)
            self._chunks.append((self._recorded(known), known))
        while len(self._states) > 2 and (
            len(self._states) > MOST_STATES or sum(size for *_, size in self._states) > self._max_bytes
        ):
            self._thin()

    def _recorded(self, steps: Columns) -> Path:
        states = [[step, name] for _, step, name, _ in self._states]
        return self._folder.write("run", steps, {**self._said(int(steps["step"][0])), "states": states})

    def _thin(self) -> None:
        """Every second state goes, and what was written in many files is written in one."""
        self.stride *= 2
        first = self._states[0]
        kept = [each for each in self._states if each is first or each[0] % self.stride == 0]
        gone = {name for *_, name, _ in self._states} - {name for *_, name, _ in kept}
        self._states = kept
        if self._chunks:
            steps = joined([each for _, each in self._chunks])
            before = [path for path, _ in self._chunks]
            self._chunks = [(self._recorded(steps), steps)]
            for path in before:
                if path != self._chunks[0][0]:
                    self._folder.remove(path)
        for name in gone:  # once no recording names them
            self._folder.remove_state(name)


def _small(step: Step) -> Step:
    """A step of which a million can be kept: of arrays their checksums. Written out, since `replace` takes three times
    as long, at each step."""
    gradients = None if step.gradients is None else np.array([zlib.crc32(step.gradients.data)], np.uint32)
    return Step(step.step, epoch=step.epoch, lr=step.lr, loss=step.loss, is_done=step.is_done, gradients=gradients)
