"""What a command does to a run, between two steps: looked at, answered in the file, and only then done.

The receipt comes first, and it is waited for: a process that is killed at any moment has done at most what it said, and
nobody does it a second time. Commands of one moment are answered in one commit.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from tracker import coerce
from tracker.controls.control import Action, Control
from tracker.controls.schedule import Place
from tracker.store.read.commands import Asked
from tracker.store.write.batch import Receipt
from tracker.store.write.inbox import SealedError
from tracker.values.control_definition import (
    INT_MAX,
    INT_MIN,
    MAX_TEXT,
    RefusedError,
    is_plain,
    read_json,
    same,
    shown,
)  # fmt: skip

logger = logging.getLogger("tracker")

RECEIPT_S = 5.0
"""How long a disk is waited for that is to keep the receipts."""

TROUBLED_S = 0.2
"""The same of a disk that is known to take nothing at the moment."""

MAX_TRACE = 10_000
"""Characters of a traceback in a receipt: its end."""

MAX_SHOWN = 60

_now = time.time


class Answering(Protocol):
    """Takes answers: the run's writer."""

    @property
    def trouble(self) -> str | None:
        """Why the disk takes nothing at the moment; None when it does."""

    def add_receipt(self, receipt: Receipt) -> None:
        """Queues an answer."""


class Unheard:
    """Takes the answers of a rank that does what another one answers for."""

    trouble = None

    def add_receipt(self, receipt: Receipt) -> None:
        """As if it were in the file."""
        receipt.is_stored = True
        receipt.done.set()


class Decision(NamedTuple):
    """A command that was looked at: what it is to do, and what is said of it."""

    asked: Asked
    target: Control | Action | None
    value: Any
    receipt: Receipt


class Applier:
    """Does what is asked for.

    Args:
        name: The run's, for messages.
        targets: By name what can be changed or called.
    """

    def __init__(self, name: str, targets: Mapping[str, Control | Action]) -> None:
        self._name, self._targets = name, targets

    def apply(self, every: Sequence[Asked], place: Place, writer: Answering, *, is_binding: bool = False) -> None:
        """Does what was asked for, or refuses it, in order. Returns when it is done. A run that has ended does nothing.

        Args:
            every: What was asked for.
            place: Where the training stands.
            writer: Takes the answers.
            is_binding: Whether it is done even where the disk takes no answer, as other processes do it now.

        Raises:
            Exception: whatever an action raised that ends the training.
        """
        present: dict[str, Any] = {}
        waiting: list[Decision] = []
        try:
            for asked in every:
                decision = self._decided(asked, place, present)
                writer.add_receipt(decision.receipt)
                waiting.append(decision)
        except SealedError:
            pass  # what was answered before the end is done all the same
        try:
            _wait([decision.receipt for decision in waiting], writer)
            while waiting:
                self._do(waiting.pop(0), place, writer, is_binding)
        finally:  # an action ended the training, or Ctrl-C came: what is answered is done, or answered otherwise
            for decision in waiting:
                if isinstance(decision.target, Control):
                    decision.target.value, decision.target.since = decision.value, place.step
                elif decision.target is not None:
                    self._refuse(decision, writer, "The training was interrupted before this was begun.")

    def stop(self, every: Sequence[Asked], place: Place, writer: Answering) -> None:
        """Answers those who asked for the end, which comes whatever the disk says: it may be why somebody asks."""
        receipts = []
        for asked in every:
            mark = (place.step, _now(), "control", asked.name, {"name": asked.name, "author": asked.author})
            said = _whole({"outcome": "applied", "name": asked.name, "value": None, "old": None}, asked, place)
            receipts.append(Receipt(asked.nonce, place.step, _now(), said, mark))
            self._add(receipts[-1], writer)
        _wait(receipts, writer)

    # --- looking at it -------------------------------------------------------------------------------

    def _decided(self, asked: Asked, place: Place, present: dict[str, Any]) -> Decision:
        """What is to become of a command, given what those before it leave as values."""
        target, value, now = self._targets.get(asked.name), None, _now()
        said: dict[str, Any] = {"outcome": "refused", "name": asked.name, "value": None, "old": None}
        mark = None
        try:
            value = read_json(asked.value, RefusedError("What was asked for is no JSON value."))
            said["value"] = _kept(value)
            if target is None:
                raise RefusedError(f"There is no control {shown(asked.name)}.")
            if isinstance(target, Control):
                held = present.get(asked.name, coerce.plain(target.value))
                said["old"] = held
                value = target.definition.checked(value)
                _check_expected(asked, held)
                if target.in_force is not None and asked.name not in present:
                    said["old"] = coerce.plain(target.in_force())
                old = said["old"]
                said |= {"outcome": "applied", "value": value}
                present[asked.name] = value
                text = f"{asked.name} {_short(old)} → {_short(value)}"
                about = {"name": asked.name, "value": value, "old": old, "author": asked.author}
                mark = (place.step, now, "control", text, about)
            else:
                value = target.definition.checked(value)
                said |= {"outcome": "started", "value": value}
        except RefusedError as error:
            said["why"] = str(error)
            target = None
        except Exception as error:
            logger.exception("tracker: run %s: what was asked of it cannot be looked at", self._name)
            said |= {"outcome": "refused", "why": f"It could not be looked at: {coerce.text(error, 200)}"}
            target = mark = None
        return Decision(asked, target, value, Receipt(asked.nonce, place.step, now, _whole(said, asked, place), mark))

    # --- doing it ------------------------------------------------------------------------------------

    def _do(self, decision: Decision, place: Place, writer: Answering, is_binding: bool) -> None:
        target = decision.target
        if target is None:
            return
        if not (decision.receipt.is_stored or is_binding):
            self._refuse(decision, writer, "The disk did not take the receipt, so that it was not applied.")
        elif isinstance(target, Control):
            target.value, target.since = decision.value, place.step
        else:
            self._call(target, decision, place, writer)

    def _call(self, action: Action, decision: Decision, place: Place, writer: Answering) -> None:
        within = sys.exc_info()[1]
        try:
            action.call()
        except BaseException as error:
            forget_context(error, within)
            why = coerce.text(f"{type(error).__name__}: {coerce.text(error, 500)}")
            trace = coerce.text(_trace(error))[-MAX_TRACE:]
            self._answer(decision, writer, place, {"outcome": "failed", "why": why, "traceback": trace})
            logger.error("tracker: run %s: the action %r failed\n%s", self._name, decision.asked.name, trace)
            if action.ends_training or not isinstance(error, Exception):
                raise
        else:
            self._answer(decision, writer, place, {"outcome": "done"})

    def _answer(self, decision: Decision, writer: Answering, place: Place, said: dict[str, Any]) -> None:
        """A later word on a command that was begun, with its mark."""
        asked = decision.asked
        text = asked.name if said["outcome"] == "done" else f"{asked.name} failed: {said['why']}"
        about = {"name": asked.name, "outcome": said["outcome"], "author": asked.author}
        mark = (place.step, _now(), "control", coerce.text(text, 200), about)
        self._add(Receipt(asked.nonce, place.step, _now(), {**decision.receipt.outcome, **said}, mark), writer)

    def _refuse(self, decision: Decision, writer: Answering, why: str) -> None:
        receipt = decision.receipt
        receipt.mark = None  # if it is not in the file yet
        said = {**receipt.outcome, "outcome": "refused", "why": why}
        self._add(Receipt(receipt.nonce, receipt.step, _now(), said), writer)

    def _add(self, receipt: Receipt, writer: Answering) -> None:
        try:
            writer.add_receipt(receipt)
        except SealedError:  # an action that finished the run: what it was begun with stands
            logger.info("tracker: run %s ended within %r", self._name, receipt.outcome.get("name"))


