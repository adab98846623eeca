"""What runs of another machine were asked on the page here, and have not answered yet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import StoreError
from tracker.receive.receiver import Receiver
from tracker.store.read import commands
from tracker.store.read.run_files import RunFiles

Stamp = tuple[int, int, int]


class Waiting:
    """Looks at the page's files of some runs until something is asked there.

    Args:
        receiver: Knows where their segments lie.
        project: Whose runs they are.
        seen: Their segments that live, by the machine that writes them.
        known: The nonces of what it knows already.
    """

    def __init__(self, receiver: Receiver, project: str, seen: Collection[str], known: frozenset[str]) -> None:
        self._folders: dict[Path, str] = {}
        for segment in seen:
            path = receiver.place(project, segment)
            if path is not None:
                self._folders.setdefault(path.parent, segment)
        self._known = known
        self._stamps: dict[Path, Stamp | None] = {}

    def look(self) -> dict[str, list[dict[str, Any]]]:
        """What is asked and not known there, by one segment of each run; a look at a thousand files takes 2 ms."""
        found: dict[str, list[dict[str, Any]]] = {}
        for folder, segment in self._folders.items():
            stamp = _stamp(folder / logdir.PAGE_FILE)
            if stamp is None or stamp == self._stamps.get(folder):
                continue
            self._stamps[folder] = stamp
            with contextlib.suppress(StoreError, OSError):
                asked = commands.unanswered(RunFiles(folder), folder)
                new = [_told(each) for each in asked if each.nonce not in self._known]
                if new:
                    found[segment] = new
        return found


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _told(asked: commands.Asked) -> dict[str, Any]:
    return {
        "nonce": asked.nonce, "name": asked.name, "value": asked.value, "expected": asked.expected,
        "author": asked.author, "wall_time": asked.wall_time,
    }  # fmt: skip
