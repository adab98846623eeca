"""Run: what a training loop talks to. It checks values, numbers steps, stamps the time and hands over.

`log()` (see `quick_log`) does no I/O and takes no lock; it puts the numbers into the inbox (under half a microsecond)
and the writer's thread stores them. A caller's mistake is raised here, on the caller's line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker import coerce, process
from tracker.alert import level_of
from tracker.config import plain
from tracker.controls.controlled import Controlled
from tracker.controls.controls import Controls
from tracker.errors import message
from tracker.log_call import checked
from tracker.log_model import Modelled
from tracker.logdir import new_segment_id
from tracker.panes.paned import Paned, Panes
from tracker.quick_log import NOWHERE, PLAIN, Desk, QuickLog
from tracker.recording import Recording
from tracker.store.read.liveness import this_process
from tracker.store.read.run import StoredRun
from tracker.store.write import writer as writers
from tracker.store.write.appender import Birth
from tracker.store.write.inbox import SealedError
from tracker.values.graph import Graph
from tracker.values.value import Value

if TYPE_CHECKING:
    from tracker.landscape.trajectory import Trajectory
    from tracker.landscape.worker import Landscape

FLUSH_S = 30.0

PLAIN.update(dict.fromkeys((np.float64, np.float32, np.int64), float))

_now = time.time


class Run(QuickLog, Controlled, Paned, Modelled):
    """A run being written. Made by `tracker.init`; any thread may use it.

    Attributes:
        name: Its path below the logdir.
        logdir: The logdir, absolute.
        folder: Its own folder.
        config: What it was started with, as plain JSON values.
        controls: What can be asked of it while it runs.
    """

    def __init__(self, root: Path, folder: Path, birth: Birth, first_step: int) -> None:
        self.name = birth.run
        self.logdir = root
        self.folder = folder
        self.config = dict(birth.config)
        self.panes = Panes(self._hand_over, StoredRun(birth.run, folder))
        self.controls = Controls(self)
        self._desk = Desk()
        self._record(Recording(folder, birth, first_step - 1))
        self._writer.wait_begun()

    def _record(self, recording: Recording) -> None:
        """From now on, what is logged goes there."""
        recording.begin(self)
        self._recording, self._writer, self._gate = recording, recording.writer, recording.gate
        self.look_closely(False)
        self.controls.begin(recording)

    def look_closely(self, closely: bool) -> None:
        """Whether each call of `log()` takes the careful way, as none finds a lane; a free choice of any thread."""
        # Past the end of the process each call stores what it logs: none may take the short way.
        self._desk.inbox = NOWHERE if closely or self._recording.is_late else self._recording.inbox

    def _open_recording(self) -> Recording:
        """What takes values now: a run that was finished, or is the parent's, goes on in another segment."""
        recording = self._recording
        if recording.is_open:
            return recording
        with recording.passing_on:
            if self._recording is recording:
                if not recording.is_foreign:
                    writers.logger.info("tracker: run %s was finished, and goes on in another file", self.name)
                before = recording.writer.birth
                now = _now()
                beside = recording.is_foreign or before.reason == "child"
                birth = replace(
                    before, segment=new_segment_id(now, before.rank), parent=before.segment, fork_step=None,
                    reason="child" if beside else "resume", created=now, config=dict(self.config),
                    # Not asked anew where it is known: in the interpreter's last moments nothing can be opened.
                    writer=this_process() if recording.is_foreign else before.writer,
                )  # fmt: skip
                following = Recording(self.folder, birth, recording.inbox.last_step)
                following.ending = recording.ending
                self._record(following)
                following.writer.wait_begun()
            return self._recording

    def watch(self, interval: float | None, *, console: bool, command: bool, diff: bool) -> None:
        """Begins to sample the machine every `interval` seconds (None: never), and to keep what is printed."""
        self._recording.watch(interval, console=console, command=command, diff=diff)

    # --- logging -------------------------------------------------------------------------------------

    def _log_carefully(self, values: Mapping[str, Any], step: int | None, wall_time: float | None) -> None:
        """`log`, for every value and every mistake."""
        numbers, others = checked(values)
        when = _now() if wall_time is None else coerce.wall_time(wall_time)
        place = coerce.step(self._next_step() if step is None else step)
        self._hand_over(lambda recording: recording.add(numbers, others, place, when))
        self.controls.between("log", values)

    def _hand_over(self, add: Callable[[Recording], None]) -> None:
        """Gives something to the recording that takes it."""
        while True:
            recording = self._open_recording()
            try:
                add(recording)
                break
            except SealedError:
                continue  # finished in this moment by another thread
        if recording.is_late:
            recording.writer.store_now()

    def observe(self, values: Mapping[str, float | Value], step: int | None = None) -> None:
        """Logs what is not of the loop, from any thread: at the step where it stands by default, without moving it."""
        if self._recording.is_open:
            self._recording.observe(values, step)

    def _next_step(self) -> int:
        return self._recording.inbox.next_step()

    def log_graph(self, model: Any, *example_inputs: Any, tag: str = "graph") -> None:
        """Logs a model's computational graph.

        Args:
            model: A `trainer.nn.Module`, a `torch.nn.Module`, a `tracker.Graph`, an object with
                `to_graph(*example_inputs)`, or the path of a file: `.onnx`, GraphDef's `.pb`, a Keras model's `.json`.
            *example_inputs: What the model would be called with.
            tag: What the graph is called, when a run has several.
        """
        self._log_carefully({tag: Graph.of(model, *example_inputs)}, max(self._recording.inbox.last_step, 0), None)

    def _log_beside(self, tag: str, value: Value, step: int | None) -> None:
        """Logs a value at a step, or where the loop stands, without moving it there."""
        place = max(self._recording.inbox.last_step, 0) if step is None else coerce.step(step)
        self._hand_over(lambda recording: recording.gate.add({}, [(tag, value)], place, _now()))

    def log_landscape(
        self,
        model: Any,
        loss: Callable[[Any], Any],
        *,
        name: str = "loss",
        trajectory: Trajectory | None = None,
        dimensions: int = 2,
        points: int | None = None,
        span: float = 1.0,
        seed: int = 0,
        share: float = 0.5,
        background: bool = True,
    ) -> Landscape:
        """Lays out the loss around a model's weights for the page *Paths*, in the background, over a copy of the model.

        Without a trajectory: along random directions whose filters are as long as the model's (Li et al. 2018). With
        one: the plane of its two principal components, and on it where the training went; or, in one dimension, the
        straight line from its first weights (0) to the last (1).

        Args:
            model: A `torch.nn.Module`, a `trainer.nn.Module`, or a dictionary of arrays by name. It is in evaluation
                mode: norms use their running statistics, those of the checkpoint for a loss on the path and the
                present ones everywhere else. Parameters that are frozen stay as they are.
            loss: Called with the copy (not with `model` itself), many times and on another thread; gives a number.
            name: What the page calls it; the tags are `path/<name>/…`.
            trajectory: The weights on the way; the present ones are its end.
            dimensions: 2 for a surface, 1 for a line.
            points: Points along each axis; 21, or 51 on a line.
            span: How far it reaches: to each side in lengths of the weights, past the path in quarters of its extent.
            seed: Of the random directions; the same seed gives the same ones.
            share: The part of the time it takes beside the training; all of it once somebody waits.
            background: False computes at once, on the model itself, and puts its weights back whatever happens.

        Returns:
            What is being computed: `.wait()`, `.cancel()`, `.progress`. `finish()` waits, unless the run crashed.

        Raises:
            LoggedTypeError, LoggedValueError: what was given has no landscape. Whatever `loss` raises.
        """
        from tracker.landscape.start import start

        recording = self._open_recording()
        landscape = start(
            recording, max(recording.inbox.last_step, 0), model, loss, coerce.text(name), trajectory, dimensions,
            points, span, seed,
            share, background,
        )  # fmt: skip
        recording.landscapes.append(landscape)
        return landscape

    def mark(self, text: str, step: int | None = None, *, kind: str = "note", **attributes: Any) -> None:
        """Marks a moment of the training on every chart, such as a change of the learning rate.

        Args:
            text: A few words.
            step: Where; the last logged step by default.
            kind: "note", "lr", "checkpoint", "resume" or a word of your own.
            **attributes: Anything else worth keeping, as JSON values.
        """
        place = self._recording.inbox.last_step if step is None else coerce.step(step)
        mark = (place, _now(), coerce.text(kind), coerce.text(text), plain(attributes))
        self._hand_over(lambda recording: recording.writer.add_mark(*mark))

    def alert(self, title: str, text: str = "", level: str = "info", step: int | None = None) -> None:
        """Says that something happened: a mark of kind "alert", which a rule `alert warning` delivers.

        Args:
            title: A few words.
            text: Anything more.
            level: "info", "warning" or "error".
            step: Where; the last logged step by default.
        """
        self.mark(title, step, kind="alert", level=level_of(level), details=coerce.text(text))

    def configure(self, values: Any) -> None:
        """Adds to what the run says it was made with: hyperparameters that are known only now.

        Args:
            values: As `config` of `tracker.init`.

        Raises:
            LoggedTypeError: it is no set of named values.
        """
        self.config |= plain(values)
        self._hand_over(lambda recording: recording.writer.set_config(dict(self.config)))

    # --- durability and the end ----------------------------------------------------------------------

    def flush(self, timeout: float = FLUSH_S, *, durable: bool = True) -> bool:
        """Returns when everything logged so far is on disk: a killed process or a power loss takes none of it.

        Args:
            timeout: Seconds.
            durable: False returns when it is in the file: a power loss may take it, a kill does not.

        Returns:
            False when the disk did not take it within `timeout` seconds; it is kept and tried again.
        """
        if self._recording.is_foreign:
            return True
        return self._writer.flush(timeout) if durable else self._writer.commit(timeout)

    def finish(self, status: str = "finished", ending: str | None = None) -> None:
        """Stores what is left and closes the run. Returns within 5 s whatever the disk does; can be called twice.

        Landscapes that are being computed are waited for; those of a run that did not finish well are ended.
        A run that nobody holds any more is finished by itself. What is logged after `finish` is kept: the run goes on
        in another segment, until it is finished again or the process ends.

        Args:
            status: "finished", "stopped" (by the user) or "crashed".
            ending: A few words on why, such as the name of an exception.
        """
        self._recording.finish(status, ending)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(*process.of_error(error))

    def __repr__(self) -> str:
        return f"<Run {self.name!r} in {str(self.logdir)!r}{'' if self._recording.is_open else ', finished'}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Run:
        return self  # what holds a run and is copied, a model with hooks foremost, holds the same run

    def __reduce__(self) -> Any:
        raise TypeError(
            message(
                "A run cannot be sent to another process.",
                hint=f"Open it there: tracker.init(logdir={str(self.logdir)!r}, name={self.name!r}, resume='allow').",
            )
        )
