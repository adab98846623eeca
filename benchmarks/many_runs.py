"""A logdir of very many finished runs, for benchmarks: some are logged, the others are copies with names of their own.

To log one takes some 15 ms, to copy one half of a millisecond. Copies have their own name, segment, time and settings,
and the points of one of the runs that were logged.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np

import tracker
from tracker import logdir as logdirs
from tracker.series import checksums
from tracker.store import columns

LOGGED = 20
"""Runs with points of their own."""


def make(logdir: Path, runs: int, tags: int, points: int) -> Path:
    """The logdir, made unless it is there already."""
    done = logdir.parent / f"{logdir.name}.made"
    if done.exists():
        return logdir
    first = [_log(logdir, number, tags, points) for number in range(min(runs, LOGGED))]
    for number in range(len(first), runs):
        _copy(first[number % LOGGED], logdir / _name(number), number)
    done.touch()
    return logdir


def _name(number: int) -> str:
    return f"sweep/{number:06d}"


def _config(number: int) -> dict[str, Any]:
    return {"lr": [0.1, 0.01, 0.001][number % 3], "width": 16 << number // 3 % 5, "seed": number // 15}


def _log(logdir: Path, number: int, tags: int, points: int) -> Path:
    """Logs a run; its segment's file."""
    names = ["val/loss", *(f"{('train', 'grad', 'opt')[i % 3]}/m{i // 3}" for i in range(tags - 1))]
    rng = np.random.default_rng(number)
    noise = rng.normal(0, 0.03, (points, tags)) + np.exp(-np.arange(points) / points * rng.uniform(1, 6))[:, None]
    with tracker.init(logdir=logdir, name=_name(number), config=_config(number), machine=False) as run:
        for step, values in enumerate(noise.tolist()):
            run.log(dict(zip(names, values, strict=True)), step=step)
    (path,) = logdirs.segment_files(run.folder)
    return path


def _copy(source: Path, folder: Path, number: int) -> None:
    segment = f"{logdirs.segment_id(source)[:-8]}{number:08x}"
    folder.mkdir(parents=True)
    path = logdirs.segment_path(folder, segment)
    path.write_bytes(source.read_bytes())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")
        names = columns.SEGMENT[:-1]
        (row,) = connection.execute(f"SELECT {', '.join(names)} FROM segment").fetchall()
        said = dict(zip(names, row, strict=True))
        said |= {"id": segment, "run": _name(number), "config": json.dumps(_config(number))}
        said["created"] += number / 1000
        values = checksums.with_checksum(tuple(said.values()))
        connection.execute(f"UPDATE segment SET {'=?, '.join(columns.SEGMENT)}=?", values)


if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute(), *map(int, sys.argv[2:5]))
