"""A logdir that is shipped to a server is the same logdir there: every kind of value, forks, resumes, files of models."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked_server import READING, TOKEN, Asking, files
from every_kind import every_kind
from replicas import stores_differ
from served import Served
from steering import train_until, until

import tracker
from dashboard.cli import main as viz
from tracker import logdir as logdirs
from tracker.ship.run_files import PIECE_BYTES
from tracker.ship.server import Server
from tracker.ship.shipper import Progress, Shipper


def test_every_kind_of_value_arrives(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress]) -> None:  # fmt: skip
    """Row by row and byte by byte; what is sent again changes nothing."""
    every_kind(logdir)
    served = receive()
    for _ in range(2):
        found = ship(served)
        assert (found.trouble, found.refused, found.segments, found.done) == (None, {}, 3, 3)
        assert stores_differ(logdir, there) == []
    assert found.sent == 0
    assert viz(["doctor", "--logdir", str(there)]) == 0
    assert not list(there.rglob("*-wal"))


def test_forks_and_resumes_are_the_same_runs_there(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress]) -> None:  # fmt: skip
    """A fork has a copy of what it was forked from, as that was then; both go on afterwards."""
    served = receive()
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(100):
            run.log({"x": float(step)}, step=step)
        run.flush()
        ship(served)
        with tracker.init(logdir=logdir, name="b", fork="a", step=50, machine=False) as fork:
            fork.log({"x": -1.0})
        run.log({"x": 100.0}, step=100)
    with tracker.init(logdir=logdir, name="c", fork="b", machine=False) as fork:
        fork.log({"x": -2.0})
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, resume="must", machine=False) as run:
            run.log({"x": 7.0})
    found = ship(served)
    assert (found.refused, found.done) == ({}, found.segments)
    assert stores_differ(logdir, there) == []
    for name in ("a", "b", "c"):
        ours, theirs = (tracker.open(root).run(name).scalars("x") for root in (logdir, there))
        assert ours.step.tolist() == theirs.step.tolist()
    assert viz(["doctor", "--logdir", str(there)]) == 0


def test_files_of_models_and_recordings_arrive(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress]) -> None:  # fmt: skip
    """Byte by byte, in pieces; of one that arrived in part the rest, and of what was damaged on its way all of it."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    noise = random.Random(0).randbytes(PIECE_BYTES * 2 + 12_345)
    named = hashlib.sha256(noise).hexdigest()
    small = hashlib.sha256(b"state").hexdigest()
    for name, data in {
        f"models/{named}": noise, f"recordings/states/{small}.npz": b"state", "recordings/steps-0001_x.npz": b"steps" * 99,
    }.items():  # fmt: skip
        place = logdir / "a" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (logdir / "a" / "models" / "not-ours").write_text("x")
    served = receive()
    begun = there / "a" / "models" / f".{named}.arriving"
    ship(served, root=_without_files(logdir))
    begun.parent.mkdir()
    begun.write_bytes(b"?" * 1_000)  # of a machine that lost its power
    found = ship(served)
    assert "does not match its hash" in str(found.refused)
    assert (ship(served).refused, begun.exists()) == ({}, False)
    (there / "a" / "models" / named).rename(begun)  # who took it in was killed before it had its name
    assert ship(served).refused == {}
    ours, theirs = files(logdir / "a"), files(there / "a")
    assert {name: data for name, data in theirs.items() if "sqlite" not in name} == {
        name: data for name, data in ours.items() if "sqlite" not in name and name != "models/not-ours"
    }


def _without_files(logdir: Path) -> Path:
    other = logdir.parent / "without"
    (other / "a").mkdir(parents=True)
    for path in (logdir / "a").glob("*.sqlite"):
        (other / "a" / path.name).write_bytes(path.read_bytes())
    return other


def test_what_is_asked_at_the_server_is_done_in_the_training(logdir: Path, there: Path, receive: Callable[..., Served]) -> None:  # fmt: skip
    """The command travels to the run, its receipt and what it did travel back."""
    served = receive()
    with (
        contextlib.closing(Server(served.base, TOKEN)) as server,
        contextlib.closing(Asking(served, READING)) as ask,
        tracker.init(logdir=logdir, name="a", machine=False) as run,
    ):
        shipper = Shipper(logdir, server)
        thread = threading.Thread(target=shipper.run)
        thread.start()
        try:
            lr = run.control("lr", 1.0, low=0.0, high=10.0)
            run.log({"x": 1.0})
            until(lambda: ask("GET", "/api/v1/controls?run=a")[1].get("controls"), "nothing is offered at the server")
            for value in (2.0, 3.0):
                body = {"run": "a", "name": "lr", "value": value, "nonce": f"nonce-{value}"}
                assert ask("POST", "/api/v1/commands", json.dumps(body).encode(), "application/json")[0] == 200
                train_until(run, lambda value=value: lr.value == value, "it is not applied")

            def outcomes() -> list[Any]:
                return [each["outcome"] for each in ask("GET", "/api/v1/commands?run=a")[1]["commands"]]

            until(lambda: outcomes() == ["applied", "applied"], "no receipt at the server")
        finally:
            shipper.stopped.set()
            thread.join()


def test_a_logdir_that_is_away_for_a_while_is_waited_for(
    logdir: Path, receive: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --once too, which would else say that all is there."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    whole, looks = logdirs.run_folders, []

    def away(*arguments: Any, **named: Any) -> Any:
        looks.append(None)
        if len(looks) < 3:
            raise OSError(errno.EMFILE, "Too many open files")
        return whole(*arguments, **named)

    monkeypatch.setattr(logdirs, "run_folders", away)
    monkeypatch.setattr("tracker.ship.shipper.WALK_S", 0.01)
    told: list[str | None] = []
    with contextlib.closing(Server(receive().base, TOKEN)) as server:
        progress = Shipper(logdir, server, lambda progress: told.append(progress.trouble)).run(once=True)
    assert (progress.segments, progress.done, progress.trouble) == (1, 1, None)
    assert "Too many open files" in str(told[0])
