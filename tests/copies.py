"""What tests of copies and prunings ask of stores: all rows of a file, all files of a run, runs of all kinds."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

import tracker
import trainer
from tracker import logdir as logdirs
from tracker.store.read.chunks import Chunks
from tracker.store.run_folder_files import files_of
from tracker.store.write import schema

TABLES = [table.name for table in schema.segment_tables.sorted_tables]


def rows_of(path: Path) -> dict[str, list[Any]]:
    """Every row of a segment by table, points where rows stand for them; of contents their numbers too."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = {
            table: connection.execute(f"SELECT {'rowid, *' if table == 'blobs' else '*'} FROM {table}").fetchall()
            for table in TABLES
        }
        chunks = Chunks(connection)
        return {**found, "scalars": [chunks.filled(row) for row in found["scalars"]]}


def said_of(folder: Path) -> dict[str, list[Any]]:
    """What is said of a run on the page: what holds, and what was asked, in order."""
    path = folder / logdirs.PAGE_FILE
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return {
            "properties": connection.execute("SELECT * FROM properties ORDER BY key").fetchall(),
            "commands": connection.execute(
                "SELECT nonce, wall_time, name, value, expected, author FROM commands ORDER BY id"
            ).fetchall(),
        }


def run_of(folder: Path) -> dict[str, Any]:
    """All of a run: its segments, the files beside them, its page."""
    return {
        **{path.name: rows_of(path) for path in logdirs.segment_files(folder)},
        **{name: (folder / name).read_bytes() for name, _ in files_of(folder)},
        "page": said_of(folder),
    }


def stamps_of(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Which files lie below a folder, and when each was written; without what a reader's look at a WAL changes."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(("-wal", "-shm")):
                continue
            about = os.lstat(os.path.join(place, name))
            found[os.path.relpath(os.path.join(place, name), folder)] = (about.st_ino, about.st_size, about.st_mtime_ns)
    return found


def log_all(root: Path, name: str, points: int = 1500, **more: Any) -> Path:
    """A finished run of all kinds; its folder."""
    with tracker.init(logdir=root, name=name, machine=False, config={"lr": 0.1}, **more) as run:
        for step in range(points):
            run.log({"val/loss": 1.0 / (step + 1), "acc": step / points}, step=step)
        for step in range(3):
            run.log({"w": tracker.Histogram(np.arange(9.0)), "words": tracker.Text(f"said at {step}")}, step=step)
            pixels = np.random.default_rng(step).random((16, 16))
            run.log({"seen": tracker.Image(pixels), "also": tracker.Image(pixels)}, step=step)
        run.log({"heard": tracker.Audio(np.zeros(200), 8000), "quality": tracker.Text("last")}, step=points)
        run.log({"rows": tracker.Table({"a": [1, 2]})}, step=points)
        run.mark("here", step=3)
        run.log_model(trainer.nn.Linear(20, 30), "mine", inputs=(None, 20), step=3)
    recorded = run.folder / logdirs.RECORDINGS_FOLDER
    recorded.mkdir()
    (recorded / "steps-1.npz").write_bytes(b"steps" * 100)
    return run.folder
