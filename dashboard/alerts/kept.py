"""Rules as they are kept in a logdir: armed, paused, let go; and those of them that are followed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dashboard.alerts.action import RuleError
from dashboard.alerts.owner_key import is_ours, signature
from dashboard.alerts.rule import Rule, from_json
from tracker.store.read import alert_file
from tracker.store.read.alert_file import KeptCrossing, KeptRule

PAGE = "page"
"""The source of rules that were armed on the page."""


def arm(
    root: Path,
    key: bytes,
    rule: Rule,
    source: str,
    before: int,
    known: Sequence[KeptCrossing] = (),
    *,
    since: float = 0,
) -> KeptRule:
    """Arms a rule from now on, in the place of its version `before`, 0 for a new one.

    Raises:
        PageChangeError: it was changed meanwhile, or the file cannot be written.
    """
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    from tracker.store.write import alert_file as writing

    said, now = rule.said(), time.time()
    kept = KeptRule(
        rule.id, before + 1, source, said, signature(key, rule.id, before + 1, source, said), now, since or now, 0
    )
    writing.put_rule(root, kept, before, known)
    return kept


def pause(root: Path, id: str, paused: bool) -> None:
    """Pauses a rule, or lets it go on from now on.

    Raises:
        PageChangeError: there is no such rule, or the file cannot be written.
    """
    from tracker.store.write import alert_file as writing

    writing.pause(root, id, paused, time.time())


def remove(root: Path, id: str) -> None:
    """Lets a rule go.

    Raises:
        PageChangeError: there is no such rule, or the file cannot be written.
    """
    from tracker.store.write import alert_file as writing

    writing.remove(root, id)


def read(kept: KeptRule) -> Rule | None:
    """A rule as it was kept; None where it makes no sense: the file may come from anybody."""
    try:
        return from_json(kept.id, kept.said)
    except RuleError:
        return None


def followed(root: Path, key: Callable[[], bytes], source: str) -> list[tuple[KeptRule, Rule]]:
    """The rules of a source that are armed here and not paused.

    Raises:
        StoreError: the file cannot be read.
    """
    found = [(kept, read(kept)) for kept in alert_file.rules(root) if kept.source == source and not kept.paused]
    return [(kept, rule) for kept, rule in found if rule is not None and is_ours(key(), kept)]
