"""Words: the facts of a run as lines of text within a budget of tokens, what matters most first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from dashboard.brief.budget import Section, fitted
from tracker.plain_text import writable

MOST_TOKENS = 800
"""Unless another budget is asked for."""

MOST_LETTERS = 160
"""Of a value, a note or a text that somebody wrote."""

STEADY = 0.01
"""A change of less than this share of a curve's range is none."""


def text(facts: Mapping[str, Any], most: int = MOST_TOKENS) -> str:
    """A run in words.

    Args:
        facts: As `facts.facts` gives them.
        most: Tokens, estimated on the high side; see `budget.tokens`.
    """
    metrics = facts.get("metrics", {"told": {}, "of": 0, "inner": 0})
    sections = [
        Section("", list(_head(facts)), kept=1, weight=4),
        Section("Findings:", list(_findings(facts)), kept=2, noun="findings", weight=4),
        Section("Metrics:", list(_metrics(metrics)), kept=2, noun="metrics", weight=2),
        Section(_since(facts), list(_changes(facts)), kept=1, noun="settings that differ", weight=2),
        Section("Settings:", list(_settings(facts)), kept=0, noun="settings"),
        Section("Asked of it:", list(_commands(facts)), kept=0, noun="commands"),
        Section("Marks:", list(_marks(facts)), kept=0, noun="marks"),
        Section("Could not be read:", [_short(each) for each in facts.get("problems", ())], kept=1, noun="problems"),
    ]
    return fitted(sections, most)


def _head(facts: Mapping[str, Any]) -> Iterator[str]:
    began, seconds = facts.get("started"), facts.get("seconds")
    said = [f"Run {_short(facts['run'])}: {facts['status']}"]
    if began is not None:
        said.append(f"began {datetime.fromtimestamp(began, timezone.utc):%Y-%m-%d %H:%M} UTC")
    if seconds is not None:
        said.append(f"{_duration(seconds)} long")
    told = facts.get("metrics", {}).get("told", {}).values()
    step = max((each["last_step"] for each in told if each["last_step"] is not None), default=None)
    if step is not None:
        said.append(f"last step {step:,}")
    yield ", ".join(said) + "."
    if facts.get("ending"):
        yield f"Ended with: {_short(facts['ending'])}"
    if facts.get("notes"):
        yield f"Notes: {_short(facts['notes'])}"
    code = facts.get("code") or {}
    parts = [f"{key} {_short(value)}" for key, value in code.items() if key != "changed"]
    if parts:
        yield f"Code: {', '.join(parts)}{', with changes not committed' if code.get('changed') else ''}"
    others = [f"{count} of {kind}" for kind, count in facts.get("kinds", {}).items()]
    if others:
        yield f"Also logged, tags: {', '.join(others)}"


def _findings(facts: Mapping[str, Any]) -> Iterator[str]:
    found = facts.get("findings")
    if found is None:
        return
    if not found:
        yield "none"
    for each in found:
        place = f" in {each['layer']}" if each["layer"] else ""
        step = f" since step {each['step']:,}" if each["step"] is not None else ""
        yield _clean(f"{each['severity']} {each['kind']}{place}{step}: {each['sentence']} Try: {each['advice']}")


def _metrics(metrics: Mapping[str, Any]) -> Iterator[str]:
    for tag, told in metrics["told"].items():
        if told["first"] is None and told["low"] is None:
            yield f"{_short(tag)}: {told['count']:,} points, none finite"
            continue
        if told["low"] == told["high"]:
            said = f"{_short(tag)}: {_number(told['low'])} throughout"
        else:
            said = f"{_short(tag)}: {_number(told['first'])} → {_number(told['last'])}"
            if told["count"] > 2:
                said += f", lowest {_number(told['low'])} at {told['low_step']:,}"
                said += f", highest {_number(told['high'])} at {told['high_step']:,}"
            if told["change"] is not None:
                said += f", lately {_way(told['change'])}"
        said += f" ({told['count']:,} points"
        yield said + (f", {told['odd']:,} not finite)" if told["odd"] else ")")


def _way(change: float) -> str:
    if abs(change) < STEADY:
        return "steady"
    return f"{'rising' if change > 0 else 'falling'} by {abs(change):.0%} of its range"


def _since(facts: Mapping[str, Any]) -> str:
    changed = facts.get("changed")
    return f"Settings that differ from the run before, {_short(changed['since'])}:" if changed else ""


def _changes(facts: Mapping[str, Any]) -> Iterator[str]:
    changed = facts.get("changed")
    if not changed:
        return
    if not changed["settings"]:
        yield "none"
    for name, (before, now) in changed["settings"].items():
        yield f"{_short(name)}: {_value(before)} → {_value(now)}"


def _settings(facts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in facts.get("config", {}).items():
        yield f"{_short(name)}: {_value(value)}"


def _commands(facts: Mapping[str, Any]) -> Iterator[str]:
    for each in reversed(facts.get("commands", ())):
        step = f" at step {each['step']:,}" if each["step"] is not None else ""
        yield f"{_short(each['name'])} {_value(each['value'])}: {each['outcome']}{step}"


def _marks(facts: Mapping[str, Any]) -> Iterator[str]:
    for each in reversed(facts.get("marks", ())):
        step = f"step {each['step']:,}: " if each["step"] is not None else ""
        yield f"{step}{_short(each['text'])}"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.5g}"


def _value(value: Any) -> str:
    return "none" if value is None else _short(value if isinstance(value, str) else json.dumps(value, default=str))


def _short(value: Any) -> str:
    said = _clean(str(value))
    return said if len(said) <= MOST_LETTERS else f"{said[: MOST_LETTERS - 1]}…"


def _clean(text: str) -> str:
    """In one line, of signs that can be seen."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in writable(text)).split())


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
