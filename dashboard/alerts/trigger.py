"""Triggers: the text of a rule, read. A condition over tags; or a finding, silence, a crash, an alert of the run's own.

val/loss > 1.2 * min(val/loss) for 100 steps
finding error            finding dead_relu warning
silence 10 minutes       crash
alert warning
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from dashboard.alerts import condition
from dashboard.alerts.condition import Condition
from dashboard.curves.expressions import ExpressionError
from tracker.errors import message
from tracker.findings.finding import SEVERITIES


@dataclass(frozen=True)
class FindingSought:
    """Fires for each finding of a kind, or of any, that is at least so severe."""

    kind: str | None
    severity: str


@dataclass(frozen=True)
class Silence:
    """Fires when a run that goes on, or died without a word, has logged no scalar for so long."""

    seconds: float


@dataclass(frozen=True)
class Crash:
    """Fires when a process of a run died without a word, or of an error."""


@dataclass(frozen=True)
class OwnAlert:
    """Fires for each `run.alert` of the training's own that is at least so severe."""

    level: str


Trigger = Condition | FindingSought | Silence | Crash | OwnAlert

_SECONDS = {"second": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0, "h": 3600.0}

MOST_SILENT_S = 30 * 86400.0

_SILENCE = re.compile(r"silence\s+(?:for\s+)?(\d{1,6}(?:\.\d{1,6})?)\s*([a-z]+)")
_FINDING = re.compile(r"finding(?:\s+([a-z][a-z0-9_]{0,60}))?(?:\s+([a-z]+))?")
_ALERT = re.compile(r"alert(?:\s+([a-z]+))?")


def parse(text: str) -> Trigger:
    """Reads the text of a rule.

    Raises:
        ExpressionError: it makes no sense; `place` says where.
    """
    said = text.strip().removeprefix("=").strip()
    word = re.match(r"(crash|silence|finding|alert)(?=\s+[\w.]|$)", said)
    if word is None:
        return _condition(text, said)
    if said == "crash":
        return Crash()
    read = _READERS.get(word[1], _condition)
    return read(text, said)


def _condition(text: str, said: str) -> Condition:
    try:
        return condition.parse(said)
    except ExpressionError as error:
        error.place += text.index(said)
        raise


def _silence(text: str, said: str) -> Silence:
    found = _SILENCE.fullmatch(said)
    unit = _SECONDS.get(found[2]) or _SECONDS.get(found[2].removesuffix("s")) if found else None
    seconds = float(found[1]) * unit if found and unit else 0.0
    if not 1.0 <= seconds <= MOST_SILENT_S:
        raise _wrong(text, said, "silence N seconds, minutes or hours: 1 second to 30 days")
    return Silence(seconds)


def _finding(text: str, said: str) -> FindingSought:
    found = _FINDING.fullmatch(said)
    words = [each for each in found.groups() if each] if found else []
    if len(words) == 1 and words[0] in SEVERITIES:
        return FindingSought(None, words[0])
    severity = words[1] if len(words) > 1 else "warning"
    if not found or severity not in SEVERITIES:
        raise _wrong(
            text, said, "finding, then a kind, then error, warning or info; each but the first may be left out"
        )
    return FindingSought(words[0] if words else None, severity)


def _alert(text: str, said: str) -> OwnAlert:
    found = _ALERT.fullmatch(said)
    level = (found[1] or "info") if found else ""
    if level not in SEVERITIES:
        raise _wrong(text, said, "alert, then error, warning or info")
    return OwnAlert(level)


_READERS: dict[str, Callable[[str, str], Trigger]] = {"silence": _silence, "finding": _finding, "alert": _alert}


def _wrong(text: str, said: str, expected: str) -> ExpressionError:
    words = said.split()
    place = text.index(said) + (said.index(words[1], len(words[0])) if len(words) > 1 else len(said))
    return ExpressionError(message(f"The rule {text!r} cannot be understood.", expected=expected), place)