def _wait(receipts: Sequence[Receipt], writer: Answering) -> None:
    """Returns when they are in the file, or it does not take them."""
    deadline = time.monotonic() + (RECEIPT_S if writer.trouble is None else TROUBLED_S)
    for receipt in receipts:
        receipt.done.wait(max(0.0, deadline - time.monotonic()))


def refusal(asked: Asked, why: str, step: int) -> Receipt:
    """The answer to a command that is not looked at."""
    try:
        value = _kept(read_json(asked.value, ValueError()))
    except ValueError:
        value = None
    said = {"outcome": "refused", "name": asked.name, "value": value, "old": None, "why": why}
    return Receipt(asked.nonce, step, _now(), _whole(said, asked, Place(step, "")))


def forget_context(error: BaseException, within: BaseException | None) -> None:
    """Whatever went on where an action was called (`log()` comes here while it handles an error of its own) has nothing
    to do with what the action raised."""
    seen: BaseException = error
    while within is not None and seen.__context__ is not None:
        if seen.__context__ is within:
            seen.__context__ = None
            return
        seen = seen.__context__


def _trace(error: BaseException) -> str:
    """Its traceback from the action on."""
    frames = error.__traceback__
    below = frames.tb_next if frames is not None and frames.tb_next is not None else frames
    try:
        return "".join(traceback.format_exception(type(error), error, below))
    except Exception:  # noqa: BLE001 an exception that cannot say what it is
        return type(error).__name__


def _kept(value: Any) -> Any:
    """What was asked for as its receipt keeps it: what no control takes in a few words."""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        fits = len(value) <= MAX_TEXT if isinstance(value, str) else INT_MIN <= value <= INT_MAX
        return value if fits else shown(value)
    return value if is_plain(value) else shown(value)


def _whole(said: dict[str, Any], asked: Asked, place: Place) -> dict[str, Any]:
    call = {"call": place.call, "tag": place.tag}
    return {"why": None, **said, "author": asked.author, "asked": asked.wall_time, **call}


def _check_expected(asked: Asked, present: Any) -> None:
    if asked.expected is None:
        return
    expected = read_json(asked.expected, RefusedError("What was expected is no JSON value."))
    if not same(expected, present):
        raise RefusedError(
            f"Out of date: {asked.name} is {shown(present)} by now, and not {shown(expected)} as it was seen."
        )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else shown(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
