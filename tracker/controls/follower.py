"""Follower: what every rank but rank 0 does in an agreement. It answers proposals, and stops where it said it would."""

from __future__ import annotations

from typing import Any

from tracker.controls.agreement import ALONE_S, Agreement, Files, Refusal, Round, logger, whole


class Follower(Agreement):
    """See `Agreement`. Of several ranks without rank 0 the first says that it is missing; one alone needs none.

    Args:
        go_on: The command by which a paused training goes on, which nobody can give any more once rank 0 is dead.
    """

    def __init__(self, files: Files, rank: int, size: int, go_on: Any, **about: Any) -> None:
        super().__init__(files, rank, size, **about)
        self._go_on = go_on
        self._asked: list[Any] = []
        """What rank 0 will see to, unless there is none."""
        self._vote: dict[str, Any] | None = None
        self._is_asked = False
        """Whether a proposal waits for an answer."""

    def join(self) -> None:
        """As `Agreement`."""
        self.say(vote=None)

    def tick(self, step: int, asked: list[Any]) -> list[Refusal]:
        """As `Agreement`."""
        self._asked += asked
        refused: list[Refusal] = []
        with self.lock:
            self.note(step)
        try:
            if self.is_time_to_look():
                self._look_around()
            self.say(vote=self._vote)
            self._follow()
            if self._asked:
                refused = self._without_leader()
        except OSError as error:
            if str(error) != self.trouble:
                self.trouble = str(error)
                logger.warning("tracker: rank %d cannot agree with the others: %s", self.rank, error)
        with self.lock:
            self.is_armed = bool(self.rounds or self._is_asked)
        return refused

    def _look_around(self) -> dict[str, dict[str, Any]]:
        """Who else is there; lets a training go on that rank 0 would have to let go on, and is gone."""
        present = self.present()
        if self.age_s >= ALONE_S:
            self.is_alone = {*present} <= {str(self.rank)}
        with self.lock:
            is_held = self.stays and not self.rounds
        if is_held and "0" not in present:
            self.at_once([self._go_on])
        return present

    def _follow(self) -> None:
        """Reads what rank 0 says: a decision, a proposal."""
        said = self.files.read("rank-0") or {}
        process, decided, proposal = said.get("process"), said.get("decided"), said.get("proposal")
        if isinstance(process, str) and process != self.zero:
            self.zero, self.number = process, 0
            self.say(vote=self._vote)
        with self.lock:
            # What a rank 0 decided that is gone is there, if it did; who waits for it will see to it otherwise.
            known = [each for each in self.rounds if each.process != process or each.number <= whole(decided)]
        for each in known:
            found = None if each.outcome else self.files.read(each.decision)
            if found is not None:
                self.settle(each, found)
        self._is_asked = False
        if not isinstance(proposal, dict) or whole(proposal.get("number")) <= self.number:
            return
        ranks, commands = proposal.get("ranks"), proposal.get("commands")
        if isinstance(commands, list) and isinstance(ranks, dict) and ranks.get(str(self.rank)) == self.process:
            self._is_asked = not self.is_ready()
            if not self._is_asked:
                number, step = whole(proposal["number"]), whole(proposal.get("step"))
                self._answer(Round(number, self.zero, step, commands, ranks, self.clock()))

    def _answer(self, asked: Round) -> None:
        with self.lock:
            before = self.can_stop(asked.step)
            if before:
                self.rounds.append(asked)
            self.number = asked.number
            self._vote = {"number": asked.number, "before": before, "step": self.step}
        self.say(vote=self._vote)

    def _without_leader(self) -> list[Refusal]:
        """What was asked for, where there is no rank 0 that would see to it."""
        if self.age_s < ALONE_S:
            return []
        asked, self._asked = self._asked, []
        present = self._look_around()
        if self.is_alone:
            self.at_once(asked)
        elif min(map(int, present), default=0) == self.rank:
            why = "rank 0 takes no part; either every rank of a training opens the run, or one alone"
            return [(command, why) for command in asked]
        return []
