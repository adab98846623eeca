"""What sending runs to a server costs and gives: throughput, log() to drawn, ten thousand ranks, the training's step.

    python benchmarks/ship.py [--only finished,live,ranks,postgres,step] [--points 10000000] [--ranks 10000] [--seconds 20] [--pairs 240]

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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402  # found on the path set above
import numpy.typing as npt  # noqa: E402
import postgres_cluster  # noqa: E402
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
BLOCK_S = 0.25

FloatArray: TypeAlias = npt.NDArray[np.float64]

rows: list[list[str]] = []


def main() -> None:
    """Measures what is asked for and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--points", type=int, default=10_000_000, help="of the finished run")
    parser.add_argument("--ranks", type=int, default=10_000, help="that send to one server")
    parser.add_argument("--seconds", type=float, default=20, help="of the live measurement")
    parser.add_argument(
        "--pairs",
        type=int,
        default=240,
        help="of blocks of a training, with its sender and without, of a quarter of a second each",
    )
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
def receiving(folder: Path, database: str | None = None) -> Iterator[Served]:
    """A server that receives into a folder below, or into a database."""
    there = folder / "server" / "runs"
    there.mkdir(parents=True, exist_ok=True)
    elsewhere = [] if database is None else ["--logdir", database]
    served = start_viz(there, *elsewhere, "--no-token", "--receive", "--write-token", TOKEN)
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


