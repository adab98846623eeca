"""`tracker.init(server=…)`: a sender that outlives the training, which waits for nothing of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brief_senders
import pytest
from asked_server import TOKEN
from replicas import stores_differ
from served import Served

import tracker
from tracker.ship import __main__ as sender
from tracker.ship import background, lock
from tracker.ship.server import Server, ServerAddressError

TRAINING = """
import sys, time, tracker
from tracker.ship import __main__ as sender
began = time.perf_counter()
run = tracker.init(logdir=sys.argv[1], name=sys.argv[2], server=sys.argv[3], machine=False)
print("begun", flush=True)
slowest = 0.0
for step in range(300):
    start = time.perf_counter()
    run.log({"x": float(step)}, step=step)
    slowest = max(slowest, time.perf_counter() - start)
run.finish()
print(time.perf_counter() - began, slowest, flush=True)
if len(sys.argv) > 4:
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of their own, the token, and a sender that ends soon after all is there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("VIZ_WRITE_TOKEN", TOKEN)
    brief_senders.begin(tmp_path / "hook", monkeypatch, idle_s=0.5)


@pytest.fixture
def senders(logdir: Path) -> Iterator[Callable[[], list[int]]]:
    """The numbers of the senders of the logdir that live; ended with the test."""

    def found() -> list[int]:
        words = [b"tracker.ship", os.fsencode(logdir)]
        pids = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and all(
                    word in (entry / "cmdline").read_bytes().split(b"\0") for word in words
                ):
                    pids.append(int(entry.name))
        return pids

    yield found
    for pid in found():
        os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], Any], what: str) -> None:
    """Waits for something."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_the_sender_outlives_the_training_and_ends_when_all_is_there(logdir: Path, there: Path, receive: Callable[..., Served], train: Callable[..., Any], senders: Callable[[], list[int]]) -> None:  # fmt: skip
    """One for all trainings of a logdir; Ctrl-C of a training does not end it."""
    served = receive()
    first = train(TRAINING, str(logdir), "a", served.base, "stays")
    assert first.says() == "begun"
    until(lambda: senders(), "no sender began")
    (pid,) = senders()
    assert os.getsid(pid) != os.getsid(first.process.pid)
    assert first.says()
    os.killpg(first.process.pid, signal.SIGINT)
    first.process.wait(60)
    second = train(TRAINING, str(logdir), "b", served.base)
    third = train(TRAINING, str(logdir), "c", served.base)
    for training in (second, third):
        assert training.says() == "begun"
        assert training.says()
        assert training.process.wait(60) == 0
    until(lambda: len(senders()) <= 1, "two of them send")  # who finds the lock taken ends
    until(lambda: len(list(there.rglob("*.sqlite"))) == 3 and not stores_differ(logdir, there), "not all arrived")
    until(lambda: not senders(), "the sender does not end")
    assert lock.is_free(logdir, Server(served.base, None).address)
    log = lock.place_of(logdir, Server(served.base, None).address).with_suffix(".log").read_text()
    assert "segments are there as a whole" in log
    assert TOKEN not in log


@pytest.mark.parametrize("server", ["down", "black-holed", "wrong token"])
def test_a_server_that_does_not_answer_keeps_no_training(logdir: Path, receive: Callable[..., Served], train: Callable[..., Any], senders: Callable[[], list[int]], figure: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, server: str) -> None:  # fmt: skip
    """Nothing listens, nothing is ever answered, or all is refused: each step and the end take what they take anyway."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as hole:
        address = f"http://127.0.0.1:{hole.getsockname()[1]}"
        if server == "down":
            hole.close()
        elif server == "wrong token":
            monkeypatch.setenv("VIZ_WRITE_TOKEN", "another-token-than-it-wants")
            address = receive().base
        training = train(TRAINING, str(logdir), "a", address)
        assert training.says() == "begun"
        took, slowest = map(float, training.says().split())
        assert training.process.wait(60) == 0
        figure(
            f"init(server=…), server {server}: 300 steps and the end {took:.2f} s, slowest log() {slowest * 1e3:.2f} ms"
        )
    assert tracker.open(logdir).run("a").status == "finished"


def test_an_address_that_is_none_is_told_at_once(logdir: Path) -> None:
    """To whoever wrote it, and before anything is made."""
    for address in ("host", "ftp://host", "http://", "http://user:word@host", "http://host:x"):
        with pytest.raises(ServerAddressError):
            tracker.init(logdir=logdir, server=address)
    assert not list(logdir.iterdir())


def test_a_run_that_begins_while_a_sender_ends_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds the lock taken and begins no sender: the one that lets go of it looks once more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root, address = tmp_path / "runs", "http://127.0.0.1:9"
    lock.ask(root, address)  # the file is there: that it is made is no wish
    sent = []

    def send(*_: object) -> int:
        sent.append(lock.taken(root, address))
        if len(sent) == 1:
            background.begin(root, address)
        return 0

    monkeypatch.setattr(sender, "_send", send)
    monkeypatch.setattr("sys.argv", ["tracker.ship", str(root), address])
    assert sender.main() == 0
    assert sent == [None, None]  # whoever sends has the lock
