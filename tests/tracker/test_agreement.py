"""Ranks agree on a step: whatever comes between, all that go on apply at the same one, or none does, and nobody hangs."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from tracker.controls.agreement import GRACE_S, WAIT_S, Agreement, Round, Wait
from tracker.controls.follower import Follower
from tracker.controls.leader import Leader

LONGEST_S = 30.0


class DeadError(BaseException):
    """A rank was killed, in the middle of whatever it did."""


class Memory:
    """A folder as `Ballots` is one, where others act, and ranks die, between any two things that are done to it."""

    def __init__(self, world: World, rank: Rank) -> None:
        self.world, self.rank = world, rank

    def _between(self) -> None:
        self.world.between(self.rank)

    def create(self, name: str, content: dict[str, Any]) -> bool:
        self._between()
        is_first = name not in self.world.files
        self.world.files.setdefault(name, dict(content))
        self._between()
        return is_first

    def put(self, name: str, content: dict[str, Any]) -> None:
        self._between()
        self.world.files[name] = dict(content)
        self._between()

    def read(self, name: str) -> dict[str, Any] | None:
        self._between()
        found = self.world.files.get(name)
        return None if found is None else dict(found)

    def remove(self, name: str) -> None:
        self._between()
        self.world.files.pop(name, None)

    def names(self) -> list[str]:
        return sorted(self.world.files)

    def age_s(self, name: str) -> float:
        return 0.0

    def clear(self) -> None:
        self.world.files.clear()


class Rank:
    """A process: a training that takes one step after the other, and a thread that looks at files."""

    def __init__(self, world: World, number: int, size: int) -> None:
        files = Memory(world, self)
        about = {"writer": number, "lives": world.lives, "clock": world.clock}
        self.world, self.number = world, number
        self.agreement: Agreement = (
            Leader(files, size, **about) if number == 0 else Follower(files, number, size, "go on", **about)
        )
        self.is_alive, self.in_step, self.in_tick, self.in_flight = True, False, False, False
        self.closely = False
        self.place = -1
        """How many calls of log() have begun …"""
        self.logged = -1
        """… and the step of the last that was looked at by nobody but `tick`."""
        self.waits_since: float | None = None
        self.is_paused = False
        self.asked: list[str] = []
        self.applied: dict[str, int] = {}
        self.refused: dict[str, str] = {}

    def tick(self) -> None:
        """The thread looks once."""
        if not self.is_alive or self.in_tick:
            return
        self.in_tick = True
        try:
            asked, self.asked = self.asked, []
            for command, why in self.agreement.tick(self.logged, asked):
                assert command not in self.refused
                assert command not in self.applied
                self.refused[command] = why
            self.closely = self.agreement.is_armed
        except DeadError:
            self.is_alive = False
        finally:
            self.in_tick = False

    def step(self) -> None:
        """The training calls log(), or goes on within the call in which it waits or is held."""
        if not self.is_alive or self.in_step:
            return
        self.in_step = True
        try:
            if self.waits_since is None and not self.is_paused:
                if not self.world.may_step(self):
                    return
                self.place += 1
                if not self.closely:
                    self.in_flight = True  # half a microsecond, in which others may do something
                    self.world.between(self)
                    self.in_flight = False
                    self.logged = self.world.steps[self.place]
                    return
            step = self.logged = self.world.steps[self.place]
            while True:
                found = self.agreement.reached(step, stays=self.is_paused)
                if not isinstance(found, Round):
                    break
                self.apply(found, step)
            if isinstance(found, Wait):
                if self.waits_since is None or self.is_paused:
                    self.waits_since = self.world.now
                assert self.world.now - self.waits_since <= LONGEST_S
            else:
                self.waits_since = None
        except DeadError:
            self.is_alive = False
        finally:
            self.in_step = False

    def apply(self, found: Round, step: int) -> None:
        for command in found.commands:
            if command == "go on":  # rank 0 is gone, and would have to say so
                self.is_paused = False
                continue
            assert command not in self.applied, "twice"
            assert command not in self.refused
            self.applied[command] = step
            if command.startswith(("pause", "go")):
                self.is_paused = command.startswith("pause")


class World:
    """Ranks that share a folder and a clock, and what happens to them, one choice after the other."""

    def __init__(self, size: int, choices: list[int], *, lockstep: bool, deaths: bool, afar: bool) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self.now = 0.0
        self.steps = [number + number // 7 * 3 for number in range(20_000)]  # those of the loop; some are left out
        self.lockstep, self.deaths, self.afar = lockstep, deaths, afar
        self.depth = 0
        self.count = 0
        self.choices: Iterator[int] = iter(())
        self.ranks: list[Rank] = []
        self.ranks = [Rank(self, number, size) for number in range(size)]
        for rank in self.ranks:
            rank.agreement.join()
        self.choices = iter(choices)

    def clock(self) -> float:
        return self.now

    def lives(self, number: int) -> bool:
        """As far as is known: not from another machine."""
        return self.afar or self.ranks[number].is_alive

    def may_step(self, rank: Rank) -> bool:
        """In step, as where gradients are summed up, nobody is more than a step ahead of who lives."""
        others = [other.place for other in self.ranks if other.is_alive]
        return not self.lockstep or rank.place <= min(others)

    def between(self, inside: Rank) -> None:
        """In the middle of something that `inside` does."""
        choice = next(self.choices, 0)
        if choice % 5 or self.depth > 3:
            return
        choice //= 5
        if choice % 23 == 1 and self.deaths:
            raise DeadError
        self.depth += 1
        try:
            self.act(choice)
        finally:
            self.depth -= 1

    def act(self, choice: int) -> None:
        """Somebody does something."""
        rank = self.ranks[choice % len(self.ranks)]
        choice //= len(self.ranks)
        what = choice % 12
        if what < 5:
            rank.step()
        elif what < 9:
            rank.tick()
        elif what == 9:
            # Nobody can let a training go on that is paused on several machines of which one has died.
            kinds = ("lr", "evaluate") if self.afar and self.deaths else ("lr", "pause", "lr", "go on")
            self.ask(kinds[choice // 12 % len(kinds)])
        elif what == 10:
            self.pass_time((0.02, 0.1, 1.0, 6.0)[choice // 12 % 4])
        elif self.deaths and choice // 12 % 7 == 0 and self.depth == 0:
            rank.is_alive = False
        else:
            self.pass_time(0.05)

    def pass_time(self, seconds: float) -> None:
        """A call that takes half a microsecond is over when a quarter of a second is."""
        if any(rank.in_flight for rank in self.ranks):
            seconds = min(seconds, GRACE_S / 8)
        self.now += seconds

    def ask(self, word: str) -> None:
        self.count += 1
        self.ranks[0].asked.append(f"{word} {self.count}")

    def run(self) -> None:
        """All that was chosen happens; then everybody who lives goes on until nothing is left to be done."""
        while (choice := next(self.choices, None)) is not None:
            self.act(choice)
        calm = 0
        for turn in range(6_000):
            self.now += 0.03
            if self.ranks[0].is_alive and self.ranks[0].is_paused and turn % 100 == 50:
                self.ask("go on")
            for rank in self.ranks:
                rank.tick()
                rank.step()
            living = [rank for rank in self.ranks if rank.is_alive]
            busy = any(
                rank.agreement.rounds or rank.agreement.is_armed or rank.waits_since is not None or rank.asked
                for rank in living
            )
            calm = 0 if busy or any(rank.is_paused for rank in living) else calm + 1
            if calm > 40:
                return
        raise AssertionError("it does not come to rest")

    def check(self) -> None:
        """What was applied anywhere was by all that live, at the same step; all was applied, refused, or died out."""
        living = [rank for rank in self.ranks if rank.is_alive]
        steps: dict[str, set[int]] = {}
        for rank in self.ranks:
            for command, step in rank.applied.items():
                steps.setdefault(command, set()).add(step)
        for command, found in steps.items():
            assert len(found) == 1, (command, found)
            assert all(command in rank.applied for rank in living), command
        if self.ranks[0].is_alive:
            answered = {*self.ranks[0].applied, *self.ranks[0].refused}
            assert len(answered) == self.count
            assert not {*self.ranks[0].refused} & {*steps}


def happens(size: int, choices: list[int], **world_is: bool) -> World:
    world = World(size, choices, **world_is)
    world.run()
    world.check()
    return world


choices = st.lists(st.integers(0, 1 << 20), max_size=400)


@given(st.integers(2, 4), choices, st.booleans(), st.booleans(), st.booleans())
@examples(100)
def test_all_that_go_on_apply_at_the_same_step_or_none_does(
    size: int, choices: list[int], lockstep: bool, deaths: bool, afar: bool
) -> None:
    """Threads and trainings of all ranks in any order, also in the middle of what others do; delays, pauses, deaths."""
    happens(size, choices, lockstep=lockstep, deaths=deaths, afar=afar)


def two() -> World:
    """Two ranks that have taken some steps, and know each other."""
    world = World(2, [], lockstep=False, deaths=False, afar=False)
    for _ in range(10):
        together(world)
    return world


def together(world: World) -> None:
    for rank in world.ranks:
        rank.tick()
        rank.step()
    world.now += 0.05


def test_a_decision_is_made_once() -> None:
    """A rank has waited too long, and refuses; rank 0, whose thread was asleep, finds all votes there and takes that."""
    world = two()
    leader, follower = world.ranks
    world.ask("lr")
    while not follower.agreement.rounds:
        together(world)
    while follower.waits_since is None:
        follower.step()
    for _ in range(2):
        world.now += WAIT_S / 2 + 0.1
        follower.step()
    assert follower.waits_since is None
    leader.tick()
    assert leader.refused == {"lr 1": "rank 1 waited 20 s for the others"}
    world.run()
    assert leader.applied == follower.applied == {}


def test_a_call_on_the_short_way_is_over_before_a_rank_answers() -> None:
    """It was looked at by nobody, and may be of any step."""
    world = two()
    leader, follower = world.ranks
    world.ask("lr")
    while leader.agreement.is_armed is False or not leader.agreement.rounds:
        leader.tick()
        leader.step()
        world.now += 0.05
    assert not follower.closely
    at = world.now
    while world.now < at + GRACE_S * 0.8:  # the follower is within log(step=…), for all that can be known
        follower.tick()
        world.now += 0.05
    assert follower.closely
    assert not follower.agreement.rounds
    world.steps[follower.place] = follower.logged = 5_000
    for _ in range(8):
        leader.tick()
        follower.tick()
        world.now += 0.05
    assert not follower.agreement.rounds
    assert world.files["rank-1"]["vote"]["before"] is False


def by_chance(seed: int) -> World:
    """A longer story."""
    chance = random.Random(seed)
    story = [chance.randrange(1 << 20) for _ in range(chance.randint(20, 600))]
    world_is = {name: chance.random() < 0.5 for name in ("lockstep", "deaths", "afar")}
    return happens(chance.randint(2, 4), story, **world_is)


def test_long_stories_end_well(figure: Callable[[str], None]) -> None:
    """The same with more in it; much of it is applied, and some is not."""
    worlds = [by_chance(seed) for seed in range(200)]
    refused = [why for world in worlds for why in world.ranks[0].refused.values()]
    applied = sum(len(world.ranks[0].applied) for world in worlds)
    assert applied > 500
    for words in ("did not answer", "take"):
        assert any(words in why for why in refused), words
    figure(
        f"{sum(world.count for world in worlds):,} commands to 2 to 4 ranks: {applied:,} applied by all, {len(refused):,} by none"
    )


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_stories_end_well() -> None:
    """Until something is found, or nothing; EVERYSTEP_STORIES of them."""
    for seed in range(1_000, 1_000 + int(os.environ.get("EVERYSTEP_STORIES", "20000"))):
        by_chance(seed)
