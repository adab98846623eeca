"""The reading side: a logdir as runs, a run as series, a series as arrays.

Nothing is held open: each question opens the segments it needs (80 µs), asks and closes them, so that no
reader ever keeps a writer from folding its file or SQLite from reusing its WAL.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import logdir
from tracker.errors import DamagedBytesError, LogdirError, RunNotFoundError, SeriesNotFoundError, StoreError, message
from tracker.store import engine, schema, segments, sketch, stretch
from tracker.store.appender import summaries_of
from tracker.store.envelope import AXES, Envelope, envelope
from tracker.store.segments import Segment
from tracker.store.stretch import SUMMARY, Points, Summaries
from tracker.values.histogram import Histogram

KINDS = ("scalar", "histogram", "image", "audio", "video", "text", "table", "figure", "graph")

_POINTS = f"SELECT {', '.join(stretch.UNPACK_COLUMNS)} FROM scalars WHERE series=? AND level=0"
_SUMMARIES = (
    f"SELECT n, count, {', '.join(schema.SUMMARY_COLUMNS)} FROM scalars WHERE series=? AND level=? AND n>=? ORDER BY n"
)

_SKETCHES = (
    "SELECT step, wall_time, nan_count, posinf_count, neginf_count, min, max, sum, sum_squares, buckets "
    "FROM sketches WHERE series=? AND level=0 ORDER BY n"
)
_MEDIA = (
    "SELECT step, wall_time, position, form, attributes, blob FROM media WHERE series=?1 "
    "AND (?2 IS NULL OR step=?2) AND (?3 IS NULL OR position=?3) ORDER BY n, position"
)
_PLAIN_LIMIT = 256 * 1024 * 1024
"""Bytes that compressed JSON (a graph, a table, a figure) may unpack to; more is a mistake or an attack."""


@dataclass(frozen=True)
class Scalars:
    """Every point of a series, in order: arrays of one length."""

    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    """Seconds since the epoch."""
    value: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.step)


@dataclass(frozen=True)
class Histograms:
    """The histograms of a series, in order: `h[i]` is one of them."""

    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    items: tuple[Histogram, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Histogram:
        return self.items[index]

    def __iter__(self) -> Iterator[Histogram]:
        return iter(self.items)

    def merge(self) -> Histogram:
        """The histogram of all of them together; exact."""
        return Histogram.merged(list(self.items))


@dataclass(frozen=True)
class MediaItem:
    """One logged item: a picture, a sound, a text, a table, a graph."""

    step: int
    wall_time: float
    position: int
    """Its place among the items logged under the tag at that step."""
    form: str
    """Its media type."""
    attributes: dict[str, Any]
    hash: str
    """Names its bytes within the run."""
    read: Callable[[], bytes]
    parts: tuple[MediaItem, ...] = ()
    """What belongs to it: masks of a picture, pictures in a table's cells."""

    @property
    def data(self) -> bytes:
        """The encoded bytes."""
        return self.read()

    @property
    def array(self) -> npt.NDArray[np.uint8]:
        """A picture's pixels, (H, W) or (H, W, C)."""
        import io

        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.data)))

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """A sound's samples, (T, C)."""
        import io
        import wave

        with wave.open(io.BytesIO(self.data)) as file:
            raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return raw.reshape(-1, file.getnchannels())

    @property
    def text(self) -> str:
        """A text's words."""
        return self.data.decode("utf-8")

    @property
    def json(self) -> Any:
        """What a graph, a table or a Plotly figure says: the JSON values of `docs/store-format.md`.

        Raises:
            DamagedBytesError: the bytes are no such thing, or unpack to more than 256 MiB.
        """
        decoder = zlib.decompressobj()
        try:
            plain = decoder.decompress(self.data, _PLAIN_LIMIT)
            if decoder.unconsumed_tail:
                raise DamagedBytesError("these bytes unpack to more than 256 MiB: a mistake or an attack")
            return json.loads(plain)
        except (zlib.error, ValueError, RecursionError) as error:
            if isinstance(error, DamagedBytesError):
                raise
            raise DamagedBytesError("these bytes are no compressed JSON") from error

    @property
    def table(self) -> dict[str, list[Any]]:
        """A table's values by column; a picture is {"image": its number among the table's `parts`}."""
        columns = self.json["columns"]
        return {each["name"]: [_number_of(cell, each["kind"]) for cell in each["values"]] for each in columns}


