"""Conditions: expressions over tags that are compared, such as `val/loss > 1.2 * min(val/loss) for 100 steps`.

The language is that of expressions, with < <= > >= == !=, `and`, `or`, `not`, and isnan, isinf, isfinite. A comparison
with NaN does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.curves.expressions import MAX_DEPTH, MAX_LENGTH, ExpressionError, Floats, Parser, Work
from tracker.errors import message

Bools = npt.NDArray[np.bool_]

COMPARISONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip

TESTS: dict[str, Callable[[Floats], Floats]] = {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}

MAX_STEPS = 1 << 53

_TOKEN = re.compile(Parser.TOKEN.pattern.replace("(?P<sign>", "(?P<sign>[<>=!]=|[<>]|"))


@dataclass(frozen=True)
class Condition:
    """Something that holds at some moments of a run and at others does not."""

    text: str
    tags: tuple[str, ...]
    """That it names, each once."""
    steps: int
    """For so many steps it has to hold before it fires, and not to hold before it may fire again."""
    _work: Work

    def holds(self, columns: Mapping[str, Floats]) -> Bools:
        """Whether it holds, row by row of the columns of its tags: at each a function of the rows up to it."""
        with np.errstate(all="ignore"):
            return np.asarray(self._work(columns), np.bool_)


def parse(text: str) -> Condition:
    """Reads a condition.

    Raises:
        ExpressionError: it makes no sense, is longer than 500 characters, compares nothing or names no tag.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(message("The rule is too long.", expected=f"{MAX_LENGTH} characters at most"), MAX_LENGTH)
    parser = _Parser(text)
    work = parser.truth(parser.either(0))
    steps = parser.duration()
    if parser.kind is not None:
        raise parser.error("and, or, for N steps, or its end")
    if not parser.tags:
        raise ExpressionError(message(f"The rule {text!r} names no tag.", hint="such as val/loss > 2"))
    return Condition(text, tuple(dict.fromkeys(parser.tags)), steps, work)


class _Truth:
    """Work that says whether, and not how much."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self, columns: Mapping[str, Floats]) -> Floats:
        return self._work(columns)


class _Parser(Parser):
    TOKEN = _TOKEN

    def either(self, depth: int) -> Work:
        left = self._both(depth)
        while self._is("or"):
            left = self._joined(np.logical_or, left, depth, self._both)
        return left

    def _both(self, depth: int) -> Work:
        left = self._one(depth)
        while self._is("and"):
            left = self._joined(np.logical_and, left, depth, self._one)
        return left

    def _joined(self, act: Callable[..., Floats], left: Work, depth: int, right_of: Callable[[int], Work]) -> Work:
        first = self.truth(left)
        self._next()
        second = self.truth(right_of(depth + 1))
        return _Truth(lambda columns: act(first(columns), second(columns)))

    def _one(self, depth: int) -> Work:
        if depth > MAX_DEPTH:
            sentence = message("The rule is nested too deeply.", expected=f"{MAX_DEPTH} levels")
            raise ExpressionError(sentence, self.place)
        if self._is("not"):
            self._next()
            inner = self.truth(self._one(depth + 1))
            return _Truth(lambda columns: np.logical_not(inner(columns)))
        left = self.expression(0, depth)
        if self.kind != "sign" or self.word not in COMPARISONS:
            return left
        act = COMPARISONS[self.word]
        self._number(left)
        self._next()
        right = self.expression(0, depth + 1)
        self._number(right)
        return _Truth(lambda columns: act(left(columns), right(columns)))

    def _inner(self, depth: int) -> Work:
        return self.either(depth)

    def _call(self, name: str, depth: int) -> Work:
        if name not in TESTS:
            return super()._call(name, depth)
        self._next()
        inner = self.expression(0, depth + 1)
        self._number(inner)
        self._expect(")")
        act = TESTS[name]
        return _Truth(lambda columns: act(inner(columns)))

    def _applied(self, act: Callable[..., Floats], given: tuple[Work, ...]) -> Work:
        for each in given:
            self._number(each)
        return super()._applied(act, given)

    def _number(self, work: Work) -> None:
        if isinstance(work, _Truth):
            raise self.error("a number, and not whether something holds")

    def truth(self, work: Work) -> Work:
        """What was read, which has to say whether something holds."""
        if not isinstance(work, _Truth):
            raise self.error("a comparison, such as > 0.5")
        return work

    def duration(self) -> int:
        """The steps of `for N steps`; 0 without."""
        if not self._is("for"):
            return 0
        self._next()
        if self.kind != "number" or not self.word.isascii() or not self.word.isdigit() or int(self.word) > MAX_STEPS:
            raise self.error("a whole number of steps")
        steps = int(self.word)
        self._next()
        if not (self._is("steps") or self._is("step")):
            raise self.error("steps")
        self._next()
        return steps

    def _is(self, word: str) -> bool:
        return self.kind == "name" and self.word == word
