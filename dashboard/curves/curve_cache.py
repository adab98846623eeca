"""Curves of finished runs as cards drew them, kept beside the index of a logdir so that no run's file need be opened.

A file for each tag that somebody looked at. It grows by blocks: a checksum, a head, and the columns of some runs, one
after the other, of which the head has a checksum too. Heads say where all lies; columns are read, and compared with
their checksum, when somebody asks for a curve of theirs: ten thousand curves are 24 MB, of which the first chart draws
a hundredth. Each curve is named by a key of its segment's path and stamp, as the index binds its entries: of a file
that changed nobody asks for the key of before. What is behind the last whole block, as a kill or a full disk leaves it,
is nothing, and the next block takes its place; columns that do not fit their checksum cost the file that they stand in.
The curves are read from the runs then. Like the index it is never the truth.

Threads take turns, servers of one logdir the file's lock: whoever does not get it does without. A file begins with a
name of its own, since another one may have its inode and its size.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.curves.kept import Kept
from dashboard.curves.query import COLUMNS, POINTS, limit_of

logger = logging.getLogger("dashboard")

MAGIC = b"everystep curves 3"

MOST_HELD = 1 << 20
"""Curves of which is known where they lie: a hundred tags of ten thousand runs, in some 70 bytes each."""

MOST_KEPT_BYTES = 1 << 30
"""Of all files of a logdir; those that were added to the longest time ago go first."""

_NAME_BYTES = 14
_START = len(MAGIC) + _NAME_BYTES

KEY_BYTES = 24
"""Of the name of a curve's segment; see `SegmentState.key`."""

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


_PLACE = np.dtype([("key", f"S{KEY_BYTES}"), *((name, "<i8") for name in ("columns", *_Place._fields[:-1]))])


class _Places:
    """Where curves lie, by key and columns, none for points: as an object each they take 370 bytes."""

    def __init__(self, rows: npt.NDArray[np.void]) -> None:
        begins = _begins(rows["key"])
        order = np.argsort(begins, kind="stable")
        self.rows, self._begins = rows[order], begins[order]

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, keys: Sequence[str], columns: int) -> dict[str, _Place]:
        """Those of some keys as points, where they are so short, else in so many columns."""
        found: dict[str, _Place] = {}
        names = np.array([key.encode() for key in keys], f"S{KEY_BYTES}")
        first, last = (np.searchsorted(self._begins, _begins(names), side) for side in ("left", "right"))
        for key, name, start, stop in zip(keys, names.tolist(), first.tolist(), last.tolist(), strict=True):
            for each, form, *rest in reversed(self.rows[start:stop].tolist()):  # of what stands twice the last counts
                block, at, length, points = rest
                place = _Place(block, at, length, points, form)
                if each == name and (form == columns or (form == 0 and place.length <= limit_of(columns))):
                    found[key] = place
                    break
        return found


def _begins(keys: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint64]:
    """The first bytes of keys as numbers, which are sorted and found ten times as fast."""
    return np.ascontiguousarray(keys.astype("S8")).view("<u8")


