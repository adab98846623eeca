"""What a person sees while training: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from trainer.callbacks import Callback

if TYPE_CHECKING:
    from trainer.loop import Loop

_BAR_WIDTH = 24
# A person reads no faster, and drawing costs about 20 µs.
_REDRAW_INTERVAL_S = 0.1


class Progress(Callback):
    """Draws the state of a training.

    Args:
        file: Where to; None is stderr, so that stdout stays free for results.
        clock: Seconds that only go forward.
    """

    def __init__(self, file: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = sys.stderr if file is None else file
        self._clock = clock
        self._is_terminal = self._file.isatty()

    def on_epoch_start(self, loop: Loop) -> None:
        self._started = self._clock()
        self._drawn = float("-inf")

    def on_step_end(self, loop: Loop) -> None:
        now = self._clock()
        if self._is_terminal and now - self._drawn >= _REDRAW_INTERVAL_S:
            self._drawn = now
            total = loop.steps_per_epoch
            done = loop.step_in_epoch
            bar = f"[{'=' * (_BAR_WIDTH * done // total):{_BAR_WIDTH}}] {done}/{total}" if total else str(done)
            rest = f" {(now - self._started) / done * (total - done):.0f} s left" if total else ""
            self._write("\r" + self._line(loop, bar, rest))

    def on_epoch_end(self, loop: Loop) -> None:
        seconds = self._clock() - self._started
        line = self._line(loop, f"{loop.step_in_epoch} steps in {seconds:.1f} s", "")
        self._write(("\r" if self._is_terminal else "") + line + "\n")

    def on_fit_end(self, loop: Loop) -> None:
        if loop.interrupted:
            self._write(f"\nstopped by Ctrl-C after {loop.step} steps; what was learned is kept\n")

    def _line(self, loop: Loop, middle: str, tail: str) -> str:
        numbers = " ".join(f"{name} {value:.4g}" for name, value in loop.logs.items())
        text = f"epoch {loop.epoch}/{loop.epochs} {middle} {numbers}{tail}"
        if not self._is_terminal:
            return text
        width = max(20, shutil.get_terminal_size().columns - 1)
        return f"{text[:width]:{width}}"

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
