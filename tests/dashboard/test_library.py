"""The library: every point is told once, whatever the writer folds, and every change is noticed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import tracker
from dashboard.live.catalog import Catalog
from dashboard.live.changes import MAX_NEW_POINTS, Changes
from tracker.store.read import read_only

ROOT = Path(__file__).resolve().parents[2]


class Listener:
    """What a page has been told so far, checked as it comes."""

    def __init__(self, root: Path) -> None:
        self.catalog = Catalog(root)
        self.told: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
        self.changed: list[tuple[str, str]] = []
        self.hear(self.catalog.scan())

    def hear(self, news: Changes) -> None:
        for new in news.points:
            assert new.points is not None
            known = self.told.setdefault((new.run, new.tag, new.segment), [])
            assert new.n == self.first.get((new.run, new.tag, new.segment), 0) + len(known), "a gap, or told twice"
            known += zip(new.points.step.tolist(), new.points.value.tolist(), strict=True)
        self.changed += [(run, what) for run, found in news.changed.items() for what in found]

    @property
    def first(self) -> dict[tuple[str, str, str], int]:
        """Points that were there before the listener came."""
        return {}


@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=12))
def test_every_point_is_told_once(tmp_path: Path, batches: list[tuple[int, bool]]) -> None:
    """However the writer batches and folds, and whenever the library looks: each point once, in order."""
    root = tmp_path / "runs"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    listener = Listener(root)
    step = 0
    with tracker.init(logdir=root, name="a") as run:
        run.log({"first": 0.0}, step=0)
        run.flush()
        listener.hear(listener.catalog.scan())
        for size, look in batches:
            for _ in range(size):
                run.log({"x": float(step), "y": -float(step)} if step % 2 else {"x": float(step)}, step=step)
                step += 1
            run.flush()
            if look:
                listener.hear(listener.catalog.look(["a"]))
    listener.hear(listener.catalog.scan())
    ((_, told),) = [(key, told) for key, told in listener.told.items() if key[1] == "x"]
    assert told == [(i, float(i)) for i in range(step)]


def test_a_run_that_was_there_is_met_without_reading_its_points(logdir: Path) -> None:
    """Only what is new afterwards is told; how far it goes is known."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(5000):
            run.log({"x": float(step)}, step=step)
    library = Catalog(logdir)
    news = library.scan()
    assert news.points == []
    assert news.changed == {"a": {"runs", "line"}}
    summary = library.runs["a"].summary()
    assert summary["scalars"]["x"]["step"] == 4999
    assert summary["status"] == "finished"
    assert not library.scan()


def test_a_burst_is_told_as_look_again(logdir: Path) -> None:
    """Hundreds of thousands of points are not pushed to a page that has a thousand columns."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 0.0}, step=0)
        run.flush()
        library = Catalog(logdir)
        library.scan()
        for step in range(1, MAX_NEW_POINTS + 100):
            run.log({"x": float(step)}, step=step)
        run.flush()
        (new,) = library.look(["a"]).points
        assert new.points is None
        assert library.runs["a"].summary()["scalars"]["x"]["step"] == MAX_NEW_POINTS + 99
        run.log({"x": 1.0}, step=0)
        run.flush()
        (new,) = library.look(["a"]).points
        assert new.points is not None
        assert new.n == MAX_NEW_POINTS + 100


def test_other_kinds_marks_and_endings_are_noticed(logdir: Path) -> None:
    """Each is a word, by which the page that shows it asks again."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 0.0}, step=0)
        run.flush()
        library = Catalog(logdir)
        library.scan()
        run.log(
            {"w": tracker.Histogram(np.arange(5.0)), "p": tracker.Image(np.zeros((2, 2))), "t": tracker.Text("a")},
            step=1,
        )
        run.mark("here", step=1)
        run.flush()
        assert library.look(["a"]).changed == {"a": {"runs", "histogram", "image", "text", "marks"}}
        assert library.runs["a"].status == "running"
    assert library.look(["a"]).changed == {"a": {"runs"}}
    assert library.runs["a"].status == "finished"


