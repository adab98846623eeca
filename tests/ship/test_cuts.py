"""Networks that break, servers and shippers that are killed, disks that fill: at the end the stores are equal."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from asked_server import TOKEN
from cut_shipping import play
from held_port import held_port
from replicas import stores_differ
from served import Served

import tracker
from tracker import logdir as logdirs
from tracker.ship.server import Server
from tracker.ship.shipper import Progress, Shipper
from tracker.ship.tail import Tail
from tracker.store.read import copied


@pytest.mark.weather
def test_a_dozen_cuts_and_the_stores_are_equal(logdir: Path, there: Path, receive: Callable[..., Served], figure: Callable[[str], None]) -> None:  # fmt: skip
    """Row by row: resets, half of a request, answers that are not heard, batches that come twice and late, kills."""
    figure(f"shipping: {play(logdir, there, receive, 12, seed=3)}; equal row by row")


@pytest.mark.weather
@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_a_thousand_cuts(logdir: Path, there: Path, receive: Callable[..., Served], figure: Callable[[str], None]) -> None:  # fmt: skip
    """The same, for longer; `EVERYSTEP_CUTS` says how many."""
    cuts = int(os.environ.get("EVERYSTEP_CUTS", "1000"))
    figure(f"shipping: {play(logdir, there, receive, cuts, seed=1_000)}; equal row by row")


@pytest.mark.weather
def test_a_server_whose_disk_is_full_takes_all_once_there_is_room(logdir: Path, there: Path, receive: Callable[..., Served]) -> None:  # fmt: skip
    """It says so, nothing of it is half there, and the shipper comes again. The disk is a limit on the size of files."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3_000):
            run.log({"x": step * 0.1}, step=step)
        run.log({"t": tracker.Text("w")}, step=1)
    served = receive()
    hard = resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (8192, hard))
    told: list[Progress] = []

    def free(progress: Progress) -> None:
        told.append(progress)
        if progress.trouble is not None:
            resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    with contextlib.closing(Server(served.base, TOKEN)) as server:
        found = Shipper(logdir, server, free).run(once=True, wait_s=30)
    assert "cannot be stored here at the moment" in str(told[0].trouble)
    assert (found.trouble, found.done) == (None, 1)
    assert stores_differ(logdir, there) == []


@pytest.mark.weather
def test_a_power_cut_takes_back_what_was_only_in_memory(logdir: Path, there: Path, tmp_path: Path, receive: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Rows behind which others come are acknowledged before they are on the disk: the sender goes on where the file is."""
    for name in ("FIRST_BYTES", "MOST_BYTES"):
        monkeypatch.setattr(f"tracker.ship.tail.{name}", 1_000)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3_000):
            run.log({"x": step * 0.1}, step=step)
    (path,) = logdirs.segment_files(logdir / "a")
    tail = Tail(path)
    tail.origin = copied.origin_of(path)
    with held_port() as port, contextlib.closing(Server(f"http://127.0.0.1:{port}", TOKEN)) as server:
        served = receive("--port", str(port))
        tail.send(server)
        served.process.kill()
        served.process.wait()
        shutil.copytree(there, tmp_path / "on the disk")
        served = receive("--port", str(port))
        before = tail.behind
        tail.send(server)
        assert tail.behind < before
        served.process.kill()
        served.process.wait()
        shutil.rmtree(there)
        shutil.copytree(tmp_path / "on the disk", there)
        receive("--port", str(port))
        assert tail.send(server) >= 0
        assert tail.behind == before
        while not tail.is_done:
            tail.send(server)
    assert stores_differ(logdir, there) == []
