"""A training, a shipper, a network and a server, all but the first cut at random moments; what must be true at the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from conftest import TOKEN
from cutting_proxy import CuttingProxy
from replicas import stores_differ
from served import Served

import tracker
from tracker import doctor
from tracker.ship.server import Server
from tracker.ship.shipper import Shipper

ROOT = Path(__file__).resolve().parents[2]

SHIPPER = """
import sys
from pathlib import Path
from tracker.ship import shipper
from tracker.ship.server import Server
shipper.FIRST_PAUSE_S, shipper.LONGEST_PAUSE_S = 0.01, 0.05
server = Server(sys.argv[2], sys.argv[3])
print("begun", flush=True)
shipper.Shipper(Path(sys.argv[1]), server).run()
"""


class Told(NamedTuple):
    """How often what was cut."""

    network: int
    shippers: int
    servers: int
    segments: int

    def __str__(self) -> str:
        return f"{self.network:,} connections cut, {self.shippers:,} kills of the shipper and {self.servers:,} of the server, {self.segments} segments"


def shipping(logdir: Path, address: str) -> subprocess.Popen[str]:
    """A shipper, in a process of its own."""
    words = [sys.executable, "-c", SHIPPER, str(logdir), address, TOKEN]
    begun = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert begun.stdout is not None
    assert begun.stdout.readline() == "begun\n"
    return begun


def killed(process: subprocess.Popen[str]) -> None:
    """Ends it at once."""
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


def play(logdir: Path, there: Path, receive: Callable[..., Served], cuts: int, seed: int) -> Told:
    """Cuts so many times, and lets it come to its end; then both stores are equal."""
    chance = random.Random(seed)
    served = receive()
    port = served.base.rpartition(":")[2]
    proxy = CuttingProxy(int(port), seed)
    address = f"http://127.0.0.1:{proxy.port}"
    shipper = shipping(logdir, address)
    kills = servers = step = 0
    runs = [tracker.init(logdir=logdir, name=name, machine=False) for name in ("a", "b/c")]
    while proxy.cuts + kills + servers < cuts:
        for run in runs:
            for _ in range(chance.choice([1, 40, 700])):
                run.log({"x": float(step), "y": -step}, step=step)
                step += 1
            run.log({"w": tracker.Histogram(np.arange(step % 50 + 1)), "t": tracker.Text("w" * (step % 3_000))}, step=step)
            assert run.flush()
        what = chance.random()
        if what < 0.1:
            killed(shipper)
            kills += 1
            shipper = shipping(logdir, address)
        elif what < 0.2:
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait(20)
            servers += 1
            served = receive("--port", port)
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
    found = Shipper(logdir, Server(address, TOKEN)).run(once=True, wait_s=30)
    proxy.close()
    assert (found.trouble, found.refused) == (None, {})
    assert stores_differ(logdir, there) == []
    assert doctor.examine(there).is_healthy
    return Told(proxy.cuts, kills, servers, found.segments)
