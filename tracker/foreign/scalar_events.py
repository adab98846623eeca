"""Events that hold one number each, read together: most of what event files are made of.

A writer puts such events down in one and the same shape: the wall time, the step, and a value whose tag and
number stand in fixed places. The first event of a shape is taken apart by hand; all others of its length that are equal
to it everywhere but there are then read as columns of one array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from tracker.foreign import protos
from tracker.foreign.record_bodies import Bodies
from tracker.values.protobuf import BYTES, FIXED32, FIXED64, VARINT, spans

SHAPES = 256
"""Shapes tried for one length of events, such as longer steps of shorter tags; what is left is parsed one by one."""

LONGEST = 1024
"""Bytes of an event that is looked at here."""

FEWEST = 4
"""Events of one length that are worth an array."""

COLUMNS = ("place", "step", "wall_time", "value")
"""The fields of `ScalarColumns` that have an entry for each number."""

_FLOAT, _DOUBLE = 1, 2

_ODD = np.random.default_rng(0).integers(0, 1 << 63, LONGEST // 8, np.uint64) * np.uint64(2) + np.uint64(1)
"""A factor for each word of a hash."""


class ScalarColumns(NamedTuple):
    """Numbers of one tag: their places among the events given, and three columns."""

    tag: str
    plugin: str | None
    """As the events say it; None where they say nothing, as `simple_value` does."""
    is_tensor: bool
    place: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]


class _Shape(NamedTuple):
    where_tag: slice
    plugin: str | None
    is_tensor: bool
    step: slice
    value: slice


def read(bodies: Bodies) -> tuple[list[ScalarColumns], npt.NDArray[np.int64]]:
    """The numbers among some events, and the places of the events that are something else."""
    found: list[ScalarColumns] = []
    others: list[npt.NDArray[np.int64]] = []
    for length, places in bodies.by_length():
        if len(places) < FEWEST or not 13 < length <= LONGEST:
            others.append(places)
            continue
        words = bodies.rows(places, length + -length % 8).view(np.uint64)
        others.append(_read_length(bodies, length, places, words, found))
    return found, np.sort(np.concatenate(others)) if others else np.empty(0, np.int64)


def _read_length(
    bodies: Bodies, length: int, places: npt.NDArray[np.int64], words: npt.NDArray[np.uint64],
    found: list[ScalarColumns],
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Reads events of one length; the places of those of no known shape."""
    left: list[npt.NDArray[np.int64]] = []
    for _ in range(SHAPES):
        if not len(places):
            break
        shape = _shape_of(bodies[int(places[0])])
        if shape is None:
            left.append(places[:1])
            places, words = places[1:], words[1:]
            continue
        fixed = np.zeros(words.shape[1] * 8, np.uint8)
        fixed[:length] = 0xFF
        fixed[1:9] = 0
        fixed[shape.step] = 0x80  # the upper bits say how long the number is
        fixed[shape.value] = 0
        fixed[shape.where_tag] = 0
        same = ~((words ^ words[0]) & fixed.view(np.uint64)).any(axis=1)
        found += _by_tag(shape, places[same], words[same])
        places, words = places[~same], words[~same]
    return np.concatenate([*left, places])


def _by_tag(shape: _Shape, places: npt.NDArray[np.int64], words: npt.NDArray[np.uint64]) -> Iterator[ScalarColumns]:
    """The numbers of events of one shape, whatever their tags.

    Args:
        shape: Theirs.
        places: Of the events.
        words: Their bytes, a row each.
    """
    mask = np.zeros(words.shape[1] * 8, np.uint8)
    mask[shape.where_tag] = 0xFF
    touched = slice(shape.where_tag.start // 8, -(-shape.where_tag.stop // 8))
    tags = words[:, touched] & mask.view(np.uint64)[touched]
    # Those of one tag are neighbours in the order of a hash. Two tags of one hash are neighbours too: then a tag has
    # its numbers in several pieces.
    order = np.argsort(tags @ _ODD[: tags.shape[1]], kind="stable")
    tags = tags[order]
    rows = words[order].view(np.uint8)
    steps, times, values = _steps(rows[:, shape.step]), _floats(rows[:, 1:9]), _floats(rows[:, shape.value])
    begins = np.flatnonzero(np.concatenate([[True], (tags[1:] != tags[:-1]).any(axis=1)])).tolist()
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        tag = protos.text(rows[begin, shape.where_tag].tobytes())
        yield ScalarColumns(
            tag, shape.plugin, shape.is_tensor, places[order[begin:end]], steps[begin:end], times[begin:end],
            values[begin:end],
        )  # fmt: skip


def _steps(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    steps = np.zeros(len(digits), np.uint64)
    for place in range(digits.shape[1]):
        steps |= (digits[:, place] & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * place)
    return steps.view(np.int64)


def _floats(columns: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    kind = f"<f{columns.shape[1]}"
    return np.ascontiguousarray(columns).view(kind)[:, 0].astype(np.float64)


def _shape_of(body: bytes) -> _Shape | None:
    """Where an event's numbers stand; None when it is not exactly one number under a tag."""
    step = slice(9, 9)
    summary: slice | None = None
    try:
        for number, kind, where in spans(body, 0, len(body)):
            if number == 1 and kind == FIXED64 and where == slice(1, 9):
                continue
            if number == 2 and kind == VARINT:
                step = where
            elif number == 5 and kind == BYTES and summary is None:
                summary = where
            else:
                return None
        if summary is None or body[0] != 9:
            return None
        ((number, kind, value),) = spans(body, summary.start, summary.stop)
        return _value_shape(body, value, step) if (number, kind) == (1, BYTES) else None
    except (IndexError, ValueError, DecodeError):
        return None


def _value_shape(body: bytes, whole: slice, step: slice) -> _Shape | None:
    tag: slice | None = None
    plugin: str | None = None
    value: slice | None = None
    is_tensor = False
    for number, kind, where in spans(body, whole.start, whole.stop):
        if number == 1 and kind == BYTES and tag is None:
            tag = where
        elif number == 2 and kind == FIXED32 and value is None:
            value = where
        elif number == 8 and kind == BYTES and value is None:
            value, is_tensor = _number_of_tensor(body, where), True
        elif number == 9 and kind == BYTES and plugin is None:
            plugin = protos.text(
                protos.message_class("SummaryMetadata").FromString(body[where]).plugin_data.plugin_name
            )
        elif number != 7:
            return None
    if tag is None or tag.start == tag.stop or value is None or (is_tensor and plugin not in (None, "", "scalars")):
        return None
    return _Shape(tag, plugin, is_tensor, step, value)


def _number_of_tensor(body: bytes, whole: slice) -> slice | None:
    """Where the one float32 or float64 of a tensor without dimensions stands."""
    width, value = 0, None
    for number, kind, where in spans(body, whole.start, whole.stop):
        if number == 1 and kind == VARINT:
            width = {_FLOAT: 4, _DOUBLE: 8}.get(body[where.start], 0)
        elif number in (4, 5, 6) and kind in (BYTES, FIXED32, FIXED64) and value is None:
            value = where
        elif number != 2 or where.start != where.stop:
            return None
    return value if value is not None and width and value.stop - value.start == width else None
