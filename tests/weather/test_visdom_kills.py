"""A server of Visdom's port that is killed in the middle: what was answered is there, and clients go on."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from held_port import held_port
from served import serving, start_forked
from visdom_served import Sender, port_of, serving_visdom

import tracker


class Appending:
    """Appends to a line and to a text on a thread, until the server goes; `told` are the steps that were answered."""

    def __init__(self, port: int, window: str, start: int, told: set[int]) -> None:
        self.told = told
        self._window, self._sender, self._start = window, Sender(port), start
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        for step in itertools.count(self._start):
            try:
                self._sender.line(self._window, float(step), step / 8)
                data = [{"type": "text", "content": f"{step}"}]
                self._sender("update", win=f"{self._window} text", data=data, opts={}, append=True)
            except (OSError, http.client.HTTPException):  # it was killed
                return
            self.told.add(step)


def kill_in_the_middle(logdir: Path, turns: int, clients: int) -> int:
    """Kills the server so many times while clients append; how many points there are at the end."""
    logdir.mkdir()
    told = [set[int]() for _ in range(clients)]
    with held_port() as port:
        kill_and_begin_again(logdir, port, turns, told)
    with serving(start_forked) as serve:
        return check(port_of(serve(logdir, "--no-token", "--visdom-port", "0")), told)


def kill_and_begin_again(logdir: Path, port: int, turns: int, told: list[set[int]]) -> None:
    """Kills the server at a port so many times."""
    for turn in range(turns):
        with serving(start_forked) as serve:
            served = serve(logdir, "--no-token", "--visdom-port", str(port))
            assert port_of(served) == port
            check(port, told)
            before = [len(each) for each in told]
            appending = [
                Appending(port, f"w{number}", start_of(port, number), steps) for number, steps in enumerate(told)
            ]
            while any(
                len(each.told) < count + 5 + 3 * (turn % 5) for each, count in zip(appending, before, strict=True)
            ):
                assert all(each.thread.is_alive() for each in appending)
                time.sleep(0.001)
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait()
            for each in appending:
                each.thread.join(60)


def start_of(port: int, number: int) -> int:
    """Where a client goes on: behind the last point that is there."""
    sender = Sender(port)
    return len(sender.points(f"w{number}")[0]) if sender("win_exists", win=f"w{number}") == "true" else 0


def check(port: int, told: list[set[int]]) -> int:
    """That all that was answered is there, once and in order; how many points there are."""
    sender, count = Sender(port), 0
    for number, steps in enumerate(told):
        if not steps:
            continue
        x, y = sender.points(f"w{number}")
        assert len(x) > max(steps), f"step {max(steps)} was answered, {len(x)} points are there"
        assert x == [float(step) for step in range(len(x))]
        assert y == [step / 8 for step in range(len(y))]
        text = json.loads(sender("win_data", win=f"w{number} text"))["content"]
        found = [int(piece) for piece in text.split("<br>")]
        assert found == sorted(set(found)), "something is there twice"
        assert steps <= set(found), "a text was answered and is not there"
        count += len(x)
    return count


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    """Two kills, each in the middle of what four clients say."""
    assert kill_in_the_middle(tmp_path / "runs", 2, 4) >= 2 * 4 * 5


@pytest.mark.long
@pytest.mark.timeout(900)
def test_what_was_answered_is_there_after_thirty_kills(tmp_path: Path) -> None:
    """The same, deeper."""
    kill_in_the_middle(tmp_path / "runs", 30, 8)


def test_a_server_that_ends_leaves_finished_runs(tmp_path: Path) -> None:
    """Ctrl-C: nothing waits to be stored, and the next server goes on in the same runs."""
    logdir = tmp_path / "runs"
    with serving_visdom(logdir, "--no-token") as served:
        Sender(port_of(served)).line("w", 0.0, 1.0)
        assert tracker.open(logdir).run("main").status == "running"
        assert served.stop() == 0
    assert tracker.open(logdir).run("main").status == "finished"
    with serving_visdom(logdir, "--no-token") as served:
        sender = Sender(port_of(served))
        sender.line("w", 1.0, 2.0)
        assert sender.points("w") == [[0.0, 1.0], [1.0, 2.0]]
