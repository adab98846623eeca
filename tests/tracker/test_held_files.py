"""Who asks a run thousands of questions in a row opens its files once, and keeps nobody from writing them."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard.export import files
from tracker import logdir as logdirs
from tracker.errors import NotAStoreError
from tracker.foreign.exporter import export_events
from tracker.store import file_system
from tracker.store.read import read_only
from tracker.store.read.left_out import LeftOut

TAGS = 40


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was opened."""
    counts: Counter[str] = Counter()
    connect = read_only.connect

    def counting(path: Path, *arguments: Any, **named: Any) -> sqlite3.Connection:
        counts[path.name] += 1
        return connect(path, *arguments, **named)

    monkeypatch.setattr(read_only, "connect", counting)
    return counts


def many_tags(logdir: Path) -> None:
    for resume in ("never", "must"):
        with tracker.init(logdir=logdir, name="run", machine=False, resume=resume) as run:
            for step in range(3):
                run.log({f"layer/{i}": float(i) for i in range(TAGS)}, step=step)
                run.log({f"weights/{i}": tracker.Histogram([1.0, 2.0]) for i in range(3)}, step=step)


@pytest.mark.parametrize("form", [*files.FORMS, "events", "sql", "pandas"])
def test_a_file_is_opened_a_few_times_however_many_tags_it_has(
    form: str, tmp_path: Path, opened: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Opened for every tag, 5,000 of them took 12 s."""
    if form in ("parquet", "pandas"):
        pytest.importorskip("pyarrow" if form == "parquet" else "pandas", reason="an optional package")
    many_tags(tmp_path / "runs")
    opened.clear()
    store = tracker.open(tmp_path / "runs")
    points = 2 * 3 * TAGS
    if form == "events":
        assert export_events(store.run("run"), tmp_path / "out") == points + 2 * 3 * 3
    elif form == "pandas":
        assert len(store.to_pandas()) == points
    elif form == "sql":
        from dashboard.cli import main

        assert main(["sql", "--logdir", str(tmp_path / "runs"), "SELECT count(*) FROM points", "--format", "json"]) == 0
        assert str(points) in capsys.readouterr().out
    else:
        assert files.write(form, store.runs(), io.BytesIO()).points == points
    assert len({*opened} - {logdirs.PAGE_FILE}) == 2
    assert max(opened.values()) <= 10, opened  # a report asks for what was found in a run, too


def test_a_held_file_is_not_locked_between_two_questions(tmp_path: Path) -> None:
    """Its writer folds its WAL away and reuses it meanwhile; what was logged meanwhile is there."""
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        run.flush()
        (path,) = (tmp_path / "run").glob("*.sqlite")
        with tracker.open(tmp_path).run("run").held() as held:
            assert len(held.scalars("loss")) == 1
            with contextlib.closing(sqlite3.connect(path)) as other:
                busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy
            run.log({"loss": 2.0}, step=1)
            run.flush()
            assert len(held.scalars("loss")) == 2


def test_bytes_of_a_held_item_are_there_later(tmp_path: Path) -> None:
    """An item may be looked at when the files were closed."""
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        run.log({"words": tracker.Text("hello")}, step=0)
    with tracker.open(tmp_path).run("run").held() as held:
        (item,) = held.text("words")
        assert item.text == "hello"
    assert item.text == "hello"


def test_a_curve_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    """In every form, with the others read from the same opening."""
    many_tags(tmp_path)
    path = min((tmp_path / "run").glob("*.sqlite"))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE scalars SET points=x'00', steps=x'00', count=3 WHERE series=(SELECT id FROM series WHERE tag='layer/7')"
        )
        connection.commit()
    for form in ("csv", "json", "html"):
        written = files.write(form, tracker.open(tmp_path).runs(), io.BytesIO())
        assert written.points == 2 * 3 * (TAGS - 1), form
        assert ["layer/7" in part for part in written.left_out.parts["run"]] == [True], form
    left_out = LeftOut()
    export_events(tracker.open(tmp_path).run("run"), tmp_path / "out", left_out)
    assert ["layer/7" in part for part in left_out.parts["run"]] == [True]


def test_a_file_met_in_the_middle_of_a_commit_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where machines share a folder whose locks do not hold; elsewhere locks keep everybody from it."""
    many_tags(tmp_path)
    (path, _) = sorted((tmp_path / "run").glob("events.*.sqlite"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-4096])  # its first page tells of one more
    with pytest.raises(NotAStoreError, match="malformed"):
        read_only.connect(path)
    looks = []

    def is_shared(asked: Path) -> bool:
        looks.append(asked)
        if len(looks) == 2:
            path.write_bytes(whole)
        return True

    monkeypatch.setattr(file_system, "is_shared", is_shared)
    read_only.connect(path).close()
    assert looks == [path] * 2
    path.write_bytes(whole[:-4096])
    with pytest.raises(NotAStoreError, match="malformed"):
        read_only.connect(path)


@pytest.mark.parametrize("told", ["ENOENT", "ESTALE"])
def test_a_journal_that_goes_while_it_is_looked_at(told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writer has committed. Over a network that is told of a file that is open already."""
    many_tags(tmp_path)
    (path, _) = sorted((tmp_path / "run").glob("events.*.sqlite"))
    Path(f"{path}-journal").write_bytes(bytes(512))
    told_of = os.fstat

    def fstat(file: int) -> os.stat_result:
        if told_of(file).st_size == 512:
            raise OSError(getattr(errno, told), told)
        return told_of(file)

    monkeypatch.setattr(os, "fstat", fstat)
    read_only.connect(path).close()
