"""Agreement: what was asked for takes effect at the same step of every rank of a training, or at none.

Ranks share their run's folder and nothing else. Rank 0 knows what was asked for and proposes a step a little ahead of
where it stands. Each rank's thread answers whether its training is still before that step; if it is, the training
waits there until there is a decision. A decision is a file that can be made once, by whoever comes first: rank 0, which
commits when all have answered yes; or a rank that has waited too long, which refuses. All read the same one.

    rank-3     {"process", "writer", "zero", "done", "vote": {"number", "before", "step"}}: by rank 3, replaced
    rank-0     {"process", …, "proposal": {"number", "step", "commands", "ranks"}, "decided"}
    P.7        {"outcome", "why"}: the decision of the round 7 of the process P, which rank 0 is; made once

A file that was not there may be missed for half a minute on a disk of a network, one that was replaced is not. So what
is looked for again and again is replaced, and a decision is looked for once rank 0 says that it is there.

Why no rank goes another way than the others: it is committed only when every rank said yes; who said yes does not pass
the step without the decision; and there is one decision. Why nobody waits for ever: threads answer, also while their
training computes, waits or is paused, and who waits too long decides.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

logger = logging.getLogger("tracker")

COMMIT, LATER, REFUSED = "commit", "later", "refused"

VOTES_S = 10.0
"""So long rank 0 waits for the votes of the others."""

WAIT_S = 20.0
"""So long a training waits at its step. More than `VOTES_S`: where rank 0 lives, it is rank 0 that decides."""

GRACE_S = 0.25
"""Once calls of log() are to take the long way, one that was on the short way already is seen by nobody. The first that
came the long way, or a time in which half a microsecond is surely over, shows that none is left."""

ALONE_S = 2.0
"""Who has seen no other rank for so long is the only one with a run, as is usual; until then it waits for them."""

LONGEST_S = 28.0
"""So long it waits where the disk fails as well, and no decision can be made nor read."""

FORGET_S = 10.0
"""Where steps have gone back for so long the training has begun anew, or counts otherwise from now on."""

CHECK_S = 1.0
"""Between two looks at what seldom changes."""

EVERY_STEP = -(1 << 63)


class Files(Protocol):
    """What an agreement needs of a folder; see `store.write.ballots`. All raise OSError."""

    def create(self, name: str, content: dict[str, Any]) -> bool:
        """Makes a file that is not there yet; False where somebody was faster."""

    def put(self, name: str, content: dict[str, Any]) -> None:
        """Makes a file or replaces it."""

    def read(self, name: str) -> dict[str, Any] | None:
        """What a file holds; None where there is none."""

    def remove(self, name: str) -> None:
        """Takes a file away, if it is there."""

    def names(self) -> list[str]:
        """What lies in the folder."""

    def age_s(self, name: str) -> float:
        """How much older a file is than what is written now; 0 where there is none."""

    def clear(self) -> None:
        """Takes the folder away."""


@dataclass(eq=False)
class Round:
    """Commands that take effect together, after the first call with this step or a later one."""

    number: int
    process: str
    """Of rank 0."""
    step: int
    commands: list[Any]
    ranks: dict[str, str]
    """Who takes part: rank -> process."""
    began: float
    outcome: str = ""
    """Empty until it is known."""
    why: str = ""
    waits_since: float | None = None

    @property
    def decision(self) -> str:
        """The file of its decision."""
        return f"{self.process}.{self.number}"


class Wait:
    """Said to a training that has to wait."""


WAIT = Wait()

Refusal = tuple[Any, str]
"""A command that takes effect nowhere, and a sentence."""


class Agreement:
    """One rank's part: a `Leader`'s or a `Follower`'s. Its training calls `arrive`, its thread `tick`, again and again.

    Args:
        files: Of the run's folder, the same for all ranks.
        rank, size: This one, and how many there are.
        writer: This process, as others are told of it.
        lives: Whether a process that was told of so lives, as far as is known.
        clock: Seconds that only go forward.

    Attributes:
        is_armed: Whether each call of log() has to come by `arrive`.
        is_alone: Whether no other rank has a run: what is asked for needs no agreement.
    """

    def __init__(
        self,
        files: Files,
        rank: int,
        size: int,
        writer: Any = None,
        lives: Callable[[Any], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rank, self.size = rank, size
        self.process = secrets.token_hex(8)
        self.is_armed = self.is_alone = False
        self.files, self.clock = files, clock
        self._writer, self._lives = writer, lives
        self.lock = threading.Condition()
        self.rounds: deque[Round] = deque()
        """Those that the training does not pass without their decision, by their steps."""
        self.began: float | None = None
        """When its training was seen to move."""
        self._begins_at: int | None = None
        self.step = -1
        """Where the training stands."""
        self.stays = False
        """Whether it is paused: held in a call, at `step`, and looks again before it leaves."""
        self._waits = False
        """Whether it waits there for a decision."""
        self.zero = ""
        """The process of rank 0 whose proposals are followed."""
        self.number = 0
        """Of the newest round that was seen to."""
        self._stepped = self._armed = clock()
        self._arrivals, self._arrivals_before = 0, -1
        self._said: dict[str, Any] = {}
        self._looked = -math.inf
        self.trouble = ""
        """What the disk said last."""

    # --- the training --------------------------------------------------------------------------------

    def arrive(self, step: int, *, stays: bool = False) -> Round | None:
        """Between two steps of the training: what takes effect now; to be asked until there is nothing more.

        Waits at a step that was agreed to until it is decided, `WAIT_S` at most.

        Args:
            step: Of the call.
            stays: Whether the training is held here (it is paused) and will ask again before it goes on.
        """
        while True:
            found = self.reached(step, stays=stays)
            if not isinstance(found, Wait):
                return found
            with self.lock:
                self.lock.wait(0.02)

    def reached(self, step: int, *, stays: bool = False) -> Round | Wait | None:
        """The same without waiting."""
        with self.lock:
            self.note(step)
            self._arrivals += 1
            while self.rounds and self.rounds[0].step <= step:
                first = self.rounds[0]
                if not first.outcome:
                    self._waits = True
                    now = self.clock()
                    first.waits_since = now if first.waits_since is None else first.waits_since
                    waited = now - first.waits_since
                    if waited < WAIT_S:
                        return WAIT
                    break
                self.rounds.popleft()
                if first.outcome == COMMIT:
                    return first
            else:
                self.stays, self._waits = stays, False
                return None
        why = f"rank {self.rank} waited {WAIT_S:.0f} s for the others"
        self.decide(first, REFUSED, why)
        if not first.outcome and waited >= LONGEST_S:
            logger.warning("tracker: rank %d goes on without knowing what the others do: %s", self.rank, self.trouble)
            self.settle(first, {"outcome": REFUSED, "why": why})
        return self.reached(step, stays=stays) if first.outcome else WAIT

    # --- its thread ----------------------------------------------------------------------------------

    @property
    def age_s(self) -> float:
        """For how long its training has been seen to move."""
        return 0.0 if self.began is None else self.clock() - self.began

    def join(self) -> None:
        """Says that this rank takes part, before its training begins.

        Raises:
            OSError: the disk does not let it.
        """
        raise NotImplementedError

    def tick(self, step: int, asked: list[Any]) -> list[Refusal]:
        """Looks at the files, and answers what is asked there.

        Args:
            step: Where the training stands.
            asked: Commands that have come, as JSON values. Who leads, or is alone, sees to them.
        """
        raise NotImplementedError

    def close(self) -> None:
        """The training is over: nobody waits for this rank. Who leaves last takes the files away."""
        try:
            self.files.remove(f"rank-{self.rank}")
            if not self.present():
                self.files.clear()
        except OSError as error:
            logger.warning("tracker: what the ranks agreed by cannot be taken away: %s", error)

    def note(self, step: int) -> None:
        """Under the lock: the training stands there. Where two things are counted, the one that is farther counts."""
        now = self.clock()
        self._begins_at = step if self._begins_at is None else self._begins_at
        if self.began is None and step != self._begins_at:
            self.began = now
        if step >= self.step or now - self._stepped > FORGET_S:
            self.step, self._stepped = step, now

    def can_stop(self, step: int) -> bool:
        """Under the lock: whether the training comes to that step yet, or is held in it."""
        return step > self.step or (step == self.step and (self.stays or self._waits))

    def say(self, **more: Any) -> None:
        """Says that this rank takes part, which rounds it needs no more, and `more`."""
        with self.lock:
            done = min((each.number for each in self.rounds), default=self.number + 1) - 1
        said = {"process": self.process, "writer": self._writer, "zero": self.zero, "done": done, **more}
        if said != self._said:
            self.files.put(f"rank-{self.rank}", said)
            self._said = said

    def is_time_to_look(self) -> bool:
        """Whether it is time to look at what seldom changes. Somebody may have taken away what this rank said."""
        now = self.clock()
        if now - self._looked < CHECK_S:
            return False
        self._looked = now
        if self._said and self.files.read(f"rank-{self.rank}") is None:
            self._said = {}
        return True

    def present(self) -> dict[str, dict[str, Any]]:
        """What each rank says that takes part and lives, by its number."""
        found = {str(rank): self.files.read(f"rank-{rank}") for rank in range(self.size)}
        return {rank: said for rank, said in found.items() if said is not None and self._lives(said.get("writer"))}

    def decide(self, found: Round, outcome: str, why: str = "") -> None:
        """Makes the decision of a round, or takes the one that is there; neither, while the disk fails."""
        mine = {"outcome": outcome, "why": why}
        decision: Mapping[str, Any] | None = None
        try:
            decision = mine if self.files.create(found.decision, mine) else self.files.read(found.decision)
        except OSError as error:
            self.trouble = str(error)
        if decision is not None:
            self.settle(found, decision)

    def settle(self, found: Round, decision: Mapping[str, Any]) -> None:
        """A decision is known: who waits for it goes on."""
        with self.lock:
            found.outcome, found.why = str(decision.get("outcome")), str(decision.get("why", ""))
            if found.outcome != COMMIT and found in self.rounds:
                self.rounds.remove(found)
            self.lock.notify_all()

    def arm(self) -> None:
        """Under the lock: has each call of log() come by `arrive`, once the caller of `tick` has seen to it."""
        if not self.is_armed:
            self.is_armed, self._arrivals_before = True, -1

    def is_ready(self) -> bool:
        """Whether each call of log() is known to come by `arrive`; has them come from the first time on."""
        with self.lock:
            if not self.is_armed:
                self.arm()
                return False
            if self._arrivals_before < 0:
                self._armed, self._arrivals_before = self.clock(), self._arrivals
            came = self._arrivals > self._arrivals_before
            return came or self.stays or self._waits or self.clock() - self._armed >= GRACE_S

    def at_once(self, commands: list[Any]) -> None:
        """They take effect at the next call: there are no others."""
        with self.lock:
            self.rounds.append(Round(0, "", EVERY_STEP, commands, {}, self.clock(), COMMIT))
            self.arm()


def whole(value: Any) -> int:
    """A number that somebody wrote; -1 for anything else."""
    return value if isinstance(value, int) else -1