@dataclass(frozen=True)
class Mark:
    """Something that happened at a moment of the training."""

    step: int | None
    wall_time: float
    kind: str
    text: str
    attributes: dict[str, Any]


class Store:
    """A logdir, read only.

    Raises:
        LogdirError: there is no such folder.
    """

    def __init__(self, where: str | os.PathLike[str] | None = None) -> None:
        self.root = logdir.resolve(where)
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise LogdirError(
                message(
                    f"The logdir {self.root} {what}.",
                    expected="a folder with runs",
                    hint="Logging makes it: tracker.init(logdir=…).",
                )
            )

    def runs(self) -> list[StoredRun]:
        """All runs, by name."""
        return [StoredRun(name, folder) for name, folder in logdir.run_folders(self.root)]

    def run(self, name: str) -> StoredRun:
        """One run.

        Raises:
            RunNotFoundError: there is none of that name.
        """
        folder = self.root if name == "." else self.root / logdir.check_run_name(name)
        if not logdir.segment_files(folder):
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
        for run in self.runs():
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


class StoredRun:
    """A run as it stands in its files at the moment of each question."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def __repr__(self) -> str:
        return f"<StoredRun {self.name!r}>"

    # --- what the run says of itself -----------------------------------------------------------------

    def segments(self) -> list[Segment]:
        """Its readable segments, oldest first; see `problems` for the others."""
        found = []
        for path in logdir.segment_files(self.folder):
            with contextlib.suppress(StoreError, FileNotFoundError), self._open(path) as connection:
                segment = segments.read(connection, path)
                if segment is not None:
                    found.append(segment)
        return sorted(found, key=lambda segment: (segment.created, segment.id))

    def problems(self) -> list[StoreError]:
        """What is wrong with each segment file that cannot be read."""
        found: list[StoreError] = []
        for path in logdir.segment_files(self.folder):
            try:
                with self._open(path) as connection:
                    segments.read(connection, path)
            except StoreError as error:
                found.append(error)
            except FileNotFoundError:
                continue
        return found

    @property
    def status(self) -> str:
        """running, finished, stopped or crashed; "unreadable" when no segment can be read."""
        return status_of(self.segments(), time.time())

    @property
    def config(self) -> dict[str, Any]:
        """What the run was started with; a resumed run's newest."""
        own = [segment for segment in self.segments() if segment.reason != "child"]
        return dict(own[-1].config) if own else {}

    @property
    def started(self) -> float | None:
        """Wall time of its first segment."""
        return min((segment.created for segment in self.segments()), default=None)

    # --- series --------------------------------------------------------------------------------------

    def tags(self, kind: str | None = None) -> list[str]:
        """Its tags, of one kind or of all.

        Raises:
            ValueError: no such kind.
        """
        if kind is not None and kind not in KINDS:
            raise ValueError(message(f"There is no kind of series {kind!r}.", expected=" | ".join(KINDS)))
        found: set[str] = set()
        for segment in self.segments():
            with self._open(segment.path) as connection:
                rows = connection.execute("SELECT tag FROM series WHERE ? IS NULL OR kind=?", (kind, kind))
                found.update(tag for (tag,) in rows)
        return sorted(found)

    def scalars(self, tag: str, *, rank: int | None = None, abandoned: bool = False) -> Scalars:
        """Every point of a tag on the run's live line, in order.

        Args:
            tag: What it was logged under.
            rank: Only what this process of a distributed run logged.
            abandoned: Instead the points that a rewind left behind.

        Raises:
            SeriesNotFoundError: the run has no scalars of that tag.
        """
        parts: list[Points] = []
        parallel = False
        seen_until = float("-inf")
        with self._series("scalar", tag) as found:
            for segment, connection, series, limit in found:
                if (rank is not None and segment.rank != rank) or (abandoned and limit is None):
                    continue
                points = stretch.unpack(connection.execute(f"{_POINTS} ORDER BY n", (series,)).fetchall())
                if limit is not None:
                    keep = points.step <= limit
                    points = points.where(keep != abandoned)
                if len(points.step):
                    parallel = parallel or float(points.wall_time.min()) < seen_until
                    seen_until = max(seen_until, float(points.wall_time.max()))
                    parts.append(points)
        joined = stretch.concatenate(parts)
        if parallel:
            order = np.argsort(joined.wall_time, kind="stable")
            joined = joined.where(order)
        return Scalars(*joined)

    def envelope(
        self,
        tag: str,
        columns: int = 1000,
        start: float | None = None,
        stop: float | None = None,
        *,
        axis: str = "step",
    ) -> Envelope:
        """What a chart of `columns` columns draws of a tag, exactly; see `tracker.store.envelope`.

        Args:
            tag: What it was logged under.
            columns: At most so many columns come back.
            start: The window's first step (or second), included.
            stop: Its last, included.
            axis: "step"; "wall_time", seconds since the epoch; or "relative", seconds since the run began.

        Raises:
            SeriesNotFoundError: the run has no scalars of that tag.
        """
        return self.envelope_and_counts(tag, columns, start, stop, axis=axis)[0]

    def envelope_and_counts(
        self,
        tag: str,
        columns: int = 1000,
        start: float | None = None,
        stop: float | None = None,
        *,
        axis: str = "step",
    ) -> tuple[Envelope, dict[str, int]]:
        """`envelope`, and how many points of the series each segment held: from there a live feed goes on."""
        if columns < 1:
            raise ValueError(message("columns must be at least 1.", got=columns))
        if axis not in (*AXES, "relative"):
            raise ValueError(
                message(
                    "axis names what a curve is drawn over.",
                    expected='"step", "wall_time" or "relative"',
                    got=repr(axis),
                )
            )
        if axis == "relative":
            shift = self.started or 0.0
            start, stop = (None if edge is None else edge + shift for edge in (start, stop))
        with self._series("scalar", tag) as found:
            sources = [_SeriesFile(connection, series, limit) for _, connection, series, limit in found]
            made = envelope(sources, columns, start, stop, axis="step" if axis == "step" else "wall_time")
            counts = {segment.id: source.count for (segment, *_), source in zip(found, sources, strict=True)}
            return made, counts

    def histograms(self, tag: str) -> Histograms:
        """The histograms of a tag, in order.

        Raises:
            SeriesNotFoundError: the run has none of that tag.
        """
        steps: list[int] = []
        times: list[float] = []
        items: list[Histogram] = []
        with self._series("histogram", tag) as found:
            for _, connection, series, limit in found:
                for step, wall_time, *counted in connection.execute(_SKETCHES, (series,)):
                    if limit is None or step <= limit:
                        steps.append(step)
                        times.append(wall_time)
                        items.append(Histogram.of(sketch_of(counted)))
        return Histograms(np.array(steps, np.int64), np.array(times, np.float64), tuple(items))

    def media(self, kind: str, tag: str, *, step: int | None = None, position: int | None = None) -> list[MediaItem]:
        """The items of a tag of one kind ("image", "audio", "table" …), in order.

        Args:
            kind: One of `KINDS` but scalars and histograms.
            tag: What they were logged under.
            step: Only those of this step.
            position: Only those at this place among the items logged together.

        Raises:
            SeriesNotFoundError: the run has none.
        """
        items: list[MediaItem] = []
        with self._series(kind, tag) as found:
            for segment, connection, series, limit in found:
                asked = (series, step, position)
                for at, wall_time, place, form, attributes, digest in connection.execute(_MEDIA, asked):
                    if limit is None or at <= limit:
                        about = json.loads(attributes)
                        read = self._blob_of(segment.path, digest)
                        item = MediaItem(at, wall_time, place, form, about, digest, read)
                        if "part" in about and items:
                            items[-1] = replace(items[-1], parts=(*items[-1].parts, item))
                        else:
                            items.append(item)
        return items

    def media_steps(self, kind: str, tag: str) -> list[int]:
        """The steps at which a tag of one kind was logged, ascending.

        Raises:
            SeriesNotFoundError: the run has none.
        """
        steps: set[int] = set()
        with self._series(kind, tag) as found:
            for _, connection, series, limit in found:
                for (step,) in connection.execute("SELECT DISTINCT step FROM media WHERE series=?", (series,)):
                    if limit is None or step <= limit:
                        steps.add(step)
        return sorted(steps)

    def images(self, tag: str) -> list[MediaItem]:
        """The pictures of a tag, in order."""
        return self.media("image", tag)

    def audio(self, tag: str) -> list[MediaItem]:
        """The sounds of a tag, in order; `item.samples` are the numbers."""
        return self.media("audio", tag)

    def videos(self, tag: str) -> list[MediaItem]:
        """The videos of a tag, in order."""
        return self.media("video", tag)

    def text(self, tag: str) -> list[MediaItem]:
        """The texts of a tag, in order."""
        return self.media("text", tag)

    def tables(self, tag: str) -> list[MediaItem]:
        """The tables of a tag, in order; `item.table` are the columns."""
        return self.media("table", tag)

    def figures(self, tag: str) -> list[MediaItem]:
        """The figures of a tag, in order."""
        return self.media("figure", tag)

    def graph(self, tag: str | None = None) -> dict[str, Any]:
        """The newest graph of a tag (or the only one's) as {"nodes": […], "edges": […]}.

        Raises:
            SeriesNotFoundError: the run has none.
        """
        if tag is None:
            tags = self.tags("graph")
            tag = "graph" if "graph" in tags or not tags else tags[0]
        newest = self.media("graph", tag)[-1]
        plain: dict[str, Any] = newest.json
        return plain

    def marks(self) -> list[Mark]:
        """Its marks, by time."""
        found = []
        for segment in self.segments():
            with self._open(segment.path) as connection:
                for step, wall_time, kind, text, attributes in connection.execute(
                    "SELECT step, wall_time, kind, text, attributes FROM marks ORDER BY id"
                ):
                    found.append(Mark(step, wall_time, kind, text, json.loads(attributes)))
        return sorted(found, key=lambda mark: mark.wall_time)

    def blob(self, digest: str) -> bytes | None:
        """The bytes named by a hash; None when the run has none of that name."""
        for path in logdir.segment_files(self.folder):
            with contextlib.suppress(StoreError, FileNotFoundError), self._open(path) as connection:
                row = connection.execute("SELECT data FROM blobs WHERE hash=?", (digest,)).fetchone()
                if row is not None:
                    return bytes(row[0])
        return None

    # --- files ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _open(self, path: Path) -> Iterator[sqlite3.Connection]:
        connection = engine.open_reader(path)
        try:
            connection.execute("BEGIN")  # one snapshot for all that is asked: a fold in between moves rows
            yield connection
        except (sqlite3.Error, DamagedBytesError) as error:
            raise engine.explain(error, path) from error
        finally:
            connection.close()

    @contextlib.contextmanager
    def _series(self, kind: str, tag: str) -> Iterator[list[tuple[Segment, sqlite3.Connection, int, int | None]]]:
        """(segment, connection, series number, last live step) of each segment that knows the tag, oldest first."""
        known = self.segments()
        limits = segments.live_until(known)
        with contextlib.ExitStack() as stack:
            found = []
            for segment in known:
                connection = stack.enter_context(self._open(segment.path))
                row = connection.execute("SELECT id FROM series WHERE kind=? AND tag=?", (kind, tag)).fetchone()
                if row is not None:
                    found.append((segment, connection, row[0], limits[segment.id]))
            if found:
                yield found
                return
        near = ", ".join(self.tags(kind)[:5])
        raise SeriesNotFoundError(
            message(
                f"Run {self.name!r} has no {kind} {tag!r}.",
                hint=f"There are: {near} …" if near else f"It has no {kind}s.",
            )
        )

    def _blob_of(self, path: Path, digest: str) -> Callable[[], bytes]:
        def read() -> bytes:
            with self._open(path) as connection:
                return bytes(connection.execute("SELECT data FROM blobs WHERE hash=?", (digest,)).fetchone()[0])

        return read


