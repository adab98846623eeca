"""Marks of rules: where those that mark charts have fired, which is written to no run."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dashboard.alerts import kept
from dashboard.alerts.action import Marked
from tracker.errors import StoreError
from tracker.store.read import alert_file
from tracker.store.read.records import Mark

KIND = "alert"


def marks(root: Path, runs: Collection[str]) -> dict[str, list[Mark]]:
    """By run: where rules have fired that mark, by time; none where the file cannot be read."""
    if not alert_file.file_of(root).exists():
        return {}
    try:
        told = alert_file.told(root)
    except StoreError:  # the page of alerts says so
        return {}
    rules = {row.id: kept.read(row) for row in told.rules}
    names = {
        id: rule.name for id, rule in rules.items()
        if rule is not None and any(isinstance(each, Marked) for each in rule.actions)
    }  # fmt: skip
    found: dict[str, list[Mark]] = {}
    for each in sorted(told.crossings, key=lambda crossing: crossing.wall_time):
        if each.rule in names and each.run in runs:
            text = f"{names[each.rule]}: {each.sentence}"
            found.setdefault(each.run, []).append(Mark(each.step, each.wall_time, KIND, text, {"level": each.level}))
    return found
