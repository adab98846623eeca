"""Recorder: is told of each step of a training, keeps the last of them, and writes them when something happens."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker.errors import RecordingError, message
from tracker.recorder import endings
from tracker.recorder.allowance import Allowance
from tracker.recorder.folder import Folder, columns
from tracker.recorder.line import Line
from tracker.recorder.losses import Losses
from tracker.recorder.ring import Ring, State, Step

logger = logging.getLogger("tracker")

ACTION = "keep the last steps"

STATES, RANDOM, GRADIENTS, LAYERS = "states", "random", "gradients", "layers"
PARTS = {STATES: 4, GRADIENTS: 3, RANDOM: 1, LAYERS: 1}
"""What is left out of steps at which it would cost too much, and how the allowance is divided. Without states nothing
is replayed; without checksums of gradients only the loss is compared."""

MOST_RECORDINGS = 20
"""Of odd losses: what is asked for, and what ends the training, is always written."""

CLOSE_S = 60.0
COMMIT_S = 2.0


class Recorder:
    """The last steps of a training.

    Args:
        run: The run; recordings lie in its folder.
        take: Gives the state of the training between two steps, as arrays of its own.
        said: What each recording is to say of the training.
        last: How many steps are kept, and can be reached.
        every: Steps between two states, at least.
        keep: "last" writes them when something happens; "run" also writes the line of the whole run as it goes.
        max_bytes: How much memory the last steps may take, and how much of the disk the states of a whole run.
        max_overhead: The share of the training's time; None for as much as it takes.
        portable: Makes plain arrays of a batch, or of a random state, when it is written.
        needs_random: Whether where the random generators stood is kept of each step, whatever it costs: of trainings
            that this package cannot go through again from a state.
        settle: Called before anything is written, to tell losses that are not known yet.

    Raises:
        RecordingError: an argument is out of range.
    """

    def __init__(
        self,
        run: Any,
        take: Callable[[], Any],
        said: Callable[[], Mapping[str, Any]],
        *,
        last: int = 100,
        every: int = 10,
        keep: str = "last",
        max_bytes: int = 1 << 30,
        max_overhead: float | None = 0.02,
        portable: Callable[[Any], Any] = lambda batch: batch,
        needs_random: bool = False,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        if last < 1 or every < 1 or max_bytes < 1 or (max_overhead is not None and not max_overhead > 0):
            got = f"last={last}, every={every}, max_bytes={max_bytes}, max_overhead={max_overhead}"
            raise RecordingError(message("The recorder counts steps and bytes.", expected="all above 0", got=got))
        if keep not in ("last", "run"):
            raise RecordingError(message("What is to be kept?", expected='"last" or "run"', got=repr(keep)))
        self.is_writing = False
        self.allowance = Allowance(max_overhead, PARTS)
        self._run, self._take, self._said = run, take, said
        self._last, self._every, self._keep, self._max_bytes = last, every, keep, max_bytes
        self._portable, self._settle, self._needs_random = portable, settle, needs_random
        self._odd = 0
        self._has_told = False
        self._process = os.getpid()
        self._line: Line | None = None
        self._begin()
        if hasattr(run, "action"):
            mine = weakref.ref(self)  # the run holds its actions, and outlives a training

            def keep_the_last_steps() -> None:
                """Writes the last steps, so that they can be replayed."""
                recorder = mine()
                if recorder is None:
                    raise RecordingError("The training is over, and nothing is recorded any more.")
                recorder.keep("asked", "asked for")

            run.action(ACTION)(keep_the_last_steps)
        endings.add(self)

    def _begin(self) -> None:
        """Another training: one that goes back to an earlier step is not the one that was there."""
        self._ring, self._losses = Ring(self._last, self._every, self._max_bytes), Losses()
        self._folder = Folder(self._run.folder, _session())
        self._names: dict[int, str] = {}  # of states that were written, by step
        if self._line is not None:
            self._line.close(CLOSE_S)
        if self._keep == "run":
            self._line = Line(self._folder, self._about_line, self._max_bytes, self._charge, self._failed)

    # --- what the training says ----------------------------------------------------------------------

    def state(self, step: int) -> None:
        """Between two steps, `step` of which are done: takes the state when one is due."""
        if self._ring.steps and step < self._ring.steps[-1].step:
            self._begin()
        ring = self._ring
        if not ring.wants_state(step) or (ring.states and not self.allowance.affords(STATES)):
            return
        with self.allowance.spending(STATES):
            state = ring.add_state(step, self._take())
            if ring.is_too_large:
                logger.warning(
                    "tracker: a state of this training takes %d MB, more than half of what the recorder may hold "
                    "(max_bytes); its steps are recorded, and cannot be replayed", state.size >> 20,
                )  # fmt: skip
            if self._line is not None:
                self._line.offer(state)

    def begin(self, step: int, batch: Any = None, random: Callable[[], Any] | None = None, epoch: int = 0) -> None:
        """A step begins.

        Args:
            step: Its number.
            batch: Which samples, or the samples.
            random: Says where the random generators stand.
            epoch: From 1; 0 where there are none.
        """
        known = Step(step, batch, epoch=epoch)
        if random is not None and (self._needs_random or self.allowance.affords(RANDOM)):
            with self.allowance.spending(RANDOM):
                known.random = random()
        self._ring.add(known)

    def end(
        self,
        loss: float,
        lr: tuple[float, ...] = (),
        gradients: Callable[[], Any] | None = None,
        layers: Callable[[], Any] | None = None,
    ) -> None:
        """The step that began last has ended.

        Args:
            loss: Its loss.
            lr: The learning rate of each group that it was made with.
            gradients: Gives the CRC-32 of each parameter's gradient.
            layers: Gives statistics by name.
        """
        known = self.ends(lr)
        if gradients is not None and self.allowance.affords(GRADIENTS):
            with self.allowance.spending(GRADIENTS):
                known.gradients = gradients()
        if layers is not None and self.allowance.affords(LAYERS):
            with self.allowance.spending(LAYERS):
                known.layers = layers()
        self.ended_with(known, loss)

    def ends(self, lr: tuple[float, ...] = ()) -> Step:
        """The step that began last has ended; its loss is told by `ended_with`, now or some steps later."""
        known = self._ring.steps[-1]
        known.lr, known.is_done = lr, True
        return known

    def ended_with(self, step: Step, loss: float | None) -> None:
        """The loss of a step that has ended, None where there is none; where it is odd the last steps are written."""
        step.loss = math.nan if loss is None else float(loss)
        if self._line is not None:
            self._line.add(step)
        odd = None if loss is None else self._losses.odd(step.loss)
        if odd is not None and self._odd < MOST_RECORDINGS:
            self._odd += 1
            self.keep(*odd, at=step.step)

    # --- what is written -------------------------------------------------------------------------------

    def keep(self, reason: str, why: str, at: int | None = None) -> Path | None:
        """Writes the last steps.

        Args:
            reason: In a word: spike, nan, exception, signal, asked.
            why: In a sentence.
            at: The step that somebody will look at; the last one by default.

        Returns:
            The recording; None where there is nothing to be written, or it could not be, which is said in the log.
        """
        self._settle()
        portable = self._portable
        steps = [replace(each, batch=portable(each.batch), random=portable(each.random)) for each in self._ring.steps]
        if not steps or self.is_writing or self._process != os.getpid():
            return None
        step = steps[-1].step if at is None else at
        self.is_writing = True
        try:
            states = list(self._ring.states)
            self._names = {each.step: self._names.get(each.step) or self._written(each) for each in states}
            place = self._folder.write(reason, columns(steps), self._about(reason, why, step))
            text = f"steps {steps[0].step}–{steps[-1].step} recorded ({why}): {self._command(step)}"
            self._run.mark(text, step, kind="recording", first=steps[0].step, last=steps[-1].step, reason=reason)
            return place
        except Exception as error:  # noqa: BLE001 the disk, or a batch of anything: the training goes on
            self._failed(error)
            return None
        finally:
            self.is_writing = False
            endings.written()

    def ended(self, reason: str, why: str) -> None:
        """As `endings.Told`."""
        if self.keep(reason, why) is not None:
            with contextlib.suppress(Exception):  # the mark is lost then; the recording is not
                self._run.flush(COMMIT_S, durable=False)
        self.close()

    def close(self) -> None:
        """The training is over; nothing more is written by itself."""
        endings.remove(self)
        line, self._line = self._line, None
        if line is not None and self._process == os.getpid():
            line.close(CLOSE_S)

    def _written(self, state: State) -> str:
        return self._folder.write_state(state.tree)

    def _about(self, reason: str, why: str, step: int | None) -> dict[str, Any]:
        return {
            **self._said(), "form": 1, "run": self._run.name, "reason": reason, "why": why, "at": step,
            "wall_time": time.time(), "states": [[step, name] for step, name in sorted(self._names.items())],
        }  # fmt: skip

    def _about_line(self, first: int) -> dict[str, Any]:
        """Of a part of the line of the whole run, which begins with a step; of the first one a mark is made."""
        if not self._has_told:
            self._has_told = True
            text = f"every step from {first} on is recorded: {self._command(None)}"
            self._run.mark(text, first, kind="recording", first=first, last=None, reason="run")
        return self._about("run", "", None)

    def _charge(self, seconds: float) -> None:
        self.allowance.charge(STATES, seconds)

    def _command(self, step: int | None) -> str:
        what = "STEP" if step is None else step
        said = self._said()
        if said.get("recipe"):
            return f"viz replay {self._run.name}@{what}"
        is_torch = said.get("made_by") == "torch"
        room = "tracker.integrations.pytorch_recorder.recorded" if is_torch else "tracker.recorder.open"
        return f"{room}(run)[{what}]"

    def _failed(self, error: Exception) -> None:
        logger.warning("tracker: the last steps of %s could not be recorded: %s", self._run.name, error)


def _session() -> str:
    """What a training is called among those that were recorded: later ones sort behind."""
    now = time.time()
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{int(now % 1 * 1e6):06d}{secrets.token_hex(3)}"
