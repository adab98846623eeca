"""Four processes train together: whatever is asked of them takes effect at the same step of all, and is answered once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rank_training import FIRST_LR, N_BYTES, Vector, alone, summed
from steering import ask, until

import tracker
from dashboard.live import trash
from tracker import errors
from tracker.controls.follower import Follower
from tracker.controls.together import Together
from tracker.doctor import examine
from tracker.logdir import AGREED_FOLDER, walk
from tracker.store.write.ballots import Ballots

ROOT = Path(__file__).resolve().parents[2]
RANKS = 4


class Ranks:
    """Processes of one training, whose gradients are summed up on a thread of this one."""

    def __init__(self, logdir: Path) -> None:
        self.folder = logdir / "ranks"
        self.steps = 0
        self.said: list[dict[str, Any]] = []
        self.dead: list[subprocess.Popen[bytes]] = []
        code = [sys.executable, str(ROOT / "tests" / "rank_training.py"), str(logdir)]
        self.processes = [
            subprocess.Popen(
                [*code, str(rank)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
                env={**os.environ, "RANK": str(rank), "WORLD_SIZE": str(RANKS), "PYTHONPATH": str(ROOT)},
            )
            for rank in range(RANKS)
        ]  # fmt: skip
        self._thread = threading.Thread(target=self._sum, daemon=True)
        self._thread.start()

    def _sum(self) -> None:
        while True:
            parts: list[Vector] = []
            for process in self.processes:
                assert process.stdout is not None
                kind = process.stdout.read(1) if process not in self.dead else b""
                if kind == b"g":
                    parts.append(np.frombuffer(process.stdout.read(N_BYTES)))
                elif kind == b"e":
                    self.said.append(json.loads(process.stdout.read(int.from_bytes(process.stdout.read(8), "big"))))
            if self.said or not parts:
                return  # one has come to its end; all have, if they agreed
            self.steps += 1
            total = summed(parts).tobytes()
            for process in self.processes:
                assert process.stdin is not None
                with contextlib.suppress(BrokenPipeError):  # it was killed
                    process.stdin.write(total)
                    process.stdin.flush()

    def come_to(self, step: int) -> None:
        """Waits until so many steps were taken."""
        until(lambda: self.steps >= step, f"step {step} of {self.steps}")

    def end(self) -> list[dict[str, Any]]:
        """What each rank says at its end, once Stop was pressed."""
        ask(self.folder, "stop")
        self._thread.join(60)
        for process in self.processes:
            assert process in self.dead or process.wait(60) == 0
        return self.said

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(BrokenPipeError):
                    assert pipe is not None
                    pipe.close()


@pytest.fixture
def ranks(logdir: Path) -> Iterator[Ranks]:
    """Four of them."""
    started = Ranks(logdir)
    yield started
    started.kill()


def commands(folder: Path) -> list[Any]:
    return tracker.open(folder.parent).run(folder.name).commands()


def check_changes(ranks: Ranks, changes: int, figure: Callable[[str], None], *, kill: bool) -> None:
    """`changes` of lr at random moments; then all ranks did the same, and what a schedule in code does, bit for bit.

    Args:
        ranks: The training.
        changes: How many.
        figure: Takes what was measured.
        kill: Whether one of them is killed then, and the others are asked once more.
    """
    chance = random.Random(changes)
    ranks.come_to(3)
    for number in range(changes):
        ranks.come_to(ranks.steps + chance.randrange(1, 60))
        name, value = ("evaluate", None) if number % 5 == 3 else ("lr", 0.001 * (number + 1))
        nonce = ask(ranks.folder, name, value)
        if chance.random() < 0.7:  # else the next comes while this one is agreed on
            until(lambda nonce=nonce: answered(ranks, nonce))
    until(lambda: all(each.outcome not in ("pending", "started") for each in commands(ranks.folder)))
    together = None
    if kill:
        together = ranks.steps  # all of these are of four
        ranks.processes[2].kill()
        ranks.dead.append(ranks.processes[2])
        ranks.processes[2].wait()
        nonce = ask(ranks.folder, "lr", 0.25)
        until(lambda: answered(ranks, nonce))
    said = ranks.end()
    assert len(said) == RANKS - kill
    assert all(each == said[0] for each in said), "a rank did something else"
    answers = [each for each in commands(ranks.folder) if each.name != "stop"]
    assert [each.outcome for each in answers] == ["done" if each.name == "evaluate" else "applied" for each in answers]
    schedule = {each.step: each.value for each in answers if each.name == "lr"}
    lrs, lr = [], FIRST_LR
    for step in range(len(said[0]["losses"])):
        lrs.append(lr)
        lr = schedule.get(step, lr)
    assert said[0]["lrs"] == lrs
    assert said[0]["losses"][:together] == list(alone(iter(lrs[:together]), RANKS)), "not bit for bit"
    assert said[0]["evaluated"] == [each.step for each in answers if each.name == "evaluate"]
    run = tracker.open(ranks.folder.parent).run("ranks")
    assert len([mark for mark in run.marks() if mark.kind == "control"]) == changes + kill + 1
    assert not (ranks.folder / AGREED_FOLDER).exists()
    took = sorted(each.applied - each.wall_time for each in answers)
    figure(
        f"4 ranks, {changes} changes: {len(lrs)} steps, all bit for bit as with the schedule in code; "
        f"asked to answered {took[len(took) // 2]:.2f} s (median), {took[-1]:.2f} s at most"
    )


def answered(ranks: Ranks, nonce: str) -> bool:
    return any(each.nonce == nonce and each.outcome != "pending" for each in commands(ranks.folder))


def test_all_ranks_change_at_the_same_step(ranks: Ranks, figure: Callable[[str], None]) -> None:
    """Five changes, a sixth when one of them was killed, whom nobody waits for, and a stop at one step of all: a rank
    that went on would wait for ever."""
    check_changes(ranks, 5, figure, kill=True)


@pytest.mark.long
def test_all_ranks_change_fifty_times_at_the_same_steps(ranks: Ranks, figure: Callable[[str], None]) -> None:
    """The same for longer."""
    check_changes(ranks, 50, figure, kill=False)


@pytest.mark.parametrize("rank", [0, 3])
def test_one_rank_alone_decides_by_itself(logdir: Path, monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    """As is usual: one process of four has a run, whichever it is."""
    monkeypatch.setenv("RANK", str(rank))
    monkeypatch.setenv("WORLD_SIZE", "4")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        lr = run.control("lr", 1.0)
        nonce = ask(run.folder, "lr", 0.5)

        def step() -> bool:
            run.log({"x": 1.0})
            time.sleep(0.001)
            return lr.value == 0.5

        until(step)
        (answer,) = run.commands()
        assert (answer.nonce, answer.outcome) == (nonce, "applied")
    assert [each.definition.name for each in tracker.open(logdir).run("a").controls()] == ["lr"]


def test_a_ballot_is_created_once(tmp_path: Path) -> None:
    """By whoever comes first; nothing else is left behind."""
    files = Ballots(tmp_path / "agreed")
    together = threading.Barrier(8)
    first: list[int] = []

    def vote(number: int) -> None:
        together.wait()
        if files.create("decision", {"by": number}):
            first.append(number)

    threads = [threading.Thread(target=vote, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(first) == 1
    assert files.read("decision") == {"by": first[0]}
    assert os.listdir(tmp_path / "agreed") == ["decision"]
    (tmp_path / "agreed" / "odd").write_text("[1")
    assert files.read("odd") is None
    assert files.read("nothing") is None
    (tmp_path / "agreed" / ".0123456789ab").write_text("{")  # as one who was killed leaves it
    files.clear()
    assert not (tmp_path / "agreed").exists()
    files.put("rank-0", {"by": 0})
    assert files.read("rank-0") == {"by": 0}


def test_a_look_under_way_leaves_nothing_behind_the_end(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watching thread is about to say something of a rank whose training ends now."""
    folder = logdir / "a"
    folder.mkdir(parents=True)
    together = Together(folder, 1, 2)
    is_looking, goes_on = threading.Event(), threading.Event()
    tick = Follower.tick

    def slow(self: Follower, step: int, asked: list[Any]) -> Any:
        is_looking.set()
        assert goes_on.wait(60)
        self._vote = {"number": 1, "before": True, "step": step}  # so that it has something new to say
        return tick(self, step, asked)

    monkeypatch.setattr(Follower, "tick", slow)
    looks = threading.Thread(target=together.look, args=(0,))
    ends = threading.Thread(target=together.close)
    looks.start()
    assert is_looking.wait(60)
    ends.start()
    ends.join(0.1)
    goes_on.set()
    looks.join(60)
    ends.join(60)
    assert not (folder / AGREED_FOLDER).exists()


