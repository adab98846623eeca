"""What a logged graph says, as text and counts that can be trusted to be text and counts.

A graph comes from a file that anyone may have written: whatever stands where a name, a shape or a number should
be is turned into one, and cut to a length that can be shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tracker.values.graph import NODE_KINDS


def mappings(values: Any) -> list[dict[str, Any]]:
    """The mappings in a list, as JSON gives them; of anything else none."""
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def node(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A node with a name, an op, a kind and attrs of the right types."""
    kind, attrs = plain.get("kind"), plain.get("attrs")
    return {
        "name": clean(plain.get("name", "?")),
        "op": clean(plain.get("op", "")),
        "kind": kind if kind in NODE_KINDS else "op",
        "attrs": attrs if isinstance(attrs, dict) else {},
    }


def is_joined(edge: Mapping[str, Any], known: Mapping[str, int]) -> bool:
    """Whether both ends of an edge are there."""
    source, target = edge.get("source"), edge.get("target")
    return isinstance(source, str) and isinstance(target, str) and source in known and target in known


def clean(value: Any) -> str:
    """As text; half characters, which JSON can carry and UTF-8 cannot, become question marks."""
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def clip(text: str, length: int, end: bool = False) -> str:
    """A text cut to a length; with `end`, its last part is what stays."""
    if len(text) <= length:
        return text
    return f"…{text[1 - length :]}" if end else f"{text[: length - 1]}…"


def shape(sizes: Any) -> str:
    """A shape as 1×64×56×56; an unknown size is "?", that of a single number "scalar", no shape is empty."""
    if sizes is None:
        return ""
    if not isinstance(sizes, (list, tuple)):
        return clip(clean(sizes), 60)
    try:
        return _product(tuple(sizes[:12]))
    except TypeError:  # a list in it, which is no size
        return "?"


@lru_cache(4096)  # a graph has thousands of edges and a few dozen shapes
def _product(sizes: tuple[object, ...]) -> str:
    known = ("?" if size is None or size == -1 else clean(size)[:12] for size in sizes)
    return clip("×".join(known), 60) or "scalar"


def value(logged: Any) -> str:
    """An attribute as the panel shows it."""
    if isinstance(logged, (list, tuple)):
        return ", ".join(value(each) if not isinstance(each, (list, tuple)) else "[…]" for each in logged[:50])
    return clean(logged)


def amount(logged: Any) -> float:
    """A count as logged; what is no number, not finite or negative counts nothing."""
    if isinstance(logged, bool) or not isinstance(logged, (int, float)):
        return 0.0
    try:
        number = float(logged)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0
