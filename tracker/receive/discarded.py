"""Which segments of a database lie in its trash; see `deleted.Deleted`, which is a folder's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.databases import Database
from tracker.store.read import copied
from tracker.store.shipment import DeletedError

_BELOW = f"{logdir.TRASH_FOLDER}/"


class Discarded:
    """Those of one project.

    Args:
        database: Where.
        project: Whose; "" for all of it.
    """

    def __init__(self, database: Database, project: str = "") -> None:
        self._database = database
        self._ours = f"{project}/" if project else ""

    def restored(self, segment: str) -> Path | None:
        """None, of a segment that lies with no run.

        Raises:
            DeletedError: it lies in the trash.
            StoreError: the database does not answer.
        """
        found = self._of(segment)
        if found:
            raise DeletedError(found[0][0])
        return None

    def check_new(self, said: dict[str, Any]) -> None:
        """That a segment of which nothing has arrived yet does not bring a deleted run back by itself; see `Deleted`.

        Raises:
            DeletedError: it goes on from one that was deleted, or is of another rank of such a run, begun before that.
            StoreError: the database does not answer.
        """
        before = said["parent"]
        for run, path in self._of(before) if before else ():
            origin = copied.origin_of(path)
            if origin is not None and origin.run == said["run"]:
                raise DeletedError(run)
        if said["rank"] is None:
            return
        run, created = f"{self._ours}{said['run']}", said["created"]
        when = self._database.discarded().get(run)
        is_older = when is not None and isinstance(created, (int, float)) and created < when
        if is_older and not self._database.segments(run):
            raise DeletedError(run)

    def _of(self, segment: str) -> list[tuple[str, Path]]:
        """The runs in the trash that it lies in, and where, unless it lies elsewhere too."""
        found = self._database.runs_of(segment)
        if not all(run.startswith(_BELOW) for run in found):
            return []
        runs = {run.removeprefix(_BELOW): logdir.segment_path(self._database.root / run, segment) for run in found}
        return [(run, path) for run, path in runs.items() if run.startswith(self._ours)]
