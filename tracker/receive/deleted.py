"""Which segments were deleted here after they had arrived, as the trash noted them (`dashboard.live.tombstones`)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tracker import logdir
from tracker.errors import RunNameError
from tracker.store.shipment import DeletedError

MOST_BYTES = 64 << 20
"""Of notes: some four hundred thousand segments. Of more the newest count."""


class Stone(NamedTuple):
    """A segment that was deleted: of which run here, of which it said that it is, whether as one of its ranks, when."""

    segment: str
    run: str
    of: str | None
    is_rank: bool
    deleted: float


class Deleted:
    """The deleted segments of one project. Its caller lets one thread in at a time.

    Args:
        root: The logdir.
        project: Whose; "" for the logdir itself.
    """

    def __init__(self, root: Path, project: str = "") -> None:
        self._root = root
        self._below = f"{project}/" if project else ""
        self._stamp: tuple[int, int, int] | None = None
        self._stones: dict[str, Stone] = {}
        """By segment, the newest of each."""
        self._ranked: dict[str, Stone] = {}
        """By the run that ranks say they are of."""

    def restored(self, segment: str) -> Path | None:
        """The file of a segment that was deleted and is there again; None of one that never was deleted.

        Raises:
            DeletedError: it is not there.
        """
        self._look()
        stone = self._stones.get(segment)
        if stone is None:
            return None
        place = logdir.segment_path(self._root / stone.run, segment)
        if not place.exists():
            raise DeletedError(stone.run)
        return place

    def check_new(self, said: dict[str, Any]) -> None:
        """That a segment of which nothing has arrived yet does not bring a deleted run back by itself.

        Args:
            said: What it says of itself, by column.

        Raises:
            DeletedError: it goes on from one that was deleted, or is of another rank of such a run, begun before that.
        """
        self._look()
        before = self._stones.get(said["parent"] or "")
        if before is not None and before.of == said["run"]:
            self.restored(before.segment)
        created = said["created"]
        stone = self._ranked.get(said["run"]) if said["rank"] is not None else None
        if stone is not None and isinstance(created, (int, float)) and created < stone.deleted:
            self.restored(stone.segment)

    def _look(self) -> None:
        path = self._root / logdir.DELETED_FILE
        try:
            stat = os.stat(path)
            stamp = stat.st_ino, stat.st_size, stat.st_mtime_ns
            if stamp == self._stamp:
                return
            with open(path, "rb") as file:
                file.seek(max(0, stat.st_size - MOST_BYTES))
                data = file.read(MOST_BYTES)
        except OSError:
            self._stamp, self._stones, self._ranked = None, {}, {}
            return
        self._stones, self._ranked = {}, {}
        for line in data.splitlines():
            self._take(line)
        self._stamp = stamp

    def _take(self, line: bytes) -> None:
        """One note; a line that is none is left out."""
        try:
            said = json.loads(line)
            run, segment, of = logdir.check_run_name(said["run"]), said["segment"], said.get("of")
            stone = Stone(segment, run, of, said.get("is_rank") is True, float(said["deleted"]))
        except (ValueError, TypeError, LookupError, RecursionError, RunNameError, AttributeError):
            return
        if not (isinstance(segment, str) and logdir.is_segment_id(segment) and run.startswith(self._below)):
            return
        self._stones[segment] = stone
        if stone.is_rank and isinstance(of, str):
            self._ranked[of] = stone
