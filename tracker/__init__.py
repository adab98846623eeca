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
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracker import databases, errors, spare_descriptor
from tracker.quick_log import Desk, QuickLog

if TYPE_CHECKING:
    from tracker.findings.detector import detector
    from tracker.findings.finding import Finding
    from tracker.landscape.trajectory import Trajectory
    from tracker.landscape.worker import Landscape
    from tracker.run import Run
    from tracker.values.audio import Audio
    from tracker.values.confusion import ConfusionMatrix
    from tracker.values.curves import Curves
    from tracker.values.embedding import Embedding
    from tracker.values.figure import Figure
    from tracker.values.graph import Graph
    from tracker.values.histogram import Histogram
    from tracker.values.image import Image
    from tracker.values.layout import Layout
    from tracker.values.markup import Html, Svg
    from tracker.values.mesh import Mesh
    from tracker.values.network import Network
    from tracker.values.pr_curve import PRCurve
    from tracker.values.profile import Profile
    from tracker.values.properties import Properties
    from tracker.values.table import Table
    from tracker.values.text import Text
    from tracker.values.video import Video

__all__ = [
    "Audio",
    "ConfusionMatrix",
    "Curves",
    "Embedding",
    "Figure",
    "Finding",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Layout",
    "Mesh",
    "Network",
    "PRCurve",
    "Profile",
    "Properties",
    "Run",
    "Svg",
    "Table",
    "Text",
    "Trajectory",
    "Video",
    "alert",
    "detector",
    "errors",
    "finish",
    "flush",
    "init",
    "log",
    "log_graph",
    "log_landscape",
    "log_model",
    "mark",
    "open",
    "watch",
]

_HOMES = {
    "Audio": "tracker.values.audio",
    "ConfusionMatrix": "tracker.values.confusion",
    "Curves": "tracker.values.curves",
    "Embedding": "tracker.values.embedding",
    "Figure": "tracker.values.figure",
    "Finding": "tracker.findings.finding",
    "Graph": "tracker.values.graph",
    "Histogram": "tracker.values.histogram",
    "Html": "tracker.values.markup",
    "Image": "tracker.values.image",
    "Layout": "tracker.values.layout",
    "Mesh": "tracker.values.mesh",
    "Network": "tracker.values.network",
    "PRCurve": "tracker.values.pr_curve",
    "Profile": "tracker.values.profile",
    "Properties": "tracker.values.properties",
    "Run": "tracker.run",
    "Svg": "tracker.values.markup",
    "Table": "tracker.values.table",
    "Text": "tracker.values.text",
    "Trajectory": "tracker.landscape.trajectory",
    "Video": "tracker.values.video",
    "detector": "tracker.findings.detector",
}
"""What is imported when they are first used: all of them, with NumPy and SQLAlchemy behind them, take 0.3 s,
for which neither a script's `--help` nor a server that has nothing to read yet should wait."""

_current: Run | None = None
_finished: tuple[str, str] | None = None
"""Name and logdir of the run that `finish` ended last."""

spare_descriptor.keep()


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


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
    machine: bool | float = True,
    console: bool = False,
    command: bool = False,
    diff: bool = False,
    controls: bool = True,
    replay: str | None = None,
    server: str | None = None,
) -> Run:
    """Starts a run, or goes on with one, and makes it the one that `tracker.log` logs to.

    Args:
        logdir: The folder that holds runs; `$VIZ_LOGDIR` or "runs" by default. Made if it is not there. Or the address
            of a database, `postgresql+psycopg://…`: the run is written into a folder here (`$VIZ_SPOOL`, else in the
            user's data folder) and sent there, as to a `server`.
        name: The run's path below it, such as "mnist/adam"; one is made up from the script and the time by
            default. A name that is taken gets a number, unless `resume` says otherwise.
        config: What the run is made with: a dict, a dataclass, a Namespace. Kept as JSON values: whole numbers to the
            last digit, arrays as lists of their first thousand numbers, anything else as its text; what is cut says so.
        group: What runs belong together, such as the seeds of one experiment.
        tags: Words to find it by.
        notes: A sentence about it.
        resume: "allow" goes on with the run of that name or starts it, "must" only goes on, "never" only starts.
            Under torchrun and the like, where `RANK` and `WORLD_SIZE` are set, the default is "allow".
        step: The checkpoint's step that training goes back to: later points of the resumed run stay in the
            store, off the live line, and the next step is one more.
        fork: The name of a run to begin as a copy of, up to `step` or to its end; it is left as it is. The new run
            is whole by itself: the first one may go on, or be deleted.
        machine: Sample CPU, memory, disk, network and NVIDIA GPUs beside the training, under `machine/…`, and note
            commit, packages and hardware: True is every 10 s, a number is seconds, False is none of it.
        console: Keep what the process prints, on both outputs, whoever in it prints.
        command: Keep the command line. What looks like a secret is hidden; what does not look like one is not.
        diff: Keep what differs from the git commit, up to 1 MB; hidden as above.
        controls: Do what is asked for on the page: stop, pause, and what `run.control` and `run.action` offer.
            `VIZ_CONTROLS=0` says no for all runs.
        replay: A run of this logdir: what was asked of it takes effect in this one too, after the same steps.
        server: The address of a `viz serve --receive` to which all runs of this logdir are sent, by a process of its
            own that is begun once a machine; `$VIZ_SERVER` by default. The training waits for nothing of it. The
            server's write token is `$VIZ_WRITE_TOKEN`.

    `config`, `group`, `tags` and `notes` that are not given stay those of the run that is resumed or forked.

    Raises:
        RunNameError, RunExistsError, RunNotFoundError, LogdirError: as their names say. That no file descriptor or no
            room on the disk is left is no error: the run begins without its file, and is stored once there is.
        ServerAddressError: `server` is no address.
        MissingPackageError: what speaks with a database is not installed.
        StepError, LoggedTypeError: `step`, `config` or `tags` is not what it should be.
    """
    global _current
    spare_descriptor.release()
    from tracker.logdir import check_run_name
    from tracker.start import start

    if name is not None:
        check_run_name(name, typed=True)
    run = start(
        logdir, name, config, group, tags, notes, resume, step, fork, machine, console, command, diff, controls,
        replay, server,
    )  # fmt: skip
    _current = run
    _current_run.at(run)
    return run


