"""A copy of a run's file beside it, as who keeps folders in step leaves one after a conflict, adds no point."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import cli
from dashboard.live.catalog import Catalog
from tracker import doctor
from tracker import logdir as logdirs

NAMES = ["events.{id} (conflicted copy 2026-12-01).sqlite", "events.zz{id}.sqlite", "events.0.sqlite"]


def log(logdir: Path, points: int = 50) -> Path:
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(points):
            run.log({"x": float(step)}, step=step)
    (found,) = logdirs.segment_files(logdir / "a")
    return found


def copied(path: Path, name: str) -> Path:
    target = path.with_name(name.format(id=logdirs.segment_id(path)))
    shutil.copy(path, target)
    for each in (path, target):
        os.utime(each, (1_700_000_000, 1_700_000_000))  # nothing of them can be on its way
    return target


def steps(logdir: Path) -> list[int]:
    found: list[int] = tracker.open(logdir).run("a").scalars("x").step.tolist()
    return found


def told(catalog: Catalog) -> tuple[int, list[str]]:
    """How many points the page knows of, and what it says is wrong."""
    catalog.scan()
    run = catalog.runs["a"]
    return sum(series.count for tag, series in run.series_of("scalar") if tag == "x"), run.about()["problems"]


@pytest.mark.parametrize("name", NAMES)
def test_no_point_is_there_twice(logdir: Path, tmp_path: Path, name: str) -> None:
    path = log(logdir)
    copy = copied(path, name)
    assert steps(logdir) == list(range(50))
    (problem,) = tracker.open(logdir).run("a").problems()
    assert problem.path == str(copy)
    assert "copy" in problem.why
    points, problems = told(Catalog(logdir))
    assert points == 50
    assert len(problems) == 1
    assert cli.main(["export", "--logdir", str(logdir), "a", "-o", str(tmp_path / "a.json")]) in (0, 1)
    (exported,) = json.loads((tmp_path / "a.json").read_text())["runs"]
    assert exported["scalars"]["x"]["step"] == list(range(50))
    assert cli.main(["copy", "--logdir", str(logdir), "a", "--to", str(tmp_path / "there")]) in (0, 1)
    assert steps(tmp_path / "there") == list(range(50))


def test_the_doctor_names_a_copy_and_leaves_it(logdir: Path) -> None:
    copy = copied(log(logdir), NAMES[0])
    before = copy.read_bytes()
    report = doctor.examine(logdir, repair=True)
    assert [(each.path, each.serious) for each in report.findings if "copy" in each.what] == [(copy, False)]
    assert report.points == 50
    assert report.is_healthy
    assert copy.read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_that_is_alone_is_the_run(logdir: Path, name: str) -> None:
    path = log(logdir)
    copied(path, name)
    away = logdir.parent / "away"
    catalog = Catalog(logdir)
    assert told(catalog)[0] == 50
    path.rename(away)
    assert steps(logdir) == list(range(50))
    assert told(catalog) == (50, [])
    away.rename(path)
    told(catalog)  # a look takes it in, and the next one names the copy
    points, problems = told(catalog)
    assert points == 50
    assert len(problems) == 1
    path.unlink()
    assert told(catalog) == (50, [])


def test_an_index_brings_no_copy_back(logdir: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("dashboard.live.catalog_cache.WORTH_IT", 1)
    path = log(logdir)
    for name in NAMES:
        copied(path, name)
        away = tmp_path / "away"
        path.rename(away)
        index = tmp_path / f"index{NAMES.index(name)}"
        catalog = Catalog(logdir, index=index)
        assert told(catalog)[0] == 50
        catalog.keep()
        away.rename(path)
        again = Catalog(logdir, index=index)
        told(again)
        assert told(again)[0] == 50
        for left in logdirs.segment_files(logdir / "a"):
            if left != path:
                left.unlink()
