"""A run as it was stored: its series as arrays, its media, and what it says of itself."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker.errors import DamagedBytesError, SeriesNotFoundError, StoreError, message
from tracker.name_order import naturally
from tracker.series import stretch
from tracker.series.envelope import AXES, Envelope, envelope
from tracker.series.stretch import Points
from tracker.store.read import commands, media_items, offered, run_context, segments
from tracker.store.read.commands import Command
from tracker.store.read.diagnosed import Diagnosed
from tracker.store.read.modelled import Modelled
from tracker.store.read.offered import Offered
from tracker.store.read.panes import Paned
from tracker.store.read.records import ConsolePieces, Histograms, Mark, MediaItem, Scalars
from tracker.store.read.run_files import Part, RunFiles
from tracker.store.read.scalar_levels import ScalarLevels, all_points
from tracker.store.read.segments import MOST_SERIES, Segment
from tracker.store.read.studied import Studied
from tracker.values import opaque, unpack

if TYPE_CHECKING:
    from tracker.store.read.sketch_levels import SketchLevels

_OWN_KINDS = (
    "scalar", "histogram", "image", "audio", "video", "text", "table", "figure", "graph", "profile", "confusion",
)  # fmt: skip
KINDS = tuple(dict.fromkeys((*_OWN_KINDS, *opaque.KINDS, "pane")))
ABOUT_KINDS = ("environment", "console", "control")
"""What a run says of itself, by `environment()`, `console()` and `controls()`; not among the tags it logged."""


class StoredRun(Paned, Modelled, Studied, Diagnosed):
    """A run as it stands in its files at the moment of each question."""

    def __init__(self, name: str, folder: Path, files: RunFiles | None = None) -> None:
        self.name = name
        self.folder = folder
        self._files = files or RunFiles(folder)

    def __repr__(self) -> str:
        return f"<StoredRun {self.name!r}>"

    @contextlib.contextmanager
    def held(self, rest: Callable[[], None] = lambda: None) -> Iterator[StoredRun]:
        """The same run for many questions in a row, such as one for each of its tags: its files are opened once.

        Args:
            rest: Called between two files that are read, as of `RunFiles`.
        """
        with self._files.held(rest) as files:
            yield StoredRun(self.name, self.folder, files)

    # --- what the run says of itself -----------------------------------------------------------------

    def segments(self) -> list[Segment]:
        """Its readable segments, oldest first; see `problems` for the others."""
        return self._files.segments()

    def problems(self) -> list[StoreError]:
        """What is wrong with each segment file that cannot be read."""
        return self._files.problems()

    @property
    def status(self) -> str:
        """running, finished, stopped or crashed; "unreadable" when no segment can be read."""
        return segments.status_of(self.segments(), time.time())

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
        """Its tags, of one kind or of all that it logged, by name: `m2` before `m12`.

        Raises:
            ValueError: no such kind.
        """
        if kind is not None and kind not in (*KINDS, *ABOUT_KINDS):
            raise ValueError(message(f"There is no kind of series {kind!r}.", expected=" | ".join(KINDS)))
        found: set[str] = set()
        for segment in self.segments():
            self._files.rest()
            with self._files.snapshot(segment.path) as connection:
                rows = connection.execute("SELECT tag, kind FROM series WHERE ? IS NULL OR kind=?", (kind, kind))
                tags = {tag for tag, own in islice(rows, MOST_SERIES + 1) if kind is not None or own not in ABOUT_KINDS}
                if len(tags) + len(ABOUT_KINDS) > MOST_SERIES:
                    raise DamagedBytesError("it holds more series than any run")
                if not all(isinstance(tag, str) for tag in tags):
                    raise DamagedBytesError("a series whose name is no text")
            found |= tags
        return naturally(found)

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
            for part in found:
                if (rank is not None and part.segment.rank != rank) or (abandoned and part.limit is None):
                    continue
                points = all_points(part.connection, part.series)
                if part.limit is not None:
                    keep = points.step <= part.limit
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
        """What a chart of `columns` columns draws of a tag, exactly; see `tracker.series.envelope`.

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
            sources = [ScalarLevels(part.connection, part.series, part.limit) for part in found]
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
        # Here: most readers ask for curves only, and these are a hundredth of a second.
        from tracker.store.read.distribution import distribution

        with self._series("histogram", tag) as found:
            return distribution([_sketches(part, start, stop) for part in found], columns, rough=rough)

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
        with self._series(kind, tag) as found:
            return media_items.items(self._files, kind, found, step, position)

    def media_steps(self, kind: str, tag: str) -> list[int]:
        """The steps at which a tag of one kind was logged, ascending.

        Raises:
            SeriesNotFoundError: the run has none.
        """
        with self._series(kind, tag) as found:
            return media_items.steps(found)

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
        plain: dict[str, Any] = unpack.unpacked_json(newest.data, "graph")
        return plain

    def profile(self, tag: str | None = None) -> bytes:
        """The newest profile of a tag (or of the first one) as it was logged: a trace, unpacked.

        Raises:
            SeriesNotFoundError: the run has none.
        """
        from tracker.values.profile import unpacked  # as above

        tags = self.tags("profile") if tag is None else [tag]
        return unpacked(self.media("profile", tags[0] if tags else "profile")[-1].data)

    def environment(self) -> list[dict[str, Any]]:
        """What it was run in, once for each process that did: host, rank, code, packages, hardware; `diff` if kept."""
        return run_context.environments(self._files)

    def console(self, since: Mapping[str, int] | None = None, limit: int | None = None) -> ConsolePieces:
        """What it printed, in order, where that was asked for.

        Args:
            since: By segment, the last row that is known already: `.cursor` of an answer before.
            limit: At most so many of the newest pieces of each segment.
        """
        return run_context.console(self._files, since, limit)

    def marks(self) -> list[Mark]:
        """Its marks, by time."""
        return run_context.marks(self._files)

    def commands(self) -> list[Command]:
        """What was asked of it on the page and what it answered, in the order of asking."""
        return commands.commands(self._files, self.folder)

    def controls(self) -> list[Offered]:
        """What it offers besides what every run does, by name, with the values of now."""
        return offered.offered(self._files)

    def blob(self, digest: str) -> bytes | None:
        """The bytes named by a hash; None when the run has none of that name."""
        return self._files.blob(digest)

    @contextlib.contextmanager
    def _series(self, kind: str, tag: str) -> Iterator[list[Part]]:
        """What each segment holds of a series, oldest first."""
        with self._files.series(kind, tag) as found:
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


def _sketches(part: Part, start: float | None, stop: float | None) -> SketchLevels:
    """A part of a series of histograms, from one step to another, as far as no rewind cut it off."""
    from tracker.store.read import sketch_levels  # as above

    last = part.limit if stop is None else stop if part.limit is None else min(part.limit, stop)
    return sketch_levels.SketchLevels(part.connection, part.series, start, last)
