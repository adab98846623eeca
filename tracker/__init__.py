"""Logs what a training does, to a store that loses nothing, at a cost nobody notices.

    import tracker

    run = tracker.init(logdir="runs", name="mnist/adam", config={"lr": 1e-3})
    for step in range(1000):
        tracker.log({"train/loss": loss}, step=step)
    tracker.finish()

The functions of this module act on the run of the last `init`; a `Run` has the same ones of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from tracker import errors
from tracker.run import Run
from tracker.start import start as _start
from tracker.values.confusion import ConfusionMatrix
from tracker.values.embedding import Embedding
from tracker.values.graph import Graph
from tracker.values.histogram import Histogram
from tracker.values.image import Image
from tracker.values.layout import Layout
from tracker.values.mesh import Mesh
from tracker.values.pr_curve import PRCurve
from tracker.values.text import Text

__all__ = [
    "ConfusionMatrix",
    "Embedding",
    "Graph",
    "Histogram",
    "Image",
    "Layout",
    "Mesh",
    "PRCurve",
    "Run",
    "Text",
    "errors",
    "finish",
    "flush",
    "init",
    "log",
    "log_graph",
    "mark",
    "open",
]

_current: Run | None = None


def init(
    logdir: str | os.PathLike[str] | None = None,
    name: str | None = None,
    config: Any = None,
    group: str | None = None,
    tags: Sequence[str] = (),
    notes: str = "",
    resume: str | None = None,
    step: int | None = None,
    fork: str | None = None,
) -> Run:
    """Starts a run, or goes on with one, and makes it the one that `tracker.log` logs to.

    Args:
        logdir: The folder that holds runs; `$VIZ_LOGDIR` or "runs" by default. Made if it is not there.
        name: The run's path below it, such as "mnist/adam"; one is made up from the script and the time by
            default. A name that is taken gets a number, unless `resume` says otherwise.
        config: What the run is made with: a dict, a dataclass, a Namespace.
        group: What runs belong together, such as the seeds of one experiment.
        tags: Words to find it by.
        notes: A sentence about it.
        resume: "allow" goes on with the run of that name or starts it, "must" only goes on, "never" only starts.
            Under torchrun and the like, where `RANK` and `WORLD_SIZE` are set, the default is "allow".
        step: The checkpoint's step that training goes back to: later points of the resumed run stay in the
            store, off the live line, and the next step is one more.
        fork: The name of a run to begin as a copy of, up to `step` or to its end; it is left as it is. The new run
            is whole by itself: the first one may go on, or be deleted.

    `config`, `group`, `tags` and `notes` that are not given stay those of the run that is resumed or forked.

    Raises:
        RunNameError, RunExistsError, RunNotFoundError, LogdirError: as their names say.
    """
    global _current
    run = _start(logdir, name, config, group, tags, notes, resume, step, fork)
    _current = run
    return run


def _run() -> Run:
    if _current is None:
        raise errors.NoRunError(
            errors.message("There is no run to log to yet.", hint="Start one first: tracker.init(logdir='runs').")
        )
    return _current


def log(values: Mapping[str, Any], step: int | None = None, wall_time: float | None = None) -> None:
    """`Run.log` of the current run."""
    if _current is None:
        _run()
    _current.log(values, step, wall_time)  # type: ignore[union-attr]  # checked above; a call less on the hot path


def log_graph(model: Any, *example_inputs: Any, tag: str = "graph") -> None:
    """`Run.log_graph` of the current run."""
    _run().log_graph(model, *example_inputs, tag=tag)


def mark(text: str, step: int | None = None, *, kind: str = "note", **attributes: Any) -> None:
    """`Run.mark` of the current run."""
    _run().mark(text, step, kind=kind, **attributes)


def flush(timeout: float = 30.0) -> bool:
    """`Run.flush` of the current run; True when there is none."""
    return _current.flush(timeout) if _current is not None else True


def finish() -> None:
    """`Run.finish` of the current run; nothing when there is none."""
    global _current
    if _current is not None:
        run, _current = _current, None
        run.finish()


def open(logdir: str | os.PathLike[str] | None = None) -> Any:
    """A logdir for reading; see `tracker.store.reader.Store`.

    Raises:
        LogdirError: there is no such folder.
    """
    from tracker.store.reader import Store

    return Store(logdir)
