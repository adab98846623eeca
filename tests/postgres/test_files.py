"""Files of models and recordings in a database: in pieces, each content once, and read as if they lay in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
import sqlalchemy as sa
import tried_models
from at_once import at_once
from carrying import carry_run
from copies import log_all, run_of
from one_point import log
from served import Served
from tried_models import ink

import tracker
import trainer
from dashboard import cli
from tests.ship.asked_server import READING, TOKEN
from tracker import databases
from tracker import logdir as logdirs
from tracker.errors import DamagedBytesError, DamagedStoreError
from tracker.postgres import file_cache
from tracker.postgres.opened import PgStore, opened
from tracker.recorder.stored import Recordings, open_recordings
from tracker.ship.database import Database
from tracker.ship.server import Server
from tracker.ship.shipper import Shipper
from tracker.store.run_folder_files import PlaceError, digest_of, files_of
from trainer import nn, optim
from trainer.data import DataLoader

STEPS = "recordings/steps-1.npz"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's, of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "everystep" / "files"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def copy(source: object, target: object) -> int:
    return cli.main(["copy", "*", "--logdir", str(source), "--to", str(target)])


def put(store: PgStore, run: str, name: str, data: bytes, step: int = 3) -> None:
    """A file in pieces of so many bytes."""
    for at in range(0, len(data), step):
        reached = store.add(run, name, at, data[at : at + step], len(data), digest(data))
        if reached == len(data):
            return


def count(store: PgStore, table: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() or 0)


def test_there_and_on_and_back(
    new_database: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of a run, byte by byte; and what is there is not copied again."""
    source, back = tmp_path / "source", tmp_path / "back"
    for name in ("a", "b/c"):
        log_all(source, name, points=30)
    first, second = new_database("first"), new_database("second")
    for one, other in ((source, first), (first, second), (second, back)):
        assert copy(one, other) == 0, capsys.readouterr()
        assert copy(one, other) == 0
        assert [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()[-2:]] == [
            "was there already"
        ] * 2
    for name in ("a", "b/c"):
        assert run_of(back / name) == run_of(source / name)
        assert [*files_of(opened(first).root / name)] == [*files_of(source / name)]
    x = np.ones((1, 20), np.float32)
    here, there = (tracker.open(where).run("a").model("mine") for where in (source, first))
    assert there.predict(x).tobytes() == here.predict(x).tobytes()
    assert [version.is_kept for version in there.versions] == [True]
    assert tracker.open(first).run("a").models()[0].digest == here.digest
    contents = {digest_of(source / name, file) for name in ("a", "b/c") for file, _ in files_of(source / name)}
    assert count(opened(second), "bodies") == len(contents)


def test_what_a_node_sends_is_tried_on_the_page(
    new_database: Callable[[str], str], serve: Callable[..., Served], tmp_path: Path
) -> None:
    """Through a server that receives, and directly; the page asks the model, and keeps a case of it."""
    address = new_database("tried")
    served = serve(tmp_path / "none", "--logdir", address, "--token", READING, "--receive", "--write-token", TOKEN)
    with tracker.init(logdir=tmp_path / "logs", name="a", machine=False) as run:
        tried_models.log(run, 0, -1.0)
        tried_models.log(run, 20, 1.0)
    with contextlib.closing(Server(served.base, TOKEN)) as server:
        shipped = Shipper(tmp_path / "logs", server).run(once=True, wait_s=20)
    assert (shipped.trouble, shipped.refused) == (None, {})
    headers = {"authorization": f"Bearer {READING}", "origin": served.base}
    with httpx.Client(base_url=served.base, headers=headers, timeout=60) as page:
        (told,) = page.get("/api/v1/models", params={"run": "a"}).json()["models"]
        assert [(each["step"], each["kept"]) for each in told["versions"]] == [(0, True), (20, True)]
        for step, top in ((20, "left"), (0, "right")):
            wish = {"run": "a", "name": "halves", "step": step, "input": {"image": ink(0.1)}}
            found = page.post("/api/v1/try", json=wish)
            assert found.status_code == 200, found.text
            assert found.json()["top"][0]["name"] == top
        case = {"run": "a", "model": "halves", "input": {"image": ink(0.5)}, "expected": "left", "title": "x"}
        assert page.post("/api/v1/cases", json=case).status_code == 200
        assert [each["title"] for each in page.get("/api/v1/cases", params={"run": "a"}).json()["cases"]] == ["x"]
    with contextlib.closing(Database(new_database("sent"))) as database:
        assert Shipper(tmp_path / "logs", database).run(once=True).refused == {}


def test_recordings_are_read_step_by_step(new_database: Callable[[str], str], tmp_path: Path) -> None:
    trainer.manual_seed(0)
    x = np.random.default_rng(0).standard_normal((24, 3)).astype("float32")
    model = nn.Sequential({"last": nn.Linear(3, 2)})
    batches = DataLoader((x, np.arange(24) % 2), 8)
    made = trainer.Training(model, batches, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), 2)
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        recorder = trainer.RecorderCallback(run, made, keep="run", max_overhead=None)
        made.fit(callbacks=[recorder], progress=False)
    address = new_database("recorded")
    assert copy(tmp_path, address) == 0
    here, there = open_recordings(run), open_recordings(tracker.open(address).run("r"))
    assert isinstance(there, Recordings)
    assert there
    assert (there.steps(), there.ranges()) == (here.steps(), here.ranges())
    for ours, theirs in zip(here, there, strict=True):
        assert (ours.loss, ours.state_step) == (theirs.loss, theirs.state_step)
    last = here[here.steps()[-1]]
    assert last.state_step is not None
    assert repr(there[last.step].state()) == repr(last.state())


