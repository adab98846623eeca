"""Marks of rules: where those that mark charts have fired, which is written to no run."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from dashboard.alerts import kept
from dashboard.alerts.action import Marked
from tracker.errors import StoreError
from tracker.store.read import alert_file

KIND = "alert"


def marks(root: Path, runs: Collection[str]) -> dict[str, list[dict[str, Any]]]:
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
    found: dict[str, list[dict[str, Any]]] = {}
    for each in sorted(told.crossings, key=lambda crossing: crossing.wall_time):
        if each.rule in names and each.run in runs:
            text = f"{names[each.rule]}: {each.sentence}"
            attributes = {"rule": each.rule, "level": each.level}
            mark = {
                "step": each.step,
                "wall_time": each.wall_time,
                "kind": KIND,
                "text": text,
                "attributes": attributes,
            }
            found.setdefault(each.run, []).append(mark)
    return found
