"""Runs in PostgreSQL: how fast rows arrive, beside COPY of the same rows, and how long a chart takes.

    python benchmarks/postgres.py [--points 10000000] [--series 10]

With a cluster of its own, or `EVERYSTEP_POSTGRES=postgresql+psycopg://…`, an empty database. Its settings are PostgreSQL's
but for `fsync`, which `tests/postgres_cluster.py` turns off; so is that of a file's, which is a page cache's matter here.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import postgres_cluster
import report

import tracker
from tracker import logdir as logdirs
from tracker.postgres.opened import PgStore, opened
from tracker.postgres.tables import KEEPERS, KINDS, NAMES
from tracker.store.read import read_only, shipping
from tracker.store.shipment import Arrived
from tracker.store.write.replica import Replica


def main() -> None:
    """Prints the table."""
    words = argparse.ArgumentParser()
    words.add_argument("--points", type=int, default=10_000_000)
    words.add_argument("--series", type=int, default=10)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        address = postgres_cluster.URL or stack.enter_context(postgres_cluster.cluster()).url("postgres")
        store = opened(address, for_writing=True)
        path = _run(Path(folder), asked.points, asked.series)
        rows = [*_arriving(path, store, asked.points, Path(folder)), _charts(store)]
        store.close()
    report.show(f"Runs in PostgreSQL ({report.machine()})", rows, ["figure", "seen", "bar", ""])


def _run(root: Path, points: int, series: int) -> Path:
    """A finished run of one segment."""
    random = np.random.default_rng(0)
    with tracker.init(logdir=root, name="r", machine=False) as run:
        for step in range(points // series):
            run.log({f"loss/{each}": value for each, value in enumerate(random.random(series).tolist())}, step=step)
    return logdirs.segment_files(root / "r")[0]


def _arriving(path: Path, store: PgStore, points: int, folder: Path) -> Iterator[list[str]]:
    taker = store.replica("r", logdirs.segment_id(path))
    for name, each in (("database", taker), ("folder", Replica(folder / "copy.sqlite"))):
        begin = time.perf_counter()
        reading = 0.0
        while not each.arrived.is_whole:
            now = time.perf_counter()
            with read_only.snapshot(path) as connection:
                shipment = shipping.behind(connection, each.arrived)
            reading += time.perf_counter() - now
            each.take(shipment)
        took = time.perf_counter() - begin
        rate = points / took / 1e6
        yield [
            f"{points:,} points into a {name}", f"{rate:.2f} M/s ({reading:.1f} of {took:.1f} s reading the file)",
            *(["≥ 1 M", report.verdict(rate, 1, at_least=True)] if each is taker else ["", ""]),
        ]  # fmt: skip
        each.close()
    with read_only.snapshot(path) as connection:
        rows = [KEEPERS["scalars"](0, row) for row in shipping.behind(connection, Arrived(), 1 << 60).scalars]
    driver = store.engine.raw_connection().driver_connection
    assert driver is not None
    begin = time.perf_counter()
    with driver.cursor() as cursor:
        names = ", ".join(("segment", *NAMES["scalars"]))
        with cursor.copy(f"COPY scalars ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("int8", *KINDS["scalars"]))
            for row in rows:
                copy.write_row(row)
    driver.rollback()
    yield ["COPY alone of the same rows", f"{points / (time.perf_counter() - begin) / 1e6:.2f} M/s", "", ""]


def _charts(store: PgStore) -> list[str]:
    run = tracker.open(store.engine.url.render_as_string(hide_password=False)).run("r")
    tag = run.tags("scalar")[0]
    last = run.envelope(tag, 1).step_last[0]
    random = np.random.default_rng(1)
    times = []
    for _ in range(100):
        start, stop = sorted(random.uniform(0, last, 2))
        begin = time.perf_counter()
        run.envelope(tag, 1000, start, stop)
        times.append(1000 * (time.perf_counter() - begin))
    p50, p95 = np.percentile(times, [50, 95])
    return ["1,000 columns of any window", f"p50 {p50:.1f}, p95 {p95:.1f} ms", "p95 ≤ 100 ms", report.verdict(p95, 100)]


if __name__ == "__main__":
    main()
