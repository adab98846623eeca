"""A server that keeps what arrives in a database: the same runs there, whoever sends, and however many do at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import pytest
import sqlalchemy as sa
from carrying import behind, stores_differ
from every_kind import every_kind
from one_point import log
from served import Served

import tracker
from dashboard import cli
from tests.ship.asked_server import READING, TOKEN, Asking
from tracker import logdir as logdirs
from tracker.errors import DamagedBytesError
from tracker.postgres.opened import PgStore, opened
from tracker.receive.receiver import Receiver
from tracker.ship.database import Database
from tracker.ship.server import Server
from tracker.ship.shipper import Progress, Shipper
from tracker.store.shipment import Arrived


@pytest.fixture
def receive(serve: Callable[..., Served], tmp_path: Path) -> Callable[..., Served]:
    """Starts a server that receives into a database: receive(address)."""
    return lambda address, *more: serve(
        tmp_path / "none", "--logdir", address, "--token", READING, "--receive", "--write-token", TOKEN, *more
    )


def ship(root: Path, served: Served) -> Progress:
    """Ships a logdir, all that is there now."""
    with contextlib.closing(Server(served.base, TOKEN)) as server:
        return Shipper(root, server).run(once=True, wait_s=20)


def test_every_kind_of_value_arrives_through_a_server(
    new_database: Callable[[str], str], receive: Callable[..., Served], logdir: Path
) -> None:
    """Row by row, forks and resumes too, into tables that the server has made; what is sent again changes nothing."""
    every_kind(logdir)
    with tracker.init(logdir=logdir, name="fork", fork="a", step=50, machine=False) as run:
        run.log({"train/loss": -1.0})
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.log({"train/loss": 7.0})
    address = new_database("received")
    served = receive(address)
    for _ in range(2):
        found = ship(logdir, served)
        assert (found.trouble, found.refused, found.done) == (None, {}, found.segments)
        assert stores_differ(logdir, opened(address).root) == []
    assert found.sent == 0
    assert cli.main(["doctor", "--logdir", address]) == 0


def test_projects_are_kept_apart(
    new_database: Callable[[str], str], receive: Callable[..., Served], logdir: Path
) -> None:
    """A token of one neither writes to nor asks about what another has; without one nothing is said."""
    path = logdirs.segment_files(log(logdir, "r"))[0]
    address, segment = new_database("projects"), logdirs.segment_id(path)
    served = receive(address, "--write-token", "team=another-token-to-write-with")
    ship(logdir, served)
    for token, status, cursor in ((TOKEN, 200, True), ("another-token-to-write-with", 200, False), (None, 401, None)):
        with contextlib.closing(Asking(served, token)) as asked:
            found = asked("GET", f"/api/v1/segments/{segment}")
            assert found[0] == status
            assert cursor is None or bool(found[1]["cursor"]) is cursor
    with contextlib.closing(Server(served.base, "another-token-to-write-with")) as server:
        Shipper(logdir, server).run(once=True, wait_s=20)
    assert [run.name for run in tracker.open(address).runs()] == ["r", "team/r"]


def test_machines_that_call_their_run_the_same_have_runs_of_their_own(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    """Also where all of them begin at the same moment, by servers that know nothing of each other."""
    store = opened(new_database("same"), for_writing=True)
    paths = [logdirs.segment_files(log(tmp_path / str(number), "mnist"))[0] for number in range(3)]
    barrier = threading.Barrier(len(paths))
    receivers = [Receiver(store.root) for _ in paths]
    refused: list[Exception] = []

    def send(receiver: Receiver, path: Path) -> None:
        shipment = behind(path, Arrived())
        barrier.wait()
        try:
            receiver.take("", logdirs.segment_id(path), shipment)
        except DamagedBytesError as error:
            refused.append(error)

    threads = [threading.Thread(target=send, args=each) for each in zip(receivers, paths, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert sorted(store.runs()) == ["mnist", "mnist-2", "mnist-3"]
    assert all(len(store.segments(run)) == 1 for run in store.runs())


def test_a_run_that_is_begun_by_another_hand_is_not_joined(store: PgStore, tmp_path: Path) -> None:
    """What was free when somebody looked, and is taken when its first rows come, is another run's."""
    first, second = (logdirs.segment_files(log(tmp_path / name, "taken"))[0] for name in "ab")
    late = store.replica("taken", logdirs.segment_id(second), begins=True)
    store.replica("taken", logdirs.segment_id(first), begins=True).take(behind(first, Arrived()))
    with pytest.raises(DamagedBytesError, match="has just begun"):
        late.take(behind(second, Arrived()))
    assert store.segments("taken") == [logdirs.segment_id(first)]


