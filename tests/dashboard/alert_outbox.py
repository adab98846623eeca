"""Crossings, rules and outboxes, as tests of deliveries need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webhook_receiver import Receiver

from dashboard.alerts import kept, rule
from dashboard.alerts.deliver import Means
from dashboard.alerts.outbox import Outbox
from tracker.store.read import alert_file
from tracker.store.read.alert_file import KeptCrossing
from tracker.store.read.reader import Store

KEY = b"k" * 32


def crossing(number: int, rule_id: str = "r", **more: Any) -> KeptCrossing:
    """One of many."""
    said = {"step": number, "wall_time": 100.0 + number, "level": "warning", "sentence": "x is 3", "noted": 100.0}
    return KeptCrossing(f"{number:032x}", rule_id, "a", **(said | more))


def armed(root: Path, *actions: dict[str, Any], id: str = "r", text: str = "x > 2") -> rule.Rule:
    """A rule that is armed in a logdir."""
    made = rule.read(id, {"text": text, "actions": list(actions)})
    kept.arm(root, KEY, made, kept.PAGE, 0)
    return made


class Clock:
    """A time that is set."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def outbox(root: Path, clock: Clock, *, may_command: bool = False) -> Outbox:
    """Who delivers, and has the lease."""
    made = Outbox(root, kept.PAGE, Means(lambda: Store(root), may_command), clock)
    assert made.take()
    return made


def states(root: Path) -> list[int]:
    """How deliveries stand."""
    return sorted(each.state for each in alert_file.told(root).deliveries)


def hook(receiver: Receiver) -> dict[str, Any]:
    """The action of telling it."""
    return {"kind": "webhook", "url": receiver.url}
