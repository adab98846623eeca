"""A logdir that is shipped to a server is the same logdir there: every kind of value, forks, resumes, files of models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from every_kind import every_kind
from replicas import stores_differ
from served import Served

import tracker
from dashboard.cli import main as viz
from tracker.ship.shipper import Progress


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
