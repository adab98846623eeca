"""An offer: what a run can be asked as it is now, and whether it would take what somebody asks or proposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.http.requests import UNREADABLE, why
from tracker.controls import built_in
from tracker.store.read.commands import Command
from tracker.store.read.offered import Offered
from tracker.store.read.run import StoredRun
from tracker.values.control_definition import Definition, RefusedError, same, shown

MAX_WAITING = 1_000
"""Commands of one run that wait for an answer: whoever asks for more has not looked at what became of the others."""

MAX_PROBLEM = 600
"""Letters of what is wrong with a run's controls."""


class Offer(NamedTuple):
    """What a run can be asked; a sentence where it can be asked nothing, and one of what cannot be read of it."""

    run: str
    declared: list[Offered]
    own: list[Offered]
    why_not: str
    problem: str
    asked: Sequence[Command]
    """What it was asked so far."""

    @classmethod
    def of(cls, run: StoredRun) -> Offer:
        """Of the process that writes a run, or the last that did."""
        asked = run.commands()
        line = [each for each in run.segments() if each.reason != "child" and each.rank in (None, 0)]
        status, began = run.status, line[-1].created if line else 0.0
        why_not = "" if status == "running" else f"{run.name} is over ({status}): it can be asked nothing."
        if not why_not and not (line and line[-1].environment.get("controls") is True):
            why_not = f"{run.name} takes no commands: it was begun without controls."
        declared, problem = [], ""
        try:
            declared = run.controls()
        except UNREADABLE as error:
            problem = f"Its controls cannot be read: {why(error)}"[:MAX_PROBLEM]
        own = [Offered(each, _now(each, asked, began)) for each in built_in.DEFINITIONS.values()]
        return cls(run.name, declared, own, why_not, problem, asked)

    def known(self, nonce: str) -> Command | None:
        """The command of a nonce, where there is one."""
        return next((each for each in self.asked if each.nonce == nonce), None)

    def found(self, name: str) -> Offered:
        """What is called so.

        Raises:
            RefusedError: the run is asked nothing, or has no such thing; the message is the sentence to say.
        """
        if self.why_not:
            raise RefusedError(self.why_not)
        found = next((each for each in (*self.own, *self.declared) if each.definition.name == name), None)
        if found is None:
            raise RefusedError(f"{self.run} has no control {shown(name)}.")
        return found

    def value(self, name: str) -> Any:
        """What a control will be once all is answered that waits; errors as `found`."""
        waiting = [each.value for each in self.asked if each.name == name and each.outcome == "pending"]
        return waiting[-1] if waiting else self.found(name).value

    def checked(self, name: str, value: Any, expected: Any) -> Any:
        """The value to ask for, as the control holds it.

        Args:
            name: Of the control or the action.
            value: As JSON has it.
            expected: What the control is taken to be; None for whatever it is.

        Raises:
            RefusedError: the run would refuse it; the message is the sentence to say.
        """
        found = self.found(name)
        if sum(each.outcome == "pending" for each in self.asked) >= MAX_WAITING:
            raise RefusedError(f"{MAX_WAITING:,} commands wait for an answer of {self.run} already.")
        wanted = found.definition.checked(value)
        now = self.value(name)
        if expected is not None and not same(expected, now):
            raise RefusedError(f"Out of date: {name} is {shown(now)} by now, and not {shown(expected)} as it was seen.")
        return wanted


def _now(definition: Definition, asked: Sequence[Command], began: float) -> Any:
    """What something that every run has is now: as it was changed last in this process, or as it begins."""
    changes = [
        each for each in asked
        if each.name == definition.name and each.outcome == "applied" and (each.applied or 0.0) >= began
    ]  # fmt: skip
    return max(changes, key=lambda each: each.applied or 0.0).value if changes else definition.value
