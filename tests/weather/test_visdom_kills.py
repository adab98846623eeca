"""A server of Visdom's port that is killed in the middle: what was answered is there, and clients go on."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from served import Served, serving, start_viz
from visdom_served import Sender, port_of

import tracker


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Appending:
    """Says one thing after the other on a thread, to a server that may go and come back."""

    def __init__(self, port: int, window: str, start: int, until: threading.Event) -> None:
        self.window, self.answered = window, start
        self._port, self._until = port, until
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        sender = Sender(self._port)
        while not self._until.is_set():
            step = self.answered
            try:
                assert sender.line(self.window, float(step), step / 8) == self.window
                assert sender("update", win=f"{self.window} text", data=[{"type": "text", "content": f"{step};"}], opts={}, append=True)
            except (OSError, EOFError, ValueError, ConnectionError, AttributeError) as error:  # killed meanwhile
                assert not isinstance(error, AssertionError)
                return
            except Exception:
                return
            self.answered = step + 1


def kill_in_the_middle(logdir: Path, turns: int, clients: int) -> int:
    """Kills the server so many times while clients append; how many points there are at the end."""
    logdir.mkdir()
    port, steps = free_port(), [0] * clients
    for turn in range(turns):
        with serving(start_viz) as serve:
            served = serve(logdir, "--no-token", "--visdom-port", str(port))
            assert port_of(served) == port
            check(port, steps)
            until = threading.Event()
            appending = [Appending(port, f"w{number}", start_of(port, number), until) for number in range(clients)]
            wanted = [each.answered + 5 + 7 * turn for each in appending]
            while any(each.answered < count for each, count in zip(appending, wanted, strict=True)):
                assert all(each.thread.is_alive() for each in appending)
                until.wait(0.001)
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait()
            for each in appending:
                each.thread.join(20)
            steps = [each.answered for each in appending]
    with serving(start_viz) as serve:
        port = port_of(serve(logdir, "--no-token", "--visdom-port", "0"))
        return check(port, steps)


def start_of(port: int, number: int) -> int:
    """Where a client goes on: behind the last point that is there."""
    sender = Sender(port)
    return len(sender.points(f"w{number}")[0]) if sender("win_exists", win=f"w{number}") == "true" else 0


def check(port: int, answered: list[int]) -> int:
    """That all that was answered is there, once and in order; how many points there are."""
    sender, count = Sender(port), 0
    for number, steps in enumerate(answered):
        if not steps:
            continue
        x, y = sender.points(f"w{number}")
        assert len(x) >= steps, f"{steps} were answered, {len(x)} are there"
        assert x == [float(step) for step in range(len(x))]
        assert y == [step / 8 for step in range(len(y))]
        text = json.loads(sender("win_data", win=f"w{number} text"))["content"]
        found = [int(piece.strip(";")) for piece in text.split("<br>")]
        assert sorted(set(found)) == list(range(max(found) + 1))
        assert max(found) >= steps - 1
        count += len(x)
    return count


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    """Three kills, each in the middle of what four clients say."""
    assert kill_in_the_middle(tmp_path / "runs", 3, 4) > 100


@pytest.mark.long
def test_what_was_answered_is_there_after_thirty_kills(tmp_path: Path) -> None:
    """The same, deeper."""
    kill_in_the_middle(tmp_path / "runs", 30, 8)


def test_a_server_that_ends_leaves_finished_runs(tmp_path: Path) -> None:
    """Ctrl-C: nothing waits to be stored, and the next server goes on in the same runs."""
    logdir = tmp_path / "runs"
    logdir.mkdir()
    with serving(start_viz) as serve:
        served: Served = serve(logdir, "--no-token", "--visdom-port", "0")
        Sender(port_of(served)).line("w", 0.0, 1.0)
        assert tracker.open(logdir).run("main").status == "running"
        assert served.stop() == 0
    assert tracker.open(logdir).run("main").status == "finished"
    with serving(start_viz) as serve:
        sender = Sender(port_of(serve(logdir, "--no-token", "--visdom-port", "0")))
        sender.line("w", 1.0, 2.0)
        assert sender.points("w") == [[0.0, 1.0], [1.0, 2.0]]
