"""The curves of a card: one tag, or an expression over tags, of many runs; each file is opened once for all of it.

A series that is not much longer than a chart is wide comes as its points: three numbers each, where a column of an
envelope is fifteen. A longer one comes as an envelope, in which no extreme is missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.curves import joined_ranks, metric_axis, windows
from dashboard.curves.expressions import Expression
from dashboard.curves.metric_axis import Placed
from dashboard.curves.tails import tails
from tracker.series import stretch
from tracker.series.envelope import Envelope, envelope, envelope_of_points
from tracker.series.stretch import Points
from tracker.store.read import read_only
from tracker.store.read.open_segments import OpenSegments
from tracker.store.read.scalar_levels import ScalarLevels
from tracker.store.read.segments import Segment

POINTS_A_COLUMN = 4
"""A series of up to so many points for each column asked for is sent as it is: fewer bytes than its envelope."""

MAX_POINTS = 4000
"""And never more than a page keeps of a curve."""

POINTS = ("step", "wall_time", "value")

COLUMNS = (
    "step_first step_last wall_time_first wall_time_last count first last min min_step max max_step mean "
    "nan_count posinf_count neginf_count".split()
)

"""What the columns of a curve are called, in the order in which they are sent; with a metric as x those of its place
come last."""

Answer = tuple[dict[str, Any], list[npt.NDArray[Any]]]


@dataclass(frozen=True)
class Question:
    """What a chart asks for."""

    y: str | Expression
    columns: int
    start: float | None = None
    stop: float | None = None
    axis: str = "step"
    """step, wall_time, relative (seconds since the run began) or metric: the values of `x`."""
    x: str | Expression | None = None
    is_log: bool = False
    """Whether the x axis is logarithmic: the columns are then as wide as each other there."""
    joins_ranks: bool = False
    """Whether what several ranks logged under a tag is one curve, their mean, with the least and greatest of them."""

    @property
    def is_plain(self) -> bool:
        """Whether it is a tag from its beginning to its end, over its steps."""
        edges = self.start is None and self.stop is None
        return isinstance(self.y, str) and self.axis == "step" and edges and not self.is_log and not self.joins_ranks

    def column_names(self) -> dict[str, Sequence[str]]:
        """What the columns of its answers are called, by their form."""
        places = self.x is not None
        return {
            "points": [*POINTS, *(metric_axis.POINTS if places else ())],
            "columns": [*COLUMNS, *(metric_axis.COLUMNS if places else ())],
        }


class CurveSet:
    """The curves of several runs that answer one question, as they are sent."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._heads: list[dict[str, Any]] = []
        self._columns: list[npt.NDArray[Any]] = []
        self._tails: list[tuple[str, Points]] = []
        self.n_bytes = 0
        """Of its columns, as they are sent."""

    def add(self, run: str, known: Sequence[Segment], answer: Answer | None) -> None:
        """Takes in a run's answer, and what rewinds left behind of the series.

        Raises:
            StoreError: a file cannot be read.
        """
        if answer is None:
            return
        y = self._question.y
        left = tails(known, y) if isinstance(y, str) and self._question.x is None else []
        head, columns = answer
        self._heads.append({"run": run, **head})
        self._columns += columns
        self._tails += [(run, points) for points in left]
        self.n_bytes += 8 * (sum(map(len, columns)) + 3 * sum(len(points.step) for points in left))

    def head(self, tag: str) -> dict[str, Any]:
        """What is said of them; `needs` are the tags that they are worked out from."""
        formulas = [each for each in (self._question.y, self._question.x) if each]
        needs = [need for each in formulas for need in ((each,) if isinstance(each, str) else each.tags)]
        left = [{"run": run, "length": len(points.step)} for run, points in self._tails]
        names = self._question.column_names()
        return {"tag": tag, "needs": needs, "columns": names, "curves": self._heads, "tails": left}

    def columns(self) -> list[npt.NDArray[Any]]:
        """The columns of all curves, then those of the tails."""
        return [*self._columns, *(column for _, points in self._tails for column in points)]


