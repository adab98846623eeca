"""XSpace: TensorFlow's and JAX's own form of a trace (.xplane.pb), as Chrome's events. Pure.

Only the fields that a flame chart needs are read, straight from protobuf's wire format.

Source: tensorflow/tsl `profiler/protobuf/xplane.proto`: XSpace.planes = 1; XPlane.name = 2, lines = 3,
event_metadata = 4, stat_metadata = 5; XLine.id = 1, name = 2, timestamp_ns = 3, events = 4, display_name = 11;
XEvent.metadata_id = 1, offset_ps = 2, duration_ps = 3, stats = 4; XEventMetadata.name = 2, display_name = 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracker.errors import LoggedValueError, message
from tracker.values.protobuf import fields

MAX_FIELDS = 50_000_000
"""Of a file unless less is said: 100 bytes of memory each at the worst."""


def events(data: bytes, most: int = MAX_FIELDS) -> list[dict[str, Any]]:
    """The events of an XSpace.

    Args:
        data: Its bytes.
        most: Fields that may be read: two bytes of it can be an event.

    Raises:
        LoggedValueError: it is none, was cut off, or has more fields.
    """
    found: list[dict[str, Any]] = []
    reading = _Reading(most)
    try:
        for number, plane in reading.fields(memoryview(data)):
            if number == 1:
                found += reading.plane(plane, len(found))
    except (ValueError, TypeError) as error:
        raise LoggedValueError(message("This profile is no XSpace, or was cut off.", got=str(error))) from error
    if not found:
        raise LoggedValueError(message("This profile holds no event.", expected="planes with lines", got="none"))
    return found


class _Reading:
    """Counts what is read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most

    def fields(self, data: memoryview) -> Iterator[tuple[int, Any]]:
        """Those of a message, while there may be more."""
        for each in fields(data):
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"too large: more than {self._most:,} fields, for what is stored of it")
            yield each

    def plane(self, data: memoryview, base: int) -> Iterator[dict[str, Any]]:
        name, lines, names = "", [], {}
        for number, value in self.fields(data):
            if number == 2:
                name = str(value, "utf-8", "replace")
            elif number == 3:
                lines.append(value)
            elif number == 4:  # a map: key = 1, value = 2
                entry = dict(self.fields(value))
                about = dict(self.fields(entry.get(2, memoryview(b""))))
                shown = about.get(4) or about.get(2) or b""
                names[entry.get(1, 0)] = str(shown, "utf-8", "replace")
        process = f"{name or 'plane'}#{base}"
        yield {"ph": "M", "name": "process_name", "pid": process, "args": {"name": name}}
        for line in lines:
            yield from self._line(line, process, names)

    def _line(self, data: memoryview, process: str, names: dict[int, str]) -> Iterator[dict[str, Any]]:
        thread, name, shown, zero, own = 0, "", "", 0, []
        for number, value in self.fields(data):
            if number == 1:
                thread = value
            elif number == 2:
                name = str(value, "utf-8", "replace")
            elif number == 11:
                shown = str(value, "utf-8", "replace")
            elif number == 3:
                zero = value
            elif number == 4:
                own.append(value)
        yield {"ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": {"name": shown or name}}
        for each in own:
            event = dict(self.fields(each))
            yield {
                "ph": "X", "pid": process, "tid": thread, "name": names.get(event.get(1, 0), "unnamed"),
                "ts": zero / 1e3 + event.get(2, 0) / 1e6, "dur": event.get(3, 0) / 1e6,
            }  # fmt: skip
