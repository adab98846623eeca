"""What runs can be searched and sorted by: settings, metrics, and what each run says of itself.

A key names one of these, exactly or by its end: lr for optimizer.lr, loss for val/loss. The same as the page's
text/run_fields.js.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from dashboard.choosing.query import Wanted, written
from tracker.better import is_more_better
from tracker.name_order import name_order

Value = str | float | int | None
Part = Literal["last", "min", "max"]
Metric = Callable[[str, str, Part], float | None]
"""Of a run and a tag; None where it has none."""

ASPECTS = ("last", "min", "max", "best")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_IN_NAME = re.compile(r"([^=]+)=(.+)", re.DOTALL)


def is_number(text: str) -> bool:
    """Whether a text is a number as one writes it: "01234" and "1_000" are words."""
    return _NUMBER.fullmatch(text) is not None


@dataclass
class Searched:
    """A run, as far as it is searched: `about` is what `RunState.about` says, with its `step`."""

    about: dict[str, Any]

    @property
    def name(self) -> str:
        """As it is stored."""
        return str(self.about["name"])

    @property
    def shown(self) -> str:
        """What the page calls it."""
        return str(self.about["said"].get("name") or self.name)

    @cached_property
    def labels(self) -> list[str]:
        """Its tags, of the training and of the page."""
        return [*self.about["tags"], *self.about["said"].get("tags", ())]

    @cached_property
    def settings(self) -> dict[str, str]:
        """Those that were logged, and where these do not say it what its name does: sweep/lr=0.1/seed=0."""
        logged = dict(_flat(self.about["config"], ""))
        found = dict(logged)
        for part in self.name.split("/"):
            said = _IN_NAME.fullmatch(part)
            if said is None or said[1] in logged or any(key.endswith(f".{said[1]}") for key in logged):
                continue
            found[said[1]] = said[2]
        return found

    @cached_property
    def texts(self) -> list[str]:
        """What words and expressions look through: names, tags, and settings as key=value."""
        settings = [f"{key}={value}" for key, value in self.settings.items()]
        return list(dict.fromkeys([self.name, self.shown, *self.labels, *settings]))

    @cached_property
    def lower(self) -> str:
        """All of it in small letters."""
        return "\n".join(self.texts).lower()


def _flat(value: Any, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    else:
        yield path, value if isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """A value as a browser writes it: 1.0 is 1, and a hundred thousandth 0.00001."""
    if isinstance(value, float) and math.isfinite(value):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(as_json(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{as_json(each)}' for key, each in value.items())}}}"
    if isinstance(value, float):
        return "null"
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript has it: plain from 1e-6 to below 1e21."""
    if value == 0:
        return "0"
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return mantissa.removesuffix(".0")
    power = int(exponent)
    sign, digits = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    if not -6 <= power < 21:
        return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"
    whole, _, fraction = digits.removesuffix(".0").partition(".")
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{whole}{fraction}"
    return f"{sign}{whole}{fraction}{'0' * (power - len(fraction))}"


_OWN: dict[str, Callable[[Searched, float], Value]] = {
    "name": lambda run, _: run.shown,
    "status": lambda run, _: "paused" if run.about["paused"] else run.about["status"],
    "group": lambda run, _: run.about["group"],
    "tag": lambda run, _: ",".join(run.labels),
    "note": lambda run, _: run.about["said"].get("note", run.about["notes"]),
    "step": lambda run, _: run.about.get("step"),
    "size": lambda run, _: run.about["bytes"],
    "took": lambda run, _: _took(run.about),
    "age": lambda run, now: None if run.about["started"] is None else now - run.about["started"],
    "started": lambda run, _: run.about["started"],
    "findings": lambda run, _: None if run.about["findings"] is None else sum(run.about["findings"][:2]),
}


def _took(about: dict[str, Any]) -> float | None:
    started = about["started"]
    if started is None:
        return None
    ended = next((each for each in (about["ended"], about["updated"]) if each is not None), started)
    return float(ended - started)


@dataclass(frozen=True)
class Field:
    """Something that runs have: a setting, a metric, or one of their own.

    Attributes:
        id: As the page's table calls its column: config:lr, best:val/loss, took.
        of: What a run has of it.
        tag: Of a metric.
        aspect: Of it: last, min, max or best.
    """

    id: str
    of: Callable[[Searched], Value]
    tag: str | None = None
    aspect: str | None = None

    @property
    def label(self) -> str:
        """As a column is called: val/loss, best val/loss, optimizer.lr."""
        kind, _, name = self.id.partition(":")
        return self.id if not name else name if kind in ("config", "last") else f"{kind} {name}"

    @property
    def is_more_better(self) -> bool:
        """Whether the greatest comes first where the best does."""
        return self.tag is not None and is_more_better(self.tag)


class AmbiguousError(ValueError):
    """A key may be one of several; its words say which."""


