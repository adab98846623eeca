"""A training that is killed at random moments while it is being asked things, and what must be true of it afterwards.

Each command sets the control to a number of its own, or calls an action. The training notes in a file of its own what
it saw happen, each in one unbuffered write, which a kill does not undo: that is the oracle.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import preload

import tracker
from tracker.store.read.commands import Command
from tracker.store.write import page_file

NAME = "killed"
ENDS = ("applied", "refused", "done", "failed", "started", "never applied")


def train(logdir: str, seed: int, lives: float, told: Connection) -> None:
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
        time.sleep(chance.choice([0, 0.001, 0.005]))
    run.finish()


class Told(NamedTuple):
    """How many of the commands came to which end, and how often the training was killed."""

    outcomes: Counter[str]
    kills: int
    commands: int

    def __str__(self) -> str:
        ends = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"{self.kills:,} kills, {self.commands:,} commands: {ends}"


def play(logdir: Path, commands: int, seed: int, *, mean_life_s: float = 0.3) -> Told:
    """Asks so many things of a training that is killed again and again, and checks what became of each.

    A command is posted twice now and then, as by a page that does not know whether it was heard.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(preload.WRITER)
    chance = random.Random(seed)
    folder = logdir / NAME
    asked: dict[str, int | None] = {}
    kills = 0
    while len(asked) < commands:
        hear, tell = context.Pipe(duplex=False)
        child = context.Process(target=train, args=(str(logdir), seed + kills, 60.0, tell))
        child.start()
        tell.close()
        assert hear.poll(60)
        assert hear.recv() == "begun"
        dies = time.monotonic() + chance.expovariate(1 / mean_life_s)
        while time.monotonic() < dies and len(asked) < commands:
            nonce = f"{len(asked)}"
            asked[nonce] = None if chance.random() < 0.2 else len(asked)
            _post(folder, nonce, asked[nonce])
            if chance.random() < 0.1:
                _post(folder, nonce, asked[nonce])
            time.sleep(chance.choice([0, 0, 0.003, 0.02]))
        time.sleep(max(0.0, dies - time.monotonic()))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        hear.close()
        kills += 1
    hear, tell = context.Pipe(duplex=False)
    child = context.Process(target=train, args=(str(logdir), seed, 0.3, tell))  # a last one, which ends well
    child.start()
    child.join(60)
    assert child.exitcode == 0
    found = tracker.open(logdir).run(NAME).commands()
    check(asked, found, (folder / "noted").read_text().split())
    return Told(Counter(each.outcome for each in found), kills, len(asked))


def _post(folder: Path, nonce: str, number: int | None) -> None:
    if number is None:
        page_file.add_command(folder, nonce, "control:act", None, None, None)
    else:
        page_file.add_command(folder, nonce, "control:number", number, None, None)


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
