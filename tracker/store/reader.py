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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tracker import logdir
from tracker.errors import DamagedBytesError, LogdirError, RunNotFoundError, SeriesNotFoundError, StoreError, message
from tracker.store import about, engine, segments, sketch, stretch, studies
from tracker.store.answers import ConsolePieces, Histograms, Mark, MediaItem, Scalars
from tracker.store.envelope import AXES, Envelope, envelope
from tracker.store.scalar_levels import ScalarLevels
from tracker.store.segments import Segment
from tracker.store.sketch_levels import Node, SketchLevels, whole_node
from tracker.store.stretch import Points
from tracker.store.studies import Confusion, QualityCurve, StoredEmbedding, StoredMesh
from tracker.values import kept
from tracker.values.histogram import Histogram
from tracker.values.profile import unpacked

KINDS = tuple(
    dict.fromkeys(
        (
            "scalar",
            "histogram",
            "image",
            "audio",
            "video",
            "text",
            "table",
            "figure",
            "graph",
            "profile",
            "confusion",
            *kept.KINDS,
        )
    )
)
ABOUT_KINDS = ("environment", "console")
"""What a run says of itself, by `environment()` and `console()`; not among the tags it logged."""

_POINTS = f"SELECT {', '.join(stretch.UNPACK_COLUMNS)} FROM scalars WHERE series=? AND level=0"
_MEDIA = (
    "SELECT step, wall_time, position, form, attributes, blob FROM media WHERE series=?1 "
    "AND (?2 IS NULL OR step=?2) AND (?3 IS NULL OR position=?3) ORDER BY n, position"
)


class Store:
    """A logdir, read only.

    Args:
        where: The folder.
        mirror: Where copies of event files that lie in it are kept; their runs stand among the others.

    Raises:
        LogdirError: there is no such folder.
    """

    def __init__(self, where: str | os.PathLike[str] | None = None, mirror: Path | None = None) -> None:
        self.root = logdir.resolve(where)
        self.mirror = mirror
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
        return [
            StoredRun(name, folder) for name, folder in sorted(logdir.all_run_folders(self.root, self.mirror).items())
        ]

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
        """Its tags, of one kind or of all that it logged.

        Raises:
            ValueError: no such kind.
        """
        if kind is not None and kind not in (*KINDS, *ABOUT_KINDS):
            raise ValueError(message(f"There is no kind of series {kind!r}.", expected=" | ".join(KINDS)))
        found: set[str] = set()
        for segment in self.segments():
            with self._open(segment.path) as connection:
                rows = connection.execute("SELECT tag, kind FROM series WHERE ? IS NULL OR kind=?", (kind, kind))
                found.update(tag for tag, own in rows if kind is not None or own not in ABOUT_KINDS)
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
            sources = [ScalarLevels(connection, series, limit) for _, connection, series, limit in found]
            return envelope(sources, columns, start, stop, axis="step" if axis == "step" else "wall_time")

    def histograms(
        self,
        tag: str,
        columns: int | None = None,
        start: float | None = None,
        stop: float | None = None,
        *,
        rough: bool = False,
    ) -> Histograms:
        """The histograms of a tag, in order.

        Args:
            tag: What they were logged under.
            columns: Merge neighbours, exactly, so that at most so many come back; None for each by itself.
            start: The first step, included.
            stop: The last, included.
            rough: Merge more of them where that is at hand already: an eighth of the reading at best, and as few rows.

        Raises:
            SeriesNotFoundError: the run has none of that tag.
        """
        if columns is not None and columns < 1:
            raise ValueError(message("columns must be at least 1.", got=columns))
        with self._series("histogram", tag) as found:
            sources = []
            for _, connection, series, limit in found:
                last = limit if stop is None else stop if limit is None else min(limit, stop)
                sources.append(SketchLevels(connection, series, start, last))
            total = sum(source.count() for source in sources)
            size = 1 if columns is None else max(1, -(-total // columns))
            if rough:
                size = whole_node(size)
            placed = [(node, source) for source in sources for node in source.nodes(size)]
            groups: list[list[tuple[Node, SketchLevels]]] = []
            room = 0
            for node, source in placed:
                if room <= 0:
                    groups.append([])
                    room = size
                groups[-1].append((node, source))
                room -= node.count
            items = [Histogram.of(sketch.merge([source.read(node) for node, source in group])) for group in groups]
        firsts, lasts = [group[0][0] for group in groups], [group[-1][0] for group in groups]
        return Histograms(
            np.array([node.step for node in firsts], np.int64),
            np.array([node.wall_time for node in firsts], np.float64),
            tuple(items),
            np.array([node.last_step for node in lasts], np.int64),
            np.array([node.last_wall_time for node in lasts], np.float64),
            np.array([sum(node.count for node, _ in group) for group in groups], np.int64),
        )

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
                        if "belongs" in about and items:
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

    def pr_curves(self, tag: str) -> list[QualityCurve]:
        """The curves of quality of a tag, in order: counts, precision and recall at every threshold."""
        return studies.quality_curves(self.media("pr_curve", tag))

    def embedding(self, tag: str, step: int | None = None) -> StoredEmbedding | None:
        """The vectors of a tag at a step, the newest by default, with what is known of each; None at another step."""
        return studies.embedding(self.media("embedding", tag), step)

    def meshes(self, tag: str) -> list[StoredMesh]:
        """The meshes and point clouds of a tag, in order."""
        return studies.meshes(self.media("mesh", tag))

    def layout(self, tag: str) -> dict[str, dict[str, list[Any]]]:
        """The newest layout of a tag: charts by category and title; see `tracker.Layout`."""
        charts: dict[str, dict[str, list[Any]]] = json.loads(self.media("layout", tag)[-1].data)
        return charts

    def confusions(self, tag: str) -> list[Confusion]:
        """The confusion matrices of a tag, in order."""
        return studies.confusions(self.media("confusion", tag))

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

    def profile(self, tag: str | None = None) -> bytes:
        """The newest profile of a tag (or of the first one) as it was logged: a trace, unpacked.

        Raises:
            SeriesNotFoundError: the run has none.
        """
        tags = self.tags("profile") if tag is None else [tag]
        return unpacked(self.media("profile", tags[0] if tags else "profile")[-1].data)

    def environment(self) -> list[dict[str, Any]]:
        """What it was run in, once for each process that did: host, rank, code, packages, hardware; `diff` if kept."""
        return about.environments(self.segments(), self._open)

    def console(self, since: Mapping[str, int] | None = None, limit: int | None = None) -> ConsolePieces:
        """What it printed, in order, where that was asked for.

        Args:
            since: By segment, the last row that is known already: `.cursor` of an answer before.
            limit: At most so many of the newest pieces of each segment.
        """
        return about.console(self.segments(), self._open, since, limit)

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


def status_of(found: Sequence[Segment], now: float) -> str:
    """The status of a run by its segments: running while any of them is, else what the newest says."""
    if not found:
        return "unreadable"
    every = [segment.status(now) for segment in found]
    if "running" in every:
        return "running"
    own = [status for segment, status in zip(found, every, strict=True) if segment.reason != "child"]
    return (own or every)[-1]