class Fields:
    """What some runs can be searched by.

    Args:
        runs: All there are.
        tags: Of their metrics.
        metric: What a run has of one.
        now: Seconds since the epoch.
    """

    def __init__(self, runs: Sequence[Searched], tags: Iterable[str], metric: Metric, now: float) -> None:
        self._runs, self._metric, self._now = runs, metric, now
        self.tags = dict.fromkeys(tags)

    @cached_property
    def settings(self) -> dict[str, None]:
        """Every key of a setting."""
        return dict.fromkeys(key for run in self._runs for key in run.settings)

    def find(self, key: str) -> Field | None:
        """What a key names; None where it names nothing.

        Raises:
            AmbiguousError: it may be several.
        """
        kind, colon, rest = key.partition(":")
        if colon and kind == "config":
            return self._setting(rest)
        if colon and kind == "run":
            return self._own(rest)
        if colon and kind in ASPECTS:
            return self._metric_called(rest, kind)
        if key in self.settings:
            return self.setting(key)
        if key in _OWN:
            return self._own(key)
        if key in self.tags:
            return self.metric_of(key, "last")
        return self._setting(key) or self._metric_called(key, "last")

    def at_best(self, key: str) -> Field | None:
        """The same; a metric that is named without more is meant at its best."""
        found = self.find(key)
        if found is None or found.tag is None or found.aspect != "last" or key.startswith("last:"):
            return found
        return self.metric_of(found.tag, "best")

    def _own(self, key: str) -> Field | None:
        of = _OWN.get(key)
        return None if of is None else Field(key, lambda run: of(run, self._now))

    def _setting(self, key: str) -> Field | None:
        found = _named(self.settings, key, ".")
        return None if found is None else self.setting(found)

    def _metric_called(self, tag: str, aspect: str) -> Field | None:
        found = _named(self.tags, tag, "/")
        return None if found is None else self.metric_of(found, aspect)

    def setting(self, key: str) -> Field:
        """A setting, by its whole key."""
        return Field(f"config:{key}", lambda run: run.settings.get(key))

    def metric_of(self, tag: str, aspect: str) -> Field:
        """A metric, by its whole tag."""
        parts: dict[str, Part] = {"last": "last", "min": "min", "max": "max"}
        part = parts.get(aspect) or ("max" if is_more_better(tag) else "min")
        return Field(f"{aspect}:{tag}", lambda run: self._metric(run.name, tag, part), tag, aspect)

    def nearest(self, key: str) -> str | None:
        """What is called most like a key that names nothing; None where nothing is."""
        rest = key[key.find(":") + 1 :].lower()
        ranked = [
            (min(_distance(rest, each.lower()), _distance(rest, _ending(each).lower()) + 0.5), i, each)
            for i, each in enumerate([*_OWN, *self.settings, *self.tags])
        ]
        away, _, best = min(ranked)
        return best if away <= max(1, len(rest) / 3) + 0.5 else None


def _ending(name: str) -> str:
    return name[max(name.rfind("."), name.rfind("/")) + 1 :]


def _named(names: dict[str, None], key: str, sign: str) -> str | None:
    """The one name of some that a key is, or ends."""
    if key in names:
        return key
    small = key.lower()
    found = [each for each in names if each.lower() == small or each.lower().endswith(sign + small)]
    if len(found) < 2:
        return found[0] if found else None
    exact = [each for each in found if each.endswith(sign + key)]
    if len(exact) == 1:
        return exact[0]
    some = ", ".join(written(each) for each in sorted(found)[:3]) + (", …" if len(found) > 3 else "")
    raise AmbiguousError(f"“{key}” may be {some}: say which.")


def _distance(a: str, b: str) -> float:
    """How many letters have to change to make one text the other (Levenshtein)."""
    if abs(len(a) - len(b)) > 4:
        return math.inf
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        following = [i]
        for k, other in enumerate(b, 1):
            following.append(min(row[k] + 1, following[-1] + 1, row[k - 1] + (letter != other)))
        row = following
    return row[-1]


def is_none(value: Value) -> bool:
    """Whether a run has nothing there: it stands last, whichever way."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def place(value: Value) -> tuple[Any, ...]:
    """What values that are there are sorted by: numbers by size, then words as names are."""
    if isinstance(value, str):
        return (0, _exact(value)) if is_number(value) else (1, name_order(value))
    return (0, value)


def _exact(text: str) -> Decimal | float:
    # Not int: Python refuses texts of more than 4,300 digits. A Decimal that is made of a text has all of them.
    return Decimal(text) if re.fullmatch(r"-?\d+", text, re.ASCII) else float(text)


def number_of(value: Value) -> float:
    """A value as a number; NaN for what is none."""
    if isinstance(value, str):
        return float(value) if is_number(value) else math.nan
    return math.nan if value is None else float(value)


def is_wanted(value: Value, wanted: Wanted) -> bool:
    """Whether a value is the one: as a number, or as a text in which * stands for anything."""
    if value is None:
        return False
    if not isinstance(value, str):
        number = wanted.number
        return number is not None and (value == number or (math.isnan(value) and math.isnan(number)))
    lower = value.lower()
    if lower == wanted.text:
        return True
    if wanted.number is not None and is_number(value):
        if is_number(wanted.text):
            return place(value) == place(wanted.text)
        return not wanted.is_quoted and float(value) == wanted.number
    return wanted.pattern is not None and wanted.pattern.fullmatch(lower) is not None
