"""Where a SummaryWriter writes: a run, and event files beside it where they are asked for."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tracker import door
from tracker.errors import StepError
from tracker.foreign import hparams
from tracker.foreign.event_writer import EventWriter
from tracker.foreign.tfevents import OUR_WRITER
from tracker.start import start
from tracker.values.histogram import Histogram
from tracker.values.scalar import number
from tracker.values.value import Value


class Target:
    """Takes what is logged to both, and says at which step and time where the caller does not.

    Args:
        folder: Of the run, absolute. A run that is there goes on.
        purge_step: What was logged of this step and later ones is left behind.
        suffix: Behind the names of event files; None writes none.

    Attributes:
        run: The run.
    """

    def __init__(self, folder: Path, purge_step: int | None, suffix: str | None) -> None:
        step = None if purge_step is None else int(purge_step) - 1
        self.run = start(str(folder.parent), folder.name, None, None, (), "", "allow", step)
        self._events = None if suffix is None else EventWriter(folder, suffix, OUR_WRITER)
        if self._events is not None and purge_step is not None:
            self._events.add_restart(int(purge_step))
        self._steps: Counter[str] = Counter()
        self._given: tuple[int | None, float | None] = (None, None)

    def add_numbers(self, tag: str, values: Mapping[str, Any], step: Any, wall_time: float | None) -> None:
        """Logs numbers by their tags; `tag` is what their steps are counted under."""
        step = self._step(tag, step)
        if self._events is not None:
            wall_time = self._when(wall_time)
            for each, value in values.items():
                self._events.add_number(each, step, wall_time, number(value, each))
        elif self._given[1] is not None:
            wall_time = self._when(wall_time)
        self.run.log(values, step, wall_time)

    def add_value(self, tag: str, value: Value, step: Any, wall_time: float | None) -> None:
        """Logs a value that is not a number."""
        step = self._step(tag, step)
        wall_time = self._when(wall_time)
        self.run.log({tag: value}, step, wall_time)
        if self._events is not None:
            content = value.sketch if isinstance(value, Histogram) else value.encode()
            shown = f"{tag}/text_summary" if value.kind == "text" else tag
            self._events.add_value(value.kind, shown, step, wall_time, content)

    def add_hparams(
        self, values: Mapping[str, Any], metrics: Sequence[str], domains: Mapping[str, Sequence[Any]], now: float
    ) -> None:
        """Says what the run was made with, and by which tags it is judged."""
        self.run.configure(values)
        if self._events is None:
            return
        config = self.run.config
        for tag, content in (
            (hparams.EXPERIMENT_TAG, hparams.experiment(config, metrics, domains)),
            (hparams.START_TAG, hparams.session_start(config, now)),
            (hparams.END_TAG, hparams.session_end(now)),
        ):
            self._events.add_hparams(tag, now, content)

    @contextlib.contextmanager
    def given(self, step: int | None, wall_time: float | None) -> Iterator[None]:
        """The step and the time of all that brings none, meanwhile."""
        before, self._given = self._given, (step, wall_time)
        try:
            yield
        finally:
            self._given = before

    def flush(self) -> None:
        """Returns when everything logged so far is on disk."""
        self.run.flush()
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Stores what is left and closes the run. Can be called twice."""
        self.run.finish()
        if self._events is not None:
            self._events.close()

    def _when(self, wall_time: float | None) -> float:
        wall_time = self._given[1] if wall_time is None else wall_time
        return time.time() if wall_time is None else float(wall_time)

    def _step(self, tag: str, step: Any) -> int:
        """The step given, or one more than the tag's last: TensorBoard would put all points on step 0."""
        if step is None:
            step = self._steps[tag] if self._given[0] is None else self._given[0]
        elif not isinstance(step, int):
            try:
                step = door.step(step)
            except StepError:  # 1.5, of which PyTorch's writer takes the whole part
                step = int(number(step, "global_step"))
        self._steps[tag] = step + 1
        return int(step)
