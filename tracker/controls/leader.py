"""Leader: rank 0's part in an agreement. It proposes, counts votes, decides, and answers for all."""

from __future__ import annotations

import math
from typing import Any

from tracker.controls.agreement import ALONE_S, COMMIT, LATER, REFUSED, Agreement, Files, Refusal, Round, whole

VOTES_S = 10.0
"""So long it waits for the votes of the others."""

LEAD_S = 0.25
"""How far ahead a step is proposed: the time in which proposal, votes and decision are read, a few looks of 20 to 70 ms
each. Where that is too short, the first to come there wait for some milliseconds."""

TRIES = 8
"""Each proposes a step three times as far ahead as the one before."""

PACE_S = 0.5
"""Over which steps are counted to tell how far ahead that is."""

SWEEP_S = 3600.0
"""What a killed training left for so long is waited for by nobody."""

MOST_AT_ONCE = 200
"""Commands of one round."""

MOST_CHARACTERS = 1_000_000
"""In which they are written; a single one has fewer."""


class Leader(Agreement):
    """See `Agreement`."""

    def __init__(self, files: Files, size: int, **about: Any) -> None:
        super().__init__(files, 0, size, **about)
        self.zero = self.process
        self._asked: list[Any] = []
        self._live: Round | None = None
        """What is proposed and not decided."""
        self._votes: dict[str, dict[str, Any]] = {}
        self._tries, self._farthest = 0, -1
        self._pace, self._paced, self._paced_step = 0.0, self.clock(), -1
        self._met: set[str] = set()
        """The ranks that were ever seen: who is gone of them has come to its end."""
        self._kept: dict[int, Round] = {}
        """Rounds whose decisions lie there."""
        self._is_swept = False

    def tick(self, step: int, asked: list[Any]) -> list[Refusal]:
        """As `Agreement`."""
        self._asked += asked
        with self.lock:
            self.note(step)
        self._keep_pace()
        try:
            if not self._is_swept:
                self._sweep()  # the disk did not let it at the beginning
            if self.is_time_to_look():
                self._look_around()
            refused = self._propose() if self._live is None else self._count(self._live)
            self._tell()
        except OSError as error:
            self.trouble = str(error)  # what is asked is tried again, as long as it can be taken back by others
            refused = self._refused(len(self._asked), f"the ranks cannot agree: {error}") if not self._is_swept else []
        with self.lock:
            self.is_armed = bool(self.rounds or self._asked or self._live)
        return refused

    def join(self) -> None:
        """As `Agreement`."""
        self._sweep()
        self._tell()

    def close(self) -> None:
        """As `Agreement`."""
        if self._live is not None:
            self.decide(self._live, REFUSED, "the run was over")
        super().close()

    def _keep_pace(self) -> None:
        elapsed = self.clock() - self._paced
        if elapsed >= PACE_S:
            self._pace = max(0, self.step - self._paced_step) / elapsed
            self._paced, self._paced_step = self.clock(), self.step

    def _sweep(self) -> None:
        """Takes away what trainings left that were killed, and looks whether there are files that are made once."""
        for name in self.files.names():
            if self.files.age_s(name) > SWEEP_S:
                self.files.remove(name)
        self.files.create(self.process, {})
        self.files.remove(self.process)
        self._is_swept = True

    def _look_around(self) -> None:
        """Which decisions are needed no more by anybody."""
        present = self._followers()
        for number, each in list(self._kept.items()):
            others = [present[rank] for rank, process in each.ranks.items()
                      if rank in present and present[rank].get("process") == process]  # fmt: skip
            if each.outcome and all(whole(said.get("done")) >= number for said in others):
                self.files.remove(each.decision)
                del self._kept[number]

    def _followers(self) -> dict[str, dict[str, Any]]:
        """The others that know of this leader; what a training before left knows another."""
        present = self.present()
        found = {rank: said for rank, said in present.items() if said.get("zero") == self.process and rank != "0"}
        self._met |= {*found}
        return found

    def _tell(self) -> None:
        live = self._live
        proposal = live and {"number": live.number, "step": live.step, "commands": live.commands, "ranks": live.ranks}
        self.say(proposal=proposal, decided=self.number - (1 if live else 0))

    def _propose(self) -> list[Refusal]:
        """Asks the others about what was asked for, once the training is looked at and has left the round before."""
        if not self._asked or self.rounds or not self.is_ready():
            return []
        others = self._followers()
        missing = [str(rank) for rank in range(1, self.size) if str(rank) not in self._met]
        if missing:
            is_seen = len(self.present()) > 1  # or left by a training before
            if self.age_s < (VOTES_S if is_seen else ALONE_S):
                return []
        self.is_alone = not others
        commands = self._first()
        if self.is_alone:
            del self._asked[: len(commands)]
            self.at_once(commands)
            return []
        if missing:
            who = f"rank {missing[0]} takes" if len(missing) == 1 else f"ranks {', '.join(missing[:8])} take"
            why = f"{who} no part; either every rank of a training opens the run, or rank 0 alone"
            return self._refused(len(self._asked), why)
        ranks = {"0": self.process, **{rank: str(said.get("process")) for rank, said in others.items()}}
        ahead = (1 + math.ceil(self._pace * LEAD_S)) * 3**self._tries
        with self.lock:
            farthest = max(self.step, self._farthest)
            step = farthest if self.stays and farthest == self.step else farthest + ahead
            self.number += 1
            self._live = Round(self.number, self.process, step, commands, ranks, self.clock())
            self.rounds.append(self._live)
        self._votes = {"0": {"before": True}}
        self._kept[self.number] = self._live
        return []

    def _first(self) -> list[Any]:
        """As many of the commands as are proposed together."""
        count = size = 0
        while count < min(len(self._asked), MOST_AT_ONCE) and size < MOST_CHARACTERS:
            size += len(str(self._asked[count]))
            count += 1
        return self._asked[:count]

    def _count(self, live: Round) -> list[Refusal]:
        """Decides once the votes are there, or have been waited for."""
        if not live.outcome:
            self._collect(live)
            missing = [rank for rank in live.ranks if rank not in self._votes]
            beyond = {whole(vote.get("step")): rank for rank, vote in self._votes.items() if not vote.get("before")}
            if beyond and self._tries + 1 < TRIES:
                self._farthest = max(self._farthest, *beyond)
                self.decide(live, LATER)
            elif beyond:
                far = f"rank {beyond[max(beyond)]} is at step {max(beyond):,} and rank 0 at {self.step:,}"
                self.decide(live, REFUSED, f"{far}, which is too far apart")
            elif not missing:
                self.decide(live, COMMIT)
            elif self.clock() - live.began >= VOTES_S:
                self.decide(live, REFUSED, f"rank {missing[0]} did not answer within {VOTES_S:.0f} s")
            if not live.outcome:
                return []
        self._live = None
        if live.outcome == LATER:
            self._tries += 1
            return []
        self._tries, self._farthest = 0, -1
        if live.outcome == COMMIT:
            del self._asked[: len(live.commands)]
            return []
        return self._refused(len(live.commands), live.why)

    def _collect(self, live: Round) -> None:
        present = self.present()
        for rank, process in live.ranks.items():
            if rank in self._votes:
                continue
            said = present.get(rank, {})
            vote = found if isinstance(found := said.get("vote"), dict) else {}
            if said.get("process") != process:
                self._votes[rank] = {"before": True}  # it has come to its end, and applies nothing any more
            elif said.get("zero") == self.process and vote.get("number") == live.number:
                self._votes[rank] = vote

    def _refused(self, count: int, why: str) -> list[Refusal]:
        refused = [(command, why) for command in self._asked[:count]]
        del self._asked[:count]
        return refused
