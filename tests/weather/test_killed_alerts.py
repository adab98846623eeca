"""Who tells and who is told are killed again and again: each crossing is told, and none again once that was noted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_alerts import Told, play

import tracker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of who arms rules lies in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(told: Told, crossings: int) -> None:
    """None is lost. Between an answer and the note of it a kill may fall: once at most for each."""
    assert (told.delivered, told.lost) == (crossings, 0)
    assert told.repeated <= told.kills


def test_each_crossing_is_told_whoever_is_killed(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Twenty of them; all requests for one have the same key."""
    told = play(tmp_path, 20, seed=1)
    check(told, 20)
    figure(f"alerts: {told}")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_thousand_crossings(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """The same, for longer."""
    told = play(tmp_path, 1_000, seed=2)
    check(told, 1_000)
    figure(f"alerts: {told}")


def test_viz_watch_says_what_fires_and_ends_when_it_is_asked_to(logdir: Path) -> None:
    """A line each; SIGTERM ends it with 0."""
    rules = logdir.parent / "rules.json"
    rules.write_text('{"rules": [{"text": "x > 2"}]}')
    words = [sys.executable, "-m", "dashboard", "watch", "--logdir", str(logdir), "--rules", str(rules)]
    watching = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert watching.stdout is not None
    assert watching.stdout.readline() == f"watching {logdir}\n"
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 3.0}, step=7)
        run.flush()
        assert watching.stdout.readline().endswith(" warning a step 7: x is 3\n")
    watching.send_signal(signal.SIGTERM)
    assert watching.wait(60) == 0
    watching.stdout.close()
    rules.write_text('{"rules": [{"text": "x >"}]}')
    refused = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert (refused.returncode, "rule 1" in refused.stderr) == (2, True)
