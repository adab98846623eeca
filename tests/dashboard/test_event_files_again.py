"""Event files opened again: what was copied and drawn before is there at once, and never what they do not hold now."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from control_requests import until
from opened_segments import opened
from starlette.testclient import TestClient

from dashboard.live import catalog_cache, poller, tfevents_mirror, websocket
from dashboard.live.tfevents_mirror import MirrorProcess
from dashboard.server import application, dash_app
from dashboard.server.settings import Settings
from tests.tracker.test_event_files import event, write
from tracker.foreign import mirror as mirrors
from tracker.foreign.folders import is_copied
from tracker.foreign.mirror import Mirror
from tracker.store.read.reader import Store

NAMES = ["a", "b", "c"]


def points(start: int, stop: int, by: float = 1.0) -> list[bytes]:
    return [event(1.0 + step, step, tag="x", simple_value=by * step) for step in range(start, stop)]


class NoMirror:
    """In the place of the process: the test looks by itself."""

    is_copying = False

    def __init__(self, *_: object, **__: object) -> None: ...

    def attach(self, poller: object) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def files(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A logdir of three event files that were written just now, and no process that copies them."""
    for name in NAMES:
        write(logdir / name / "tfevents.1", *points(0, 300))
    monkeypatch.setattr(application, "MirrorProcess", NoMirror)
    monkeypatch.setattr(mirrors, "WALK_S", 0.0)
    monkeypatch.setattr(mirrors, "SHARE", 0)
    monkeypatch.setattr(poller, "SETTLE_S", 60.0)
    stop = poller.Poller.stop

    def completed(self: poller.Poller) -> None:
        self.complete()  # one that ends before it has met all keeps no index: on a busy machine they would
        stop(self)

    monkeypatch.setattr(poller.Poller, "stop", completed)
    for module in (catalog_cache, websocket):
        monkeypatch.setattr(module, "WORTH_IT", 0)
    return logdir


class Copies:
    """Copies of a logdir, as a server and its mirror keep them."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache, self.index = root, cache, cache.with_name("index")
        cache.mkdir()

    @contextlib.contextmanager
    def served(self, mirror: Mirror | None = None) -> Iterator[TestClient]:
        """A server; a mirror that is given ends with it, before it does."""
        settings = Settings(self.root, mirror=self.cache, index=self.index)
        ending = mirror.close if mirror is not None else lambda: None
        with contextlib.ExitStack() as stack:
            made = TestClient(application.create_app(settings), base_url="http://127.0.0.1:6006")
            made = stack.enter_context(made)
            assert len(made.get("/api/v1/runs?form=page").json()["runs"]) == len(NAMES)
            yield made
            ending()

    def drawn(self, made: TestClient) -> list[bytes]:
        """The curves of all runs, as they are sent."""
        questions = [{"tag": "x", "runs": [name], "columns": 400} for name in NAMES]
        return [made.post("/api/v1/curves", json=each).content for each in questions]

    def read(self) -> list[bytes]:
        """The same by a server that keeps nothing."""
        settings = Settings(self.root, mirror=self.cache)
        with TestClient(application.create_app(settings), base_url="http://127.0.0.1:6006") as made:
            made.get("/api/v1/runs?form=page")
            return self.drawn(made)


def looked(copies: Copies) -> Mirror:
    made = Mirror(copies.root, copies.cache)
    made.look()
    return made


def test_what_was_drawn_of_files_that_are_written_is_there_again(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a list nor a chart opens a copy, though its file was written to a moment before, and grew meanwhile."""
    copies = Copies(files, tmp_path / "cache")
    mirror = looked(copies)
    with copies.served(mirror) as made:
        copies.drawn(made)
        write(files / "a" / "tfevents.1", *points(300, 310), mode="ab")
        mirror.look()
        until(lambda: copies.drawn(made) == copies.read())
        last = copies.drawn(made)
    seen = opened(monkeypatch)
    with copies.served() as made:
        assert copies.drawn(made) == last
        assert {path.parent.name for path in seen} <= {"a"}  # of which only the first curve was kept, once a start
    seen.clear()
    with copies.served() as made:
        assert copies.drawn(made) == last
    assert seen == []


