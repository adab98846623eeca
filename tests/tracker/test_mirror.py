"""Event files read where they lie: followed as they grow, never written to, and a cache that can go at any time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tracker
from tests.tracker.test_event_files import event, write
from tracker.foreign import mirror as mirrors
from tracker.foreign.mirror import Mirror
from tracker.foreign.mirrored_once import once
from tracker.foreign.mirrored_run import IDLE_S
from tracker.store.read.reader import Store
from tracker.store.write import connection

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def opened(logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Mirror]]:
    """Mirrors of the logdir that go through all of it at every look; closed with the test."""
    monkeypatch.setattr(mirrors, "WALK_S", 0.0)
    monkeypatch.setattr(mirrors, "SHARE", 0)
    made: list[Mirror] = []

    def open_mirror(clock: Callable[[], float] = time.time) -> Mirror:
        made.append(Mirror(logdir, tmp_path / "cache", clock, said.append))
        return made[-1]

    said: list[str] = []
    open_mirror.said = said  # type: ignore[attr-defined]
    (tmp_path / "cache").mkdir()
    yield open_mirror
    for each in made:
        each.close()


def points(start: int, stop: int) -> list[bytes]:
    """Events of x = step."""
    return [event(1.0 + step, step, tag="x", simple_value=step) for step in range(start, stop)]


def seen(logdir: Path, run: str = "a", tag: str = "x") -> list[float]:
    """What a reader of the logdir and its mirror sees."""
    values: list[float] = Store(logdir, logdir.parent / "cache").run(run).scalars(tag).value.tolist()
    return values


def test_a_growing_file_is_followed(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """What is whole of it, at every look; the run counts as running."""
    path = write(logdir / "a" / "tfevents.1", *points(0, 3))
    mirror = opened()
    mirror.look()
    assert seen(logdir) == [0, 1, 2]
    before = path.read_bytes()
    write(path, *points(3, 200), mode="ab")
    mirror.look()
    assert seen(logdir) == list(range(200))
    assert path.read_bytes().startswith(before)
    assert Store(logdir, logdir.parent / "cache").run("a").status == "running"
    assert [each.name for each in (logdir / "a").iterdir()] == ["tfevents.1"]


def test_a_copy_has_its_points_from_its_first_moment(
    logdir: Path, opened: Callable[..., Mirror], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks as soon as it is there need not look again: an empty one would be told of, and drawn, twice."""
    at_first: list[list[float]] = []
    opening = connection._opened
    monkeypatch.setattr(connection, "_opened", lambda *given: (at_first.append(seen(logdir)), opening(*given))[1])
    write(logdir / "a" / "tfevents.1", *points(0, 300))
    opened().look()
    assert at_first == [list(range(300))]
    assert seen(logdir) == list(range(300))


def test_a_mirror_that_is_told_to_end_does_so_between_two_runs(logdir: Path, tmp_path: Path) -> None:
    """What it has copied by then is whole, and the next one goes on from there."""
    for name in "abc":
        write(logdir / name / "tfevents.1", *points(0, 3))
    (cache := tmp_path / "cache").mkdir()
    mirror = Mirror(logdir, cache, is_over=lambda: (cache / "b").exists())
    mirror.look()
    mirror.close()
    assert sorted(run.name for run in Store(logdir, cache).runs()) == ["a", "b"]
    assert seen(logdir, "b") == [0, 1, 2]
    again = Mirror(logdir, cache)
    again.look()
    again.close()
    assert seen(logdir, "c") == [0, 1, 2]


