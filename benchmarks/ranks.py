"""A run of many ranks: how soon its page is there, first and again, and how soon and how rightly a slow rank is named.

    python benchmarks/ranks.py [--only page,delay,alarms] [--ranks 1000] [--points 1000] [--runs 100]

Prints one table with bars. The server is a process of its own; data are made in a temporary folder, noise and slow ranks
as arrays.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402  # found on the path set above
import rank_noise  # noqa: E402
import report  # noqa: E402
from ranked_run import BEGAN, write_rank, write_ranks  # noqa: E402
from served import Served, start_viz  # noqa: E402

import tracker  # noqa: E402
from tracker.findings.outlying_ranks import outliers  # noqa: E402
from tracker.series.stretch import Points  # noqa: E402

KINDS = {**rank_noise.INDEPENDENT, **rank_noise.REMEMBERING}
SIZES = ((2, 5.0), (8, 4.0), (16, 3.0), (64, 2.5), (1000, 2.5))
"""Ranks, and how many times as slow the slow one is."""

STEPS = 300
SETTLE_S = 3.0

rows: list[list[str]] = []


def main() -> None:
    """Measures what is asked for and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="page,delay,alarms")
    parser.add_argument("--ranks", type=int, default=1_000, help="of the run that is shown")
    parser.add_argument("--points", type=int, default=1_000, help="of each of them, and of each of its two tags")
    parser.add_argument("--runs", type=int, default=100, help="of each kind of noise and number of ranks")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        for name in arguments.only.split(","):
            PARTS[name](Path(folder) / name, arguments)
            shutil.rmtree(Path(folder) / name, ignore_errors=True)
    report.show(f"ranks, {report.machine()}", rows, ("figure", "measured", "bar", ""))


def add(name: str, measured: str, bar: str = "", verdict: str = "") -> None:
    """One line of the table."""
    rows.append([name, measured, bar, verdict])
    print("  ".join(rows[-1]).rstrip(), flush=True)


def page(folder: Path, arguments: argparse.Namespace) -> None:
    """What the page Ranks asks: of a run that nobody has looked at, again, of another tag, once one rank went on."""
    random = np.random.default_rng(0)
    shape = arguments.ranks, arguments.points
    run = folder / "runs" / "many"
    write_ranks(run, {"time/step": np.exp(0.1 * random.normal(size=shape)), "loss": random.normal(size=shape)})
    served = start_viz(folder / "runs", "--no-token")
    try:
        until_listed(served, arguments.ranks)
        what = f"page of {arguments.ranks:,} ranks x {arguments.points:,} points"
        for name, tag, bar in (("first", "time/step", 1.0), ("again", "time/step", 0.3), ("another tag", "loss", 1.0)):
            took = asked(served, tag)
            add(f"{what}, {name}", f"{took:.2f} s", f"{bar} s", report.verdict(took, bar))
        for path in run.glob("events.s7.*"):
            path.unlink()
        steps = np.arange(arguments.points + 10)
        values = np.ones(len(steps))
        write_rank(run, 7, {tag: Points.of(steps, BEGAN + 0.2 * steps, values) for tag in ("time/step", "loss")})
        time.sleep(SETTLE_S)
        took = asked(served, "time/step")
        add(f"{what}, one rank went on", f"{took:.2f} s", "0.3 s", report.verdict(took, 0.3))
    finally:
        served.stop()
    began = time.perf_counter()
    tracker.open(folder / "runs").run("many").findings()
    add(f"findings of {arguments.ranks:,} ranks", f"{time.perf_counter() - began:.2f} s")


def until_listed(served: Served, ranks: int) -> None:
    """Waits until the server knows all files of the run, and rests."""
    while f'"ranks":{ranks}' not in fetched(served, "/api/v1/runs").decode().replace(" ", ""):
        time.sleep(0.1)
    time.sleep(SETTLE_S)


def asked(served: Served, tag: str) -> float:
    """Seconds that an answer to the page's question takes."""
    words = urllib.parse.urlencode({"run": "many", "tag": tag, "columns": 1000})
    began = time.perf_counter()
    fetched(served, f"/api/v1/ranks?{words}")
    return time.perf_counter() - began


def fetched(served: Served, path: str) -> bytes:
    """What is answered."""
    with urllib.request.urlopen(f"{served.base}{path}") as answer:
        return bytes(answer.read())


def delay(_: Path, arguments: argparse.Namespace) -> None:
    """The steps of a slow rank until it is named, by kind of noise and number of ranks."""
    for kind, made in KINDS.items():
        for ranks, times in SIZES:
            random = np.random.default_rng(1)
            found: list[float] = []
            for _ in range(max(3, arguments.runs // 10)):
                values = made(random, (ranks, STEPS))
                rank, began = int(random.integers(1, ranks)), int(random.integers(60, STEPS - 60))
                values[rank, began:] *= times
                found.append(next(steps_until(values, rank, began), np.inf))
            late = max(found)
            said = f"{statistics.median(found):.0f} steps, {late:.0f} at most"
            add(f"{times:g} times as slow, 1 of {ranks:,}, {kind}", said, "10", report.verdict(late, 10))


def steps_until(values: rank_noise.Values, rank: int, began: int) -> Iterator[float]:
    """After how many slow steps it is named."""
    for steps in range(5, 51):
        if any(each.row == rank for each in outliers(values[:, : began + steps])):
            yield steps


def alarms(_: Path, arguments: argparse.Namespace) -> None:
    """Runs in which somebody is named although nothing is wrong."""
    for kind, made in KINDS.items():
        for ranks, _ in SIZES:
            random = np.random.default_rng(2)
            count = sum(bool([*outliers(made(random, (ranks, STEPS)))]) for _ in range(arguments.runs))
            what = f"{count} of {arguments.runs} runs"
            add(f"alarms, {ranks:,} ranks, {kind}", what, "0", report.verdict(count, 0))


PARTS = {"page": page, "delay": delay, "alarms": alarms}


if __name__ == "__main__":
    main()
