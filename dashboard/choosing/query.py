"""What a search over runs says, taken apart: words, /expressions/, conditions on settings and metrics, and a pick.

The same as the page's text/run_query.js, which says what there is; tests/web/run_query.json holds both to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

_UNITS = {
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "B": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "TB": 1e12,
    "KiB": 1024.0,
    "MiB": 1024.0**2,
    "GiB": 1024.0**3,
}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([A-Za-z]*)", re.IGNORECASE | re.ASCII)
_ENDLESS = re.compile(r"([+-]?)inf(?:inity)?", re.IGNORECASE)
_CONDITION = re.compile(r'([^=<>!"\s]+)(!=|<=|>=|=|<|>)(.*)', re.DOTALL)
_EXPRESSION = re.compile(r"/(.*?)/([a-z]*)(?=\s|$)", re.DOTALL)
_UNFINISHED = re.compile(r"/(.+)", re.DOTALL)

Way = Literal["newest", "oldest", "best", "worst", "lowest", "highest"]
WAYS = ("newest", "oldest", "best", "worst", "lowest", "highest")

MOST = 2.0**53
"""Runs that are picked: a number of any length is a number, and Python makes no whole one of 5,000 digits."""

Sign = Literal["=", "<", "<=", ">", ">="]


class QueryError(ValueError):
    """A search cannot be understood; its words are for whoever wrote it."""


@dataclass(frozen=True)
class Word:
    """A text in small letters that is there, or with `negated` is not."""

    word: str
    negated: bool = False


@dataclass(frozen=True)
class Expression:
    """A regular expression that is found, or with `negated` is not."""

    expression: re.Pattern[str]
    negated: bool = False


@dataclass(frozen=True)
class Wanted:
    """A value in small letters; `number`: as one, where it is one; `pattern`: what fits, where it has a `*`."""

    text: str
    number: float | None
    pattern: re.Pattern[str] | None


@dataclass(frozen=True)
class Condition:
    """What a field has to be: one of `wanted`, or within `bounds`, which belong to it but for < and >."""

    key: str
    sign: Sign
    wanted: tuple[Wanted, ...]
    bounds: tuple[float, float] | None
    text: str
    negated: bool = False


@dataclass(frozen=True)
class Pick:
    """So many of those that pass; `by`: a key, or nothing for what runs are judged by."""

    way: Way
    count: int
    by: str = ""


@dataclass(frozen=True)
class Query:
    """All of a search: `terms` that hold together, then the pick."""

    terms: tuple[Word | Expression | Condition, ...] = ()
    pick: Pick | None = None


@dataclass(frozen=True)
class _Token:
    raw: str
    text: str
    is_quoted: bool
    expression: tuple[str, str] | None
    negated: bool

    @property
    def word(self) -> str:
        """Its text, where it is a plain word."""
        return "" if self.is_quoted or self.negated or self.expression else self.text


def number_in(text: str) -> float | None:
    """A number as people write it: 0.1, 1e-4, 10k, 90min, 2GB, inf, nan; None for what is none."""
    found = _NUMBER.fullmatch(text)
    if found is not None:
        unit = _UNITS.get(found[2])
        return None if unit is None else float(found[1]) * unit
    endless = _ENDLESS.fullmatch(text)
    if endless is not None:
        return -math.inf if endless[1] == "-" else math.inf
    return math.nan if text.lower() == "nan" else None


def parse(text: str) -> Query:
    """A search taken apart.

    Raises:
        QueryError: it cannot be understood.
    """
    tokens = list(_tokens(text))
    terms: list[Word | Expression | Condition] = []
    pick: Pick | None = None
    i = 0
    while i < len(tokens):
        found = _pick_at(tokens, i)
        if found is None:
            term = _term(tokens[i])
            terms += [term] if term is not None else []
            i += 1
            continue
        if pick is not None:
            raise QueryError("Only one of newest, oldest, best, worst, lowest and highest can be asked for.")
        pick, length = found
        i += length
    return Query(tuple(terms), pick)


def _tokens(text: str) -> Iterator[_Token]:
    """What stands between spaces; within quotes and expressions a space is one of theirs."""
    rest = text.strip()
    while rest:
        negated = len(rest) > 1 and rest[0] == "-" and not rest[1].isspace()
        rest = rest[1:] if negated else rest
        found = _EXPRESSION.match(rest) or _UNFINISHED.match(rest)
        raw = found[0] if found is not None else _raw(rest)
        expression = None if found is None else (found[1], found[2] if found.re is _EXPRESSION else "")
        plain = raw if found is not None else raw.replace('"', "")
        rest = rest[len(raw) :].lstrip()
        yield _Token(raw, plain, found is None and '"' in raw, expression, negated)


def _raw(rest: str) -> str:
    i = 0
    while i < len(rest) and not rest[i].isspace():
        if rest[i] == '"':
            end = rest.find('"', i + 1)
            if end < 0:
                raise QueryError(f"A quotation mark is open: {rest[i:]}")
            i = end
        i += 1
    return rest[:i]


def _term(token: _Token) -> Word | Expression | Condition | None:
    if token.expression is not None:
        return Expression(_compiled(*token.expression), token.negated)
    found = _CONDITION.fullmatch(token.raw)
    if found is None:
        return Word(token.text.lower(), token.negated) if token.text and token.text != "-" else None
    key, sign, rest = found[1], found[2], found[3]
    value = rest.replace('"', "")
    if not value and not token.is_quoted:
        raise QueryError(f"{key}{sign} wants a value, such as {key}{sign}0.1.")
    is_literal = '"' in rest
    plain = cast(Sign, "=" if sign == "!=" else sign)
    bounds = None if is_literal else _bounds(key, plain, value)
    parts = [value] if is_literal or value.startswith("[") else [part for part in value.split(",") if part]
    wanted = () if bounds is not None else tuple(_wanted(part, is_literal=is_literal) for part in parts)
    return Condition(key, plain, wanted, bounds, token.text, token.negated != (sign == "!="))


def _wanted(part: str, *, is_literal: bool) -> Wanted:
    text = part.lower()
    pieces = [re.escape(piece) for piece in text.split("*")]
    fits = re.compile(".*".join(pieces), re.DOTALL) if len(pieces) > 1 and not is_literal else None
    return Wanted(text, number_in(part), fits)


def _bounds(key: str, sign: str, value: str) -> tuple[float, float] | None:
    """None where values are to be equal to one of some."""
    if sign != "=":
        bound = number_in(value)
        if bound is None or math.isnan(bound):
            raise QueryError(f"After {key}{sign} comes a number, such as {key}{sign}0.1, and not “{value}”.")
        return (-math.inf, bound) if sign[0] == "<" else (bound, math.inf)
    start, dots, end = value.partition("..")
    if not dots:
        return None
    low, high = (number_in(start) if start else -math.inf), (number_in(end) if end else math.inf)
    if low is None and high is None:
        return None  # dots within a text
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        raise QueryError(f"{key}={value} is no range: both ends are numbers, such as {key}=1e-4..1e-2.")
    if low > high:
        raise QueryError(f"{key}={value} holds nothing: the lesser end comes first.")
    return low, high


def _compiled(body: str, flags: str) -> re.Pattern[str]:
    try:
        return re.compile(body, re.IGNORECASE if "i" in flags else 0)
    except re.error as error:
        raise QueryError(f"The expression cannot be understood: {error}") from error


def _pick_at(tokens: list[_Token], i: int) -> tuple[Pick, int] | None:
    words = [token.word for token in tokens[i : i + 3]] + ["", ""]
    way = words[0].lower()
    if way not in WAYS or re.fullmatch(r"\d+", words[1], re.ASCII) is None:
        return None
    count = int(min(MOST, float(words[1])))
    if not count:
        raise QueryError(f"{way} wants a number of runs, such as {way} 20.")
    if way in ("newest", "oldest") or words[2].lower() != "by":
        return Pick(cast(Way, way), count), 2
    by = tokens[i + 3] if i + 3 < len(tokens) else None
    if by is None or by.expression:
        raise QueryError(f"After “by” comes a metric or a setting, such as {way} {count} by val/loss.")
    return Pick(cast(Way, way), count, by.text), 4