def test_a_file_at_rest_is_finished_and_may_go_on(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """After ten minutes; when it grows again, so does the run."""
    path = write(logdir / "a" / "tfevents.1", *points(0, 3))
    now = [time.time()]
    mirror = opened(lambda: now[0])
    mirror.look()
    now[0] += IDLE_S + 1
    mirror.look()
    assert Store(logdir, logdir.parent / "cache").run("a").status == "finished"
    write(path, *points(3, 5), mode="ab")
    mirror.look()
    assert seen(logdir) == [0, 1, 2, 3, 4]


def test_a_mirror_goes_on_where_the_last_one_ended(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """Nothing is copied twice, and nothing again that has not changed."""
    path = write(logdir / "a" / "tfevents.1", *points(0, 3))
    first = opened()
    first.look()
    first.close()
    files = sorted((logdir.parent / "cache").rglob("events.*"))
    opened().look()
    assert sorted((logdir.parent / "cache").rglob("events.*")) == files
    write(path, *points(3, 5), mode="ab")
    opened().look()
    assert seen(logdir) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("change", ["replaced", "shrunk", "new name", "cache emptied", "cache emptied while it runs"])
def test_what_does_not_fit_any_more_is_read_anew(logdir: Path, opened: Callable[..., Mirror], change: str) -> None:
    """The files are the truth; the cache is made again."""
    path = write(logdir / "a" / "tfevents.1", *points(0, 9))
    mirror = opened()
    mirror.look()
    wanted = list(range(9))
    if change == "replaced":
        path.unlink()
        write(path, *[event(50.0 + step, step, tag="x", simple_value=step) for step in range(20, 40)])
        wanted = list(range(20, 40))
    elif change == "shrunk":
        write(path, *points(0, 4))
        wanted = [0, 1, 2, 3]
    elif change == "new name":
        path.rename(path.with_name("tfevents.2"))
    elif change == "cache emptied while it runs":
        shutil.rmtree(logdir.parent / "cache" / "a")
    else:
        mirror.close()
        shutil.rmtree(logdir.parent / "cache")
        mirror = opened()
    mirror.look()
    mirror.look()
    assert seen(logdir) == wanted


def test_a_folder_that_goes_takes_its_copy_along(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """While it is mirrored, and while nobody looked."""
    for name in "ab":
        write(logdir / name / "tfevents.1", *points(0, 3))
    mirror = opened()
    mirror.look()
    shutil.rmtree(logdir / "a")
    mirror.look()
    assert [run.name for run in Store(logdir, logdir.parent / "cache").runs()] == ["b"]
    mirror.close()
    shutil.rmtree(logdir / "b")
    opened().look()
    assert Store(logdir, logdir.parent / "cache").runs() == []


def test_runs_of_ours_and_event_files_stand_side_by_side(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """Ours keeps its name where both have the same one."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 7.0}, step=0)
    write(logdir / "a" / "tfevents.1", *points(0, 3))
    write(logdir / "tfevents.1", *points(0, 2))
    opened().look()
    assert [run.name for run in Store(logdir, logdir.parent / "cache").runs()] == [".", "a", "a (tfevents)"]
    assert (seen(logdir), seen(logdir, "a (tfevents)"), seen(logdir, ".")) == ([7.0], [0, 1, 2], [0, 1])


def test_damage_is_said_and_the_other_files_go_on(logdir: Path, real_data: Path, opened: Callable[..., Mirror]) -> None:
    """In words, once, and kept with the run."""
    shutil.copytree(real_data / "corrupt", logdir, dirs_exist_ok=True)
    for path in logdir.rglob("*tfevents*"):
        os.utime(path, (1e9, 1e9))
    mirror = opened()
    mirror.look()
    mirror.look()
    from dashboard.live.catalog import Catalog

    library = Catalog(logdir, logdir.parent / "cache")
    library.scan()
    assert len(library.runs) == 8  # four files hold nothing that a page could show
    told = [problem for run in library.runs.values() for problem in run.summary()["problems"]]
    assert len(told) == 8
    said = opened.said  # type: ignore[attr-defined]
    assert len(said) == len(set(said)) == 9
    assert any("git lfs pull" in sentence for sentence in said)


def test_a_file_that_may_not_be_read_does_not_hide_the_others() -> None:
    """Nor does a pipe by such a name; when it may be read at last, it is."""
    with tempfile.TemporaryDirectory() as folder, as_nobody(Path(folder)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirrors, "WALK_S", 0.0)
        patch.setattr(mirrors, "SHARE", 0)
        logdir = Path(folder, "runs")
        said: list[str] = []
        Path(folder, "cache").mkdir()
        mirror = Mirror(logdir, Path(folder, "cache"), time.time, said.append)
        closed = write(logdir / "a" / "tfevents.1", *points(0, 3))
        write(logdir / "a" / "tfevents.2", *points(3, 5))
        os.mkfifo(logdir / "a" / "tfevents.3")
        closed.chmod(0)
        mirror.look()
        mirror.look()
        assert seen(logdir) == [3, 4]
        assert ["Permission denied" in sentence for sentence in said] == [True]
        closed.chmod(0o600)
        mirror.look()
        assert seen(logdir) == [0, 1, 2, 3, 4]
        mirror.close()


@contextlib.contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Makes the system's administrator, who may read everything, somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    folder.chmod(0o777)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_killed_mirror_leaves_nothing_wrong_behind(
    logdir: Path, tmp_path: Path, opened: Callable[..., Mirror]
) -> None:
    """Its half of a copy is thrown away and made again."""
    write(logdir / "a" / "tfevents.1", *points(0, 500))
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker.foreign.mirror", str(logdir), str(tmp_path / "cache")],
        stdin=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list((tmp_path / "cache").rglob("events.*.sqlite")) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()  # type: ignore[union-attr]
    opened().look()
    assert seen(logdir) == list(range(500))
    assert [each.status(time.time()) for each in Store(logdir, tmp_path / "cache").run("a").segments()] == ["running"]


def test_two_mirrors_of_one_logdir_copy_once(logdir: Path, tmp_path: Path) -> None:
    """Two servers: one mirrors, the other waits; both end when their servers do."""
    write(logdir / "a" / "tfevents.1", *points(0, 50))
    words = [sys.executable, "-m", "tracker.foreign.mirror", str(logdir), str(tmp_path / "cache")]
    both = [subprocess.Popen(words, stdin=subprocess.PIPE, cwd=ROOT) for _ in range(2)]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = {run.name: run for run in Store(logdir, tmp_path / "cache").runs()}
        if "a" in found and found["a"].tags("scalar"):
            break
        time.sleep(0.02)
    for process in both:
        process.stdin.close()  # type: ignore[union-attr]
        assert process.wait(60) == 0
    assert seen(logdir) == list(range(50))


def test_event_files_are_opened_for_reading_in_python(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the runs of ours beside them, as new as the files are; without being asked for, they are not looked at."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with tracker.init(logdir=logdir, name="ours") as run:
        run.log({"x": 7.0}, step=0)
    path = write(logdir / "theirs" / "tfevents.1", *points(0, 3))
    assert [run.name for run in tracker.open(logdir).runs()] == ["ours"]
    assert not (tmp_path / "cache").exists()
    store = tracker.open(logdir, tfevents=True)
    assert {run.name: run.scalars("x").value.tolist() for run in store.runs()} == {"ours": [7.0], "theirs": [0, 1, 2]}
    write(path, *points(3, 5), mode="ab")
    assert tracker.open(logdir, tfevents=True).run("theirs").scalars("x").step.tolist() == [0, 1, 2, 3, 4]


def test_a_question_beside_a_server_uses_its_copies(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither waits for the server nor writes into what the server keeps."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(logdir / "a" / "tfevents.1", *points(0, 3))
    cache = once(logdir)
    assert cache is not None
    stop = threading.Event()
    with mirrors._alone(cache, stop):
        write(logdir / "b" / "tfevents.1", *points(0, 3))
        assert once(logdir) == cache
        assert [run.name for run in Store(logdir, cache).runs()] == ["a"]
    once(logdir)
    assert [run.name for run in Store(logdir, cache).runs()] == ["a", "b"]


def test_a_mirror_begins_without_what_it_does_not_need() -> None:
    """The first chart waits for its imports: other programs' logs and SQLAlchemy would be a third of them."""
    asked = "import sys, tracker.foreign.mirror; print({'sqlalchemy', 'tracker.foreign.importer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
