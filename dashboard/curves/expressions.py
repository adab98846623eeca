"""Expressions over tags, such as `val/loss - train/loss`: read by a small parser of our own, worked out on every point.

Names are tags: they run over letters, digits and `_ . / : -`, so that an operator between two of them needs a space
before it; a tag of other characters stands in back quotes. Numbers, + - * / ^, parentheses and the functions of
`FUNCTIONS` are all there is; nothing of it is ever executed as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.errors import message
from tracker.series.stretch import Points

Floats = npt.NDArray[np.float64]

MAX_LENGTH = 500
MAX_DEPTH = 50

FUNCTIONS: dict[str, tuple[int, Callable[..., Floats]]] = {
    "abs": (1, np.abs),
    "exp": (1, np.exp),
    "log": (1, np.log),
    "log2": (1, np.log2),
    "log10": (1, np.log10),
    "sqrt": (1, np.sqrt),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "cummin": (1, np.fmin.accumulate),
    "cummax": (1, np.fmax.accumulate),
}
"""By name: how many arguments, and what is done. `cummin(val/loss)` is the best so far."""

SO_FAR = {"min": "cummin", "max": "cummax"}
"""What these are of one argument."""

OPERATORS: dict[str, tuple[int, Callable[[Floats, Floats], Floats]]] = {
    "+": (1, np.add),
    "-": (1, np.subtract),
    "*": (2, np.multiply),
    "/": (2, np.divide),
    "^": (3, np.power),
}
"""By sign: how tightly it binds, and what is done. `^` groups to the right."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|`(?P<quoted>[^`]+)`|(?P<name>[^\W\d][\w./:\-]*)|(?P<sign>[-+*/^(),]))"
)


Work = Callable[[Mapping[str, Floats]], Floats]


class ExpressionError(ValueError):
    """An expression that cannot be understood; the message says where.

    Args:
        sentence: The message.
        place: The character of the text at which it stops making sense.
    """

    def __init__(self, sentence: str, place: int = 0) -> None:
        super().__init__(sentence)
        self.place = place


@dataclass(frozen=True)
class Expression:
    """A parsed expression."""

    text: str
    tags: tuple[str, ...]
    """The tags it names, each once."""
    _work: Work

    def points(self, known: Mapping[str, Points]) -> Points:
        """Its values: at each step of the tag with the fewest points, of the others what held there (their last value
        at or before that step). Steps before all tags have begun are left out; wall times are that tag's.

        Args:
            known: The points of every tag of `tags`.
        """
        ordered = {tag: by_step(known[tag]) for tag in self.tags}
        sparsest = min(ordered.values(), key=lambda points: len(points.step))
        values, keep = {}, np.ones(len(sparsest.step), bool)
        for tag, points in ordered.items():
            if points is sparsest:
                values[tag] = points.value
                continue
            place = np.searchsorted(points.step, sparsest.step, "right") - 1
            keep &= place >= 0
            values[tag] = points.value[np.maximum(place, 0)] if len(points.step) else np.full(len(place), np.nan)
        with np.errstate(all="ignore"):
            found = np.asarray(self._work({tag: column[keep] for tag, column in values.items()}), np.float64)
        return Points(sparsest.step[keep], sparsest.wall_time[keep], found)


def parse(text: str) -> Expression:
    """Reads an expression.

    Raises:
        ExpressionError: it makes no sense, is longer than 500 characters, or names no tag.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(message("The expression is too long.", expected=f"{MAX_LENGTH} characters at most"))
    parser = Parser(text)
    work = parser.expression(0, 0)
    if parser.kind is not None:
        raise parser.error("an operator between two values, with a space before it")
    if not parser.tags:
        raise ExpressionError(message(f"The expression {text!r} names no tag.", hint="such as val/loss - train/loss"))
    return Expression(text, tuple(dict.fromkeys(parser.tags)), work)


class Parser:
    """Precedence climbing (Richards and Whitby-Strevens 1979) over the tokens of one text."""

    TOKEN = _TOKEN

    def __init__(self, text: str) -> None:
        self.text = text
        self.tags: list[str] = []
        self.kind: str | None = None
        self.word = ""
        self.place = 0
        """Where the word begins."""
        self._end = 0
        self._next()

    def expression(self, tightness: int, depth: int) -> Work:
        """What stands here, as far as operators bind more tightly than that."""
        if depth > MAX_DEPTH:
            sentence = message("The expression is nested too deeply.", expected=f"{MAX_DEPTH} levels")
            raise ExpressionError(sentence, self.place)
        left = self._value(depth)
        while self.kind == "sign" and self.word in OPERATORS and OPERATORS[self.word][0] > tightness:
            sign = self.word
            binds, act = OPERATORS[sign]
            self._next()
            right = self.expression(binds - (sign == "^"), depth + 1)
            left = self._applied(act, (left, right))
        return left

    def _value(self, depth: int) -> Work:
        kind, word = self.kind, self.word
        if kind == "number":
            self._next()
            number = np.float64(word)
            return lambda columns: np.full(len(next(iter(columns.values()))), number)
        if kind == "sign" and word == "-":
            self._next()
            return self._applied(np.negative, (self.expression(2, depth + 1),))
        if kind == "sign" and word == "(":
            self._next()
            inner = self._inner(depth + 1)
            self._expect(")")
            return inner
        if kind in ("name", "quoted"):
            self._next()
            if kind == "name" and self.word == "(" and self.kind == "sign":
                return self._call(word, depth)
            self.tags.append(word)
            return lambda columns: columns[word]
        raise self.error("a tag, a number or (")

    def _inner(self, depth: int) -> Work:
        """What stands between parentheses."""
        return self.expression(0, depth)

    def _call(self, name: str, depth: int) -> Work:
        if name not in FUNCTIONS:
            raise ExpressionError(
                message(f"There is no function {name!r}.", expected=", ".join(FUNCTIONS)), self.place - len(name)
            )
        self._next()
        given = [self.expression(0, depth + 1)]
        while self.word == "," and self.kind == "sign":
            self._next()
            given.append(self.expression(0, depth + 1))
        self._expect(")")
        count, act = FUNCTIONS[SO_FAR.get(name, name) if len(given) == 1 else name]
        if len(given) != count:
            raise ExpressionError(message(f"{name} takes {count} argument(s).", got=len(given)), self.place)
        return self._applied(act, tuple(given))

    def _applied(self, act: Callable[..., Floats], given: tuple[Work, ...]) -> Work:
        return lambda columns: act(*(each(columns) for each in given))

    def _expect(self, sign: str) -> None:
        if self.kind != "sign" or self.word != sign:
            raise self.error(sign)
        self._next()

    def _next(self) -> None:
        rest = self.text[self._end :]
        self.place = self._end + len(rest) - len(rest.lstrip())
        if not rest.strip():
            self.kind, self.word = None, ""
            return
        found = self.TOKEN.match(self.text, self._end)
        if found is None:
            self.kind, self.word = "unknown", self.text[self.place]
            return
        self._end = found.end()
        self.kind = found.lastgroup
        self.word = found.group(found.lastgroup or 0)

    def error(self, expected: str) -> ExpressionError:
        """What to raise where something else stands than is expected."""
        got = repr(self.word) if self.kind is not None else "its end"
        sentence = message(f"The expression {self.text!r} cannot be understood.", expected=expected, got=got)
        return ExpressionError(sentence, self.place)


def by_step(points: Points) -> Points:
    if len(points.step) > 1 and (points.step[1:] < points.step[:-1]).any():
        return points.where(np.argsort(points.step, kind="stable"))
    return points
