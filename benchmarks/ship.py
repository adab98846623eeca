"""What sending runs to a server costs and gives: throughput, log() to drawn, ten thousand ranks, the training's step.

    python benchmarks/ship.py [--only finished,live,ranks,step] [--points 10000000] [--ranks 10000] [--seconds 20] [--steps 2000]

Prints one table with bars. Server, shippers and trainings are processes of their own on this machine; data are made in a
temporary folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402  # found on the path set above
import report  # noqa: E402
from served import Served, start_viz  # noqa: E402

import tracker  # noqa: E402
from tracker import logdir as logdirs  # noqa: E402
from tracker.series import checksums  # noqa: E402
from tracker.series.stretch import Points  # noqa: E402
from tracker.store import columns  # noqa: E402
from tracker.store.read.liveness import this_process  # noqa: E402
from tracker.store.write.appender import Appender, Birth  # noqa: E402

TOKEN = "a-token-to-write-with"
NODES = 4
TAGS, RANK_POINTS = 10, 100
ROUNDS = 5

rows: list[list[str]] = []


def main() -> None:
    """Measures what is asked for and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--points", type=int, default=10_000_000, help="of the finished run")
    parser.add_argument("--ranks", type=int, default=10_000, help="that send to one server")
    parser.add_argument("--seconds", type=float, default=20, help="of the live measurement")
    parser.add_argument("--steps", type=int, default=2_000, help="of each training")
    parser.add_argument("--task", nargs="+")
    arguments = parser.parse_args()
    if arguments.task:
        print(json.dumps(train(*arguments.task)))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        for name in arguments.only.split(","):
            place = Path(folder) / name
            place.mkdir()
            PARTS[name](place, arguments)
            shutil.rmtree(place)
    report.show(f"ship and receive, {report.machine()}", rows, ("figure", "measured", "bar", ""))


def add(name: str, measured: str, bar: str = "", verdict: str = "") -> None:
    """One line of the table."""
    rows.append([name, measured, bar, verdict])
    print("  ".join(rows[-1]).rstrip(), flush=True)


@contextlib.contextmanager
def receiving(folder: Path) -> Iterator[Served]:
    """A server that receives into a folder below."""
    there = folder / "server" / "runs"
    there.mkdir(parents=True, exist_ok=True)
    served = start_viz(there, "--no-token", "--receive", "--write-token", TOKEN)
    try:
        yield served
    finally:
        served.stop()


