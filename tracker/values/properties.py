"""Properties: a sheet of named values that can be edited on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays

TYPES = ("text", "number", "checkbox", "select", "button")
MAX_PROPERTIES = 1_000


class Properties:
    """A sheet of values: who edits one on the page sends the event "change" with its `name` and its new `value`.

    Args:
        values: By name. A bool is a box to tick, a number a field of numbers, a list one of its entries to choose, the
            first of them chosen, anything else a text. Or a mapping as in a list.
        A list: mappings with "type" ("text", "number", "checkbox", "select" or "button"), "name", "value" and, of a
            select, "values".

    Raises:
        LoggedTypeError, LoggedValueError: not of this form, or over 1,000 of them.
    """

    def __init__(self, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        if isinstance(values, Mapping):
            given = [(name, value) for name, value in values.items()]
        elif isinstance(values, (list, tuple)):
            given = [(_name_of(each), each) for each in values]
        else:
            raise _wrong(values)
        if len(given) > MAX_PROPERTIES:
            raise LoggedValueError(
                message("Properties: too many.", expected=f"at most {MAX_PROPERTIES:,}", got=f"{len(given):,}")
            )
        self.properties = [_property(coerce.text(name, 1_000), value) for name, value in given]


def _name_of(each: Any) -> Any:
    if not isinstance(each, Mapping) or "name" not in each:
        raise _wrong(each)
    return each["name"]


def _property(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        kind = value.get("type", "text")
        if kind not in TYPES:
            raise LoggedValueError(
                message(
                    f"Properties: {name!r} is of an unknown type.",
                    expected=" | ".join(TYPES),
                    got=arrays.describe(kind),
                )
            )
        plain = {**value, "type": kind, "name": name}
        if kind == "select" and not isinstance(plain.get("values"), (list, tuple)):
            raise LoggedValueError(
                message(f"Properties: {name!r} has nothing to select of.", expected='"values": a list of them')
            )
        return plain
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # a number of NumPy's, a tensor of one
        value = value.item()
    if isinstance(value, (list, tuple)):
        return {"type": "select", "name": name, "value": value[0] if value else None, "values": list(value)}
    if isinstance(value, bool):
        return {"type": "checkbox", "name": name, "value": value}
    if isinstance(value, (int, float)):
        return {"type": "number", "name": name, "value": value}
    return {"type": "text", "name": name, "value": value if value is None else coerce.text(value)}


def _wrong(got: Any) -> LoggedTypeError:
    return LoggedTypeError(
        message(
            "Properties: this is no sheet of properties.",
            expected='{"lr": 0.1, "augment": True, "optimizer": ["sgd", "adam"]}, or a list of mappings with "type", '
            '"name" and "value"',
            got=arrays.describe(got),
        )
    )
