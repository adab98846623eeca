"""A run that was deleted at the server does not come back by itself; restored, it goes on."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asked_server import TOKEN
from replicas import BIRTH, SEGMENT, Source, a_shipment, stores_differ
from served import Served
from steering import until

import tracker
from dashboard.cli import main as viz
from dashboard.live import trash
from tracker import logdir as logdirs
from tracker.receive.deleted import Deleted
from tracker.receive.receiver import Receiver
from tracker.ship import shipper
from tracker.ship.server import Server
from tracker.ship.shipper import Progress, Shipper
from tracker.store.shipment import Arrived, DeletedError


def log(logdir: Path, *names: str) -> None:
    """Runs of a few points each."""
    for name in names:
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(100):
                run.log({"x": float(step)}, step=step)


def names(root: Path) -> list[str]:
    """Those of the runs that are there."""
    return [name for name, _ in logdirs.run_folders(root)]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same", "restarted"])
def test_what_is_in_the_trash_stays_there_until_it_is_restored(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress], is_restarted: bool) -> None:  # fmt: skip
    """Whoever sends hears so, for each run once, and sends the others."""
    log(logdir, "a", "b/c")
    served = receive()
    ship(served)
    trash.to_trash(there, "a")
    log(logdir, "d")
    if is_restarted:
        served.stop()
        served = receive()
    found = ship(served)
    assert names(there) == ["b/c", "d"]
    assert (found.trouble, found.refused, list(found.deleted)) == (None, {}, [str(logdir / "a")])
    assert "a was deleted here" in found.deleted[str(logdir / "a")]
    trash.from_trash(there, "a")
    if is_restarted:
        served.stop()
        served = receive()
    assert ship(served).deleted == {}
    assert stores_differ(logdir, there) == []


def test_what_was_deleted_for_good_comes_back_by_a_copy_only(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress], capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Also once the trash was emptied by hand. `viz ship --once` has nothing to complain of."""
    log(logdir, "a", "b")
    served = receive()
    ship(served)
    trash.erase(there, "a")
    trash.to_trash(there, "b")
    shutil.rmtree(there / ".trash")
    sending = ["ship", "--logdir", str(logdir), "--to", served.base, "--token", TOKEN, "--once"]
    for _ in range(2):
        assert viz(sending) == 0
        assert "a was deleted here" in capsys.readouterr().err
    assert names(there) == []
    assert viz(["copy", "a", "--logdir", str(logdir), "--to", served.base, "--token", TOKEN]) == 0
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.log({"x": 7.0})
    found = ship(served)
    assert list(found.deleted) == [str(logdir / "b")]
    assert names(there) == ["a"]
    assert len(tracker.open(there).run("a").scalars("x")) == 101


def test_a_live_run_goes_on_once_it_is_restored(logdir: Path, there: Path, receive: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """With the file that the server has open in the trash, and not half in each."""
    monkeypatch.setattr(shipper, "DELETED_S", 0.05)
    served = receive()
    with (
        contextlib.closing(Server(served.base, TOKEN)) as server,
        tracker.init(logdir=logdir, name="a", machine=False) as run,
    ):
        sender = Shipper(logdir, server)
        thread = threading.Thread(target=sender.run)
        thread.start()

        def log_until(condition: Callable[[], object], what: str) -> None:
            def act() -> object:
                run.log({"x": 1.0})
                return condition()

            until(act, what)

        try:
            log_until(lambda: logdirs.segment_files(there / "a"), "nothing arrives")
            for _ in range(3):
                trash.to_trash(there, "a")
                log_until(lambda: sender.progress().deleted, "it is not told")
                assert names(there) == []
                trash.from_trash(there, "a")
                log_until(lambda: not sender.progress().deleted, "it does not go on")
            run.finish()
            until(lambda: sender.progress().done == 1, "not all arrives")
        finally:
            sender.stopped.set()
            thread.join()
    assert stores_differ(logdir, there) == []


def test_what_goes_on_from_a_deleted_run_is_of_it(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress]) -> None:  # fmt: skip
    """Its resumption on the machine would come as half a run. A fork of it is a run of its own, and so is a new one of
    that name."""
    log(logdir, "a")
    served = receive()
    ship(served)
    trash.to_trash(there, "a")
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.log({"x": 7.0})
    with tracker.init(logdir=logdir, name="f", fork="a", machine=False) as run:
        run.log({"x": 8.0})
    found = ship(served)
    assert (list(found.deleted), found.refused) == ([str(logdir / "a")], {})
    assert names(there) == ["f"]
    other = logdir.parent / "other"
    log(other, "a")
    assert ship(served, root=other).deleted == {}
    assert sorted(names(there))[0].startswith("a")
    assert len(names(there)) == 2


