"""Pane: what a free window of the page shows, as it is stored; see `tracker/panes` for who makes them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, TagError, TrackerError, message
from tracker.values import arrays
from tracker.values.unpack import Bounds
from tracker.values.value import Medium, Value

KIND = "pane"
FORM = "application/vnd.everystep.pane+json+zlib"

TYPES = ("plot", "lines", "text", "image", "audio", "video", "svg", "properties", "network", "value", "closed")

EVENTS = ("click", "key", "close", "change")
"""What can be done in a pane."""

POINTS = "pane/"
"""Where the points of line panes lie, as scalars: `pane/<pane>/<trace>`. Their steps count them: no rewind cuts them
off, and no run has come as far as they go."""

MAX_ID = 250
"""Characters of a pane's name."""

MAX_JSON_BYTES = 32_000_000
MAX_VALUES = 4_000_000
"""In its JSON: a picture of 2,000 × 2,000 zeros as numbers. Each takes up to 72 bytes in memory."""

BOUNDS = Bounds(2 * MAX_JSON_BYTES, 0, 2 * MAX_JSON_BYTES, MAX_VALUES, 0)
"""Of what comes out of the stored bytes: all that may be put in."""

MAX_DEPTH = 90
"""Levels of lists and mappings: what is nested deeper no page is told; see `dashboard.http.wire`."""

MAX_OPTS = 50_000
"""Characters of options as JSON: each list of panes reads all of them."""

MAX_SIZE = 100_000
"""Of width and height, pixels."""


class Pane(Value):
    """One state of a pane: what it is, and what it holds.

    Args:
        type: One of `TYPES`.
        content: JSON values; arrays among them become lists.
        title: A line above it.
        opts: How it is shown, as JSON values.
        size: (width, height) in pixels, None for what is not said.
        parts: Pictures, sounds and the like that belong to it.
        appended: Instead of `content`, a text that continues that of the state before.

    Raises:
        LoggedTypeError, LoggedValueError: some of it is not fit for JSON, too much, or nested over 90 levels.
    """

    kind = KIND

    def __init__(
        self,
        type: str,
        content: Any = None,
        *,
        title: str | None = None,
        opts: Mapping[str, Any] | None = None,
        size: tuple[float | None, float | None] = (None, None),
        parts: Sequence[Value] = (),
        appended: str | None = None,
    ) -> None:
        assert type in TYPES
        said = {"title": title, "width": size[0], "height": size[1], "opts": opts or None}
        said["appends"] = None if appended is None else True
        self.attributes = {"type": type, **{name: value for name, value in said.items() if value is not None}}
        self.data = dumped({"content": content} if appended is None else {"append": appended})
        self.parts = [*parts]

    @property
    def n_bytes(self) -> int:
        return len(self.data) + 500 + sum(part.n_bytes for part in self.parts)

    def encode(self) -> list[Medium]:
        own = Medium(FORM, self.attributes, zlib.compress(self.data, 6))
        return [own, *(_belonging(item, part.kind) for part in self.parts for item in part.encode())]


def _belonging(item: Medium, kind: str) -> Medium:
    """An item of another value as one that belongs to a pane: what it belonged to there is kept beside."""
    of = {"of": item.attributes["belongs"]} if "belongs" in item.attributes else {}
    return item._replace(attributes={**item.attributes, **of, "belongs": KIND, "kind": kind})


# --- what a caller gives -------------------------------------------------------------------------------


def checked_id(given: Any) -> str:
    """A pane's name, as it can be stored.

    Raises:
        TagError: it is no text, empty, or too long.
    """
    if isinstance(given, str) and given:
        found = coerce.text(given)
        if len(found) <= MAX_ID:
            return found
    raise TagError(
        message(
            "pane(): a pane is named by a text.",
            expected=f"a string of 1 to {MAX_ID} characters",
            got=f"{len(given):,} characters" if isinstance(given, str) else arrays.describe(given),
        )
    )


def checked_title(given: Any) -> str | None:
    """A line of text, or None.

    Raises:
        LoggedTypeError: it is neither.
    """
    if given is None or isinstance(given, str):
        return None if given is None else coerce.text(given, 1_000)
    raise LoggedTypeError(message("pane(): title is a text.", expected="str", got=arrays.describe(given)))


def checked_size(name: str, given: Any) -> float | None:
    """A width or a height in pixels, or None.

    Raises:
        LoggedValueError: it is no such number.
    """
    if given is None:
        return None
    try:
        pixels = float(arrays.single(given))
    except Exception:  # noqa: BLE001 whatever a foreign object raises: it is no size to us
        pixels = -1.0
    if isinstance(given, bool) or not 1 <= pixels <= MAX_SIZE:
        raise LoggedValueError(
            message(f"pane(): {name} is in pixels.", expected=f"1 to {MAX_SIZE:,}", got=arrays.describe(given))
        )
    return int(pixels) if pixels.is_integer() else pixels


def checked_opts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as JSON values.

    Raises:
        LoggedTypeError, LoggedValueError: they are not fit for JSON, or too much.
    """
    text = dumped(dict(given), "pane(): the options")
    if len(text) > MAX_OPTS:
        raise LoggedValueError(
            message(
                "pane(): the options are too much.",
                expected=f"at most {MAX_OPTS:,} characters as JSON",
                got=f"{len(text):,}",
                hint="What is large belongs into the content.",
            )
        )
    found: dict[str, Any] = json.loads(text)
    return found


def dumped(value: Any, what: str = "pane(): the content", listed: Callable[[Any], Any] | None = None) -> bytes:
    """Values as JSON, UTF-8. NaN and ±inf are `NaN` and `Infinity`, as Python reads them; arrays become lists.

    Raises:
        LoggedTypeError: they are not fit for JSON.
        LoggedValueError: they are more than 32 MB or 4 million values, or nested over 90 levels.
    """
    try:
        text = json.dumps(value, default=listed or _listed, ensure_ascii=False)
    except TrackerError:
        raise
    except RecursionError as error:
        raise _too_deep(what) from error
    except (TypeError, ValueError) as error:
        raise LoggedTypeError(message(f"{what} is not fit for JSON.", got=coerce.text(error, 300))) from error
    data = coerce.escaped(text).encode()
    if len(data) > MAX_JSON_BYTES:
        raise LoggedValueError(
            message(
                f"{what} is too much.",
                expected=f"at most {MAX_JSON_BYTES // 1_000_000} MB as JSON",
                got=f"{len(data) / 1e6:,.1f} MB",
            )
        )
    lists = data.count(b"[") + data.count(b"{")
    if lists + data.count(b",") > MAX_VALUES:
        raise LoggedValueError(
            message(f"{what} is too much.", expected=f"at most {MAX_VALUES:,} values", hint="Log a sample of it.")
        )
    if lists > MAX_DEPTH and _depth(json.loads(data)) > MAX_DEPTH:
        raise _too_deep(what)
    return data


def _too_deep(what: str) -> LoggedValueError:
    return LoggedValueError(message(f"{what} is nested too deeply.", expected=f"at most {MAX_DEPTH} levels"))


def _depth(value: Any) -> int:
    """How many lists and mappings lie within each other; as many as are allowed and one, where there are more."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        within = (each.values() if isinstance(each, dict) else each for each in level)
        level = [inner for each in within for inner in each if isinstance(inner, (dict, list))]
        depth += 1
    return depth


def _listed(value: Any) -> Any:
    # A number takes two bytes at least.
    if hasattr(value, "tolist"):
        return arrays.listed(value, "pane()", MAX_JSON_BYTES // 2)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    return coerce.text(value)
