"""Starting a run: its name, its folder, and what it continues."""

from __future__ import annotations

import logging
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from tracker import coerce, databases
from tracker import config as configs
from tracker import logdir as logdirs
from tracker.controls.recorded import Recorded
from tracker.errors import LoggedTypeError, RunNameError, RunNotFoundError, message
from tracker.machine import environment
from tracker.machine.meter import PREFIX
from tracker.machine.sampler import interval_of
from tracker.run import Run
from tracker.store.read import copied, read_only
from tracker.store.read.liveness import this_process
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun
from tracker.store.read.segments import Segment, last_of, live_until
from tracker.store.write import model_files
from tracker.store.write.appender import Birth
from tracker.store.write.claim import claim_folder
from tracker.values import arrays
from tracker.values.pane import POINTS

logger = logging.getLogger("tracker")

RESUME = (None, "allow", "must", "never")


def start(
    logdir: str | os.PathLike[str] | None,
    name: str | None,
    config: Any,
    group: str | None,
    tags: Sequence[str],
    notes: str,
    resume: str | None,
    step: int | None,
    fork: str | None = None,
    machine: bool | float = True,
    console: bool = False,
    command: bool = False,
    diff: bool = False,
    controls: bool = True,
    replay: str | None = None,
    server: str | None = None,
) -> Run:
    """`tracker.init` without the module's current run."""
    if resume not in RESUME:
        raise RunNameError(
            message("resume says whether a run may go on.", expected='"allow", "must" or "never"', got=repr(resume))
        )
    if resume is not None and name is None:
        raise RunNameError(message(f"resume={resume!r} needs the name of the run.", expected='name="…"', got="no name"))
    if step is not None:
        step = coerce.step(step)
    group = None if group is None else coerce.text(group)
    tags = _words(tags)
    notes = coerce.text(notes)
    interval = interval_of(machine)
    now = time.time()
    root, database = _written_in(logdir)
    rank, ranks = _place()
    for url in filter(None, (server or os.environ.get("VIZ_SERVER"), database)):
        from tracker.ship.background import begin  # brings HTTP and TLS, which a run need not wait for

        begin(root, url)
    recorded = None if replay is None else Recorded.of(Store(root).run(coerce.text(replay)))
    source = _to_fork(root, fork, resume, rank) if fork is not None else None
    name = fork if name is None else name
    wanted = logdirs.check_run_name(name) if name is not None else logdirs.generated_name(now)
    if rank is not None and name is not None and resume is None:
        resume = "allow"  # the processes of one training mean one run
    settings = configs.plain(config)
    found, folder, existed = claim_folder(root, wanted, resume)
    if source is not None:
        for segment in source.segments():
            read_only.copy(segment.path, folder / segment.path.name, f"{copied.ENDING}{source.name} by a fork")
        model_files.copy_all(source.folder, folder)

    parent: Segment | None = None
    first_step = 0
    reason = "start"
    if existed or source is not None:
        try:
            stored = StoredRun(found, folder)
            parent = last_of(stored.segments(), rank)
            first_step = 0 if parent is None or step is not None else _next_step(stored)
        except (OSError, sqlite3.Error) as error:  # no descriptor left, a disk that is away: the training goes on
            logger.warning("tracker: run %s is there and cannot be read (%s); its steps begin at 0", found, error)
            parent = None
        if parent is not None:
            reason = "fork" if source is not None else "resume" if step is None else "rewind"
            # What is not said anew holds on.
            settings = settings if config is not None else parent.config
            group, tags, notes = group or parent.group, tags or parent.tags, notes or parent.notes
    if step is not None:
        first_step = step + 1
    birth = Birth(
        segment=logdirs.new_segment_id(now, rank), run=found, parent=parent.id if parent else None,
        fork_step=step if parent else None, reason=reason,
        rank=rank, created=now, writer=this_process(), library=_version(), group=group, tags=tuple(tags),
        notes=notes, config=settings, environment=_environment(controls, ranks, replay),
    )  # fmt: skip
    run = Run(root, folder, birth, first_step)
    if parent is not None:
        words = "resumed" if source is None else f"forked from {source.name}"
        kind = "resume" if source is None else "fork"
        run.mark(f"{words} after step {first_step - 1:,}", first_step - 1, kind=kind, segment=parent.id)
    if recorded is not None:
        run.controls.replay(recorded)
    run.watch(interval, console=console, command=command, diff=diff)
    return run