def shipper(logdir: Path, address: str, *options: str) -> subprocess.Popen[bytes]:
    """`viz ship`, as users start it."""
    words = [sys.executable, "-m", "dashboard", "ship", "--logdir", str(logdir), "--to", address, "--token", TOKEN]
    return subprocess.Popen([*words, *options], cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip


def peak_mib(pid: int) -> float:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


# --- what is sent ----------------------------------------------------------------------------------------------


def birth(segment: str, run: str, rank: int | None = None) -> Birth:
    """What a segment says of itself."""
    return Birth(
        segment=segment, run=run, parent=None, fork_step=None, reason="start", rank=rank, created=time.time(),
        writer=this_process(), library="benchmark", group=None, tags=(), notes="", config={"lr": 0.1}, environment={},
    )  # fmt: skip


def finished_run(logdir: Path, run: str, tags: int, points: int) -> Path:
    """A run of noise that has ended; its file."""
    segment = logdirs.new_segment_id(time.time())
    path = logdirs.segment_path(logdir / run, segment)
    path.parent.mkdir(parents=True)
    appender = Appender(path, birth(segment, run))
    rng = np.random.default_rng(0)
    names = [("scalar", f"train/m{number}") for number in range(tags)]
    per_commit = 50_000
    for first in range(0, points, per_commit):
        step = np.arange(first, min(points, first + per_commit))
        with appender.transaction() as transaction:
            transaction.add_series(names)
            transaction.add_scalars(
                (number, Points(step, 1.7e9 + step * 0.05, rng.normal(size=len(step)))) for number in range(1, tags + 1)
            )
    with appender.transaction(durable=True) as transaction:
        transaction.fold_tails()
        transaction.set_state(status="finished", ended=time.time())
    appender.fold_away()
    appender.close()
    return path


def ranks_of(template: Path, logdir: Path, numbers: range) -> None:
    """Segments of ranks of one run, made of another's file."""
    folder = logdir / "large"
    folder.mkdir(parents=True)
    now = time.time()
    for rank in numbers:
        segment = logdirs.new_segment_id(now, rank)
        path = logdirs.segment_path(folder, segment)
        shutil.copyfile(template, path)
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            row = list(connection.execute(f"SELECT {', '.join(columns.SEGMENT)} FROM segment").fetchone())
            row[columns.SEGMENT.index("id")], row[columns.SEGMENT.index("rank")] = segment, rank
            row[columns.SEGMENT.index("run")] = "large"
            said = checksums.with_checksum(tuple(row[:-1]))
            connection.execute(f"UPDATE segment SET {'=?, '.join(columns.SEGMENT)}=?", said)


# --- what is measured ------------------------------------------------------------------------------------------


def finished(folder: Path, arguments: argparse.Namespace) -> None:
    """A finished run, beside the copy of its file."""
    path = finished_run(folder / "here", "a", TAGS, arguments.points // TAGS)
    size = path.stat().st_size / 2**20
    began = time.perf_counter()
    with open(path, "rb") as source, open(folder / "copy", "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())
    copied = time.perf_counter() - began
    with receiving(folder) as served:
        began = time.perf_counter()
        shipper(folder / "here", served.base, "--once").wait()
        took = time.perf_counter() - began
        peak = peak_mib(served.process.pid)
    (arrived,) = (folder / "server").rglob("events.*.sqlite")
    with contextlib.closing(sqlite3.connect(arrived)) as connection:
        found = connection.execute("SELECT sum(count) FROM scalars WHERE level=0").fetchone()[0]
    rate = found / took
    what = f"finished run of {found:,} points ({size:,.0f} MiB)"
    add(f"{what}: copy of the file, synced", f"{found / copied / 1e6:,.1f} M points/s")
    add(f"{what}: shipped to a folder, start of viz ship included", f"{rate / 1e6:,.2f} M points/s", "≥ 2 M", report.verdict(rate, 2e6, at_least=True))  # fmt: skip
    add("  the server at most", f"{peak:,.0f} MiB", "≤ 200 MiB", report.verdict(peak, 200))


def live(folder: Path, arguments: argparse.Namespace) -> None:
    """log() to drawn, through a shipper and a server on loopback."""
    from curves_page import browser, trained, until  # Chromium, which the other parts do not need

    logdir = folder / "here"
    logdir.mkdir()
    with receiving(folder) as served, trained(logdir, ["a"], 1, 4.0):
        sending = shipper(logdir, served.base)
        try:
            with browser() as page:
                page.goto(served.base)
                until(page, "window.viz && viz.ready && viz.latency().n > 20", 120)
                time.sleep(4)
                page.evaluate("viz.forgetLatency()")
                time.sleep(arguments.seconds)
                found = page.evaluate("viz.latency()")
        finally:
            sending.terminate()
            sending.wait()
    for name, bar in (("p50", 150), ("p95", 400)):
        add(f"log() to drawn through ship and receive, 1 run, 4 Hz, {name} (n = {found['n']})", f"{found[name]:.0f} ms", f"≤ {bar} ms", report.verdict(found[name], bar))  # fmt: skip


def ranks(folder: Path, arguments: argparse.Namespace) -> None:
    """Many ranks of one run on some machines, all sending to one server."""
    template = finished_run(folder / "template", "a", TAGS, RANK_POINTS)
    share = -(-arguments.ranks // NODES)
    nodes = [folder / f"node{number}" for number in range(NODES)]
    for number, node in enumerate(nodes):
        ranks_of(template, node, range(number * share, min(arguments.ranks, (number + 1) * share)))
    with contextlib.closing(sqlite3.connect(template)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM scalars").fetchone()
    with receiving(folder) as served:
        began = time.perf_counter()
        sending = [shipper(node, served.base, "--once") for node in nodes]
        failed = sum(each.wait() != 0 for each in sending)
        took = time.perf_counter() - began
        peak = peak_mib(served.process.pid)
    arrived = len(list((folder / "server").rglob("events.*.sqlite")))
    points = arrived * TAGS * RANK_POINTS
    add(f"{arguments.ranks:,} ranks on {NODES} machines: arrived", f"{arrived:,} in {took:,.0f} s", f"{arguments.ranks:,}", "met" if arrived == arguments.ranks and not failed else "NOT MET")  # fmt: skip
    add("  to a folder", f"{arrived / took:,.0f} segments/s, {arrived * stored / took:,.0f} rows/s, {points / took:,.0f} points/s")  # fmt: skip
    add("  the server at most", f"{peak:,.0f} MiB", "≤ 1,024 MiB", report.verdict(peak, 1024))


def step(folder: Path, arguments: argparse.Namespace) -> None:
    """A training's step with a server that answers, one that is not there, and one that never answers; paired with none."""
    found: dict[str, list[float]] = {}
    with (
        receiving(folder) as served,
        socket.create_server(("127.0.0.1", 0), backlog=1) as hole,
        socket.socket() as gone,
    ):
        gone.bind(("127.0.0.1", 0))
        addresses = {
            "none": "", "up": served.base, "down": f"http://127.0.0.1:{gone.getsockname()[1]}",
            "black-holed": f"http://127.0.0.1:{hole.getsockname()[1]}",
        }  # fmt: skip
        for number in range(ROUNDS):
            order = list(addresses)[number % len(addresses) :] + list(addresses)[: number % len(addresses)]
            for name in order:
                environment = {
                    **os.environ,
                    "VIZ_SERVER": addresses[name],
                    "VIZ_WRITE_TOKEN": TOKEN,
                    "PYTHONPATH": str(ROOT),
                }
                words = [sys.executable, __file__, "--task", str(folder / f"{name}{number}"), str(arguments.steps)]
                done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
                found.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1])["median"])
        end_senders(folder)
    for name in ("up", "down", "black-holed"):
        ratios = [ours / none - 1 for ours, none in zip(found[name], found["none"], strict=True)]
        more = statistics.median(ratios) * 100
        add(f"training step ({statistics.median(found['none']) * 1e3:.2f} ms), server {name}, to none, median of {ROUNDS} pairs", f"{more:+.2f} %", "≤ 0.5 %", report.verdict(more, 0.5))  # fmt: skip


def end_senders(folder: Path) -> None:
    """Ends those that trainings began, of which some wait for a server for ever."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"tracker.ship" in words and any(word.startswith(os.fsencode(folder)) for word in words):
                os.kill(int(entry.name), signal.SIGTERM)


def train(logdir: str, steps: str) -> dict[str, Any]:
    """A training of matrix products that logs ten numbers a step; how long its steps take."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(256, 256))
    run = tracker.init(logdir=logdir, name="a", machine=False)
    took = []
    for number in range(int(steps)):
        began = time.perf_counter()
        for _ in range(4):
            weights = np.tanh(weights @ weights.T / 256)
        run.log({f"train/m{tag}": float(weights[tag, tag]) for tag in range(TAGS)}, step=number)
        took.append(time.perf_counter() - began)
    run.finish()
    return {"median": statistics.median(took)}


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "finished": finished, "live": live, "ranks": ranks, "step": step,
}  # fmt: skip

if __name__ == "__main__":
    main()
