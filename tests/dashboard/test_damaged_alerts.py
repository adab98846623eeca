"""The file of alerts is damaged: the doctor names it, and the server says so once and not every second."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alert_outbox import KEY, armed

from dashboard.alerts import watcher
from dashboard.alerts.deliver import Means
from tracker import doctor
from tracker.errors import PageChangeError
from tracker.store.read import alert_file
from tracker.store.read.reader import Store


@pytest.mark.parametrize(
    "harm", [lambda data: data[: len(data) // 2], lambda data: b"x" * 4_000, lambda data: bytes(99)]
)
def test_the_doctor_names_it_and_sets_it_aside(logdir: Path, harm: Callable[[bytes], bytes]) -> None:
    """Rules can be armed again then."""
    armed(logdir, {"kind": "mark"})
    file = alert_file.file_of(logdir)
    assert doctor.examine(logdir).is_healthy
    damaged = harm(file.read_bytes())
    file.write_bytes(damaged)
    (finding,) = [each for each in doctor.examine(logdir).findings if each.serious]
    assert finding.path == file
    with pytest.raises(PageChangeError):
        armed(logdir, {"kind": "mark"}, id="s")
    assert doctor.examine(logdir, repair=True).is_healthy
    assert file.with_name(f"{file.name}.damaged").read_bytes() == damaged
    armed(logdir, {"kind": "mark"}, id="s")
    assert [rule.id for rule in alert_file.rules(logdir)] == ["s"]


def test_what_stays_wrong_is_told_once(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    armed(logdir, {"kind": "mark"})
    file = alert_file.file_of(logdir)
    good = file.read_bytes()
    poller: Any = SimpleNamespace()
    looking = watcher.Watcher(logdir, poller, lambda: KEY, Means(lambda: Store(logdir), False))
    monkeypatch.setattr(watcher, "LOOK_S", 0.0)
    monkeypatch.setattr(watcher, "TICK_S", 0.0)
    rounds = iter([*[b"x" * 4_000] * 5, good, *[b"y" * 4_000] * 3])

    def act() -> float:
        data = next(rounds, None)
        if data is None:
            looking._stopped = True
        else:
            file.write_bytes(data)
        alert_file.rules(logdir)
        return 0.0

    with caplog.at_level(logging.WARNING):
        looking._run(act)
    said = [record.message for record in caplog.records if "not a database" in record.message]
    assert len(said) == 2
