"""Importing: a foreign log, whatever program wrote it, into runs of a logdir; again, when it has grown."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from tracker import logdir
from tracker.errors import LogdirError, TrackerError, message
from tracker.foreign import databases, model_files, rows, text_logs, wandb_files
from tracker.foreign.event_files import EventFileCopy, is_beside_a_run
from tracker.foreign.folders import is_known, sources
from tracker.foreign.log import Log, put
from tracker.foreign.whole_files import copy_of, files_of, is_trace, is_whole

UNDERSTOOD = (
    "event files of TensorBoard (a file, or a folder of any depth), with its projector's and profilers' files",
    "CSV and TSV with a header",
    "JSON lines, JSON, and trainer_state.json of transformers",
    "SQLite databases of MLflow and Trackio",
    "offline files of W&B (.wandb)",
    "what llm.c and Megatron print",
    "models, as graphs: ONNX files, a GraphDef (.pb), Keras models as JSON",
)
"""What can be imported, in words."""

ENDINGS = (
    ".csv",
    ".tsv",
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

SQLITE_HEAD = b"SQLite format 3\0"


@dataclass
class Imported:
    """What became of one file."""

    run: str
    path: Path
    added: Counter[str] = field(default_factory=Counter)
    met: list[str] = field(default_factory=list)
    failed: bool = False
    """Whether it could not be read at all."""


def import_logs(source: Path, root: Path, tell: Callable[[Path, int], None] | None = None) -> Iterator[Imported]:
    """Copies what is new in `source` into runs below `root`; an answer a file.

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
    for path in [path for path in others if is_trace(path)]:
        others.remove(path)
        understood += 1
        run = _run_of(path, source, path.stem)
        yield _copied(path, root / run, run, tell)
    for path in others:
        for done in _other(path, source, root):
            understood += 1
            yield done
    if not found and not understood:
        raise LogdirError(
            message(
                f"{source} holds no log that is understood.", expected="; ".join(UNDERSTOOD), got=_what_is_there(source)
            )
        )
    names = run_names([name for name, _ in found], source)
    for name, paths in found:
        run = names[name]
        for path in paths:
            yield _copied(path, root / run, run, tell)


def _copied(path: Path, folder: Path, run: str, tell: Callable[[Path, int], None] | None) -> Imported:
    done = Imported(run, path)
    try:
        if not is_whole(path) and is_beside_a_run(path):
            done.met = ["its run is a run of ours already, and holds the same"]
            return done
        copy = copy_of(path, folder, run) if is_whole(path) else EventFileCopy(path, folder, run)
        try:
            copied = copy.update(None if tell is None else lambda offset: tell(path, offset))
        finally:
            copy.close()
        done.added, done.met = copied.added, copied.met
    except (OSError, sqlite3.Error, SQLAlchemyError, TrackerError) as error:  # the others can be read all the same
        done.met, done.failed = [str(error).splitlines()[0]], True
    return done


def run_names(found: list[str], source: Path) -> dict[str, str]:
    """A name for the run of each folder below `source`; "." is called as the source is."""
    names = {name: _name(name) for name in found}
    if "." in names:
        top = source.resolve()
        own = _name(top.parent.name if top.is_file() else top.name) or "run"
        names["."] = f"{own} (top)" if own in names.values() else own
    return names


def _name(text: str) -> str:
    """A path as the name of a run: what no run's name may hold becomes "_"."""
    parts = [
        "".join(
            "_" if ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF or char in "\\" else char
            for char in part
        )
        for part in text.split("/")
    ]
    name = "/".join(part for part in parts if part not in ("", ".", ".."))
    if name[1:2] == ":" or name.startswith("~"):
        name = f"_{name[1:]}"
    return "" if text == "." else logdir.check_run_name(name)


def _files_below(source: Path) -> list[Path]:
    """Files of a folder that may be a log, those of a name that our own runs have left out."""
    if not source.is_dir():
        return []
    return sorted(
        path
        for path in source.rglob("*")
        if path.suffix.lower() in ENDINGS and path.is_file() and not logdir.is_segment(path.name)
    )


def reader_of(path: Path) -> tuple[str, Callable[[Path], Iterable[Log] | None]] | None:
    """The program that wrote a file, and what reads it; None when it is not known."""
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(wandb_files.MAGIC):
        return "W&B", wandb_files.read
    if head == SQLITE_HEAD:
        kind = databases.kind_of(path)
        return (kind, databases.read_mlflow if kind == "MLflow" else databases.read_trackio) if kind else None
    ending = path.suffix.lower()
    if ending in (".onnx", ".pb") or (ending == ".json" and model_files.is_keras(path)):
        return "a model", model_files.read
    if ending in (".csv", ".tsv"):
        return "a CSV file", rows.read_csv
    if ending in (".jsonl", ".ndjson"):
        return "a file of JSON lines", rows.read_json_lines
    if ending == ".json":
        return "a JSON file", rows.read_json
    if b"\0" in head:
        return None
    kind = text_logs.kind_of(path)
    return (kind, text_logs.read) if kind else None


def _other(path: Path, source: Path, root: Path) -> Iterator[Imported]:
    """What became of each run of a file that is no event file; nothing when it is no log."""
    try:
        known = reader_of(path)
        found = known[1](path) if known else None
        logs = [log for log in found or () if log.points or log.items]
    except (OSError, ValueError, KeyError, csv.Error, sqlite3.Error) as error:
        yield Imported(path.stem, path, met=[f"cannot be read: {error}"], failed=True)
        return
    for log in logs:
        assert known is not None
        run = _run_of(path, source, log.run or (path.parent.name if path.name == "trainer_state.json" else path.stem))
        done = Imported(run, path, met=[f"{count:,} {what}" for what, count in sorted(log.left_out.items())])
        try:
            done.added = put(log, path, root / run, run, known[0])
        except (LogdirError, OSError, sqlite3.Error, SQLAlchemyError) as error:
            done.met, done.failed = [str(error)], True
        yield done


def _run_of(path: Path, source: Path, name: str) -> str:
    """The name of the run of a file below the source."""
    place = path.relative_to(source).parent.as_posix() if source.is_dir() else "."
    return _name(name if place == "." else f"{place}/{name}")


def _what_is_there(source: Path) -> str:
    if source.is_file():
        with source.open("rb") as file:
            head = file.read(12)
        return f"a file of {source.stat().st_size:,} bytes that begins with {head!r}" if head else "an empty file"
    names = sorted(path.name for path in source.iterdir())[:5]
    return f"a folder with {', '.join(names)} …" if names else "an empty folder"