def read(known: Sequence[Segment], question: Question) -> Answer | None:
    """Head and columns of a run's curve; None when it has no such series.

    Args:
        known: The segments of the run, oldest first.
        question: What is asked.

    Raises:
        StoreError: a file cannot be read.
    """
    return read_all(known, [question])[0]


def read_all(known: Sequence[Segment], questions: Sequence[Question]) -> list[Answer | None]:
    """The answers to several questions; each file is opened once for all of them.

    Raises:
        StoreError: a file cannot be read.
    """
    with contextlib.ExitStack() as stack:
        files = Files(stack, known)
        return [_read(files, known, question) for question in questions]


@contextlib.contextmanager
def reader(known: Sequence[Segment]) -> Iterator[Callable[[Question], Answer | None]]:
    """Answers question after question of a run, each failing alone; its files are opened once."""
    with contextlib.ExitStack() as stack:
        files = Files(stack, known)

        def ask(question: Question) -> Answer | None:
            with contextlib.ExitStack() as asking:
                for segment in known:
                    asking.enter_context(read_only.reading(segment.path))
                files.renew()
                return _read(files, known, question)

        yield ask


def _read(files: Files, known: Sequence[Segment], question: Question) -> Answer | None:
    started = min((segment.created for segment in known), default=0.0)
    start, stop = question.start, question.stop
    if question.axis == "relative":
        start, stop = (None if edge is None else edge + started for edge in (start, stop))
    axis = "step" if question.axis == "step" else "wall_time"
    origin = started if question.axis == "relative" else 0.0
    found: Answer | None
    if isinstance(question.y, str) and question.x is None:
        sources = files.of(question.y)
        ranks = _by_rank(known, sources) if question.joins_ranks else []
        if len(ranks) > 1:
            found = _joined(ranks, question, start, stop, axis, origin)
        else:
            found = _stored(sources, question, start, stop, axis, origin)
    else:
        found = _computed(files, question, start, stop, axis, origin)
    if found is None:
        return None
    head, columns = found
    return {"started": started, **_rest(columns[0 if head["form"] == "points" else 1]), **head}, columns


def _rest(steps: npt.NDArray[Any]) -> dict[str, list[int]]:
    """What steps, which travel as float64, lose by that: nothing up to 2⁵³, of nanoseconds since 1970 up to 128."""
    if not len(steps) or max(abs(int(steps.min())), abs(int(steps.max()))) <= 2**53:
        return {}
    return {"rest": [step - int(float(step)) for step in map(int, steps.tolist())]}


def _stored(
    sources: dict[str, ScalarLevels],
    question: Question,
    start: float | None,
    stop: float | None,
    axis: str,
    origin: float,
) -> Answer | None:
    if not sources:
        return None
    if sum(source.length() for source in sources.values()) <= limit_of(question.columns):
        points = stretch.concatenate([source.all_points() for source in sources.values()])
        answer = _points(points, start, stop, axis)
    else:
        answer = None
    if answer is None:
        found = windows.with_neighbours(list(sources.values()), question.columns, start, stop, axis)
        if question.is_log and len(found) != found.points:
            made = partial(envelope, list(sources.values()), axis=axis)
            found = windows.spread(made, question.columns, start, stop, axis, origin)
        answer = _columns(found)
    head, arrays = answer
    return {"counts": {name: source.count for name, source in sources.items()}, **head}, arrays


def _by_rank(known: Sequence[Segment], sources: Mapping[str, ScalarLevels]) -> list[list[ScalarLevels]]:
    """The parts of a series by the rank that logged them."""
    found: dict[int | None, list[ScalarLevels]] = {}
    for segment in known:
        if segment.id in sources:
            found.setdefault(segment.rank, []).append(sources[segment.id])
    return [*found.values()]


def _joined(
    ranks: list[list[ScalarLevels]],
    question: Question,
    start: float | None,
    stop: float | None,
    axis: str,
    origin: float,
) -> Answer:
    if question.is_log:
        made = joined_ranks.maker(ranks, axis)
        found = windows.spread(made, question.columns, start, stop, axis, origin)
    else:
        found = joined_ranks.joined(ranks, question.columns, start, stop, axis)
    head = {"counts": {}, "ranks": len(ranks), "form": "columns", "length": len(found)}
    return head, [getattr(found, name) for name in COLUMNS]


