"""What is said on the page of a database's runs: kept there as it is in a folder, and seen by every other server."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
import sqlalchemy as sa
from at_once import at_once
from carrying import behind, carry, carry_run
from hypothesis import given, settings
from hypothesis import strategies as st
from one_point import log
from ranked_run import write_ranks
from served import Served
from steering import until

import tracker
from dashboard.live.catalog import Catalog
from tests.ship.asked_server import READING
from tracker import logdir as logdirs
from tracker.errors import LogdirError, PageChangeError, RunNotFoundError, StoreError
from tracker.postgres import migrate
from tracker.postgres.engine import engine_of
from tracker.postgres.opened import PgStore, opened
from tracker.receive.receiver import Receiver
from tracker.ship.database import Database
from tracker.ship.shipper import Shipper
from tracker.store.read import commands, page_cases, page_panes, page_proposals, page_rows
from tracker.store.read.properties import properties, said
from tracker.store.shipment import Arrived, DeletedError
from tracker.store.write import page_cases as kept_cases
from tracker.store.write import page_file, page_findings
from tracker.store.write import page_panes as moved_panes
from tracker.store.write import page_proposals as proposed


def there(store: PgStore, tmp_path: Path, name: str) -> Path:
    """A run in the database."""
    log(tmp_path, name)
    carry_run(tmp_path / name, store, name)
    return store.root / name


@pytest.fixture
def asked(serve: Callable[..., Served], tmp_path: Path) -> Callable[[str], httpx.Client]:
    """A page of a database, and who asks it: asked(address)."""

    def client(address: str) -> httpx.Client:
        served = serve(tmp_path / "none", "--logdir", address, "--token", READING)
        headers = {"authorization": f"Bearer {READING}", "origin": served.base}
        return httpx.Client(base_url=served.base, headers=headers)

    return client


def runs(page: httpx.Client) -> dict[str, dict[str, Any]]:
    return {run["name"]: run for run in page.get("/api/v1/runs?form=page").json()["runs"]}


def test_names_views_and_the_trash_through_two_servers(
    new_database: Callable[[str], str], asked: Callable[[str], httpx.Client], tmp_path: Path
) -> None:
    """What one is told the other shows; a run that is deleted is gone from both, and is back as it was."""
    address = new_database("edited")
    store = opened(address, for_writing=True)
    there(store, tmp_path, "a/b")
    with asked(address) as one, asked(address) as other:
        wish = {"runs": ["a/b"], "key": "note", "value": "said \x1a\0"}
        assert one.post("/api/v1/runs/said", json=wish).status_code == 200
        until(lambda: runs(other)["a/b"]["said"].get("note") == "said \x1a\0", "the other does not see it")
        view = {"kind": "view", "name": "mine", "value": {"x": 1}}
        assert one.post("/api/v1/shelf", json=view).json()["view"] == {"mine": {"x": 1}}
        assert other.get("/api/v1/shelf").json()["view"] == {"mine": {"x": 1}}
        assert one.get("/api/v1/shelf").json()["read_only"] is False
        assert one.post("/api/v1/trash", json={"runs": ["a/b"]}).status_code == 200
        until(lambda: not runs(other), "the other shows it still")
        assert other.get("/api/v1/trash").json() == {"runs": ["a/b"]}
        assert other.post("/api/v1/trash", json={"runs": ["a/b"], "restore": True}).status_code == 200
        until(lambda: "a/b" in runs(one), "it does not come back")
        assert runs(one)["a/b"]["said"]["note"] == "said \x1a\0"
        assert one.post("/api/v1/trash", json={"runs": ["none"]}).status_code == 404
        armed = one.post("/api/v1/alerts", json={"text": "x > 1"})
        assert armed.status_code == 403
        assert "database" in armed.text


def test_every_change_is_as_in_a_folder(store: PgStore, tmp_path: Path) -> None:
    folders = there(store, tmp_path, "changed"), tmp_path / "changed"
    for folder in folders:
        page_file.set_property(folder, "name", "one")
        page_file.set_property(folder, "name", "two")
        page_file.set_property(folder, "note", "gone")
        page_file.set_property(folder, "note", None)
        page_findings.dismiss(folder, "nan:loss", "known", "me")
        moved_panes.set_places(folder, {"p": {"x": 1, "y": 2}, "q": {"closed": 3}})
        moved_panes.set_places(folder, {"p": {"x": 5}, "q": None})
        case = kept_cases.keep(folder, "net", {"x": [1.0]}, "7", "")
        kept_cases.let_go(folder, kept_cases.keep(folder, "net", {"x": [2.0]}, "7", ""))
        assert page_file.add_command(folder, "n", "control:lr", 0.1, 0.2, "me")
        assert not page_file.add_command(folder, "n", "control:lr", 0.3, 0.2, "me")
        assert proposed.propose(folder, "lr", 1, 2, "agent", "why") == proposed.propose(folder, "lr", 1, 2, "agent", "")
        assert [each["id"] for each in page_cases.cases(folder)] == [case]
        assert page_panes.places(folder) == {"p": {"x": 5, "y": 2}}
        (waiting,) = page_proposals.proposals(folder)
        assert proposed.answer(folder, waiting, "me", "me, as proposed")
        assert not proposed.answer(folder, waiting, "you", None)
        assert said(folder).newest_command == page_file_newest(folder)
    ours, theirs = (properties(folder) for folder in folders)
    assert ours.keys() == theirs.keys() == {"name", "dismissed:nan:loss"}
    assert ours["name"] == "two"
    assert said(folders[0])._replace(properties={}, proposed=0) == said(folders[1])._replace(properties={}, proposed=0)
    assert not (tmp_path / "postgresql+psycopg:").exists()


def page_file_newest(folder: Path) -> int:
    return commands.newest(folder).id


def test_two_who_change_one_run_do_not_undo_each_other(store: PgStore, tmp_path: Path) -> None:
    folder = there(store, tmp_path, "both")
    number = iter(range(1000))
    lock = threading.Lock()

    def change() -> None:
        for _ in range(10):
            with lock:
                mine = next(number)
            page_file.set_property(folder, f"view:{mine}", mine)

    at_once(change, 4)
    assert properties(folder) == {f"view:{n}": n for n in range(40)}


def test_what_was_changed_is_looked_at_and_nothing_else(store: PgStore, tmp_path: Path) -> None:
    """Also where nothing is there afterwards, or as much as before and of one time; and what was asked of a run."""
    folder = there(store, tmp_path, "stamped")
    catalog = Catalog(store.root)
    catalog.scan()
    page_file.set_property(folder, "name", "x")
    assert "runs" in catalog.look(["stamped"]).changed["stamped"]
    assert not catalog.look(["stamped"]).changed
    assert page_file.add_command(folder, "n", "control:lr", 1, None, None)
    assert "commands" in catalog.look(["stamped"]).changed["stamped"]
    page_file.set_property(folder, "name", None)
    assert "runs" in catalog.look(["stamped"]).changed["stamped"]
    assert catalog.runs["stamped"].user_edits == {}


def test_a_change_that_fails_changes_nothing(store: PgStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = there(store, tmp_path, "failed")
    page_file.set_property(folder, "name", "x")
    before = store.page("failed"), store.stamp("failed", "")

    class StoppedError(Exception):
        pass

    def stop() -> None:
        with page_file.changing(folder) as connection:
            connection.execute("DELETE FROM properties")
            raise StoppedError

    with pytest.raises(StoppedError):
        stop()

    def gone(*_: object) -> None:
        raise StoreError(store.shown, "gone")

    assert (store.page("failed"), store.stamp("failed", "")) == before
    monkeypatch.setattr(PgStore, "changing", gone)
    with pytest.raises(PageChangeError, match="gone"):
        page_file.set_property(folder, "name", "y")


def test_a_long_page_is_trimmed(store: PgStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_file, "TRIM_BYTES", 1)
    folder = there(store, tmp_path, "trimmed")
    monkeypatch.setattr(page_file, "_TRIM", ("DELETE FROM commands WHERE id <= (SELECT max(id) - 3 FROM commands)",))
    for number in range(10):
        page_file.set_property(folder, "name", number)
    assert [row[0] for row in store.page("trimmed").commands] == [8, 9, 10]


def test_a_deleted_run_stays_deleted_for_who_sends_it(store: PgStore, tmp_path: Path) -> None:
    """A receiver that knows it, one that does not, and what goes on from it; a copy that is asked for brings it back."""
    path = logdirs.segment_files(log(tmp_path, "gone"))[0]
    segment, whole = logdirs.segment_id(path), behind(path, Arrived())
    knows = Receiver(store.root)
    knows.take("", segment, whole)
    assert knows.arrived("", segment).is_whole
    store.discard("gone")
    assert knows.arrived("", segment) == Arrived()
    for receiver in (knows, Receiver(store.root)):
        with pytest.raises(DeletedError, match="gone was deleted"):
            receiver.take("", segment, whole)
    with pytest.raises(DeletedError, match="gone was deleted"):
        knows.arrived("", segment)
    with tracker.init(logdir=tmp_path, name="gone", resume="must", machine=False) as run:
        run.log({"x": 2.0})
    later = next(each for each in logdirs.segment_files(tmp_path / "gone") if each != path)
    with pytest.raises(DeletedError):
        knows.take("", logdirs.segment_id(later), behind(later, Arrived()))
    with tracker.init(logdir=tmp_path, name="fork", fork="gone", machine=False) as run:
        run.log({"x": 3.0})
    shipped = Shipper(tmp_path, Database(store.engine.url.render_as_string(hide_password=False))).run(once=True)
    assert len(shipped.deleted) == 1
    assert shipped.refused == {}
    assert "gone" not in store.runs()
    assert len(store.segments("fork")) == 3
    store.restore("gone")
    carry(path, store.replica("gone", segment))
    assert knows.arrived("", segment).is_whole
    knows.take("", logdirs.segment_id(later), behind(later, Arrived()))
    assert len(store.segments("gone")) == 2


def test_ranks_that_come_late_do_not_bring_a_deleted_run_back(store: PgStore, tmp_path: Path) -> None:
    write_ranks(tmp_path / "ranks", {"x": np.zeros((2, 3))})
    first, second = logdirs.segment_files(tmp_path / "ranks")
    receiver = Receiver(store.root)
    receiver.take("", logdirs.segment_id(first), behind(first, Arrived()))
    store.discard("ranks")
    with pytest.raises(DeletedError):
        receiver.take("", logdirs.segment_id(second), behind(second, Arrived()))


def test_one_of_a_name_that_is_deleted_again(store: PgStore, tmp_path: Path) -> None:
    for number in range(3):
        there(store, tmp_path / str(number), "again")
        store.discard("again")
    assert {"again", "again~2", "again~3"} <= store.discarded().keys()
    there(store, tmp_path / "last", "again")
    with pytest.raises(PageChangeError, match="again"):
        store.restore("again")
    store.restore("again~3")
    assert "again~3" in store.runs()
    for act in (store.discard, store.restore):
        with pytest.raises(RunNotFoundError):
            act("nobody")


def test_tables_of_the_first_step_are_brought_up_to_date(new_database: Callable[[str], str]) -> None:
    """What was said there before is seen, and has a number of its own."""
    from alembic import command
    from alembic.config import Config

    address = new_database("first step")
    engine = engine_of(sa.make_url(address))
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO properties VALUES ('r', 'name', '\"x\"', 1)")
    engine.dispose()
    with pytest.raises(LogdirError, match="older everystep"):
        tracker.open(address)
    store = opened(address, for_writing=True)
    assert properties(store.root / "r") == {"name": "x"}
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT place FROM pages").all() == [("r",)]
    store.close()


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(["name", "x\0y", "\x1as", "ü"]), st.none() | st.text(max_size=4)),
        st.tuples(st.just("ask"), st.sampled_from(["n1", "n\x1a0"]), st.integers(0, 2)),
    ),
    max_size=8,
)
_numbers = itertools.count()


@settings(max_examples=15, deadline=None)
@given(EDITS)
def test_any_edits_are_as_in_a_folder(store: PgStore, tmp_path_factory: pytest.TempPathFactory, edits: Any) -> None:
    """Whatever characters they are of."""
    folders = store.root / f"edits/{next(_numbers)}", tmp_path_factory.mktemp("edits")
    for kind, key, value in edits:
        for folder in folders:
            if kind == "set":
                page_file.set_property(folder, key, value)
            else:
                page_file.add_command(folder, key, "control:lr", value, None, key)
    ours, theirs = (page_rows.read(folder) for folder in folders)
    assert sorted(row[:2] for row in ours.properties) == sorted(row[:2] for row in theirs.properties)
    assert [row[2:] for row in ours.commands] == [row[2:] for row in theirs.commands]
    assert [row[0] for row in ours.commands if row[5]] == [row[0] for row in theirs.commands if row[5]]


def test_a_run_that_is_copied_again_is_not_the_one_in_the_trash(store: PgStore, tmp_path: Path, address: str) -> None:
    there(store, tmp_path, "twice")
    runs_of = tracker.open(address)
    assert runs_of.run("twice").scalars("loss").value.tolist() == [1.0]
    store.discard("twice")
    with store.engine.begin() as connection:
        old = "(SELECT segment FROM segment WHERE place = '.trash/twice')"
        connection.exec_driver_sql(f"UPDATE state SET status = 'failed' WHERE segment = {old}")
    carry_run(tmp_path / "twice", store, "twice")
    assert runs_of.run("twice").status == "finished"
