"""Importing: a foreign log, whatever program wrote it, into runs of a logdir; again, when it has grown."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tracker import logdir
from tracker.errors import LogdirError, message
from tracker.foreign import (
    csv_table,
    databases,
    json_files,
    mlruns,
    model_files,
    rows,
    text_logs,
    visdom_files,
    wandb_files,
)  # fmt: skip
from tracker.foreign.event_files import EventFileCopy, is_beside_a_run
from tracker.foreign.folders import is_known, may_be_read, sources
from tracker.foreign.intake import check_receipts
from tracker.foreign.log import Log, put
from tracker.foreign.run_names import run_name, run_names
from tracker.foreign.twice import teller
from tracker.foreign.whole_files import copy_of, files_of, is_trace, is_whole
from tracker.store.read.left_out import why

UNDERSTOOD = (
    "event files of TensorBoard (a file, or a folder of any depth), with its projector's and profilers' files",
    "tables: CSV, TSV, Parquet and texts with a header, also as TensorBoard and W&B give away their charts",
    "JSON: lines, rows, lists by name, trainer_state.json of transformers, catboost_training.json",
    "SQLite databases of MLflow and Trackio, and folders of MLflow (mlruns)",
    "offline files of W&B (.wandb)",
    "environments of Visdom, as its server saves them (.json)",
    "what llm.c, nanoGPT, Megatron and transformers print",
    "models, as graphs: ONNX files, a GraphDef (.pb), Keras models as JSON",
)
"""What can be imported, in words."""

ENDINGS = (
    ".csv",
    ".tsv",
    ".parquet",
    ".jsonl",
    ".ndjson",
    ".json",
    ".db",
    ".sqlite",
    ".sqlite3",
    ".wandb",
    ".log",
    ".txt",
    ".out",
    ".onnx",
    ".pb",
)
"""Of files that are looked at in a folder."""

PARQUET_HEAD = b"PAR1"
SQLITE_HEAD = b"SQLite format 3\0"


@dataclass
class Imported:
    """What became of one file."""

    run: str
    path: Path
    added: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    failed: bool = False
    """Whether it could not be read at all."""
    known: bool = False
    """Whether what it holds is in the logdir, by this import or by one before."""
    no_log: str = ""
    """Why a file that was looked at is no log; empty for one that is."""


def import_logs(source: Path, root: Path, tell: Callable[[Path, int], None] | None = None) -> Iterator[Imported]:
    """Copies what is new in `source` into runs below `root`; an answer a file, also for those that are no log.

    Args:
        source: A file or a folder that another program wrote.
        root: The logdir; made if it is not there.
        tell: Called with the file and the bytes read of it, from time to time.

    Raises:
        FileNotFoundError: there is no such source.
        LogdirError: nothing there is understood; the message says what would be.
    """
    if not source.exists():
        raise FileNotFoundError(f"{source} is not there")
    found = list(sources(source)) if source.is_dir() or is_known(source.name) else []
    claimed = {file for _, paths in found for path in paths if is_whole(path) for file in files_of(path)}
    others = [source] if source.is_file() and not found else _files_below(source)
    others = [path for path in others if path not in claimed]
    understood = 0
    no_logs: list[Imported] = []
    told: list[tuple[Path, dict[str, int]]] = []
    for path in [path for path in others if is_trace(path)]:
        others.remove(path)
        understood += 1
        run = _run_of(path, source, path.stem)
        yield _copied(path, root / run, run, tell)
    names = run_names([name for name, _ in found], source)
    copied: list[tuple[Path, Path]] = []
    for name, paths in found:
        run = names[name]
        for path in paths:
            yield _copied(path, root / run, run, tell)
            copied.append((path.parent, root / run))
    for path in others:
        for done in _other(path, source, root, copied, told):
            if not done.no_log:
                understood += 1
            elif source.is_file():
                no_logs.append(done)
                continue
            yield done
    if not found and not understood:
        if no_logs and no_logs[0].no_log != NO_LOG:
            raise LogdirError(f"{source} holds no log that is understood: {no_logs[0].no_log}.")
        raise LogdirError(
            message(
                f"{source} holds no log that is understood.", expected="; ".join(UNDERSTOOD), got=_what_is_there(source)
            )
        )


def _environment(path: Path, source: Path, root: Path) -> Imported:
    """What became of an environment of Visdom's."""
    done = Imported(_run_of(path, source, path.stem), path)
    try:
        done.added, done.warnings = visdom_files.copy(path, root, done.run)
        done.known = True
    except Exception as error:  # noqa: BLE001 a file may hold anything; what it was is told, and the others go on
        done.warnings, done.failed = [why(error)], True
    return done


def _copied(path: Path, folder: Path, run: str, tell: Callable[[Path, int], None] | None) -> Imported:
    done = Imported(run, path)
    try:
        if not is_whole(path) and is_beside_a_run(path):
            done.warnings, done.known = ["its run is a run of ours already, and holds the same"], True
            return done
        check_receipts(folder)
        copy = copy_of(path, folder, run) if is_whole(path) else EventFileCopy(path, folder, run)
        try:
            copied = copy.update(None if tell is None else lambda offset: tell(path, offset))
            done.added, done.warnings = copied.added, copied.warnings
        finally:
            copy.close()
        done.known = not done.warnings or any(logdir.segment_files(folder))  # one that was just begun is sound
    except Exception as error:  # noqa: BLE001 a file may hold anything; what it was is told, and the others go on
        done.warnings, done.failed = [why(error)], True
    return done