def test_a_rank_that_comes_late_brings_no_deleted_run_back(tmp_path: Path, there: Path) -> None:
    """A rank of a training that begins after the deletion does."""
    receiver = Receiver(there)
    taken = itertools.count()

    def take(rank: int, created: float) -> Arrived:
        segment = f"20260101T000000-rank{rank}-0123abcd"
        source = Source(tmp_path / f"node{next(taken)}", replace(BIRTH, segment=segment, rank=rank, created=created))
        source.commit(("points", "loss", 10))
        source.close()
        return receiver.take("", segment, source.behind(Arrived()))

    take(0, 1.7e9)
    trash.to_trash(there, "a")
    for _ in range(2):
        with pytest.raises(DeletedError, match="a was deleted here"):
            take(1, 1.7e9 + 1)
        assert names(there) == []
        receiver.close()
        receiver = Receiver(there)
    take(2, 4e9)
    assert len(names(there)) == 1
    receiver.close()


def test_projects_know_nothing_of_what_others_deleted(tmp_path: Path, there: Path) -> None:
    """The same segment of two projects is two."""
    receiver = Receiver(there)
    shipment = a_shipment(tmp_path / "source")
    receiver.take("p", SEGMENT, shipment)
    trash.to_trash(there, "p/a")
    with pytest.raises(DeletedError, match="p/a was deleted here"):
        receiver.take("p", SEGMENT, shipment)
    assert receiver.arrived("q", SEGMENT) == Arrived()
    assert receiver.take("q", SEGMENT, shipment).cursor == shipment.upto
    receiver.close()


def test_runs_that_were_logged_here_leave_no_note(logdir: Path) -> None:
    """Nobody sends them."""
    log(logdir, "a")
    trash.to_trash(logdir, "a")
    assert not (logdir / logdirs.DELETED_FILE).exists()


def test_notes_may_hold_anything(tmp_path: Path) -> None:
    """What is none is passed over; a note that was stopped spoils no other."""
    good = {"run": "a", "segment": SEGMENT, "of": "a", "is_rank": True, "deleted": 1.0}
    odd = [
        *({**good, "run": run} for run in ("../x", "/x", 1, None, "", "a/../b", logdirs.DELETED_FILE)),
        *({**good, "segment": segment} for segment in ("..", 1, None, {})),
        {**good, "deleted": "x"}, {**good, "deleted": None}, {}, [], 1, "x", {"run": "a"},
    ]  # fmt: skip
    path = tmp_path / logdirs.DELETED_FILE
    path.write_bytes(
        b"".join(f"{json.dumps(each)}\n".encode() for each in odd) + b'{"run": "a", "seg\xff\n[' + b"[" * 9999
    )
    assert Deleted(tmp_path).restored(SEGMENT) is None
    with path.open("ab") as file:
        file.write(f"\n{json.dumps(good)}\n".encode())
    with pytest.raises(DeletedError):
        Deleted(tmp_path).restored(SEGMENT)
    assert Deleted(tmp_path, "p").restored(SEGMENT) is None