def test_a_segment_that_lies_there_already_goes_on_there(
    new_database: Callable[[str], str], receive: Callable[..., Served], logdir: Path
) -> None:
    """Sent directly at first, and by a server that had begun before: one run, and no row of it twice."""
    address = new_database("both")
    served = receive(address)
    with tracker.init(logdir=logdir, name="r", machine=False) as run:
        run.log({"x": 1.0}, 0)
        run.flush()
        with contextlib.closing(Database(address)) as database:
            Shipper(logdir, database).run(once=True)
        run.log({"x": 2.0}, 1)
    ship(logdir, served)
    assert stores_differ(logdir, opened(address).root) == []


def test_rows_that_come_twice_are_told_where_the_database_is(new_database: Callable[[str], str], logdir: Path) -> None:
    path = logdirs.segment_files(log(logdir, "r"))[0]
    segment, shipment = logdirs.segment_id(path), behind(path, Arrived())
    with contextlib.closing(Database(new_database("twice"))) as database:
        arrived = database.send(segment, shipment)
        assert arrived.cursor == shipment.upto
        assert database.send(segment, shipment) == arrived == database.arrived(segment)


def test_a_copy_that_a_fork_took_along_is_not_what_it_was_copied_from(
    new_database: Callable[[str], str], logdir: Path
) -> None:
    """It comes before that, and lies beside the fork's own segment; what it was copied from has a run of its own."""
    store = opened(new_database("copies"), for_writing=True)
    original = logdirs.segment_files(log(logdir, "a"))[0]
    with tracker.init(logdir=logdir, name="b", fork="a", machine=False) as run:
        run.log({"x": -1.0})
    segment = logdirs.segment_id(original)
    own, copy = sorted(logdirs.segment_files(logdir / "b"), key=lambda path: path.name == original.name)
    beside = logdirs.segment_id(own)
    receiver = Receiver(store.root)
    receiver.take("", beside, behind(own, Arrived()))
    receiver.take("", segment, behind(copy, Arrived()), beside)
    assert receiver.arrived("", segment) == Arrived()
    receiver.take("", segment, behind(original, Arrived()))
    for receives in (receiver, Receiver(store.root)):
        assert receives.place("", segment) == store.path("a", segment)
    assert stores_differ(logdir, store.root) == []


def test_the_page_says_no_password(
    new_database: Callable[[str], str], receive: Callable[..., Served], logdir: Path
) -> None:
    """Nor do the lists of runs and machines, what the server prints, or the refusal of all that would change something."""
    log(logdir, "r")
    address = sa.make_url(new_database("secret")).set(password="hush").render_as_string(hide_password=False)
    assert "hush" in address
    served = receive(address)
    ship(logdir, served)
    with httpx.Client(base_url=served.base, headers={"authorization": f"Bearer {READING}"}) as asked:
        for path in (
            "/",
            "/api/v1/runs",
            "/api/v1/runs?form=page",
            "/api/v1/senders",
            "/api/v1/shelf",
            "/api/v1/trash",
        ):
            answer = asked.get(path)
            assert answer.status_code == 200
            assert "hush" not in answer.text
        wish = {"runs": ["none"], "key": "note", "value": "said"}
        refused = asked.post("/api/v1/runs/said", json=wish, headers={"origin": served.base})
        assert refused.status_code == 404
        assert "hush" not in refused.text
    served.stop()
    assert "hush" not in "".join(served.lines)
