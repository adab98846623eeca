"""What a SummaryWriter hands out beside its methods, `writer.file_writer` foremost: for code that brings protobufs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from tracker.compat.target import Target
from tracker.errors import LoggedTypeError, message
from tracker.foreign import protos
from tracker.logdir import segment_files
from tracker.values import arrays


class EventFileWriter:
    """Takes events as they are, their step and wall time with them.

    Args:
        log_dir: What `get_logdir` says.
        target: Where they go; None keeps nothing.
    """

    def __init__(self, log_dir: str, target: Target | None) -> None:
        self._logdir = log_dir
        self._target = target

    def get_logdir(self) -> str:
        """The run's folder."""
        return self._logdir

    def add_event(self, event: Any) -> None:
        """Logs an `Event`: a protobuf of TensorFlow's, TensorBoard's or tensorboardX's, or its bytes."""
        if self._target is not None:
            self._target.add_event(read(protos.Event, event, "add_event"))

    def flush(self) -> None:
        """Returns when everything logged so far is on disk."""
        if self._target is not None:
            self._target.flush()

    def close(self) -> None:
        """Ends the run; what is logged later goes on with it."""
        if self._target is not None:
            self._target.close()

    def reopen(self) -> None:
        """Nothing to do: what is logged after `close()` opens what it needs."""

    @property
    def _file_name(self) -> str:
        """The event file where there is one, else the file of the run that was begun last; uploads ask for it."""
        if self._target is None:
            return self._logdir
        if self._target.events is not None:
            return str(self._target.events.path)
        return str([self._target.folder, *segment_files(self._target.folder)][-1])

    @property
    def _ev_writer(self) -> EventFileWriter:
        """tensorboardX has another writer here, which is asked for the same name."""
        return self


class FileWriter:
    """Takes summaries and events, at a step and a time of the caller's.

    Args:
        log_dir: What `get_logdir` says.
        target: Where they go; None keeps nothing.

    Attributes:
        event_writer: Takes events as they are.
    """

    def __init__(self, log_dir: str, target: Target | None) -> None:
        self.event_writer = EventFileWriter(log_dir, target)
        self._target = target

    def get_logdir(self) -> str:
        """The run's folder."""
        return self.event_writer.get_logdir()

    def add_event(self, event: Any, step: Any = None, walltime: float | None = None) -> None:
        """Logs an `Event` at a time, now by default, whatever it says itself; its step holds unless one is given."""
        if self._target is not None:
            copy = read(protos.Event, event, "add_event")
            given_step, given_time = self._target.given_now
            step = given_step if step is None else step
            walltime = given_time if walltime is None else walltime
            copy.wall_time = time.time() if walltime is None else walltime
            if step is not None:
                copy.step = int(step)
            self._target.add_event(copy)

    def add_summary(self, summary: Any, global_step: Any = None, walltime: float | None = None) -> None:
        """Logs a `Summary`, which is how other loggers bring hyperparameters, or its bytes."""
        self.add_event(protos.Event(summary=read(protos.Summary, summary, "add_summary")), global_step, walltime)

    def add_graph(self, graph_profile: Any, walltime: float | None = None) -> None:
        """Logs a `GraphDef`, and `RunMetadata` beside it: (graph, metadata)."""
        graph, metadata = graph_profile
        self.add_onnx_graph(graph, walltime)
        event = protos.Event()
        event.tagged_run_metadata.tag = b"step1"
        event.tagged_run_metadata.run_metadata = serialized(metadata, "add_graph")
        self.add_event(event, None, walltime)

    def add_onnx_graph(self, graph: Any, walltime: float | None = None) -> None:
        """Logs a `GraphDef`."""
        data = serialized(graph, "add_onnx_graph")
        self.add_event(protos.Event(graph_def=data), None, walltime)

    def add_openvino_graph(self, graph: Any, walltime: float | None = None) -> None:
        """Logs a `GraphDef`."""
        self.add_onnx_graph(graph, walltime)

    def flush(self) -> None:
        """Returns when everything logged so far is on disk."""
        self.event_writer.flush()

    def close(self) -> None:
        """Ends the run; what is logged later goes on with it."""
        self.event_writer.close()

    def reopen(self) -> None:
        """Nothing to do: what is logged after `close()` opens what it needs."""

    @contextlib.contextmanager
    def use_metadata(self, *, global_step: int | None = None, walltime: float | None = None) -> Iterator[FileWriter]:
        """Gives all calls within it a step and a time, where they bring none."""
        with contextlib.ExitStack() as stack:
            if self._target is not None:
                stack.enter_context(self._target.given(global_step, walltime))
            yield self


def serialized(given: Any, what: str) -> bytes:
    """A protobuf of whatever library as its bytes.

    Raises:
        LoggedTypeError: it is none.
    """
    if isinstance(given, bytes):
        return given
    if not hasattr(given, "SerializeToString"):
        raise LoggedTypeError(
            message(f"{what}: this is no protobuf.", expected="a message or its bytes", got=arrays.describe(given))
        )
    data: bytes = given.SerializeToString()
    return data


def read(kind: Any, given: Any, what: str) -> Any:
    """A protobuf of whatever library as a message of ours; fields that ours has no name for come along."""
    from google.protobuf.message import DecodeError

    try:
        return kind.FromString(serialized(given, what))
    except DecodeError as error:
        raise LoggedTypeError(
            message(f"{what}: these bytes are no message of that kind.", got=arrays.describe(given))
        ) from error