def _run() -> Run:
    if _current is not None:
        return _current
    if _finished is not None:
        name, logdir = _finished
        raise errors.NoRunError(
            errors.message(
                f"There is no run to log to: tracker.finish() ended {name!r}.",
                hint=f"Go on with it: tracker.init(logdir={logdir!r}, name={name!r}, resume='allow'). Or keep what "
                "tracker.init() gives: its own log() goes on by itself.",
            )
        )
    raise errors.NoRunError(
        errors.message("There is no run to log to yet.", hint="Start one first: tracker.init(logdir='runs').")
    )


class _CurrentRun(QuickLog):
    """`log` of the current run, whichever that is."""

    def __init__(self) -> None:
        self._desk = Desk()

    def at(self, run: Run | None) -> None:
        """From now on that is the current one."""
        self._desk = Desk() if run is None else run._desk

    def _log_carefully(self, values: Mapping[str, Any], step: int | None, wall_time: float | None) -> None:
        _run()._log_carefully(values, step, wall_time)

    def __reduce__(self) -> str:
        return "_current_run"


_current_run = _CurrentRun()
log = _current_run.log


def log_graph(model: Any, *example_inputs: Any, tag: str = "graph") -> None:
    """`Run.log_graph` of the current run."""
    _run().log_graph(model, *example_inputs, tag=tag)


def log_landscape(model: Any, loss: Callable[[Any], Any], **options: Any) -> Landscape:
    """`Run.log_landscape` of the current run."""
    return _run().log_landscape(model, loss, **options)


def log_model(model: Any, name: str = "model", **options: Any) -> None:
    """`Run.log_model` of the current run."""
    _run().log_model(model, name, **options)


def alert(title: str, text: str = "", level: str = "info", step: int | None = None) -> None:
    """`Run.alert` of the current run."""
    _run().alert(title, text, level, step)


def mark(text: str, step: int | None = None, *, kind: str = "note", **attributes: Any) -> None:
    """`Run.mark` of the current run."""
    _run().mark(text, step, kind=kind, **attributes)


def watch(module: Any, every: int = 100, **options: Any) -> Any:
    """Logs a PyTorch module's gradients, parameters and graph while it trains; see `integrations.pytorch.Watch`.

    Args:
        module: A `torch.nn.Module`.
        every: How many forward passes lie between two that are logged.
        **options: `gradients`, `parameters`, `outputs`, `norms`, `graph` (all True), `detect_anomaly` (False), `step`
            of the first pass, and `run` for another one.
    """
    from tracker.integrations.pytorch import Watch

    return Watch(options.pop("run", None) or _run(), module, every, **options)


def flush(timeout: float = 30.0) -> bool:
    """`Run.flush` of the current run; True when there is none."""
    return _current.flush(timeout) if _current is not None else True


def finish() -> None:
    """`Run.finish` of the current run; nothing when there is none. After it there is none."""
    global _current, _finished
    if _current is not None:
        run, _current = _current, None
        _current_run.at(None)
        _finished = run.name, str(run.logdir)
        run.finish()


def open(logdir: str | os.PathLike[str] | None = None, *, tfevents: bool = False) -> Any:
    """A logdir for reading; see `tracker.store.read.reader.Store`.

    Args:
        logdir: The folder; `$VIZ_LOGDIR`, else `runs` by default. Or the address of a database that rows were sent to,
            `postgresql+psycopg://…`.
        tfevents: Read TensorBoard's files that lie in it too, as they are now. Copies of them are kept in the user's
            cache folder, as by `viz serve`.

    Raises:
        LogdirError: there is no such folder, or the database does not answer or holds no runs.
        MissingPackageError: what speaks with the database is not installed.
        OSError: the user's cache folder cannot be written.
    """
    from tracker import logdir as logdirs
    from tracker.store.read.reader import Store

    where = logdirs.default_logdir() if logdir is None else os.fsdecode(logdir)
    if databases.is_address(where):
        from tracker.postgres import open_to_read

        return Store(open_to_read(where))
    store = Store(where)
    if tfevents:
        from tracker.foreign.mirrored_once import once

        store.mirror = once(store.root)
    return store