def ranks(folder: Path, arguments: argparse.Namespace, database: str | None = None) -> None:
    """Many ranks of one run on some machines, all sending to one server."""
    template = finished_run(folder / "template", "a", TAGS, RANK_POINTS)
    share = -(-arguments.ranks // NODES)
    nodes = [folder / f"node{number}" for number in range(NODES)]
    for number, node in enumerate(nodes):
        ranks_of(template, node, range(number * share, min(arguments.ranks, (number + 1) * share)))
    with contextlib.closing(sqlite3.connect(template)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM scalars").fetchone()
    with receiving(folder, database) as served:
        began = time.perf_counter()
        sending = [shipper(node, served.base, "--once") for node in nodes]
        failed = sum(each.wait() != 0 for each in sending)
        took = time.perf_counter() - began
        peak = peak_mib(served.process.pid)
        arrived = len(tracker.open(database or served.logdir).run("large").segments())
    points = arrived * TAGS * RANK_POINTS
    where = "a folder" if database is None else "PostgreSQL"
    add(f"{arguments.ranks:,} ranks on {NODES} machines: arrived in {where}", f"{arrived:,} in {took:,.0f} s", f"{arguments.ranks:,}", "met" if arrived == arguments.ranks and not failed else "NOT MET")  # fmt: skip
    add("  of that", f"{arrived / took:,.0f} segments/s, {arrived * stored / took:,.0f} rows/s, {points / took:,.0f} points/s")  # fmt: skip
    add("  the server at most", f"{peak:,.0f} MiB", "≤ 1,024 MiB", report.verdict(peak, 1024))


def ranks_into_postgres(folder: Path, arguments: argparse.Namespace) -> None:
    """The same, but the server puts them into a database."""
    with postgres() as address:
        ranks(folder, arguments, address)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """An empty database."""
    if postgres_cluster.URL is not None:
        yield postgres_cluster.URL
        return
    with postgres_cluster.cluster() as cluster:
        yield cluster.url("postgres")


def step(folder: Path, arguments: argparse.Namespace) -> None:
    """A training's step with a server that answers, one that is not there, and one that never answers.

    The training goes on while its sender, and with it the server, is held back and let go in turns: neighbouring blocks
    of steps are a pair. What was not sent in one block is sent in the next, so that a pair costs twice what it would.
    """
    with (
        receiving(folder) as served,
        socket.create_server(("127.0.0.1", 0), backlog=1) as hole,
        socket.socket() as gone,
    ):
        gone.bind(("127.0.0.1", 0))
        addresses = {
            "up": served.base, "down": f"http://127.0.0.1:{gone.getsockname()[1]}",
            "black-holed": f"http://127.0.0.1:{hole.getsockname()[1]}",
        }  # fmt: skip
        for name, address in addresses.items():
            environment = {
                **os.environ, "VIZ_SERVER": address, "VIZ_WRITE_TOKEN": TOKEN, "PYTHONPATH": str(ROOT),
                "OPENBLAS_NUM_THREADS": "1",
            }  # fmt: skip
            seconds = 2 * BLOCK_S * arguments.pairs
            words = [sys.executable, __file__, "--task", str(folder / name), str(seconds + 3)]
            with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as training:
                until_sending(folder / name)
                others = [*senders(folder / name), *([served.process.pid] if name == "up" else [])]
                blocks = list(held_in_turns(others, arguments.pairs))
                assert training.stdout is not None
                began, took = np.array(json.loads(training.stdout.read().splitlines()[-1])).T
            for pid in senders(folder / name):
                os.kill(pid, signal.SIGTERM)
            # A step that takes thrice as long as others waits for more than a sender can take of two cores.
            took = np.minimum(took, 3 * np.median(took))
            means = np.array([took[(began >= first) & (began + took <= last)].mean() for first, last in blocks])
            free, held = means.reshape(-1, 4)[:, [0, 3]].mean(1), means.reshape(-1, 4)[:, [1, 2]].mean(1)
            add_cost(name, held, free / held - 1)


def add_cost(name: str, held: FloatArray, more: FloatArray) -> None:
    """A line of how much longer steps take, and how sure that is."""
    draws = np.random.default_rng(0).choice(more, (2_000, len(more))).mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    what = f"training step ({held.mean() * 1e3:.2f} ms), server {name}, mean of {2 * len(more)} pairs of {BLOCK_S:g} s"
    verdict = (
        "met" if high <= 0.005 else "NOT MET" if low > 0.005 else report.verdict(more.mean(), 0.005) + ", not surely"
    )
    add(what, f"{more.mean():+.2%} ({low:+.2%} to {high:+.2%})", "≤ 0.5 %", verdict)


def held_in_turns(pids: list[int], pairs: int) -> Iterator[tuple[float, float]]:
    """Begins and ends of blocks, in which these processes go on, are held, are held and go on."""
    for number in range(2 * pairs):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP if number % 4 in (1, 2) else signal.SIGCONT)
        began = time.perf_counter()
        time.sleep(BLOCK_S)
        yield began, time.perf_counter()
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def until_sending(logdir: Path) -> None:
    """Returns when a training's sender works."""
    end = time.monotonic() + 60
    while not senders(logdir):
        if time.monotonic() > end:
            raise SystemExit("the training began no sender")
        time.sleep(0.1)
    time.sleep(2.0)  # it has begun


def senders(logdir: Path) -> list[int]:
    """Those that trainings began, of which some wait for a server for ever."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"tracker.ship" in words and any(word.startswith(os.fsencode(logdir)) for word in words):
                found.append(int(entry.name))
    return found


def train(logdir: str, seconds: str) -> list[tuple[float, float]]:
    """A training of matrix products that logs ten numbers a step; when its steps begin, and how long they take."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(256, 256))
    run = tracker.init(logdir=logdir, name="a", machine=False)
    took: list[tuple[float, float]] = []
    end = time.perf_counter() + float(seconds) + 5
    while time.perf_counter() < end:
        began = time.perf_counter()
        for _ in range(4):
            weights = np.tanh(weights @ weights.T / 256)
        run.log({f"train/m{tag}": float(weights[tag, tag]) for tag in range(TAGS)}, step=len(took))
        took.append((began, time.perf_counter() - began))
    run.finish()
    return took


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "finished": finished, "live": live, "ranks": ranks, "postgres": ranks_into_postgres, "step": step,
}  # fmt: skip

if __name__ == "__main__":
    main()
