"""Recorded: the schedule of a replay. What was asked of another run takes effect at the same places of this one."""

from __future__ import annotations

import logging
from collections import deque
from typing import NamedTuple

from tracker import coerce
from tracker.controls.built_in import PAUSED
from tracker.controls.schedule import AtOnce, Place, Schedule
from tracker.store.read.commands import Asked, receipts
from tracker.store.read.run import StoredRun
from tracker.store.read.run_files import RunFiles

logger = logging.getLogger("tracker")

APPLIED = ("applied", "started", "done", "failed")
"""Outcomes of what took effect, whatever became of it."""


class Planned(NamedTuple):
    """A command, and the place where it took effect."""

    place: Place
    asked: Asked


class Recorded:
    """A `Schedule` that is written down; what is asked for on the page goes by the usual one beside it.

    Args:
        planned: In the order in which it took effect.

    Attributes:
        usual: Decides about all else.
    """

    def __init__(self, planned: list[Planned]) -> None:
        self.usual: Schedule = AtOnce()
        self._planned = deque(planned)
        self._missed: list[tuple[Asked, str]] = []

    @classmethod
    def of(cls, run: StoredRun) -> Recorded:
        """What took effect in a run, on its live line. A pause changes nothing that is computed, and is left out."""
        answers = [
            (when, step, nonce, said)
            for nonce, (step, when, said) in receipts(RunFiles(run.folder), live=True).items()
            if said["outcome"] in APPLIED and step is not None
        ]
        planned = []
        place = Place(0, "log")
        for when, step, nonce, said in sorted(answers, key=lambda answer: answer[:2]):
            if said.get("call") != "paused":  # what was asked for within a pause took effect where it began
                place = Place(step, str(said.get("call", "")), str(said.get("tag", "")))
            if said["name"] != PAUSED:
                author = None if said.get("author") is None else str(said["author"])
                value = coerce.dumps(said.get("value"))
                asked = Asked(0, f"replay of {nonce}"[:200], when, str(said["name"]), value, None, author)
                planned.append(Planned(place, asked))
        return cls(planned)

    def take(self, asked: Asked) -> None:
        """As `Schedule`."""
        self.usual.take(asked)

    def look(self, step: int) -> None:
        """As `Schedule`."""
        self.usual.look(step)

    def refused(self) -> list[tuple[Asked, str]]:
        """As `Schedule`."""
        missed, self._missed = self._missed, []
        return [*missed, *self.usual.refused()]

    @property
    def waits(self) -> bool:
        """As `Schedule`. Every call is looked at until all of it took effect."""
        return bool(self._planned) or self.usual.waits

    def due(self, place: Place) -> list[Asked]:
        """As `Schedule`. A step is passed by a call like the one it was in: others may count something else."""
        found = []
        while self._planned:
            where, asked = self._planned[0]
            if where[1:] != place[1:] or place.step < where.step:
                break
            self._planned.popleft()
            if place.step == where.step:
                found.append(asked)
            else:
                why = f"It took effect after step {where.step:,}, which this training passed without coming by."
                self._missed.append((asked, why))
        return [*found, *self.usual.due(place)]

    def forget(self) -> None:
        """As `Schedule`."""
        self.usual.forget()

    def close(self) -> None:
        """As `Schedule`."""
        if self._planned:
            where, asked = self._planned[0]
            logger.warning(
                "tracker: the training ended before %d of what it was to replay; the first is %s after step %d",
                len(self._planned), asked.name, where.step,
            )  # fmt: skip

    @property
    def answers(self) -> bool:
        """As `Schedule`."""
        return self.usual.answers

    @property
    def is_binding(self) -> bool:
        """As `Schedule`."""
        return self.usual.is_binding
