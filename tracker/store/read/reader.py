"""The reading side: a logdir as its runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker import databases, logdir
from tracker.errors import LogdirError, RunNotFoundError, message
from tracker.store.read.run import StoredRun


class Store:
    """A logdir, read only.

    Args:
        where: The folder, or the path of a database that was opened.
        mirror: Where copies of event files that lie in it are kept; their runs stand among the others.

    Raises:
        LogdirError: there is no such folder.
    """

    def __init__(self, where: str | os.PathLike[str] | None = None, mirror: Path | None = None) -> None:
        inside = databases.of(where) if isinstance(where, Path) else None
        self.root = logdir.resolve(where) if inside is None else inside[0].root
        self.mirror = mirror
        if inside is None and not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise LogdirError(
                message(
                    f"The logdir {self.root} {what}.",
                    expected="a folder with runs",
                    hint="Logging makes it: tracker.init(logdir=…).",
                )
            )

    def runs(self) -> list[StoredRun]:
        """All runs, by name: `m2` before `m12`."""
        return [StoredRun(name, folder) for name, folder in logdir.all_run_folders(self.root, self.mirror).items()]

    def run(self, name: str) -> StoredRun:
        """One run.

        Raises:
            RunNotFoundError: there is none of that name.
        """
        folder = logdir.run_folder(self.root, self.mirror, name)
        if folder is None:
            near = ", ".join(run.name for run in self.runs()[:5])
            raise RunNotFoundError(
                message(
                    f"There is no run {name!r} in {self.root}.",
                    hint=f"There are: {near} …" if near else "It holds no runs yet.",
                )
            )
        return StoredRun(name, folder)

    def to_pandas(self, tags: Sequence[str] | None = None) -> Any:
        """Every scalar of every run as a long DataFrame: run, tag, step, wall_time, value."""
        import pandas

        frames = []
        for each in self.runs():
            with each.held() as run:
                for tag in run.tags("scalar"):
                    if tags is None or tag in tags:
                        points = run.scalars(tag)
                        columns = {"step": points.step, "wall_time": points.wall_time, "value": points.value}
                        frames.append(pandas.DataFrame({"run": run.name, "tag": tag, **columns}))
        if not frames:
            return pandas.DataFrame(columns=["run", "tag", "step", "wall_time", "value"])
        return pandas.concat(frames, ignore_index=True)

    def close(self) -> None:
        """Nothing is held open; here so that a store can be used in a `with` statement."""

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
