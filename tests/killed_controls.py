"""A training and the server that asks things of it, both killed at random moments, and what must be true afterwards.

Each command sets the control to a number of its own, or calls an action. The training notes in a file of its own what
it saw happen, each in one unbuffered write, which a kill does not undo: that is the oracle.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import preload

import tracker
from tracker.store.read.commands import Command
from tracker.store.write import page_file

NAME = "killed"
ENDS = ("applied", "refused", "done", "failed", "started", "never applied")


RESTS_S = (0.0, 0.001, 0.005)
"""How long the training sleeps between some steps and the next ones: one of these."""


def train(logdir: str, seed: int, lives: float, rests: Sequence[float], told: Connection) -> None:
    """Trains until it is killed, or for so many seconds; notes what the controls do."""
    chance = random.Random(seed)
    run = tracker.init(logdir=logdir, name=NAME, resume="allow", machine=False)
    noted = os.open(run.folder / "noted", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    number = run.control("number", -1)

    @run.action("act")
    def act() -> None:
        os.write(noted, b"act\n")
        time.sleep(chance.choice([0, 0, 0.002]))

    told.send("begun")
    seen = number.value
    ends = time.monotonic() + lives
    while time.monotonic() < ends:
        for _ in range(chance.choice([1, 1, 5, 200])):
            run.log({"x": 1.0})
            if number.value != seen:
                seen = number.value
                os.write(noted, b"%d\n" % seen)
        time.sleep(chance.choice(rests))
    run.finish()


def serve(folder: str, plan: list[int | None], start: int, seed: int, told: Connection) -> None:
    """Asks what is planned from a place on, until it is killed; tells of each that it was written.

    A command is posted twice now and then, as by a page that does not know whether it was heard.
    """
    chance = random.Random(seed)
    told.send(start - 1)
    for place in range(start, len(plan)):
        number = plan[place]
        name = "control:act" if number is None else "control:number"
        for _ in range(2 if chance.random() < 0.1 else 1):
            page_file.add_command(Path(folder), str(place), name, number, None, None)
        told.send(place)
        time.sleep(chance.choice([0, 0, 0.003, 0.02]))


class Told(NamedTuple):
    """How many of the commands came to which end, and how often the training and the server were killed."""

    outcomes: Counter[str]
    kills: int
    servers: int
    commands: int

    def __str__(self) -> str:
        ends = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"{self.kills:,} kills of it and {self.servers:,} of the server, {self.commands:,} commands: {ends}"


class Mortal:
    """A process that lives for a random time, on average so many seconds."""

    def __init__(self, target: Callable[..., None], words: tuple[Any, ...], lives_s: float) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*preload.WRITER, "tracker.store.write.page_file"])
        self.hear, tell = context.Pipe(duplex=False)
        self._process = context.Process(target=target, args=(*words, tell))
        self._process.start()
        tell.close()
        assert self.hear.poll(60)
        self.begun = self.hear.recv()
        self._dies = time.monotonic() + lives_s

    def must_die(self) -> bool:
        """Whether its time has come."""
        return time.monotonic() > self._dies

    def killed(self) -> list[Any]:
        """Ends it; what it told before."""
        self._process.kill()
        self._process.join()
        told = []
        with contextlib.suppress(EOFError):
            while True:
                told.append(self.hear.recv())
        self.hear.close()
        return told


def play(logdir: Path, commands: int, seed: int, *, mean_life_s: float = 0.3) -> Told:
    """Asks so many things of a training, which is killed again and again as the server is, and checks what became of
    each."""
    chance = random.Random(seed)
    folder = logdir / NAME
    plan = [None if chance.random() < 0.2 else place for place in range(commands)]
    start = kills = servers = 0

    def lives() -> float:
        return chance.expovariate(1 / mean_life_s)

    training = Mortal(train, (str(logdir), seed, 60.0, RESTS_S), lives())
    server = Mortal(serve, (str(folder), plan, 0, seed), lives())
    while start < commands:
        time.sleep(0.005)
        while start < commands and server.hear.poll(0):
            try:
                start = server.hear.recv() + 1
            except EOFError:
                break
        if server.must_die() or start == commands:
            told = server.killed()
            start = max([start, *(place + 1 for place in told)])
            servers += 1
            if start < commands:
                server = Mortal(serve, (str(folder), plan, start, seed + servers), lives())
        if training.must_die():
            training.killed()
            kills += 1
            training = Mortal(train, (str(logdir), seed + kills, 60.0, RESTS_S), lives())
    training.killed()
    end_well(logdir, seed)
    found = tracker.open(logdir).run(NAME).commands()
    asked = {str(place): number for place, number in enumerate(plan)}
    check(asked, found, (folder / "noted").read_text().split())
    return Told(Counter(each.outcome for each in found), kills + 1, servers, len(asked))


def end_well(logdir: Path, seed: int) -> None:
    """A last training, which nobody kills: what waits is answered or over."""
    last = Mortal(train, (str(logdir), seed, 0.3, RESTS_S), 60.0)
    with contextlib.suppress(EOFError):
        last.hear.recv()
    last.killed()


def check(asked: dict[str, int | None], told: list[Command], noted: list[str]) -> None:
    """That each command was done once and says so, or was not done and says that.

    Raises:
        AssertionError: one was done twice, or is told as what it was not, or not told at all.
    """
    ends = {each.nonce: each.outcome for each in told}
    assert len(ends) == len(told) == len(asked), "a command is missing, or told twice"
    assert set(ends.values()) <= set(ENDS), Counter(ends.values())
    seen = Counter(noted)
    twice = {each: count for each, count in seen.items() if each != "act" and count > 1}
    assert not twice, f"done twice: {twice}"
    for nonce, number in asked.items():
        if number is not None and seen[str(number)]:
            assert ends[nonce] == "applied", f"{nonce} was done, and is told as {ends[nonce]}"
    acts = Counter(ends[nonce] for nonce, number in asked.items() if number is None)
    assert acts["done"] <= seen["act"] <= acts["done"] + acts["started"], (acts, seen["act"])
    # What was applied and not seen in the loop was replaced between the same two steps, or the process was killed then.
    applied = sorted((each for each in told if each.outcome == "applied"), key=lambda each: each.applied or 0.0)
    for each, after in itertools.pairwise(applied):
        if not seen[str(asked[each.nonce])]:
            assert after.step == each.step or after.old != each.value, (
                f"{each.nonce} was told as applied and never done"
            )
