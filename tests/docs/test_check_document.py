"""docs/check.md is true: its detector runs, its requests are routes, and its bounds are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tracker
from dashboard import cli
from dashboard.live import examiner
from dashboard.server.interface import Interface
from dashboard.server.settings import Settings
from tracker.findings import detector as registry
from tracker.findings.examine import load
from tracker.store.read import training_points
from tracker.store.read.dismissed import DISMISSED, MOST_DISMISSED

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "check.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the example's detector is asked, and it is gone with its test."""
    load()
    monkeypatch.setattr(registry, "_registered", {})


def test_the_example_is_a_detector(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Copied into a file it finds what it says, by the command that is named."""
    (tmp_path / "my_detectors.py").write_text(re.findall(r"```python\n(# my_.*?)```", PAGE, re.S)[0])
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(200):
            run.log({"train/loss": step // 2}, step=step)
    assert cli.main(["check", "--logdir", str(logdir), "--detectors", str(tmp_path / "my_detectors.py")]) == 0
    assert capsys.readouterr().out.startswith("! a: loss_too_round\n    train/loss is whole at every step.\n")


def test_the_example_reads_findings(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that it names is there."""
    monkeypatch.chdir(logdir.parent)
    registry.detector("mine")(lambda _: [tracker.Finding("mine", "info", "It is.", "Try.")])
    with tracker.init(logdir=logdir, name="mnist/adam", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    exec(re.findall(r"```python\n(for.*?)```", PAGE, re.S)[0], {"tracker": tracker})
    assert capsys.readouterr().out == "info mine None None It is. Try.\n"


def test_each_request_is_a_route(tmp_path: Path) -> None:
    """And each route of findings is among them."""
    said = set(re.findall(r"/api/v1/findings[\w/]*", PAGE))
    routes = {getattr(route, "path", "") for route in Interface(Settings(tmp_path)).routes}
    assert said == {path for path in routes if path.startswith("/api/v1/findings")}


def test_bounds_are_those_of_the_code() -> None:
    """And names."""
    for text in (PAGE, (DOCS / "store-format.md").read_text(encoding="utf-8")):
        assert f"`{DISMISSED}<id>`" in text
    assert f"up to {training_points.MOST_POINTS:,} points ({training_points.MOST_ALTOGETHER // 10**6} million" in PAGE
    assert f"more than {training_points.MOST_TAGS:,} curves" in PAGE
    assert f"up to {MOST_DISMISSED:,} of a run" in PAGE
    assert f"at most {examiner.LIVE_SHARE:.0%} of a core".replace("%", " %") in PAGE
    assert f"each at most every {examiner.LEAST_S:.0f} s" in PAGE