def test_a_file_arrives_in_pieces(store: PgStore, tmp_path: Path) -> None:
    """From where it stands, which is told; it is nobody's until it is whole, and then what is sent again changes nothing."""
    data = b"0123456789"
    assert store.add("p", STEPS, 0, data[:4], 10, digest(data)) == 4
    for at in (0, 3, 5, 10):
        with pytest.raises(PlaceError) as told:
            store.add("p", STEPS, at, b"x", 10, digest(data))
        assert told.value.size == 4
    assert store.begun("p") == {STEPS: 4}
    assert store.files("p") == {}
    with pytest.raises(FileNotFoundError):
        databases.fetched(store.root / "p", STEPS)
    assert store.add("p", STEPS, 4, b"", 10, digest(data)) == 4
    assert store.add("p", STEPS, 4, data[4:], 10, digest(data)) == 10
    assert store.add("p", STEPS, 0, b"other", 5, digest(b"other")) == 10
    assert databases.fetched(store.root / "p", STEPS).read_bytes() == data
    assert digest_of(store.root / "p", STEPS) == digest(data)
    assert store.files("p") == {STEPS: (10, digest(data))}


def test_what_is_not_what_it_is_said_to_be(store: PgStore) -> None:
    data = b"abcdef"
    named = f"models/{digest(data)}"
    wrong = (
        (named, 0, data, 6, digest(b"x")),  # its name says another hash
        (STEPS, 0, data, 5, digest(data)),  # more than all of it
        (STEPS, 0, data, 0, digest(data)),
        (STEPS, 0, data, 1 << 41, digest(data)),
        ("../page.sqlite", 0, data, 6, digest(data)),
        ("models/x", 0, data, 6, digest(data)),
    )
    for each in wrong:
        with pytest.raises(DamagedBytesError):
            store.add("w", *each)
    assert store.begun("w") == {}
    assert store.add("w", named, 0, b"abc", 6, digest(data)) == 3
    with pytest.raises(DamagedBytesError, match="does not match"):
        store.add("w", named, 3, b"xxx", 6, digest(data))
    assert store.begun("w") == {}, "what is wrong is wanted again, from its beginning"
    put(store, "w", named, data)
    assert store.files("w") == {named: (6, digest(data))}
    assert store.add("w", STEPS, 0, b"abc", 6, digest(data[::-1])) == 3
    put(store, "w", STEPS, b"another file of this name")
    assert store.files("w")[STEPS] == (25, digest(b"another file of this name"))


def test_a_content_is_kept_once(new_database: Callable[[str], str]) -> None:
    """Whoever brings it, one after the other or at the same moment; who comes second need not bring its bytes."""
    store = opened(new_database("once"), for_writing=True)
    data = os.urandom(1000)
    numbers = iter(range(100))

    def bring() -> None:
        put(store, f"r{next(numbers)}", STEPS, data, step=100)

    at_once(bring, 4)
    assert store.add("late", STEPS, 0, data[:10], 1000, digest(data)) == 1000
    assert (count(store, "bodies"), count(store, "pieces"), count(store, "files")) == (1, 10, 5)
    assert databases.fetched(store.root / "late", STEPS).read_bytes() == data
    store.close()


def test_the_cache_is_nothing_to_rely_on(
    store: PgStore, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was removed or cut there is fetched again; what nobody asked for the longest goes; what is kept stays as it was."""
    contents = [bytes([65 + n]) * 100 for n in range(3)]
    for n, data in enumerate(contents):
        put(store, f"c{n}", STEPS, data, step=100)
    path = databases.fetched(store.root / "c0", STEPS)
    before = os.stat(path)
    assert databases.fetched(store.root / "c0", STEPS) == path
    assert (os.stat(path).st_ino, os.stat(path).st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    spoils: tuple[Callable[[], object], ...] = (path.unlink, lambda: path.write_bytes(b"A"))
    for spoil in spoils:
        spoil()
        assert databases.fetched(store.root / "c0", STEPS).read_bytes() == contents[0]
    monkeypatch.setattr(file_cache, "MOST_BYTES", 250)
    os.utime(path, (1, 1))
    for n in (1, 2):
        databases.fetched(store.root / f"c{n}", STEPS)
    assert sorted(each.stem for each in cache.iterdir()) == sorted(digest(data) for data in contents[1:])
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE pieces SET data = 'x' WHERE data = :data"), {"data": contents[0]})
    with pytest.raises(DamagedStoreError, match="match"):
        databases.fetched(store.root / "c0", STEPS)
    assert len([*cache.iterdir()]) == 2


def test_files_go_into_the_trash_and_back_with_their_run(store: PgStore, tmp_path: Path) -> None:
    log(tmp_path, "f")
    carry_run(tmp_path / "f", store, "f")
    put(store, "f", STEPS, b"steps")
    store.discard("f")
    assert store.files("f") == {}
    store.restore("f")
    assert store.files("f") == {STEPS: (5, digest(b"steps"))}
    assert logdirs.segment_files(store.root / "f")
