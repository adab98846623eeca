"""Message bodies: what a crossing is told as, to people and to programs."""

from __future__ import annotations

import json
from typing import Any

from dashboard.alerts.rule import Rule
from tracker.store.read.alert_file import KeptCrossing

MOST_CHARACTERS = 1_800
"""Of a sentence; Discord takes 2,000."""


def sentence(rule: Rule, crossing: KeptCrossing) -> str:
    """What happened, in a line."""
    at = "" if crossing.step is None else f" at step {crossing.step:,}"
    said = f"{rule.name}: {crossing.run}{at}: {crossing.sentence}"
    return said if len(said) <= MOST_CHARACTERS else said[: MOST_CHARACTERS - 1] + "…"


def delivery_of(crossing: KeptCrossing, action: int) -> str:
    """What names the telling of a crossing by one action of its rule: the same at each attempt."""
    return f"{crossing.id}-{action}"


def facts(rule: Rule, crossing: KeptCrossing, action: int) -> dict[str, Any]:
    """What happened, for a program; by `delivery` it knows what it has been told before."""
    return {
        "delivery": delivery_of(crossing, action),
        "crossing": crossing.id,
        "rule": {"id": rule.id, "title": rule.title, "text": rule.text},
        "run": crossing.run,
        "step": crossing.step,
        "wall_time": crossing.wall_time,
        "level": crossing.level,
        "sentence": sentence(rule, crossing),
    }


def body(form: str, rule: Rule, crossing: KeptCrossing, action: int) -> bytes:
    """What a webhook is sent; some kilobytes at most. What a run is called cannot call out everybody in a channel."""
    said = f"{sentence(rule, crossing)} [{crossing.id[:8]}]"
    if form == "slack":
        for sign, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            said = said.replace(sign, safe)
        told: dict[str, Any] = {"text": said}
    elif form == "discord":
        told = {"content": said, "allowed_mentions": {"parse": []}}
    else:
        told = facts(rule, crossing, action)
    return json.dumps(told).encode()
