"""What a control takes: its kind of value and its bounds, as stored and as asked before anything is changed.

Both sides ask: the run before a value takes effect, and the server before it passes a command on. What is asked for
came from a page, so that a value may be anything that JSON can say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker import coerce
from tracker.errors import DamagedBytesError
from tracker.values.value import Medium

KINDS = ("number", "int", "bool", "choice", "text", "action")

MAX_NAME = 200
"""Characters of a name, which is shown on a button or beside a slider."""

MAX_TEXT = 10_000
"""Characters of a value that is text: a prompt, not a book. All of it stands in a receipt and in each list of them."""

MAX_CHOICES = 500

INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1

FORM = "application/json"

Plain = float | int | bool | str | None


class RefusedError(ValueError):
    """A value that a control does not take; the message is a sentence for whoever asked."""


@dataclass(frozen=True)
class Definition:
    """A control as it was declared.

    Attributes:
        name: What it is called.
        type: One of `KINDS`.
        value: What it begins with; None for an action.
        low: The least number, included; None for no bound.
        high: The greatest, included.
        log: Whether a slider runs over its logarithm.
        choices: What can be chosen.
        confirm: Whether whoever presses the button is asked once more.
        doc: A sentence about it.
    """

    name: str
    type: str
    value: Plain = None
    low: float | int | None = None
    high: float | int | None = None
    log: bool = False
    choices: tuple[Plain, ...] = ()
    confirm: bool = False
    doc: str = ""

    def checked(self, value: Any) -> Plain:
        """A value that came as JSON, as this control holds it: a float for a number, one of the choices.

        Raises:
            RefusedError: it is not of this kind, or out of bounds.
        """
        if self.type == "action":
            if value is None or value is True:
                return None
            raise RefusedError(f"{self.name} is an action, which takes no value.")
        if self.type == "bool":
            if isinstance(value, bool):
                return value
            raise self._no("true or false", value)
        if self.type == "choice":
            for choice in self.choices:
                if same(choice, value):
                    return choice
            raise self._no(f"one of {', '.join(map(shown, self.choices[:20]))}", value)
        if self.type == "text":
            return self._text(value)
        return self._number(value)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self._no("a text", value)
        if len(value) > MAX_TEXT:
            raise RefusedError(f"{self.name} takes at most {MAX_TEXT:,} characters, and these are {len(value):,}.")
        return coerce.text(value)

    def _number(self, value: Any) -> float | int:
        whole = self.type == "int"
        words = "a whole number" if whole else "a number"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._no(words, value)
        try:
            number: float | int = int(value) if whole else float(value)
        except (OverflowError, ValueError):  # 10**400, or NaN and ±inf as whole numbers
            raise self._no(words, value) from None
        if whole and (number != value or not INT_MIN <= number <= INT_MAX):
            raise self._no("a whole number of 64 bits", value)
        if not math.isfinite(number):
            raise self._no("a finite number", value)
        if self.low is not None and number < self.low:
            raise RefusedError(f"{self.name} is at least {shown(self.low)}, and {shown(number)} is less.")
        if self.high is not None and number > self.high:
            raise RefusedError(f"{self.name} is at most {shown(self.high)}, and {shown(number)} is more.")
        return number

    def _no(self, expected: str, value: Any) -> RefusedError:
        return RefusedError(f"{self.name} is {expected}, and not {shown(value)}.")

    # --- as stored -----------------------------------------------------------------------------------

    def json(self) -> dict[str, Any]:
        """As it is stored; see `docs/store-format.md`."""
        said: dict[str, Any] = {"type": self.type, "value": self.value}
        if self.type in ("number", "int"):
            said |= {"low": self.low, "high": self.high, "log": self.log}
        if self.type == "choice":
            said["choices"] = list(self.choices)
        if self.type == "action":
            said["confirm"] = self.confirm
        return {**said, "doc": self.doc}

    def medium(self) -> Medium:
        """The item to store, under the control's name."""
        return Medium(FORM, {}, coerce.dumps(self.json()).encode())

    @classmethod
    def parsed(cls, name: str, data: bytes) -> Definition:
        """A definition as it was stored.

        Raises:
            DamagedBytesError: it is none.
        """
        said = read_json(data.decode("utf-8", "replace"), DamagedBytesError("a control that is no JSON"))
        if not isinstance(said, Mapping) or said.get("type") not in KINDS:
            raise DamagedBytesError("a control of no known type")
        low, high = (found if is_number(found := said.get(end)) else None for end in ("low", "high"))
        listed = said.get("choices")
        choices = tuple(each for each in listed if is_plain(each))[:MAX_CHOICES] if isinstance(listed, list) else ()
        value = said.get("value")
        return cls(
            name, said["type"], value if is_plain(value) else None, low, high, said.get("log") is True, choices,
            said.get("confirm") is True, coerce.text(said.get("doc") or "", MAX_TEXT),
        )  # fmt: skip


def is_plain(value: Any) -> bool:
    """Whether a value is one that a control can hold."""
    return value is None or isinstance(value, (bool, int, float, str))


def is_number(value: Any) -> bool:
    """Whether it is a finite number, which True is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -math.inf < value < math.inf


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, where True is not 1 and 1 is 1.0."""
    return isinstance(one, bool) == isinstance(other, bool) and is_plain(one) and is_plain(other) and one == other


def shown(value: Any) -> str:
    """A value in a few words of a sentence."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = coerce.text(value if isinstance(value, int) else repr(coerce.text(value, 60)), 60)
    return text.replace("\n", " ")


def read_json(text: str, error: Exception) -> Any:
    """What a text says in JSON, where NaN and its like are none.

    Raises:
        error: It is no JSON, or is nested deeper than anybody's value.
    """

    def refuse(_: str) -> Any:
        raise ValueError

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise error from None