def _written_in(logdir: str | os.PathLike[str] | None) -> tuple[Path, str | None]:
    """The folder that a run is written into, and the address of the database that it is sent to; None without one."""
    where = logdirs.default_logdir() if logdir is None else os.fsdecode(logdir)
    if not databases.is_address(where):
        return logdirs.resolve(where), None
    from tracker.ship.spool import folder_of

    return folder_of(where), where


def _takes_commands(controls: bool) -> bool:
    """Whether this run does what is asked of it on the page."""
    return bool(controls) and os.environ.get("VIZ_CONTROLS", "").strip().lower() not in ("0", "false", "no", "off")


def _words(tags: Any) -> list[str]:
    try:
        return [coerce.text(tag) for tag in ([tags] if isinstance(tags, str) else tags)]
    except Exception as error:
        raise LoggedTypeError(
            message("tags= is not a list of words.", expected='["baseline", "v2"]', got=arrays.describe(tags))
        ) from error


def _to_fork(root: Path, fork: str, resume: str | None, rank: int | None) -> StoredRun:
    """The run that a new one begins as a copy of."""
    if resume is not None:
        raise RunNameError(
            message("fork makes a new run, resume goes on with one.", expected="one of them", got="both")
        )
    if rank is not None:
        raise RunNameError(
            message(
                "A run of several processes cannot be forked by all of them.",
                expected="fork in one process before the others start",
                got=f"fork={fork!r} in the process of rank {rank}",
                hint=f'Run tracker.init(name="…", fork={fork!r}).finish() first, then resume="must" in every process.',
            )
        )
    source = Store(root).run(fork)
    if not source.segments():
        raise RunNotFoundError(message(f"Run {fork!r} in {root} cannot be read.", hint="`viz doctor` says more."))
    return source


def _place() -> tuple[int | None, int]:
    """This process's rank in a distributed training, and how many there are, as its launcher says; None outside."""
    for rank_name, size_name in (
        ("RANK", "WORLD_SIZE"),
        ("SLURM_PROCID", "SLURM_NTASKS"),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ):
        try:
            rank, size = int(os.environ[rank_name]), int(os.environ[size_name])
        except (KeyError, ValueError):
            continue
        if size > 1:
            return rank, size
    return None, 1


_LAST = (
    "SELECT max(step) FROM (SELECT max(step) AS step FROM sketches WHERE level=0 AND step<=?1 UNION ALL "
    "SELECT max(step) FROM media JOIN series ON series.id=series "
    "WHERE step<=?1 AND kind NOT IN ('environment', 'console', 'control', 'pane'))"
)


def _next_step(stored: StoredRun) -> int:
    """One more than the newest step of a run's live line, whatever was logged there; 0 when nothing was.

    Marks, which do not move the loop's step, count where there is nothing else.
    """
    steps: list[int] = []
    for tag in stored.tags("scalar"):
        # The machine is sampled before the first step, too; points of panes have steps of their own.
        if not tag.startswith((PREFIX, POINTS)):
            steps += stored.envelope(tag, 1).step_last.tolist()
    own = stored.segments()
    limits = live_until(own)
    for segment in own:
        limit = limits[segment.id]
        with read_only.snapshot(segment.path) as connection:
            (last,) = connection.execute(_LAST, (coerce.STEP_MAX if limit is None else limit,)).fetchone()
        steps += [] if last is None else [last]
    if not steps:
        steps = [mark.step for mark in stored.marks() if mark.step is not None]
    return max(steps, default=-1) + 1


@lru_cache(maxsize=1)
def _version() -> str:
    version = environment.packages(sys.path).get("everystep")  # to import importlib.metadata takes ten times as long
    return f"everystep {version or '(not installed)'}"


def _environment(controls: bool, ranks: int, replay: str | None) -> dict[str, Any]:
    """What is known at once; `tracker.machine.environment` gathers the rest beside the training."""
    script = Path(sys.argv[0]).name if sys.argv and sys.argv[0] not in ("", "-c", "-m") else ""
    try:
        system = platform.platform()
    except OSError:  # it opens the interpreter's file to tell which libc that needs
        system = sys.platform
    about = {"python": platform.python_version(), "platform": system, "script": coerce.text(script)}
    several = {"ranks": ranks} if ranks > 1 else {}
    again = {} if replay is None else {"replay": coerce.text(replay)}
    return {**about, "controls": _takes_commands(controls), **several, **again}
