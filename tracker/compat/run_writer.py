"""The run behind a SummaryWriter: opened at its first word, closed, and gone on with, as often as its user likes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tracker import coerce
from tracker.compat.chart_layout import ChartLayout
from tracker.compat.file_writer import FileWriter
from tracker.compat.target import Target
from tracker.errors import LoggedValueError, message
from tracker.logdir import check_local
from tracker.run import Run
from tracker.values.value import Value

Own = TypeVar("Own", bound="RunWriter")


class RunWriter:
    """What a SummaryWriter is but for its `add_…` methods; see there for the arguments."""

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        comet_config: Mapping[str, Any] | None = None,
        *,
        logdir: Any = None,
        tfevents: bool = False,
    ) -> None:
        chosen = log_dir or logdir or str(Path("runs", _default_name(comment)))
        self.log_dir = self.logdir = chosen
        self.max_queue, self.flush_secs, self.filename_suffix = max_queue, flush_secs, filename_suffix
        if not isinstance(filename_suffix, str) or set(coerce.text(filename_suffix)) & set("/\\\0"):
            expected = "text without / \\ and zero bytes"
            raise LoggedValueError(message("filename_suffix cannot end the name of a file.", expected=expected))
        self.purge_step = purge_step
        self.kwargs: dict[str, Any] = {}
        self._write_to_disk = write_to_disk
        self._tfevents = tfevents
        self._target: Target | None = None
        self._layout = ChartLayout()
        self.file_writer: FileWriter | None = None
        self.all_writers: dict[str, FileWriter] | None = None
        self._get_file_writer()

    def _get_file_writer(self) -> FileWriter:
        """What takes ready protobufs; after `close()` another one, for the same run."""
        if self._target is None and self._write_to_disk:
            check_local(str(self.log_dir), "log_dir")
            folder = Path(os.path.abspath(str(self.log_dir)))
            self._target = Target(folder, self.purge_step, self.filename_suffix if self._tfevents else None)
            self.purge_step = None
        if self.file_writer is None or self.all_writers is None:
            self.file_writer = FileWriter(str(self.log_dir), self._target)
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
        return self.file_writer

    @property
    def run(self) -> Run | None:
        """The run; None with `write_to_disk=False`."""
        return self._target.run if self._target is not None else None

    @property
    def default_bins(self) -> list[float]:
        """The ends of TensorBoard's bins for histograms, for code that asks; our own are narrower."""
        return list(_DEFAULT_BINS)

    @property
    def scalar_dict(self) -> dict[str, list[list[float]]]:
        """The numbers of this run so far, read from disk: {tag: [[wall time, step, value], …]}."""
        if self.run is None:
            return {}
        from tracker.store.read.run import StoredRun

        self.run.flush()
        stored = StoredRun(self.run.name, self.run.folder)
        found = {}
        for tag in stored.tags("scalar"):
            points = stored.scalars(tag)
            columns = points.wall_time.tolist(), points.step.tolist(), points.value.tolist()
            found[tag] = [list(point) for point in zip(*columns, strict=True)]
        return found

    def flush(self) -> None:
        """Returns when everything logged so far is on disk."""
        if self._target is not None:
            self._target.flush()

    def close(self) -> None:
        """Stores what is left and closes the run; what is logged later goes on in it. Can be called twice."""
        if self._target is not None and self.all_writers is not None:
            self._target.close()
        self.file_writer = self.all_writers = None

    @contextlib.contextmanager
    def use_metadata(self: Own, *, global_step: int | None = None, walltime: float | None = None) -> Iterator[Own]:
        """Gives all calls within it a step and a time, where they bring none."""
        with contextlib.ExitStack() as stack:
            if self._target is not None:
                stack.enter_context(self._target.given(global_step, walltime))
            yield self

    def get_logdir(self) -> Any:
        """The run's folder, as it was given."""
        return self.log_dir

    def export_scalars_to_json(self, path: Any) -> None:
        """Writes the numbers of this run as {tag: [[wall time, step, value], …]}, tensorboardX's form."""
        Path(path).write_text(json.dumps(self.scalar_dict), encoding="utf-8")

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.run is not None and self.all_writers is not None:
            self.run.__exit__(kind, error, trace)
        self.close()

    def _log(self, tag: str, value: Value, step: int | None, wall_time: float | None) -> None:
        self._get_file_writer()
        if self._target is not None:
            self._target.add_value(tag, value, step, wall_time)


def _default_name(comment: Any) -> str:
    return f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{coerce.text(comment)}"


def _bins() -> Iterator[float]:
    """As TensorBoard makes them: each a tenth wider than the one before, from 1e-12 to 1e20."""
    value = 1e-12
    while value < 1e20:
        yield value
        value *= 1.1


_POSITIVE = list(_bins())
_DEFAULT_BINS = [*(-value for value in reversed(_POSITIVE)), 0, *_POSITIVE]
