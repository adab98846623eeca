"""Who waits for an answer has it before what nobody waits for is read, and who waits for findings has those."""

from __future__ import annotations

from pathlib import Path

import pytest
from control_requests import until

import tracker
from dashboard.live import examiner
from dashboard.live.examiner import Examiner
from dashboard.live.poller import Poller
from tracker.store.read.reader import Store


def test_an_examination_gives_way_but_to_who_waits_for_one(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a question is open nothing is examined, unless it is the question."""
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({"loss": float("nan")})
    for name, value in (("LOOKS_S", 0.01), ("QUIET_S", 0.0), ("LONGEST_REST_S", 600.0)):
        monkeypatch.setattr(examiner, name, value)
    poller = Poller(logdir, lambda changes: None)
    made = Examiner(poller, lambda: Store(logdir))
    poller.start()
    try:
        assert poller.ready.wait(60)
        with poller.asked():
            made.start()
            until(made._turn.locked)
            assert made.pending() == 2
            made.now("a")
            found = poller.catalog.runs["a"].examined
            assert found is not None
            assert found.findings
        until(lambda: made.pending() == 0)
    finally:
        made.stop()
        poller.stop()
