"""Parts of a finished run that are let go: its media, or its models with what its flight recorder kept."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from tracker import logdir
from tracker.errors import StoreError
from tracker.pruning import segment_media
from tracker.store.run_folder_files import FOLDERS, files_of


@dataclass
class Parts:
    """What goes of a run, or went.

    Attributes:
        items: How many, by kind; "file" for those of models and recordings.
        size: Bytes.
        problems: What cannot go, by file, and why.
    """

    items: dict[str, int] = field(default_factory=dict)
    size: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, count: int) -> None:
        """So many more."""
        if count:
            self.items[kind] = self.items.get(kind, 0) + count


def media(folder: Path, *, act: bool) -> Parts:
    """The media of a run's segments.

    Args:
        folder: The run's, which nobody writes.
        act: Whether they go now; else what would.
    """
    parts = Parts()
    _of_segments(folder, segment_media.MEDIA, parts, act)
    return parts


def models(folder: Path, *, act: bool) -> Parts:
    """The versions of its models, their files, and its recordings; as `media`.

    The versions go before their files, so that none is listed whose file is not there.
    """
    parts = Parts()
    _of_segments(folder, segment_media.MODELS, parts, act)
    if parts.problems:
        return parts  # a version that stays wants its file
    for name, size in files_of(folder):
        try:
            if act:
                (folder / name).unlink()
        except OSError as error:
            parts.problems[name] = error.strerror or str(error)
            continue
        parts.add("file", 1)
        parts.size += size
    if act:
        for beside in sorted(FOLDERS, key=len, reverse=True):
            with contextlib.suppress(OSError):
                (folder / beside).rmdir()
    return parts


def _of_segments(folder: Path, kinds: tuple[str, ...], parts: Parts, act: bool) -> None:
    for path in logdir.segment_files(folder):
        try:
            if os.path.realpath(path.parent) != os.path.realpath(folder):
                raise StoreError(path, "it lies elsewhere, behind a link")
            going = segment_media.take_out(path, kinds) if act else segment_media.would_go(path, kinds)
        except FileNotFoundError:
            continue
        except (StoreError, OSError, sqlite3.Error) as error:
            parts.problems[path.name] = str(getattr(error, "why", error))
            continue
        for kind, count in going.items.items():
            parts.add(kind, count)
        parts.size += going.size
