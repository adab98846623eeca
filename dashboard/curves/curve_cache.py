"""Curves of finished runs as cards drew them, kept beside the index of a logdir so that no run's file need be opened.

A file for each tag that somebody looked at. It grows by blocks: a checksum, a head, and the columns of some runs, one
after the other. Each curve is named by a key of its segment's path and stamp, as the index binds its entries: of a file
that changed nobody asks for the key of before. What does not fit its checksum, or is no block of ours, costs the file
that it stands in: the curves are read from the runs again. Like the index it is never the truth.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.curves.kept import Kept
from dashboard.curves.query import COLUMNS, POINTS, limit_of

logger = logging.getLogger("dashboard")

MAGIC = b"everystep curves 1".ljust(24)

MOST_HELD_BYTES = 96 << 20
"""Of the files that were read last."""

MOST_KEPT_BYTES = 1 << 30
"""Of all files of a logdir; those that were added to the longest time ago go first."""

_DIGEST_BYTES = 16
_LENGTH_BYTES = 8


class KeptCurve(NamedTuple):
    """A curve as it is sent."""

    points: int
    """Of the series in its segment."""
    form: str
    """points or columns."""
    columns: list[npt.NDArray[np.float64]]


class _Place(NamedTuple):
    data: npt.NDArray[np.float64]
    at: int
    length: int
    points: int
    columns: int


class CurveCache:
    """The curves that are kept of one logdir. For several threads.

    Args:
        folder: Where its files lie; None for one that keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held = Kept(MOST_HELD_BYTES)
        self._writing = threading.Lock()

    def get(self, tag: str, columns: int, keys: Iterable[str]) -> dict[str, KeptCurve]:
        """Those of some curves that are kept as a card of so many columns draws them, by key."""
        found = {}
        known = self._known(tag)
        for key in keys if known else ():
            place = known.get((key, 0))
            if place is None or place.length > limit_of(columns):
                place = known.get((key, columns))
            if place is not None:
                width = len(COLUMNS if place.columns else POINTS)
                body = place.data[place.at : place.at + width * place.length].reshape(width, place.length)
                found[key] = KeptCurve(place.points, "columns" if place.columns else "points", list(body))
        return found

    def put(self, tag: str, columns: int, curves: dict[str, KeptCurve]) -> None:
        """Keeps curves that a card of so many columns drew; nothing in a folder that cannot be written."""
        if self._folder is None or not curves:
            return
        forms = [columns if each.form == "columns" else 0 for each in curves.values()]
        lengths = [len(each.columns[0]) for each in curves.values()]
        head: dict[str, Any] = {"tag": tag, "keys": list(curves), "forms": forms, "lengths": lengths}
        head["counts"] = [each.points for each in curves.values()]
        text = json.dumps(head).encode()
        body = b"".join(np.ascontiguousarray(one, "<f8").tobytes() for each in curves.values() for one in each.columns)
        text += b" " * (-len(text) % 8)
        block = b"".join(size.to_bytes(_LENGTH_BYTES, "little") for size in (len(text), len(body))) + text + body
        path = self._path(tag)
        try:
            with self._writing:
                self._make_room(len(block))
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with path.open("ab") as file:
                    file.write((b"" if file.tell() else MAGIC) + _digest(block) + block)
        except OSError as error:
            logger.info("viz: curves cannot be kept in %s (%s)", path, error)

    def _path(self, tag: str) -> Path:
        assert self._folder is not None
        return self._folder / hashlib.blake2b(tag.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _make_room(self, size: int) -> None:
        assert self._folder is not None
        files = []
        with contextlib.suppress(FileNotFoundError):
            files = [(each.stat().st_mtime, each.stat().st_size, each.path) for each in os.scandir(self._folder)]
        left = MOST_KEPT_BYTES - size - sum(each for _, each, _ in files)
        for _, each, path in sorted(files):
            if left >= 0:
                return
            os.unlink(path)
            left += each

    def _known(self, tag: str) -> dict[tuple[str, int], _Place]:
        """All that is kept of a tag, by key and columns, none for points; nothing where it cannot be believed."""
        if self._folder is None:
            return {}
        path = self._path(tag)
        try:
            stat = os.stat(path)
        except OSError:
            return {}
        revision = stat.st_ino, stat.st_size, stat.st_mtime_ns
        known: dict[tuple[str, int], _Place] | None = self._held.get(path, revision)
        if known is None:
            try:
                known = _read(path.read_bytes(), tag)
            except (OSError, ValueError, TypeError, LookupError):
                with contextlib.suppress(OSError):
                    path.unlink()
                return {}
            self._held.put(path, revision, known, stat.st_size)
        return known


def _read(data: bytes, tag: str) -> dict[tuple[str, int], _Place]:
    if not data.startswith(MAGIC):
        raise ValueError("not of this version")
    found: dict[tuple[str, int], _Place] = {}
    at = len(MAGIC)
    while at < len(data):
        start = at + _DIGEST_BYTES
        sizes = [int.from_bytes(data[start + each : start + each + 8], "little") for each in (0, _LENGTH_BYTES)]
        text = start + 2 * _LENGTH_BYTES
        stop = text + sum(sizes)
        if stop > len(data) or _digest(memoryview(data)[start:stop]) != data[at:start]:
            raise ValueError("not as it was written")
        head = json.loads(data[text : text + sizes[0]])
        if head["tag"] != tag:
            raise ValueError("of another tag")
        body = np.frombuffer(data, "<f8", sizes[1] // 8, text + sizes[0])
        place = 0
        for key, form, length, count in zip(head["keys"], head["forms"], head["lengths"], head["counts"], strict=True):
            found[key, form] = _Place(body, place, length, count, form)
            place += length * len(COLUMNS if form else POINTS)
        at = stop
    return found


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
