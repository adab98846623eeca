"""Panes go where runs go: into a fork, out to event files and back, through every export; and doctor finds them sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from dashboard import cli
from tracker import doctor
from tracker.foreign.importer import import_logs
from tracker.store.read.run import StoredRun


@pytest.fixture
def run(logdir: Path) -> StoredRun:
    """One with panes of all sorts, finished."""
    with tracker.init(logdir=logdir, name="a", machine=False) as made:
        made.log({"loss": 1.0}, step=0)
        made.control("lr", 0.1)
        for i in range(5):
            made.pane("text", f"{i} ", append=True)
            made.pane("lines", tracker.Curves({"y/z": (float(i), float("nan") if i == 2 else 1.0)}), append=True)
        made.pane("picture", tracker.Image(np.eye(4), masks=np.ones((4, 4), bool)), title="I", width=100)
        made.pane("sheet", tracker.Properties({"a": 1}), caption="x")
        made.pane("weights", tracker.Histogram([1.0, 2.0]))
        made.pane("gone", "x")
        made.close_pane("gone")
    return tracker.open(logdir).run("a")


def told(run: StoredRun) -> dict[str, Any]:
    """All that its panes say."""
    found: dict[str, Any] = {}
    for listed in run.panes():
        pane = run.pane(listed.id)
        items = [(item.hash, [part.hash for part in item.parts]) for item in pane.items]
        found[pane.id] = (pane.type, pane.title, pane.opts, pane.width, pane.content, items, pane.states)
        for trace in pane.content["traces"] if pane.type == "lines" else ():
            found[f"{pane.id} {trace['name']}"] = [run.scalars(trace[axis]).value.tolist().__repr__() for axis in "xy"]
    return found


def test_a_fork_has_them_and_goes_on_by_itself(run: StoredRun, logdir: Path) -> None:
    """Texts and points where they were; the first run is left as it is."""
    before = told(run)
    with tracker.init(logdir=logdir, name="b", fork="a", machine=False) as fork:
        assert told(tracker.open(logdir).run("b")) == before
        fork.pane("text", "fork", append=True)
        fork.pane("lines", tracker.Curves({"y/z": (9.0, 9.0)}), append=True)
    copy = tracker.open(logdir).run("b")
    assert copy.pane("text").content["text"] == "0 1 2 3 4 fork"
    assert copy.scalars("pane/lines/y%2Fz").value[-1] == 9.0
    assert told(run) == before


def test_event_files_hold_them_and_give_them_back(run: StoredRun, logdir: Path, tmp_path: Path) -> None:
    """No plugin of TensorBoard's shows one, but none is lost."""
    assert cli.main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "out")]) == 0
    assert [done.warnings for done in import_logs(tmp_path / "out", tmp_path / "again")] == [[]]
    assert told(tracker.open(tmp_path / "again").run("a")) == told(run)
    followed = tracker.open(tmp_path / "out", tfevents=True).run("a")
    assert told(followed) == told(run)


@pytest.mark.parametrize("form", ["csv", "json", "html"])
def test_every_export_passes_them_by(
    run: StoredRun, logdir: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their points are curves as others are."""
    assert cli.main(["export", "--logdir", str(logdir), "-o", str(tmp_path / f"out.{form}")]) == 0
    assert "11 points of 1 run" in capsys.readouterr().err


def test_doctor_finds_them_sound(run: StoredRun, logdir: Path) -> None:
    """And says so of nothing that they are made of."""
    report = doctor.examine(logdir)
    assert ([finding for finding in report.findings if finding.serious], report.points) == ([], 11)