@pytest.mark.parametrize("change", ["grown", "grown while nobody looks", "shrunk", "rewritten", "replaced", "torn"])
def test_no_curve_is_kept_longer_than_its_file_is_so(files: Path, tmp_path: Path, change: str) -> None:
    """Whatever becomes of a file between two starts, and before the second: all its points, and each once."""
    copies = Copies(files, tmp_path / "cache")
    mirror = looked(copies)
    path = files / "b" / "tfevents.1"
    wanted = [float(step) for step in range(300)]
    with copies.served(mirror) as made:
        copies.drawn(made)
        if change == "grown":
            write(path, *points(300, 320), mode="ab")
            mirror.look()
            wanted = [float(step) for step in range(320)]
    if change == "grown while nobody looks":
        write(path, *points(300, 320), mode="ab")
        wanted = [float(step) for step in range(320)]
    elif change == "shrunk":
        write(path, *points(0, 7))
        wanted = [float(step) for step in range(7)]
    elif change == "rewritten":  # in place, with as many points of the same times under another head
        other = write(tmp_path / "other", event(0.5, 0, tag="x", simple_value=0.0), *points(1, 300, 2.0))
        with path.open("r+b") as file:
            file.write(other.read_bytes())
            file.truncate()
        wanted = [2.0 * step for step in range(300)]
    elif change == "replaced":
        path.unlink()
        write(path, event(0.5, 0, tag="x", simple_value=9.0), *points(1, 300, 3.0))
        wanted = [9.0, *(3.0 * step for step in range(1, 300))]
    elif change == "torn":
        (copy,) = (copies.cache / "b").glob("events.*")
        copy.write_bytes(copy.read_bytes()[:2048] + bytes(copy.stat().st_size - 2048))
    with copies.served() as made:  # before the mirror has looked
        assert copies.drawn(made) == copies.read()
    mirror = looked(copies)
    assert Store(files, copies.cache).run("b").scalars("x").value.tolist() == wanted
    with copies.served(mirror) as made:
        assert copies.drawn(made) == copies.read()
    with copies.served() as made:
        assert copies.drawn(made) == copies.read()
    assert Store(files, copies.cache).run("b").scalars("x").value.tolist() == wanted


def test_a_curve_that_grows_is_kept_once(files: Path, tmp_path: Path) -> None:
    """Else a page that is opened again and again would fill the disk with what is soon another."""
    copies = Copies(files, tmp_path / "cache")
    mirror = looked(copies)
    with copies.served(mirror) as made:
        copies.drawn(made)
        (kept,) = (tmp_path / "index.curves").iterdir()
        size = kept.stat().st_size
        for more in (400, 500):
            write(files / "a" / "tfevents.1", *points(more - 100, more), mode="ab")
            mirror.look()
            until(lambda: copies.drawn(made) == copies.read())
        assert kept.stat().st_size == size


def test_whether_all_is_copied_is_guessed_by_times(files: Path, tmp_path: Path) -> None:
    """Never where a file is newer than all copies, where one has none, or where there are too many to tell."""
    cache = tmp_path / "cache"
    assert not is_copied(files, cache, 500)
    cache.mkdir()
    assert not is_copied(files, cache, 500)
    made = Mirror(files, cache)
    made.look()
    made.close()
    assert is_copied(files, cache, 500)
    assert not is_copied(files, cache, 2)
    os.utime(write(files / "d" / "tfevents.1", *points(0, 3)), (1.0, 1.0))  # as of a copy that keeps times
    assert not is_copied(files, cache, 500)
    made.look()
    made.close()
    time.sleep(0.02)
    (files / "a" / "tfevents.1").touch()
    assert not is_copied(files, cache, 500)


class Poller:
    """Of which a mirror asks whether somebody waits for an answer."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.quiet = 0.0

    def quiet_for(self) -> float:
        return self.quiet

    def look_again(self) -> None: ...

    def has_heard_nothing(self, since: float) -> bool:
        return False


@pytest.mark.parametrize("all_is_copied", [True, False])
def test_files_that_are_copied_are_looked_at_when_nobody_waits(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, all_is_copied: bool
) -> None:
    """Others at once, also before there is a list of runs."""
    cache = tmp_path / "cache"
    cache.mkdir()
    if all_is_copied:
        looked_once = Mirror(files, cache)
        looked_once.look()
        looked_once.close()
    begun = threading.Event()
    monkeypatch.setattr(MirrorProcess, "_copy", lambda self: begun.set())
    monkeypatch.setattr(tfevents_mirror, "CALM_S", 0.01)
    monkeypatch.setattr(tfevents_mirror, "PATIENCE_S", 60.0)
    mirroring, poller = MirrorProcess(files, cache, is_followed=True), Poller()
    mirroring.start()
    try:
        assert begun.wait(0.3 if all_is_copied else 30.0) is not all_is_copied
        mirroring.attach(poller)  # type: ignore[arg-type]
        poller.ready.set()
        assert begun.wait(0.3) is not all_is_copied
        poller.quiet = 1.0
        assert begun.wait(30.0)
    finally:
        mirroring.stop()


def test_the_controls_wait_while_files_are_copied(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing what renders them would take a core from the copies and the first chart; but not for long."""
    made_at: list[float] = []

    async def controls(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def made(path: str) -> Callable[..., Any]:
        made_at.append(time.monotonic())
        return controls

    monkeypatch.setattr(dash_app, "create_dash", made)
    monkeypatch.setattr(application, "DASH_MOMENT_S", 0.01)
    monkeypatch.setattr(NoMirror, "is_copying", True)
    copies = Copies(files, tmp_path / "cache")
    looked(copies).close()
    with copies.served() as served:
        asking = threading.Thread(target=served.get, args=("/dash/",))
        asking.start()
        time.sleep(0.3)
        assert made_at == []
        monkeypatch.setattr(NoMirror, "is_copying", False)
        asking.join(30)
        assert len(made_at) == 1
    monkeypatch.setattr(NoMirror, "is_copying", True)
    monkeypatch.setattr(application, "DASH_HELD_S", 0.1)
    with copies.served() as served:
        assert served.get("/dash/").status_code == 200
