"""Rules: what is looked for, in which runs, and what is done when it is so."""

from __future__ import annotations

import fnmatch
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dashboard.alerts import action as actions
from dashboard.alerts import trigger
from dashboard.alerts.action import Action, Command, RuleError
from dashboard.alerts.trigger import Trigger
from dashboard.curves.expressions import MAX_LENGTH, ExpressionError
from tracker.errors import message

MOST_ACTIONS = 8
MOST_TITLE = 200
MOST_RUNS = 500

FIELDS = ("text", "title", "runs", "actions")


@dataclass(frozen=True)
class Rule:
    """A rule that makes sense."""

    id: str
    text: str
    title: str = ""
    runs: str = ""
    """A pattern of names, as `mnist/*`; empty for all runs."""
    actions: tuple[Action, ...] = ()

    @cached_property
    def trigger(self) -> Trigger:
        """What its text means."""
        return trigger.parse(self.text)

    @property
    def name(self) -> str:
        """What it is called, or what it says."""
        return self.title or self.text

    @property
    def runs_commands(self) -> bool:
        """Whether it starts a program."""
        return any(isinstance(each, Command) for each in self.actions)

    def is_about(self, run: str) -> bool:
        """Whether it looks at a run of this name."""
        return not self.runs or fnmatch.fnmatchcase(run, self.runs)

    def said(self) -> str:
        """All of it but its id, as JSON."""
        return json.dumps(
            {"text": self.text, "title": self.title, "runs": self.runs,
             "actions": [actions.said_of(each) for each in self.actions]},
            sort_keys=True,
        )  # fmt: skip


def new_id() -> str:
    """Names a rule for ever."""
    return secrets.token_hex(8)


def read(id: str, said: Any) -> Rule:
    """A rule from JSON.

    Args:
        id: Its name for ever.
        said: {text, title?, runs?, actions?}.

    Raises:
        RuleError: it makes no sense; of the text `place` says where.
    """
    if not isinstance(said, Mapping) or set(said) - set(FIELDS):
        raise RuleError(message("This is no rule.", expected=f"an object of {', '.join(FIELDS)}"))
    text, title, runs = (
        _text(said, "text", MAX_LENGTH),
        _text(said, "title", MOST_TITLE),
        _text(said, "runs", MOST_RUNS),
    )
    given = said.get("actions") or []
    if not isinstance(given, list) or len(given) > MOST_ACTIONS:
        raise RuleError(message("A rule has a list of actions.", expected=f"{MOST_ACTIONS} at most"))
    rule = Rule(id, text, title.strip(), runs.strip(), tuple(map(actions.read, given)))
    check(text)
    return rule


def check(text: str) -> Trigger:
    """What the text of a rule means.

    Raises:
        RuleError: nothing.
    """
    if not text.strip():
        raise RuleError(message("A rule says when it fires.", expected="such as val/loss > 2, or crash"), 0)
    try:
        return trigger.parse(text)
    except ExpressionError as error:
        raise RuleError(str(error), error.place) from error


def from_json(id: str, text: str) -> Rule:
    """A rule as it was kept.

    Raises:
        RuleError: it makes no sense.
    """
    try:
        return read(id, json.loads(text))
    except (ValueError, RecursionError) as error:
        if isinstance(error, RuleError):
            raise
        raise RuleError(message("This is no rule.", expected="JSON")) from error


def _text(said: Mapping[str, Any], name: str, most: int) -> str:
    value = said.get(name) or ""
    if not isinstance(value, str):
        raise RuleError(message(f"{name} is a text.", got=type(value).__name__))
    if len(value) > most:
        raise RuleError(message(f"{name} is too long.", expected=f"{most} characters at most", got=len(value)), most)
    return value
