"""What a program declares as a control or an action, checked on its own line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker import coerce
from tracker.controls import built_in
from tracker.errors import ControlError, ControlTypeError, message
from tracker.values import arrays
from tracker.values.control_definition import MAX_CHOICES, MAX_NAME, Definition, RefusedError, is_number, is_plain


def control(
    name: Any, value: Any, low: Any, high: Any, log: bool, choices: Sequence[Any] | None, doc: str
) -> Definition:
    """The definition of a control; see `Run.control`.

    Raises:
        ControlError, ControlTypeError: what was given is none.
    """
    name, call = _name(name), f"control({name!r:.60})"
    value, low, high = _plain(value, call, "value"), _bound(low, call, "low"), _bound(high, call, "high")
    if choices is not None:
        listed = _choices(choices, call)
        if low is not None or high is not None or log:
            raise ControlError(
                message(f"{call}: choices have no bounds.", expected="choices=, or low=, high= and log=")
            )
        return _begun(Definition(name, "choice", value, choices=listed, doc=coerce.text(doc)), call)
    if isinstance(value, (bool, str)):
        if low is not None or high is not None or log:
            raise ControlError(message(f"{call}: only numbers have bounds.", got=f"value={value!r:.60}"))
        return _begun(
            Definition(name, "bool" if isinstance(value, bool) else "text", value, doc=coerce.text(doc)), call
        )
    if value is None:
        raise ControlTypeError(
            message(f"{call}: it begins with nothing.", expected="a number, a bool, a text, or choices=")
        )
    kind = "number" if any(isinstance(each, float) for each in (value, low, high)) else "int"
    if low is not None and high is not None and not low < high:
        raise ControlError(message(f"{call}: low is less than high.", got=f"low={low!r}, high={high!r}"))
    if log and (low is None or low <= 0):
        raise ControlError(
            message(f"{call}: a logarithm has no 0.", expected="low= greater than 0 with log=True", got=f"low={low!r}")
        )
    return _begun(Definition(name, kind, value, low, high, bool(log), doc=coerce.text(doc)), call)


def action(name: Any, confirm: bool, doc: str) -> Definition:
    """The definition of an action; see `Run.action`."""
    if callable(name):
        raise ControlTypeError(
            message("run.action needs the name of the button.", expected='@run.action("evaluate")', got="@run.action")
        )
    return Definition(_name(name), "action", confirm=bool(confirm), doc=coerce.text(doc))


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ControlTypeError(
            message("A control needs a name.", expected='a text, such as "lr"', got=arrays.describe(name))
        )
    if len(name) > MAX_NAME:
        raise ControlError(
            message("That is too long for a name.", expected=f"{MAX_NAME} characters", got=f"{len(name):,}")
        )
    if name in built_in.DEFINITIONS:
        raise ControlError(message(f"Every run has {name!r} already.", hint="Choose another name."))
    return coerce.text(name)


def _plain(value: Any, call: str, argument: str) -> Any:
    """A number, bool or text of any kind as Python's own."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    try:
        single = arrays.single(value)
    except Exception:  # noqa: BLE001 whatever a foreign object's conversion raises: it is no value to us
        single = None
    if isinstance(single, bool):
        return single
    if isinstance(single, int):
        return int.__index__(single)
    if isinstance(single, float):
        return float.__float__(single)
    raise ControlTypeError(
        message(
            f"{call}: {argument} is nothing that can be set on a page.",
            expected="a number, a bool or a text", got=arrays.describe(value),
        )
    )  # fmt: skip


def _bound(value: Any, call: str, argument: str) -> Any:
    if value is None:
        return None
    found = _plain(value, call, argument)
    if not is_number(found):
        raise ControlTypeError(message(f"{call}: {argument} is no finite number.", got=arrays.describe(value)))
    return found


def _choices(choices: Any, call: str) -> tuple[Any, ...]:
    listed = None if isinstance(choices, (str, bytes)) else _listed(choices)
    if not listed or len(listed) > MAX_CHOICES:
        raise ControlError(
            message(
                f"{call}: choices are a list of values.",
                expected=f"1 to {MAX_CHOICES} of them",
                got=arrays.describe(choices),
            )
        )
    return tuple(each if is_plain(each) else _plain(each, call, "one of choices") for each in listed)


def _listed(choices: Any) -> list[Any] | None:
    try:
        return list(choices)
    except Exception:  # noqa: BLE001 as above
        return None


def _begun(definition: Definition, call: str) -> Definition:
    """A definition whose first value is one that it takes."""
    try:
        value = definition.checked(definition.value)
    except RefusedError as error:
        raise ControlError(
            message(f"{call}: it cannot begin with this.", got=f"value={definition.value!r:.60}", hint=str(error))
        ) from None
    return Definition(
        definition.name, definition.type, value, definition.low, definition.high, definition.log, definition.choices,
        doc=definition.doc,
    )  # fmt: skip