def _files_below(source: Path) -> list[Path]:
    """Files of a folder that may be a log, those of a name that our own runs have left out."""
    if not source.is_dir():
        return []
    below = (Path(folder, name) for folder, names in logdir.walk(source, _may_be_a_log) for name in names)
    # Tables last: a program that writes JSON as well leaves out of its table what is no number.
    return sorted(
        filter(may_be_read, below),
        key=lambda path: (path.parent, path.suffix.lower() in (".csv", ".tsv", ".parquet"), path.name),
    )


def _may_be_a_log(name: str) -> bool:
    return (Path(name).suffix.lower() in ENDINGS or name == mlruns.META) and not logdir.is_segment(name)


def reader_of(path: Path) -> tuple[str, Callable[[Path], Iterable[Log] | str | None]] | None:
    """The program that wrote a file, and what reads it; None when it is not known."""
    if path.name == mlruns.META:
        return ("MLflow", mlruns.read) if mlruns.is_run(path) else None
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(wandb_files.MAGIC):
        return "W&B", wandb_files.read
    if head == SQLITE_HEAD:
        kind = databases.kind_of(path)
        return (kind, databases.read_mlflow if kind == "MLflow" else databases.read_trackio) if kind else None
    if head.startswith(PARQUET_HEAD):
        return "a Parquet file", rows.read_parquet
    ending = path.suffix.lower()
    if ending in (".onnx", ".pb") or (ending == ".json" and model_files.is_keras(path)):
        return "a model", model_files.read
    if ending in (".csv", ".tsv"):
        return "a CSV file", rows.read_csv
    if ending in (".jsonl", ".ndjson"):
        return "a file of JSON lines", json_files.read_lines
    if ending == ".json":
        return "a JSON file", json_files.read
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    kind = text_logs.kind_of(path)
    if kind:
        return kind, text_logs.read
    if json_files.is_lines(path):
        return "a file of JSON lines", json_files.read_lines
    return ("a table", rows.read_csv) if csv_table.is_table(path) else None


def _other(
    path: Path,
    source: Path,
    root: Path,
    copied: list[tuple[Path, Path]],
    told: list[tuple[Path, dict[str, int]]],
) -> Iterator[Imported]:
    """What became of each run of a file that is no event file."""
    if visdom_files.is_environment(path):
        yield _environment(path, source, root)
        return
    logs: list[Log] = []
    failed: Imported | None = None
    program, no_log = "", NO_LOG
    try:
        known = reader_of(path)
        if known is not None:
            program = known[0]
            # One by one: what was read before the place where a file is damaged is kept.
            read = known[1](path)
            no_log = read if isinstance(read, str) else "it has no number that could be a point of a curve"
            found = () if read is None or isinstance(read, str) else read
            logs.extend(log for log in found if log.points or log.items or log.fault)
    except Exception as error:  # noqa: BLE001 a file may hold anything; what it was is told, and the others go on
        failed = Imported(
            _run_of(path, source, path.stem), path, warnings=[f"cannot be read: {why(error)}"], failed=True
        )
    for log in logs:
        run = run_name(log.run) if path.name == mlruns.META else _run_of(path, source, log.run or _own_name(path))
        home = rows.home(path)
        if home is not None:
            run = (
                _run_of(home, source, home.resolve().name)
                if home.is_relative_to(source)
                else run_name(home.resolve().name)
            )
        done = Imported(run, path, warnings=log.warnings(), failed=bool(log.fault))
        try:
            beside = teller(log, path, source, copied, told)
            if beside:
                done.warnings, done.known = [f"{beside} beside it has the same curves"], True
            elif log.points or log.items:
                check_receipts(root / run)
                done.added, done.known = put(log, path, root / run, run, program), True
        except LogdirError as error:
            done.warnings, done.failed = [str(error)], True
        except Exception as error:  # noqa: BLE001 as above: the other runs of the file go on
            done.warnings, done.failed = [*done.warnings, why(error)], True
        yield done
    if failed is not None:
        yield failed
    elif not logs:
        yield Imported(_run_of(path, source, path.stem), path, no_log=no_log)


NO_LOG = "nothing in it is a table, or a line that a training printed"


def _run_of(path: Path, source: Path, name: str) -> str:
    """The name of the run of a file below the source."""
    place = path.relative_to(source).parent.as_posix() if source.is_dir() else "."
    return run_name(name if place == "." else f"{place}/{name}")


def _own_name(path: Path) -> str:
    return path.parent.name if path.name == "trainer_state.json" else path.stem


def _what_is_there(source: Path) -> str:
    if source.is_file():
        with source.open("rb") as file:
            head = file.read(12)
        return f"a file of {source.stat().st_size:,} bytes that begins with {head!r}" if head else "an empty file"
    names = sorted(path.name for path in source.iterdir())[:5]
    return f"a folder with {', '.join(names)} …" if names else "an empty folder"