def test_news_of_histograms_and_media_name_their_series(logdir: Path) -> None:
    """So that of sixty histograms in sight the one that has more is asked for again."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        layers = {f"w/{i}": tracker.Histogram(np.arange(5.0)) for i in range(12)}
        run.log({**layers, "t": tracker.Text("a"), "p": tracker.Text("b"), "x": 1.0}, step=0)
        run.flush()
        library = Catalog(logdir)
        library.scan()
        run.log({"w/10": layers["w/10"], "w/2": layers["w/2"], "t": tracker.Text("c"), "x": 2.0}, step=1)
        run.flush()
        assert library.look(["a"]).tags == {"a": {"histogram": {"w/2", "w/10"}, "text": {"t"}}}
        run.log({"x": 3.0}, step=2)
        run.flush()
        assert library.look(["a"]).tags == {}


def test_runs_that_come_and_go_are_noticed(logdir: Path) -> None:
    """Also one that is renamed, which is both."""
    library = Catalog(logdir)
    library.scan()
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 0.0}, step=0)
    assert library.scan().changed == {"a": {"runs", "line"}}
    (logdir / "a").rename(logdir / "b")
    news = library.scan()
    assert (news.removed, set(news.changed)) == (["a"], {"b"})
    with tracker.init(logdir=logdir, name="c") as run:
        run.log({"x": 0.0}, step=0)
    library.scan()
    shutil.rmtree(logdir / "c")  # the system tells of its folder, and all others need no look
    assert library.look(["b", "c", "nobody"]).removed == ["c"]
    assert library.look(["c"]).removed == []
    shutil.rmtree(logdir)
    assert library.scan().removed == ["b"]


def test_a_rewind_says_that_the_line_changed(logdir: Path) -> None:
    """What a page drew of the abandoned tail must be drawn anew."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 0.0}, step=0)
    library = Catalog(logdir)
    library.scan()
    with tracker.init(logdir=logdir, name="a", resume="must", step=0) as run:
        run.log({"x": 1.0}, step=1)
    assert "line" in library.scan().changed["a"]


def test_a_look_at_what_is_on_its_way_says_so(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write that wakes us comes before the commit: such a run is looked at again, one without anything is not."""
    file = segment_of(logdir, "a", logged=2)
    library = Catalog(logdir)
    library.scan()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("UPDATE state SET heartbeat = heartbeat + 1")
        library.look(["a"])  # reads, and knows from then on how far the commits go
        writer.execute("PRAGMA cache_size=1")
        writer.execute("BEGIN")
        writer.execute("CREATE TABLE other (x)")
        writer.executemany("INSERT INTO other VALUES (?)", [("x" * 3000,)] * 50)
        news = library.look(["a"])
        assert (bool(news), news.awaited) == (False, {"a"})
        writer.execute("UPDATE state SET heartbeat = heartbeat + 1")
        writer.execute("COMMIT")
        assert library.look(["a"]).awaited == set()
        # Known to hold nothing new: not opened again, however often it is looked at.
        monkeypatch.setattr(read_only, "connect", None)
        assert library.look(["a"]).awaited == set()


def segment_of(logdir: Path, name: str, logged: int) -> Path:
    """The file of a run that a process logged to and was killed in: still in WAL mode, and ours to write to."""
    code = (
        "import os, sys, tracker\n"
        "run = tracker.init(logdir=sys.argv[1], name=sys.argv[2], machine=False)\n"
        "for step in range(int(sys.argv[3])): run.log({'x': 1.0}, step=step)\n"
        "run.flush()\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(logdir), name, str(logged)], check=False, cwd=ROOT)
    (file,) = (logdir / name).glob("*.sqlite")
    return file


@pytest.mark.parametrize("way", ["written over", "moved there"])
@pytest.mark.parametrize("what", ["another run", "an older copy", "a longer one"])
def test_another_file_in_the_place_of_one_is_met_anew(tmp_path: Path, way: str, what: str) -> None:
    """A backup that is copied over what is there (cp -r) keeps the inode, and has fewer rows than were read."""
    root = tmp_path / "runs"
    (other := tmp_path / "other").mkdir()
    for name, folder, values in (
        ("a", root, [1.0, 2.0]),
        ("b", other, [5.0] if what != "a longer one" else [5.0] * 99),
    ):
        with tracker.init(logdir=folder, name=name, machine=False) as run:
            run.log({"loss": values[0]}, step=0)
            run.flush()
            (path,) = (folder / name).glob("*.sqlite")
            if what == "an older copy" and name == "a":
                connected = (
                    contextlib.closing(sqlite3.connect(path)),
                    contextlib.closing(sqlite3.connect(tmp_path / "older")),
                )
                with connected[0] as now, connected[1] as older:
                    now.backup(older)
            for value in values[1:]:
                run.log({"loss": value})
    (path,) = (root / "a").glob("*.sqlite")
    source = tmp_path / "older" if what == "an older copy" else next((other / "b").glob("*.sqlite"))
    catalog = Catalog(root)
    catalog.scan()
    assert last_of(catalog, "a") == (1, 2.0)
    if way == "written over":
        with path.open("r+b") as file:
            file.write(source.read_bytes())
            file.truncate()
    else:
        shutil.copy(source, tmp_path / "moved")
        (tmp_path / "moved").replace(path)
    news = catalog.look(["a"])
    assert (
        last_of(catalog, "a") == {"another run": (0, 5.0), "an older copy": (0, 1.0), "a longer one": (98, 5.0)}[what]
    )
    assert "line" in news.changed["a"]


def last_of(catalog: Catalog, name: str) -> tuple[int, float]:
    """Step and value of a run's last point."""
    ((_, series),) = catalog.runs[name].series_of("scalar")
    assert series.last is not None
    return series.last[0], series.last[2]
