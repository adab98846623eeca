"""Findings of files that say what cannot be: an answer, or a sentence about the file, and no detector that fails."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import forged
import pytest
from every_kind import damage, hostile

import tracker
from tracker.errors import StoreError
from tracker.store.read import training_points
from tracker.store.read.diagnosed import examination

NAMES = ("loss", "val/loss", "lr", "grad_norm", "grad_norm/fc1.weight", "dead/relu", "val/acc", "input/std", "clipped")


def file_of(folder: Path) -> Path:
    """The only segment of a run."""
    (path,) = folder.glob("events.*.sqlite")
    return path


def test_runs_that_say_what_cannot_be_are_examined(logdir: Path) -> None:
    """Or refused as a file that is damaged; what a detector meets there is never its own fault."""
    for name in hostile(logdir, rows=True):
        try:
            found = examination(tracker.open(logdir).run(name))
        except StoreError:
            continue
        assert found.failed == {}, name


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all tags that detectors know."""
    logdir = tmp_path_factory.mktemp("sound")
    source = random.Random(0)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(1500):
            run.log({name: source.random() for name in NAMES}, step=step)
    return logdir / "a"


@pytest.mark.parametrize("seed", range(20))
def test_damaged_files_are_examined_as_far_as_they_can_be_read(sound: Path, logdir: Path, seed: int) -> None:
    """Bits that fell over, wherever: what is left is examined, and what is not is named."""
    (logdir / "a").mkdir()
    path = logdir / "a" / file_of(sound).name
    path.write_bytes(file_of(sound).read_bytes())
    damage(path, seed)
    try:
        found = examination(tracker.open(logdir).run("a"))
    except StoreError:
        return
    assert found.failed == {}


@pytest.mark.parametrize(
    ("statement", "is_refused"),
    [
        ("UPDATE scalars SET value='NaN', min=NULL WHERE series=1", False),
        ("UPDATE scalars SET step=-9223372036854775808 WHERE series=1", False),
        ("UPDATE scalars SET wall_time=9e999 WHERE series=1", False),
        ("UPDATE scalars SET count=1 WHERE series=1", True),
        ("UPDATE scalars SET n=n+5 WHERE series=1 AND n>0", True),
        ("DELETE FROM scalars WHERE series=1 AND n>0", True),
        ("UPDATE scalars SET count=9223372036854775807 WHERE series=1", True),
        ("UPDATE scalars SET n=9223372036854775806 WHERE series=1 AND n>0", True),
    ],
    ids=["text", "steps", "times", "count", "gap", "cut", "many", "far"],
)
def test_forged_rows_cost_their_own_series_only(sound: Path, logdir: Path, statement: str, is_refused: bool) -> None:
    """Whatever its rows claim: no array is made of it, and the other series are read."""
    (logdir / "a").mkdir()
    path = logdir / "a" / file_of(sound).name
    path.write_bytes(file_of(sound).read_bytes())
    forged.alter(path, statement)
    found = examination(tracker.open(logdir).run("a"))
    assert found.failed == {}
    assert [*found.unread] == (["loss"] if is_refused else [])


def test_tags_are_called_as_anybody_likes(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of strokes, of nothing but signs, of a thousand characters, and more of them than are examined."""
    monkeypatch.setattr(training_points, "MOST_TAGS", 200)
    odd = [
        "/",
        "//",
        "grad_norm/",
        "grad_norm//",
        "dead/\n",
        "loss\x00",
        "%s",
        "{loss}",
        "学習/損失",
        "l" * 900,
        "\u202eloss",
    ]
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(30):
            tags = [*NAMES, *odd, *(f"grad_norm/layer.{number}.weight" for number in range(300))]
            run.log(dict.fromkeys(tags, float("nan") if step > 20 else 0.0), step=step)
    found = examination(tracker.open(logdir).run("a"))
    assert (found.failed, found.unread) == ({}, {})
    assert all(len(str(each.as_dict())) < 20_000 for each in found.findings)


@pytest.mark.long
def test_a_hundred_thousand_tags(logdir: Path, figure: Callable[[str], None]) -> None:
    """Are looked at in about a second of processor time, by the shortest of their names."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for first in range(0, 100_000, 10_000):
            run.log({f"grad_norm/layer.{number}.weight": 1.0 for number in range(first, first + 10_000)}, step=0)
        run.log({"loss": float("nan")}, step=1)
    before = time.process_time()
    found = examination(tracker.open(logdir).run("a"))
    figure(f"findings of 100,000 tags: {time.process_time() - before:.2f} s of processor")
    assert "nan_or_inf" in {each.kind for each in found.findings}
    assert found.failed == {}


@pytest.mark.long
def test_ten_million_points(logdir: Path, figure: Callable[[str], None]) -> None:
    """Are examined within the memory of sixty thousand, and the odd one is found."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(1100):
            run.log({"loss": 1.0}, step=step)
    path = file_of(logdir / "a")
    connection = sqlite3.connect(path)
    names = [row[1] for row in connection.execute("PRAGMA table_info(scalars)") if row[1] not in ("id", "n")]
    (last,) = connection.execute("SELECT max(id) FROM scalars").fetchone()
    connection.execute("DELETE FROM scalars WHERE n>0 OR level>0")
    connection.executemany(
        f"INSERT INTO scalars (id, n, {', '.join(names)}) SELECT ?, ?, {', '.join(names)} FROM scalars WHERE n=0 LIMIT 1",
        ((last + number, number * 1024) for number in range(1, 9766)),
    )
    connection.execute("UPDATE series SET logged=-1")
    connection.commit()
    connection.close()
    forged.reseal(path)
    before = time.process_time()
    points = training_points.points_of(tracker.open(logdir).run("a")._files, "loss", training_points.MOST_POINTS)
    figure(f"reading 10⁷ points for findings: {time.process_time() - before:.2f} s of processor")
    assert len(points.step) <= training_points.MOST_POINTS
