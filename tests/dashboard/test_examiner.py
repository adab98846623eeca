"""Who waits for an answer has it before what nobody waits for is read, and who waits for findings has those."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from control_requests import until

import tracker
from dashboard.live import examiner
from dashboard.live.examiner import Examiner
from dashboard.live.poller import Poller
from tracker.store.read.reader import Store


class Glances(threading.Event):
    """Counts how often it is looked whether anybody still waits."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.count += timeout == examiner.GLANCE_S
        return super().wait(timeout)


def test_an_examination_gives_way_but_to_who_waits_for_one(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a question is open nothing is examined, unless it is the question."""
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({"loss": float("nan")})
    for name, value in (("LOOKS_S", 0.02), ("QUIET_S", 0.0), ("LONGEST_REST_S", 600.0)):
        monkeypatch.setattr(examiner, name, value)
    poller = Poller(logdir, lambda changes: None)
    made = Examiner(poller, lambda: Store(logdir))
    made._stopped = glances = Glances()
    poller.start()
    try:
        assert poller.ready.wait(60)
        with poller.asked():
            made.start()
            until(lambda: glances.count > 20)
            assert made._turn.locked()
            assert made.pending() == 2
            made.now("a")
            found = poller.catalog.runs["a"].examined
            assert found is not None
            assert found.findings
        until(lambda: made.pending() == 0)
    finally:
        made.stop()
        poller.stop()
