"""Where a SummaryWriter writes: a run, and event files beside it where they are asked for."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracker import coerce
from tracker import config as configs
from tracker.errors import RunNameError, StepError, message
from tracker.foreign import hparams
from tracker.foreign.event_writer import EventWriter
from tracker.foreign.exporter import flat
from tracker.foreign.record_bodies import Bodies
from tracker.foreign.tfevents import OUR_WRITER, EventDecoder, left_out_in_words
from tracker.logdir import segment_files
from tracker.series.sketch import Sketch
from tracker.start import start
from tracker.values.histogram import Histogram
from tracker.values.opaque import OpaqueValue
from tracker.values.scalar import number
from tracker.values.value import Value

logger = logging.getLogger("tracker")

BEGIN_S = 1.0
"""How long a disk may take to make the run's file before the constructor returns all the same."""


class Target:
    """Takes what is logged to both, and says at which step and time where the caller does not.

    It can be closed as often as one likes: what is logged afterwards goes on in the same run and in another event file.

    Args:
        folder: Of the run, absolute. A run that is there goes on.
        purge_step: What was logged of this step and later ones is left behind.
        suffix: Behind the names of event files; None writes none.
        machine: Whether to sample the machine beside it.

    Attributes:
        folder: The run's.
        run: The run.
        events: Its event files.
        given_now: The step and the time of what brings none, within `given`.
    """

    def __init__(self, folder: Path, purge_step: int | None, suffix: str | None, *, machine: bool = True) -> None:
        self.folder = folder
        self._machine = machine
        self._begin(purge_step)
        self.events = None if suffix is None else EventWriter(folder, suffix, OUR_WRITER, patient=True)
        if self.events is not None and purge_step is not None:
            self.events.add_restart(coerce.step(purge_step))
        self._suffix = suffix
        self._decoder = EventDecoder()
        self._steps: Counter[str] = Counter()
        self._has_trial = False
        self.given_now: tuple[int | None, float | None] = (None, None)
        if not segment_files(folder):  # code that is told a log_dir looks into it
            self.run.flush(BEGIN_S)

    def _begin(self, purge_step: Any) -> None:
        step = None if purge_step is None else coerce.step(purge_step) - 1
        place = str(self.folder.parent), self.folder.name
        self.run = start(*place, None, None, (), "", "allow", step, machine=self._machine)

    def add_numbers(self, tag: str, values: Mapping[str, Any], step: Any, wall_time: float | None) -> None:
        """Logs numbers by their tags; `tag` is what their steps are counted under."""
        step = self._step(tag, step)
        if self.events is not None:
            wall_time = self._when(wall_time)
            for each, value in values.items():
                self.events.add_number(each, step, wall_time, number(value, each))
        elif self.given_now[1] is not None:
            wall_time = self._when(wall_time)
        self.run.log(values, step, wall_time)

    def add_value(self, tag: str, value: Value, step: Any, wall_time: float | None) -> None:
        """Logs a value that is not a number."""
        step = self._step(tag, step)
        wall_time = self._when(wall_time)
        self.run.log({tag: value}, step, wall_time)
        if self.events is not None:
            content = value.sketch if isinstance(value, Histogram) else value.encode()
            shown = f"{tag}/text_summary" if value.kind == "text" else tag
            self.events.add_value(value.kind, shown, step, wall_time, content)

    def add_event(self, event: Any) -> None:
        """Logs what an event of TensorBoard's holds, as an import of it would, and writes it down as it is."""
        for batch in self._decoder.decode(Bodies.of([event.SerializeToString()])):
            if batch.restart is not None:
                self.run.finish()
                self._begin(batch.restart)
            for tag, points in batch.numbers:
                for step, wall_time, value in zip(*(column.tolist() for column in points), strict=True):
                    self.run.log({tag: value}, step, wall_time)
            for item in batch.items:
                content = item.content
                made = Histogram.of(content) if isinstance(content, Sketch) else OpaqueValue(item.kind, content)
                self.run.log({item.tag: made}, item.step, item.wall_time)
            for mark in batch.marks:
                self.run.mark(mark.text, mark.step, kind=mark.kind)
            if batch.config:
                self.run.configure(batch.config)
            for words in left_out_in_words(batch.left_out):
                logger.warning("tracker: run %s: not kept of an event: %s", self.run.name, words)
        if self.events is not None:
            self.events.add(event)

    def add_trial(
        self,
        name: str | None,
        values: Mapping[str, Any],
        metrics: Mapping[str, Any],
        domains: Mapping[str, Sequence[Any]],
        step: Any,
    ) -> None:
        """Says what a trial was made with and how it did.

        The first one without a name is this very run, unless the run says already that it was made otherwise. Any other
        is a run of its own below: under its name, where it goes on, or under the time.
        """
        values = configs.plain(values)
        scores = {tag: number(np.asarray(v) if isinstance(v, (list, tuple)) else v, tag) for tag, v in metrics.items()}
        now, known = time.time(), self.run.config
        is_first = not (name or self._has_trial or any(known.get(key, said) != said for key, said in values.items()))
        if name and not isinstance(name, (str, os.PathLike)):
            raise RunNameError(message("run_name must be a text.", expected="str", got=type(name).__name__))
        folder = Path(os.path.normpath(self.folder / name)) if name else self.folder
        if is_first or (name and folder == self.folder):  # run_name="." is how people ask for this very run
            self._has_trial = True
            self._tell_trial(values, scores, domains, step, now)
            return
        while folder == self.folder or (not name and folder.exists()):  # a clock may stand still for 16 ms
            folder, now = self.folder / str(now), now + 1e-6
        trial = Target(folder, None, self._suffix, machine=False)
        trial._tell_trial(values, scores, domains, step, now)
        trial.close()

    def _tell_trial(
        self,
        values: Mapping[str, Any],
        scores: Mapping[str, float],
        domains: Mapping[str, Sequence[Any]],
        step: Any,
        now: float,
    ) -> None:
        self.run.configure(values)
        if self.events is not None:
            config = flat({key: value for key, value in self.run.config.items() if value is not None})
            for tag, content in (
                (hparams.EXPERIMENT_TAG, hparams.experiment(config, list(scores), domains)),
                (hparams.START_TAG, hparams.session_start(config, now)),
                (hparams.END_TAG, hparams.session_end(now)),
            ):
                self.events.add_hparams(tag, now, content)
        for tag, score in scores.items():
            self.add_numbers(tag, {tag: score}, step, now)

    @contextlib.contextmanager
    def given(self, step: int | None, wall_time: float | None) -> Iterator[None]:
        """The step and the time of all that brings none, meanwhile."""
        before, self.given_now = self.given_now, (step, wall_time)
        try:
            yield
        finally:
            self.given_now = before

    def flush(self) -> None:
        """Returns when everything logged so far is on disk."""
        self.run.flush()
        if self.events is not None:
            self.events.flush()

    def close(self) -> None:
        """Stores what is left and closes the run. What is logged later opens what it needs."""
        self.run.finish()
        if self.events is not None:
            self.events.close()

    def _when(self, wall_time: float | None) -> float:
        wall_time = self.given_now[1] if wall_time is None else wall_time
        return time.time() if wall_time is None else float(wall_time)

    def _step(self, tag: str, step: Any) -> int:
        """The step given, or one more than the tag's last: TensorBoard would put all points on step 0."""
        if step is None:
            step = self._steps[tag] if self.given_now[0] is None else self.given_now[0]
        elif not isinstance(step, int):
            try:
                step = coerce.step(step)
            except StepError:  # 1.5, of which PyTorch's writer takes the whole part
                whole = number(step, "global_step")
                if not math.isfinite(whole):
                    raise
                step = coerce.step(int(whole))
        self._steps[tag] = step + 1
        return int(step)
