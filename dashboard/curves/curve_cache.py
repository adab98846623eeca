"""Curves of finished runs as cards drew them, kept beside the index of a logdir so that no run's file need be opened.

A file for each tag that somebody looked at. It grows by blocks: a checksum, a head, and the columns of some runs, one
after the other, of which the head has a checksum too. Heads say where all lies; columns are read, and compared with
their checksum, when somebody asks for a curve of theirs: ten thousand curves are 24 MB, of which the first chart draws
a hundredth. Each curve is named by a key of its segment's path and stamp, as the index binds its entries: of a file
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
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.curves.kept import Kept
from dashboard.curves.query import COLUMNS, POINTS, limit_of

logger = logging.getLogger("dashboard")

MAGIC = b"everystep curves 2".ljust(24)

MOST_HELD = 1 << 20
"""Curves of which is known where they lie: a hundred tags of ten thousand runs, in some 250 bytes each."""

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
    block: int
    """Where the columns of its block begin in the file."""
    at: int
    """Where its own begin in the block, in numbers."""
    length: int
    points: int
    columns: int

    @property
    def stop(self) -> int:
        return self.at + self.length * len(COLUMNS if self.columns else POINTS)


class _File(NamedTuple):
    places: dict[tuple[str, int], _Place]
    """By key and columns, none for points."""
    size: int
    """As far as it was read."""
    bodies: dict[int, tuple[int, str]]
    """By where the columns of a block begin: their bytes, and their checksum."""
    sound: set[int]
    """Blocks whose columns were compared with it."""


class CurveCache:
    """The curves that are kept of one logdir. For several threads.

    Args:
        folder: Where its files lie; None for one that keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held = Kept(MOST_HELD)
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._growing: set[tuple[str, str]] = set()

    def is_first(self, tag: str, key: str) -> bool:
        """Whether a curve that grows was not kept since the start: once is enough, as it will soon be another."""
        before = len(self._growing)
        if before < MOST_HELD:
            self._growing.add((tag, key))
        return len(self._growing) > before

    def get(self, tag: str, columns: int, keys: Iterable[str]) -> dict[str, KeptCurve]:
        """Those of some curves that are kept as a card of so many columns draws them, by key."""
        blocks: dict[int, list[tuple[str, _Place]]] = {}
        known = self._known(tag)
        if known is None:
            return {}
        for key in keys:
            place = known.places.get((key, 0))
            if place is None or place.length > limit_of(columns):
                place = known.places.get((key, columns))
            if place is not None:
                blocks.setdefault(place.block, []).append((key, place))
        found: dict[str, KeptCurve] = {}
        if blocks:
            try:
                with self._path(tag).open("rb") as file:
                    for start, wanted in blocks.items():
                        found |= _columns_of(file, known, start, wanted)
            except OSError:
                pass
            except ValueError:
                self._throw_away(tag)
                return {}
        return found

    def put(self, tag: str, columns: int, curves: dict[str, KeptCurve]) -> None:
        """Keeps curves that a card of so many columns drew; nothing in a folder that cannot be written."""
        if self._folder is None or not curves:
            return
        forms = [columns if each.form == "columns" else 0 for each in curves.values()]
        lengths = [len(each.columns[0]) for each in curves.values()]
        head: dict[str, Any] = {"tag": tag, "keys": list(curves), "forms": forms, "lengths": lengths}
        head["points"] = [each.points for each in curves.values()]
        body = b"".join(np.ascontiguousarray(one, "<f8").tobytes() for each in curves.values() for one in each.columns)
        head["digest"] = _digest(body).hex()
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        start = b"".join(size.to_bytes(_LENGTH_BYTES, "little") for size in (len(text), len(body))) + text
        path = self._path(tag)
        try:
            with self._writing:
                self._make_room(len(start) + len(body))
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with path.open("ab") as file:
                    file.write((b"" if file.tell() else MAGIC) + _digest(start) + start + body)
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

    def _known(self, tag: str) -> _File | None:
        """Where all that is kept of a tag lies; None where nothing is, or it cannot be believed."""
        if self._folder is None:
            return None
        path = self._path(tag)
        try:
            stat = os.stat(path)
            with self._reading:
                known: _File = self._held.get(path, stat.st_ino) or _File({}, 0, {}, set())
                if known.size != stat.st_size:
                    known = _read(path, tag, known)
                    self._held.put(path, stat.st_ino, known, len(known.places))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError):
            self._throw_away(tag)
            return None
        return known

    def _throw_away(self, tag: str) -> None:
        self._held.put(self._path(tag), None, None, 0)
        with contextlib.suppress(OSError):
            self._path(tag).unlink()


def _columns_of(file: BinaryIO, known: _File, start: int, wanted: list[tuple[str, _Place]]) -> dict[str, KeptCurve]:
    """Curves of one block, in one reading.

    Raises:
        ValueError: it is not as it was written.
    """
    first, last = min(place.at for _, place in wanted), max(place.stop for _, place in wanted)
    if start in known.sound:
        file.seek(start + 8 * first)
        data = np.frombuffer(file.read(8 * (last - first)), "<f8")
    else:
        size, digest = known.bodies[start]
        file.seek(start)
        body = file.read(size)
        if _digest(body).hex() != digest:
            raise ValueError("not as it was written")
        known.sound.add(start)
        data = np.frombuffer(body, "<f8")[first:last]
    found = {}
    for key, place in wanted:
        columns = data[place.at - first : place.stop - first].reshape(-1, place.length) if place.length else data[:0]
        found[key] = KeptCurve(place.points, "columns" if place.columns else "points", list(columns))
    return found


def _read(path: Path, tag: str, known: _File) -> _File:
    """What of a file is known, and what was added to it since.

    Raises:
        ValueError, TypeError, LookupError: it is no file of ours, or not as it was written.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("not of this version")
        at = file.seek(max(known.size, len(MAGIC)))
        while digest := file.read(_DIGEST_BYTES):
            sizes = file.read(2 * _LENGTH_BYTES)
            text_size, size = (int.from_bytes(sizes[each : each + 8], "little") for each in (0, _LENGTH_BYTES))
            if file.tell() + text_size + size > os.fstat(file.fileno()).st_size:
                raise ValueError("not whole")
            text = file.read(text_size)
            if _digest(sizes + text) != digest:
                raise ValueError("not as it was written")
            head = json.loads(text)
            if head["tag"] != tag:
                raise ValueError("of another tag")
            start, place = at + _DIGEST_BYTES + 2 * _LENGTH_BYTES + text_size, 0
            for key, form, length, points in zip(*(head[name] for name in _SAID), strict=True):
                known.places[key, form] = _Place(start, place, length, points, form)
                place = known.places[key, form].stop
            known.bodies[start] = size, head["digest"]
            if 8 * place > size:
                raise ValueError("not whole")
            at = file.seek(size, os.SEEK_CUR)
    return known._replace(size=at)


_SAID = ("keys", "forms", "lengths", "points")


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