class _File(NamedTuple):
    name: bytes
    """That it begins with."""
    size: int
    """As far as it is whole."""
    places: _Places
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
        self._turn = threading.Lock()
        self._growing: set[tuple[str, str]] = set()

    def is_first(self, tag: str, key: str) -> bool:
        """Whether a curve that grows was not kept since the start: once is enough, as it will soon be another."""
        before = len(self._growing)
        if before < MOST_HELD:
            self._growing.add((tag, key))
        return len(self._growing) > before

    def get(self, tag: str, columns: int, keys: Iterable[str]) -> dict[str, KeptCurve]:
        """Those of some curves that are kept as a card of so many columns draws them, by key."""
        if self._folder is None:
            return {}
        blocks: dict[int, list[tuple[str, _Place]]] = {}
        found: dict[str, KeptCurve] = {}
        try:
            with self._path(tag).open("rb") as file:
                with self._turn:
                    known = self._known(file, tag)
                for key, place in known.places.of([*keys], columns).items():
                    blocks.setdefault(place.block, []).append((key, place))
                for start, wanted in blocks.items():
                    found |= _columns_of(file, known, start, wanted)
        except OSError:
            pass
        except ValueError:
            with contextlib.suppress(OSError):
                self._path(tag).unlink()
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
            with self._turn:
                self._make_room(len(start) + len(body))
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with path.open("a+b", buffering=0) as file, _locked(file) as is_ours:
                    if not is_ours:
                        raise BlockingIOError("another server writes it")
                    known = self._known(file, tag, is_locked=True)
                    file.truncate(known.size)
                    data = memoryview(b"".join((b"" if known.size else known.name, _digest(start), start, body)))
                    while data:
                        data = data[file.write(data) :]
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

    def _known(self, file: BinaryIO | FileIO, tag: str, *, is_locked: bool = False) -> _File:
        """Where all lies that is kept in a tag's file; without what another server writes just now."""
        path = self._path(tag)
        size = os.fstat(file.fileno()).st_size
        file.seek(0)
        name = file.read(_START)
        known: _File | None = self._held.get(path, name)
        if known is None or size < known.size:
            is_ours = len(name) == _START and name.startswith(MAGIC)
            name = name if is_ours else MAGIC + os.urandom(_NAME_BYTES)
            known = _File(name, _START if is_ours else 0, _Places(np.empty(0, _PLACE)), {}, set())
        if known.size and known.size != size:
            with contextlib.nullcontext(True) if is_locked else _locked(file, is_shared=True) as may_read:
                if may_read:
                    known = _read(file, size, tag, known)
                    self._held.put(path, name, known, len(known.places))
        return known


@contextlib.contextmanager
def _locked(file: BinaryIO | FileIO, *, is_shared: bool = False) -> Iterator[bool]:
    """Whether the file is locked meanwhile; False where another server has it."""
    try:
        import fcntl
    except ImportError:  # Windows; what two servers write at once there fits no checksum
        yield True
        return
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    except OSError:  # a file system that knows no locks: as above
        yield True
        return
    try:
        yield True
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


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


def _read(file: BinaryIO | FileIO, size: int, tag: str, known: _File) -> _File:
    """What of a file of so many bytes is known, and what was added to it since, as far as it is as it was written."""
    added = [known.places.rows]
    at = file.seek(known.size)
    while digest := file.read(_DIGEST_BYTES):
        sizes = file.read(2 * _LENGTH_BYTES)
        text_size, body_size = (int.from_bytes(sizes[each : each + 8], "little") for each in (0, _LENGTH_BYTES))
        start = at + _DIGEST_BYTES + 2 * _LENGTH_BYTES + text_size
        if start + body_size > size:
            break
        text = file.read(text_size)
        if _digest(sizes + text) != digest:
            break
        head = json.loads(text)
        if head["tag"] != tag:
            break
        added.append(_places_of(head, start))
        known.bodies[start] = body_size, head["digest"]
        at = file.seek(start + body_size)
    return known._replace(size=at, places=_Places(np.concatenate(added)))


def _places_of(head: dict[str, Any], start: int) -> npt.NDArray[np.void]:
    """Where the curves of a block lie that begins so."""
    keys, *numbers = (head[name] for name in _SAID)
    forms, lengths, points = (np.array(each, np.int64) for each in numbers)
    found = np.empty(len(keys), _PLACE)
    stops = np.cumsum(lengths * np.where(forms, len(COLUMNS), len(POINTS)))
    columns = [key.encode() for key in keys], forms, start, np.append(0, stops[:-1]), lengths, points
    for name, column in zip(_PLACE.names or (), columns, strict=True):
        found[name] = column
    return found


_SAID = ("keys", "forms", "lengths", "points")


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
