"""A training, a shipper, a network and a server, all but the first cut at random moments; what must be true at the end."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import preload
from asked_server import TOKEN
from cutting_proxy import CuttingProxy
from held_port import held_port
from replicas import stores_differ
from served import Served

import tracker
from tracker import doctor
from tracker.ship import shipper as shippers
from tracker.ship.server import Server
from tracker.ship.shipper import Shipper


class Told(NamedTuple):
    """How often what was cut."""

    network: int
    shippers: int
    servers: int
    segments: int

    def __str__(self) -> str:
        return f"{self.network:,} connections cut, {self.shippers:,} kills of the shipper and {self.servers:,} of the server, {self.segments} segments"


def ship_for_ever(logdir: str, address: str) -> None:
    """A shipper that does not rest for long."""
    shippers.FIRST_PAUSE_S, shippers.LONGEST_PAUSE_S = 0.01, 0.05
    Shipper(Path(logdir), Server(address, TOKEN)).run()


def shipping(logdir: Path, address: str) -> Any:
    """A shipper, in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload.WRITER, "tracker.ship.shipper", "tracker.store.write.page_file"])
    begun = context.Process(target=ship_for_ever, args=(str(logdir), address))
    begun.start()
    return begun


def killed(process: Any) -> None:
    """Ends it at once."""
    process.kill()
    process.join()


def play(logdir: Path, there: Path, receive: Callable[..., Served], cuts: int, seed: int) -> Told:
    """Cuts so many times, and lets it come to its end; then both stores are equal."""
    with held_port() as port:
        return _played(logdir, there, lambda: receive("--port", str(port)), CuttingProxy(port, seed), cuts, seed)


def _played(
    logdir: Path, there: Path, receive: Callable[[], Served], proxy: CuttingProxy, cuts: int, seed: int
) -> Told:
    chance = random.Random(seed)
    served = receive()
    address = f"http://127.0.0.1:{proxy.port}"
    shipper = shipping(logdir, address)
    kills = servers = step = 0
    runs = [tracker.init(logdir=logdir, name=name, machine=False) for name in ("a", "b/c")]
    while proxy.cuts + kills + servers < cuts:
        for run in runs:
            for _ in range(chance.choice([1, 40, 700])):
                run.log({"x": float(step), "y": -step}, step=step)
                step += 1
            run.log(
                {"w": tracker.Histogram(np.arange(step % 50 + 1)), "t": tracker.Text("w" * (step % 3_000))}, step=step
            )
            assert run.flush(60)
        what = chance.random()
        if what < 0.05:
            killed(shipper)
            kills += 1
            shipper = shipping(logdir, address)
        elif what < 0.08:
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait(60)
            servers += 1
            served = receive()
        elif what < 0.5:
            proxy.repeat()
        else:
            time.sleep(chance.choice([0.0, 0.01, 0.05]))
        if chance.random() < 0.1:
            runs[0].finish()
            runs[0] = tracker.init(logdir=logdir, name="a", resume="must", machine=False)
    for run in runs:
        run.finish()
    killed(shipper)
    proxy.is_kind = True
    with contextlib.closing(Server(address, TOKEN)) as server:
        found = Shipper(logdir, server).run(once=True, wait_s=60)
    proxy.close()
    assert (found.trouble, found.refused) == (None, {})
    assert stores_differ(logdir, there) == []
    assert doctor.examine(there).is_healthy
    return Told(proxy.cuts, kills, servers, found.segments)
