"""Which runs a search lets through, and in which order runs stand. The same as the page's text/run_choice.js."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from dashboard.choosing.fields import AmbiguousError, Field, Fields, Searched, is_none, is_wanted, number_of, place
from dashboard.choosing.query import Condition, Expression, Pick, Query, QueryError, Word, written


def choose(query: Query, runs: Sequence[Searched], fields: Fields, headline: str | None) -> list[Searched]:
    """Those of some runs that pass, in their order; those of a pick in its own.

    Args:
        query: What is searched.
        runs: The newest first.
        fields: Of them.
        headline: The metric that they are judged by.

    Raises:
        QueryError: a key names nothing, or several things.
    """
    try:
        tests = [_test(term, runs, fields) for term in query.terms]
        found = [run for run in runs if all(test(run) for test in tests)]
        return found if query.pick is None else _picked(query.pick, found, fields, headline)
    except AmbiguousError as error:
        raise QueryError(str(error)) from error


def fields_of(query: Query, fields: Fields, headline: str | None) -> list[Field]:
    """What a search rests on, which `choose` has understood."""
    found = [fields.find(term.key) for term in query.terms if isinstance(term, Condition)]
    if query.pick is not None and query.pick.way not in ("newest", "oldest"):
        found.append(_by(query.pick, fields, headline))
    return list({each.id: each for each in found if each is not None}.values())


def _test(term: Word | Expression | Condition, runs: Sequence[Searched], fields: Fields) -> Callable[[Searched], bool]:
    plain = _plain(term, runs, fields)
    return (lambda run: not plain(run)) if term.negated else plain


def _plain(term: Word | Expression | Condition, runs: Sequence[Searched], fields: Fields) -> Callable[[Searched], bool]:
    if isinstance(term, Word):
        return lambda run: term.word in run.lower
    if isinstance(term, Expression):
        search = term.expression.search
        return lambda run: any(search(text) for text in run.texts) or search(" ".join(run.texts)) is not None
    field = fields.find(term.key)
    if field is None:
        text = term.text.lower()
        if term.sign == "=" and any(text in run.lower for run in runs):
            return lambda run: text in run.lower
        raise QueryError(unknown(term.key, fields))
    of = field.of
    if term.bounds is not None:
        within = _within(term.sign, *term.bounds)
        return lambda run: within(number_of(of(run)))
    if field.id == "tag":
        return lambda run: any(is_wanted(label, wanted) for label in run.labels for wanted in term.wanted)
    return lambda run: any(is_wanted(of(run), wanted) for wanted in term.wanted)


def _within(sign: str, low: float, high: float) -> Callable[[float], bool]:
    if sign == "<":
        return lambda value: value < high
    if sign == ">":
        return lambda value: value > low
    return lambda value: low <= value <= high


def unknown(key: str, fields: Fields) -> str:
    """What to say of a key that names nothing."""
    near = fields.nearest(key)
    return f"No run has a setting or metric “{key}”{f'. Is “{written(near)}” meant?' if near else '.'}"


def _by(pick: Pick, fields: Fields, headline: str | None) -> Field | None:
    if not pick.by:
        return None if headline is None else fields.metric_of(headline, "best")
    return (fields.at_best if pick.way in ("best", "worst") else fields.find)(pick.by)


def _picked(pick: Pick, runs: list[Searched], fields: Fields, headline: str | None) -> list[Searched]:
    if pick.way == "newest":
        return runs[: pick.count]
    if pick.way == "oldest":
        return runs[-pick.count :]
    field = _by(pick, fields, headline)
    if field is None:
        raise QueryError(unknown(pick.by, fields) if pick.by else f"No run has a metric to pick the {pick.way} by.")
    is_falling = pick.way == "highest" or (
        pick.way in ("best", "worst") and (pick.way == "best") == field.is_more_better
    )
    having = [run for run in runs if not math.isnan(number_of(field.of(run)))]
    return ordered(having, field, is_falling=is_falling)[: pick.count]


def ordered(runs: Sequence[Searched], field: Field, *, is_falling: bool) -> list[Searched]:
    """Runs by what they have in a field; equal ones stay as they are, and what has nothing is last."""
    there = [run for run in runs if not is_none(field.of(run))]
    rest = [run for run in runs if is_none(field.of(run))]
    there.sort(key=lambda run: place(field.of(run)), reverse=is_falling)
    return there + rest


def order_field(words: str, fields: Fields) -> Field:
    """What runs are sorted by where a key, or a key with - in front, is asked for; a metric at its best.

    Raises:
        QueryError: the key names nothing, or several things.
    """
    key = words.removeprefix("-")
    try:
        field = fields.at_best(key)
    except AmbiguousError as error:
        raise QueryError(str(error)) from error
    if field is None:
        raise QueryError(unknown(key, fields))
    return field


def is_falling(words: str, field: Field) -> bool:
    """Whether the greatest comes first: the best does of a metric at its best, the least of all else; - turns it."""
    return (field.aspect == "best" and field.is_more_better) != words.startswith("-")
