"""Rules in a file, TOML or JSON: who wrote it may start programs with them, as it is no page's.

[[rules]]
title = "the loss has gone up"
text = "val/loss > 1.2 * min(val/loss) for 100 steps"
actions = [{kind = "webhook", url = "https://hooks.slack.com/services/…"}, {kind = "command", words = ["beep"]}]
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from dashboard.alerts import kept
from dashboard.alerts.action import RuleError
from dashboard.alerts.owner_key import is_ours
from dashboard.alerts.rule import Rule, read
from tracker.errors import message
from tracker.store.read import alert_file

MOST_BYTES = 1 << 20
MOST_RULES = 200


def source_of(file: Path) -> str:
    """The source of the rules of a file."""
    return f"file{hashlib.blake2b(os.fsencode(os.path.realpath(file)), digest_size=8).hexdigest()}"


def rules_in(file: Path) -> list[Rule]:
    """The rules of a file. One is the same rule for as long as its title, or without one its text, is the same.

    Raises:
        RuleError: the file, or one of them, makes no sense.
        OSError: it cannot be read.
    """
    said = _parsed(file)
    given = said.get("rules") if isinstance(said, dict) else None
    if not isinstance(given, list) or len(given) > MOST_RULES:
        raise RuleError(message(f"{file} holds no rules.", expected="a list called rules, of 200 at most"))
    made: dict[str, Rule] = {}
    for number, each in enumerate(given, 1):
        try:
            rule = read("", each)
        except RuleError as error:
            raise RuleError(f"{file}: rule {number}: {error}") from error
        id = hashlib.blake2b(f"{source_of(file)}\0{rule.name}".encode(), digest_size=8).hexdigest()
        if id in made:
            raise RuleError(message(f"{file}: two rules are called {rule.name!r}.", hint="Give one another title."))
        made[id] = Rule(id, rule.text, rule.title, rule.runs, rule.actions)
    return list(made.values())


def _parsed(file: Path) -> Any:
    with file.open("rb") as opened:
        text = opened.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise RuleError(message(f"{file} is too large for a file of rules."))
    try:
        if file.suffix == ".json":
            return json.loads(text)
        if sys.version_info < (3, 11):
            raise RuleError(message("TOML is read from Python 3.11 on.", hint="Write the rules as JSON."))
        import tomllib

        return tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        if isinstance(error, RuleError):
            raise
        raise RuleError(f"{file}: {error}") from error


def arm(root: Path, key: bytes, file: Path, rules: list[Rule]) -> None:
    """Arms the rules of a file as they stand there; one that is as it was goes on, one that is gone is let go.

    Raises:
        PageChangeError, StoreError: they cannot be kept.
    """
    source = source_of(file)
    known = {row.id: row for row in alert_file.rules(root)}
    wanted = {rule.id: rule for rule in rules}
    for row in known.values():
        if row.source == source and row.id not in wanted:
            kept.remove(root, row.id)
    for rule in rules:
        before = known.get(rule.id)
        if before is None or before.said != rule.said() or not is_ours(key, before):
            kept.arm(root, key, rule, source, before.version if before is not None else 0)