class _SeriesFile:
    """One segment's part of a series as levels of summaries; see `envelope.Source`."""

    def __init__(self, connection: sqlite3.Connection, series: int, limit: int | None) -> None:
        self.connection = connection
        self.series = series
        self.limit = limit
        self.count = 0
        """Points of the series, those left behind by a rewind included; known after `top`."""

    def top(self) -> tuple[Summaries, npt.NDArray[np.int64]]:
        highest = self.connection.execute("SELECT max(level) FROM scalars WHERE series=?", (self.series,)).fetchone()[0]
        found: list[Summaries] = []
        levels: list[npt.NDArray[np.int64]] = []
        start = 0
        for level in range(highest if highest is not None else -1, -1, -1):
            items = summaries_of(self.connection.execute(_SUMMARIES, (self.series, level, start)).fetchall())
            if len(items):
                start = int(items["n"][-1] + items["count"][-1])
                found.append(items)
                levels.append(np.full(len(items), level))
        self.count = start
        if not found:
            return np.zeros(0, SUMMARY), np.zeros(0, np.int64)
        return self._live(np.concatenate(found), np.concatenate(levels))

    def _live(self, items: Summaries, levels: npt.NDArray[np.int64]) -> tuple[Summaries, npt.NDArray[np.int64]]:
        """Without what a rewind left behind; an item that is so in part counts as one that must be split."""
        if self.limit is None:
            return items, levels
        keep = items["step_min"] <= self.limit
        items, levels = items[keep].copy(), levels[keep]
        partly = (items["step_max"] > self.limit) & (items["count"] > 1)
        items["ordered"][partly] = 0
        return items, levels

    def split(self, items: Summaries, level: int) -> Summaries:
        rows = self._rows("points", items, level)
        joined = np.concatenate([np.frombuffer(row[0], SUMMARY) for row in rows])
        return self._live(joined, np.zeros(len(joined), np.int64))[0]

    def points(self, items: Summaries) -> Points:
        points = stretch.unpack(self._rows(", ".join(stretch.UNPACK_COLUMNS), items, 0))
        if self.limit is None:
            return points
        return points.where(points.step <= self.limit)

    def _rows(self, columns: str, items: Summaries, level: int) -> list[tuple[Any, ...]]:
        """The rows that hold what the items are made of, in the order of the items."""
        wanted = items["n"].tolist()
        select = f"SELECT {columns} FROM scalars WHERE series=? AND level=? AND"
        if items["n"][-1] - items["n"][0] == items["count"][:-1].sum():
            # Neighbours, the usual case: one range instead of a thousand look-ups.
            rows = self.connection.execute(
                f"{select} n BETWEEN ? AND ? ORDER BY n", (self.series, level, wanted[0], wanted[-1])
            )
            return rows.fetchall()
        one = f"{select} n=?"
        return [self.connection.execute(one, (self.series, level, n)).fetchone() for n in wanted]


def _number_of(cell: Any, kind: str) -> Any:
    """A cell as a Python value: numbers that JSON has not are words there."""
    return float(cell) if kind == "number" and isinstance(cell, str) else cell


def sketch_of(row: Sequence[Any]) -> sketch.Sketch:
    """A sketch from (nan_count, posinf_count, neginf_count, min, max, sum, sum_squares, buckets)."""
    nan_count, posinf_count, neginf_count, smallest, largest, total, squares, buckets = row
    index, counts = sketch.unpack(buckets)
    exact = [float("nan") if value is None else value for value in (smallest, largest, total, squares)]
    return sketch.Sketch(index, counts, nan_count, posinf_count, neginf_count, *exact)


def status_of(found: Sequence[Segment], now: float) -> str:
    """The status of a run by its segments: running while any of them is, else what the newest says."""
    if not found:
        return "unreadable"
    every = [segment.status(now) for segment in found]
    if "running" in every:
        return "running"
    own = [status for segment, status in zip(found, every, strict=True) if segment.reason != "child"]
    return (own or every)[-1]