def test_the_end_does_not_wait_for_a_look_that_waits_for_it(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As within a signal handler that ends the run while `log()` holds what the look needs."""
    folder = logdir / "a"
    folder.mkdir(parents=True)
    together = Together(folder, 1, 2)
    looks = threading.Thread(target=together.look, args=(0,), daemon=True)
    monkeypatch.setattr("tracker.controls.together.LOOK_S", 0.1)

    def end_within_a_call() -> None:
        with together._agreement.lock:
            looks.start()
            together.close()

    ends = threading.Thread(target=end_within_a_call, daemon=True)
    ends.start()
    ends.join(60)
    assert not ends.is_alive()
    looks.join(60)
    assert not looks.is_alive()


def test_other_readers_do_not_mind(logdir: Path) -> None:
    """What a killed training left is looked into by nobody, is no run, and goes where the run goes."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    files = Ballots(logdir / "a" / AGREED_FOLDER)
    files.put("rank-0", {"process": "gone"})
    files.create("gone.1", {"outcome": "commit"})
    assert [each.name for each in tracker.open(logdir).runs()] == ["a"]
    assert AGREED_FOLDER not in {Path(folder).name for folder, _ in walk(logdir)}
    assert not [
        each for each in examine(logdir, repair=True).findings if AGREED_FOLDER in str(each.path) or each.serious
    ]
    with tracker.init(logdir=logdir, name="b", fork="a", machine=False) as run:
        run.log({"x": 2.0})
    assert not (logdir / "b" / AGREED_FOLDER).exists()
    trash.to_trash(logdir, "a")
    assert not (logdir / "a").exists()
    with pytest.raises(errors.RunNameError):
        tracker.init(logdir=logdir, name=f"a/{AGREED_FOLDER}")


def test_whatever_lies_there_raises_into_no_training(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others can write in a shared folder: what is no word of a rank is none."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        lr = run.control("lr", 1.0)
        files = Ballots(run.folder / AGREED_FOLDER)
        own = (files.read("rank-1") or {})["process"]
        good = [1, "n", 0.0, "lr", "0.5", None, None]
        odd: list[Any] = [7, [], ["x"] * 7, {"a": 1}, [1, "n", 0.0, "lr", 5, None, None], [None] * 7, good]
        names = {"number": 1, "ranks": {"1": own}}
        words: list[Any] = [
            {"process": 5}, {"process": "p", "decided": "x", "proposal": 7}, {"process": "p", "decided": None, "proposal": {}},
            {"process": "p", "decided": 0, "proposal": {**names, "ranks": 5, "commands": odd}},
            {"process": "p", "decided": 0, "proposal": {**names, "commands": "x", "step": "y"}},
            {"process": "p", "decided": 0, "proposal": {**names, "commands": odd, "step": 5}},
        ]  # fmt: skip
        for said in words:
            files.put("rank-0", said)
            for _ in range(4):
                run.controls.look()
                run.log({"x": 1.0}, step=0)
        until(lambda: (files.read("rank-1") or {})["vote"] == {"number": 1, "before": True, "step": 0})
        files.create("p.1", {"outcome": "commit"})
        files.put("rank-0", {**words[-1], "decided": 1})
        for step in range(1, 6):
            run.log({"x": 1.0}, step=step)
        assert lr.value == 0.5
