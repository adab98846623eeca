"""A training that logs models is killed while it does: no version is without its bytes, and what was told is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tracker
from dashboard.cli import main as viz
from tracker.doctor import examine
from tracker.store.read.reader import Store
from trainer import nn

ROOT = Path(__file__).resolve().parents[2]


def play(logdir: Path, kills: int, seed: int) -> str:
    """So many kills in a process of their own, which has no thread that a fork would lose."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "killed_models.py"), str(logdir), str(kills), str(seed)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def age(folder: Path) -> None:
    """As if nobody had written there for a day."""
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_leaves_no_version_without_its_bytes(logdir: Path, figure: Callable[[str], None]) -> None:
    """At moments that nobody chose; what is left half written the doctor names and removes."""
    figure(f"models: {play(logdir, 4, 1)}")
    age(logdir / "a" / "models")
    report = examine(logdir, repair=True)
    assert report.is_healthy
    assert all(finding.done for finding in report.findings if finding.path.parent.name == "models")
    assert all(re.fullmatch("[0-9a-f]{64}", each.name) for each in (logdir / "a" / "models").iterdir())
    for version in Store(logdir).run("a").model("net").versions[-3:]:
        assert Store(logdir).run("a").model("net", version.step).predict(np.zeros((1, 256), np.float32)).shape == (
            1,
            10,
        )


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_thousand_kills(logdir: Path, figure: Callable[[str], None]) -> None:
    """The same, for longer."""
    kills = int(os.environ.get("MODEL_KILLS", "1000"))
    figure(f"models: {play(logdir, kills, 2)}")


# --- what the doctor says ----------------------------------------------------------------------------


@pytest.fixture
def two(logdir: Path) -> Path:
    """The folder of a run's models, of two versions."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in (1, 2):
            run.log_model(nn.Linear(3, 2), "net", inputs=(None, 3), step=step)
    age(logdir / "a" / "models")
    return logdir / "a" / "models"


def weights(folder: Path, step: int) -> Path:
    """Those of a version."""
    files = Store(folder.parent.parent).run("a").model("net", step).manifest.files
    return folder / next(each.digest for each in files if each.name == "weights.safetensors")


def said(logdir: Path, *, repair: bool = False) -> list[str]:
    """What the doctor finds that has to do with models, and what it did."""
    return [
        f"{each.what}; {each.done}" for each in examine(logdir, repair=repair).findings if "models" in each.path.parts
    ]


def test_a_sound_run_has_nothing_to_be_said_of(two: Path, logdir: Path) -> None:
    """Else the rest would prove nothing."""
    assert said(logdir) == []
    assert viz(["doctor", "--logdir", str(logdir)]) == 0


def test_a_file_that_is_gone_is_a_loss(two: Path, logdir: Path) -> None:
    """Nobody said that it may go: no version was logged with keep=."""
    weights(two, 1).unlink()
    assert said(logdir) == ["the model 'net' at step 1: a file of it is not there any more; "]
    assert not examine(logdir).is_healthy


def test_a_file_that_was_changed_is_a_loss(two: Path, logdir: Path) -> None:
    """Its name says what it should hold."""
    place = weights(two, 2)
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    (found,) = said(logdir)
    assert "at step 2: weights.safetensors is not as it was written" in found


def test_what_no_version_refers_to_is_named_and_removed(two: Path, logdir: Path) -> None:
    """Also what a writer left half written; what was just written may have its row on the way."""
    (two / ("0" * 64)).write_bytes(b"x")
    (two / f".{'1' * 64}.7.7.partial").write_bytes(b"x")
    (two / "notes.txt").write_text("somebody's own", encoding="utf-8")
    age(two)
    (two / ("2" * 64)).write_bytes(b"young")
    expected = ["left by a writer that was stopped while it wrote a model", "no version of a model refers to it"]
    assert said(logdir) == [f"{each}; " for each in expected]
    assert said(logdir, repair=True) == [f"{each}; removed" for each in expected]
    assert said(logdir) == []
    assert {"notes.txt", "2" * 64} < {each.name for each in two.iterdir()}


def test_where_a_row_cannot_be_read_no_file_is_removed(two: Path, logdir: Path) -> None:
    """It may be the one that the row refers to."""
    (two / ("0" * 64)).write_bytes(b"x")
    age(two)
    (segment,) = logdir.glob("a/*.sqlite")
    data = bytearray(segment.read_bytes())
    at = data.rindex(b'"format"')
    data[at + 1] ^= 1
    segment.write_bytes(bytes(data))
    found = said(logdir)
    assert any("no version of a model refers to it" in each for each in found)
    examine(logdir, repair=False)
    assert (two / ("0" * 64)).exists()
    from tracker.repair import model_check

    assert not any(each.is_left for each in model_check.check(two.parent))