def _computed(
    files: Files, question: Question, start: float | None, stop: float | None, axis: str, origin: float
) -> Answer | None:
    y, x = (files.points(each) for each in (question.y, question.x))
    if y is None or (question.x is not None and x is None):
        return None
    if x is not None:
        return _over(metric_axis.over(y, x), len(y.step), question)
    answer = _points(y, start, stop, axis) if len(y.step) <= limit_of(question.columns) else None
    if answer is None:
        made = partial(envelope_of_points, y, axis=axis)
        if question.is_log:
            answer = _columns(windows.spread(made, question.columns, start, stop, axis, origin))
        else:
            answer = _columns(made(question.columns, start, stop))
    head, arrays = answer
    return {"counts": {}, "unplaced": 0, **head}, arrays


def _over(placed: Placed, logged: int, question: Question) -> Answer:
    """The answer where x is a metric; the columns of its places come last.

    Args:
        placed: The points that have a place.
        logged: How many there are in all.
        question: What is asked; its window is of places.
    """
    head: dict[str, Any] = {"counts": {}, "unplaced": logged - len(placed.x)}
    start, stop, columns = question.start, question.stop, question.columns
    step = placed.points.step
    if len(step) <= limit_of(columns) and (step[1:] >= step[:-1]).all():
        arrays = placed.of_points(_with_ends(placed.x, start, stop))
        return {**head, "form": "points", "length": len(arrays[0])}, arrays
    made = partial(envelope_of_points, placed.on_axis(), axis="wall_time")
    if question.is_log:
        found = windows.spread(made, columns, start, stop, "wall_time", 0.0)
    else:
        found = made(columns, start, stop)
    places = [found.wall_time_first, found.wall_time_last]
    first, last = placed.times_of(found, start)
    shape, arrays = _columns(replace(found, wall_time_first=first, wall_time_last=last))
    return {**head, **shape}, arrays + places[: 1 if shape["form"] == "points" else 2]


def limit_of(columns: int) -> int:
    """The points of a series up to which all of them are sent to a card of so many columns."""
    return min(MAX_POINTS, POINTS_A_COLUMN * columns)


def _points(points: Points, start: float | None, stop: float | None, axis: str) -> Answer | None:
    """Points in the order of the axis; None when they are in no order that serves both axes."""
    step, time = points.step, points.wall_time
    if len(step) > 1 and not ((step[1:] >= step[:-1]).all() and (time[1:] >= time[:-1]).all()):
        if axis != "step":
            return None
        points = points.where(np.argsort(step, kind="stable"))
    within = _with_ends(points.step if axis == "step" else points.wall_time, start, stop)
    points = points.part(within.start, within.stop)
    return {"form": "points", "length": len(points.step)}, list(points)


def _with_ends(place: npt.NDArray[Any], start: float | None, stop: float | None) -> slice:
    """Those within a window, with a neighbour at each side, to which the line goes on."""
    first = 0 if start is None else max(0, int(np.searchsorted(place, start, "left")) - 1)
    last = len(place) if stop is None else int(np.searchsorted(place, stop, "right")) + 1
    return slice(first, last)


def _columns(found: Envelope) -> Answer:
    if len(found) == found.points:
        return {"form": "points", "length": len(found)}, [found.step_first, found.wall_time_first, found.first]
    return {"form": "columns", "length": len(found)}, [getattr(found, name) for name in COLUMNS]


class Files(OpenSegments):
    """The segments of a run, for curves and expressions over them."""

    def of(self, tag: str) -> dict[str, ScalarLevels]:
        """Each segment's part of a series of scalars."""
        parts = self.parts("scalar", tag)
        return {part.segment.id: ScalarLevels(part.connection, part.series, part.limit) for part in parts}

    def points(self, what: str | Expression | None) -> Points | None:
        """All points of a tag or of an expression; None when the run has not all that it needs."""
        if what is None:
            return None
        if isinstance(what, str):
            sources = self.of(what).values()
            return stretch.concatenate([source.all_points() for source in sources]) if sources else None
        known = {tag: self.points(tag) for tag in what.tags}
        if any(points is None for points in known.values()):
            return None
        return what.points({tag: points for tag, points in known.items() if points is not None})
