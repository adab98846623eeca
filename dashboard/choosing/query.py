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
_ENDLESS = re.compile(r"([+-]?)inf(?:inity)?", re.IGNORECASE | re.ASCII)
_SIGN = re.compile(r"!=|<=|>=|=|<|>")
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^"\s]+)', re.DOTALL)
_COMMA, _STAR, _DOTS = re.compile(","), re.compile(r"\*"), re.compile(r"\.\.")
_ESCAPED = re.compile(r'\\(["\\])')
_BARE = re.compile(r"[a-z_][\w./:@%+-]*|(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
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
    """A value in small letters; `number`: as one, where it is one; `pattern`: what fits, where it has a `*`.

    One `is_quoted` is what a setting says: "10k" is not 10000.
    """

    text: str
    number: float | None
    pattern: re.Pattern[str] | None
    is_quoted: bool


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
class _Piece:
    text: str
    is_quoted: bool


@dataclass(frozen=True)
class _Token:
    pieces: list[_Piece]
    expression: tuple[str, str] | None
    negated: bool

    @property
    def text(self) -> str:
        """Without its quotation marks."""
        return _joined(self.pieces)

    @property
    def word(self) -> str:
        """Its text, where it is a plain word."""
        return "" if _has_quotes(self.pieces) or self.negated or self.expression else self.text


def written(text: str) -> str:
    """A name or a value as a search has it: in quotation marks where it would say something else without them."""
    if _BARE.fullmatch(text) and ".." not in text and (text[0].isdigit() or number_in(text) is None):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
        if found is None:
            pieces, rest = _pieces(rest)
            yield _Token(pieces, None, negated)
        else:
            yield _Token([], (found[1], found[2] if found.re is _EXPRESSION else ""), negated)
            rest = rest[found.end() :]
        rest = rest.lstrip()


def _pieces(rest: str) -> tuple[list[_Piece], str]:
    """What stands before the next space, and all behind it; within quotes a backslash takes the next mark in."""
    pieces: list[_Piece] = []
    while rest and not rest[0].isspace():
        found = _PIECE.match(rest)
        if found is None:
            raise QueryError(f"A quotation mark is open: {rest}")
        is_quoted = rest[0] == '"'
        pieces.append(_Piece(_ESCAPED.sub(r"\1", found[1]) if is_quoted else found[2], is_quoted))
        rest = rest[found.end() :]
    return pieces, rest


def _joined(pieces: list[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _has_quotes(pieces: list[_Piece]) -> bool:
    return any(piece.is_quoted for piece in pieces)


def _cut(pieces: list[_Piece], at: re.Pattern[str]) -> tuple[list[_Piece], str, list[_Piece]] | None:
    """What stands before and after the first of it that is not in quotation marks; None for none."""
    for i, piece in enumerate(pieces):
        found = None if piece.is_quoted else at.search(piece.text)
        if found is not None:
            before, after = piece.text[: found.start()], piece.text[found.end() :]
            return (
                [*pieces[:i], *([_Piece(before, is_quoted=False)] if before else [])],
                found[0],
                [*([_Piece(after, is_quoted=False)] if after else []), *pieces[i + 1 :]],
            )
    return None


def _term(token: _Token) -> Word | Expression | Condition | None:
    if token.expression is not None:
        return Expression(_compiled(*token.expression), token.negated)
    found = _cut(token.pieces, _SIGN)
    if found is None or not found[0]:
        is_word = token.text and (token.text != "-" or _has_quotes(token.pieces))
        return Word(token.text.lower(), token.negated) if is_word else None
    before, sign, value = found
    key = _joined(before)
    if not value:
        name = written(key)
        raise QueryError(f"{name}{sign} wants a value, such as {name}{sign}0.1.")
    plain = cast(Sign, "=" if sign == "!=" else sign)
    bounds = _bounds(key, plain, value)
    wanted = () if bounds is not None else tuple(_wanted(part) for part in _parts(value))
    return Condition(key, plain, wanted, bounds, token.text, token.negated != (sign == "!="))


def _parts(value: list[_Piece]) -> Iterator[list[_Piece]]:
    """Values with a comma between; a list is one."""
    if not value[0].is_quoted and value[0].text.startswith("["):
        yield value
        return
    while found := _cut(value, _COMMA):
        part, _, value = found
        if part:
            yield part
    if value:
        yield value


def _wanted(part: list[_Piece]) -> Wanted:
    text = _joined(part)
    pattern = "".join(
        re.escape(text) if is_quoted else ".*".join(re.escape(each) for each in text.split("*"))
        for text, is_quoted in ((piece.text.lower(), piece.is_quoted) for piece in part)
    )
    fits = re.compile(pattern, re.DOTALL) if _cut(part, _STAR) else None
    return Wanted(text.lower(), number_in(text), fits, _has_quotes(part))


def _bounds(key: str, sign: str, pieces: list[_Piece]) -> tuple[float, float] | None:
    """None where values are to be equal to one of some."""
    name, value = written(key), _joined(pieces)
    if sign != "=":
        bound = number_in(value)
        if bound is None or math.isnan(bound):
            raise QueryError(f"After {name}{sign} comes a number, such as {name}{sign}0.1, and not “{value}”.")
        return (-math.inf, bound) if sign[0] == "<" else (bound, math.inf)
    found = _cut(pieces, _DOTS)
    if found is None:
        return None
    start, end = _joined(found[0]), _joined(found[2])
    low, high = (number_in(start) if start else -math.inf), (number_in(end) if end else math.inf)
    if low is None and high is None:
        return None  # dots within a text
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        raise QueryError(f"{name}={value} is no range: both ends are numbers, such as {name}=1e-4..1e-2.")
    if low > high:
        raise QueryError(f"{name}={value} holds nothing: the lesser end comes first.")
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
