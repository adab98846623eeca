"""What a request asks, read word by word: the one door through which every parameter comes in.

A parameter is a text in a query and a JSON value in a body; each reader says what it takes, and what it does not is
answered 400 with a sentence that names it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

LEAST, MOST = -(1 << 63) + 2, (1 << 63) - 2
"""Whole numbers that are taken: those of 64 bits, as steps are, less room for the neighbour of each."""

MAX_TEXT = 10_000
"""Characters of a name, a tag, a path."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,5})?")


class RequestValues:
    """The parameters of a request.

    Args:
        said: By name: a list of texts of a query, a JSON value of a body.
        is_query: Which of the two.
    """

    def __init__(self, said: Mapping[str, Any], *, is_query: bool = False) -> None:
        self._said = said
        self._is_query = is_query

    @classmethod
    def of_query(cls, request: Request) -> RequestValues:
        """What stands behind the question mark."""
        said: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            said.setdefault(name, []).append(value)
        return cls(said, is_query=True)

    def _one(self, name: str) -> Any:
        """What is said; None where nothing is. An empty text says nothing."""
        if not self._is_query:
            return self._said.get(name)
        values = self._said.get(name)
        if not values:
            return None
        if len(values) > 1:
            raise self.wrong(name, "one value", f"{len(values)} of them")
        return values[0] or None

    def wrong(self, name: str, expected: str, got: Any) -> HTTPException:
        """The refusal of a parameter."""
        shown = got if isinstance(got, str) else repr(got)
        spelled = f"{name}=" if self._is_query else name
        return HTTPException(400, f"{spelled}: expected {expected}; got {shown[:80]}{'…' if len(shown) > 80 else ''}")

    def others(self, names: Iterable[str]) -> dict[str, Any]:
        """All that is said under other names, as it is."""
        known = {*names}
        return {name: value for name, value in self._said.items() if name not in known}

    def has(self, name: str) -> bool:
        """Whether anything is said."""
        return self._one(name) is not None

    def value(self, name: str) -> Any:
        """A value of any kind."""
        return self._one(name)

    def text(self, name: str, most: int = MAX_TEXT) -> str | None:
        """A text, None without one; longer ones are refused."""
        value = self._one(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "a text", value)
        if len(value) > most:
            raise self.wrong(name, f"a text of at most {most:,} characters", f"{len(value):,}")
        return value

    def name(self, name: str) -> str:
        """A text that has to be there."""
        value = self.text(name)
        if not value:
            raise HTTPException(400, f"{name}{'=' if self._is_query else ''} is missing")
        return value

    def choice(self, name: str, options: Iterable[str], default: str | None = None) -> str:
        """One of some words; `default` where none is said, without which one has to be."""
        value, words = self._one(name), tuple(options)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in words:
            raise self.wrong(name, f"one of {' | '.join(words)}", "nothing" if value is None else value)
        return value

    def flag(self, name: str) -> bool:
        """Whether it is 1 in a query, true in a body."""
        value = self._one(name)
        return value == "1" if self._is_query else value is True

    def whole(self, name: str, least: int = LEAST, most: int = MOST) -> int | None:
        """A whole number, both ends included; None where none is said."""
        value = self._one(name)
        if value is None:
            return None
        number = value if is_whole(value) else None
        if self._is_query and _WHOLE.fullmatch(value):
            number = int(value)
        if number is None or not least <= number <= most:
            raise self.wrong(name, f"a whole number{_within(least, most)}", value)
        return int(number)

    def size(self, name: str, default: int, most: int) -> int:
        """How many of something, 1 at least; a fraction is cut off."""
        number = self.number(name)
        if number is None:
            return default
        if not 1 <= number <= most:
            raise self.wrong(name, f"a number from 1 to {most:,}", number)
        return int(number)

    def number(self, name: str) -> float | int | None:
        """A finite number; None where none is said. A whole one has 64 bits at the most."""
        value = self._one(name)
        if value is None:
            return None
        number = value
        if self._is_query:
            number = int(value) if _WHOLE.fullmatch(value) else float(value) if _NUMBER.fullmatch(value) else None
        if is_whole(number):
            if not LEAST <= number <= MOST:
                raise self.wrong(name, "a number of 64 bits", value)
            return int(number)
        if not isinstance(number, float) or not math.isfinite(number):
            raise self.wrong(name, "a finite number", value)
        return number

    def edge(self, name: str, *, is_step: bool) -> float | int | None:
        """Where a window begins or ends: a finite number, of steps one that a step can be."""
        number = self.number(name)
        if number is not None and is_step and not LEAST <= number <= MOST:
            raise self.wrong(name, "a step of 64 bits", number)
        return number

    def texts(self, name: str, most: int, *, must: bool = True, once: bool = True) -> list[str]:
        """A list of texts as they are said; `once`: each once. In a query the parameter stands several times."""
        values = self._said.get(name)
        if values is None and not must:
            return []
        if not isinstance(values, list) or not all(isinstance(each, str) and len(each) <= MAX_TEXT for each in values):
            raise self.wrong(name, "a list of texts", "nothing" if values is None else values)
        found = list(dict.fromkeys(values)) if once else values
        if len(found) > most:
            raise self.wrong(name, f"a list of at most {most:,}", f"{len(found):,}")
        return found


def series_of(request: Request) -> tuple[str, str]:
    """The run and the tag that a query names."""
    asked = RequestValues.of_query(request)
    return asked.name("run"), asked.name("tag")


def is_whole(value: Any) -> bool:
    """Whether a JSON value is a whole number: true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    return (is_whole(value) and LEAST <= value <= MOST) or (isinstance(value, float) and math.isfinite(value))


def _within(least: int, most: int) -> str:
    return " of 64 bits" if (least, most) == (LEAST, MOST) else f" from {least:,} to {most:,}"
