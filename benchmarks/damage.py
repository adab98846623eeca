"""Damaged files beside good ones: does one bad thing take the rest along?

    python benchmarks/damage.py [--files 10000] [--seed 0]

Logdirs of a hundred runs, of which one is good and the others are damaged at random: bytes flipped, pages swapped, zeroed or
cut off, permissions taken, rows changed to hostile values, views and triggers in the place of tables, and odd files beside
the database. Over each a server starts, as somebody who may not read everything, and is asked for the list, the good run's
curve, all curves, the table, an export, and one bad run's pages.

The bars: no question takes over two seconds or ends in a 5xx, the poller lives, the good run is shown and exported whole,
and each bad run is named, or reads as what was logged: a bit that was flipped within a value contradicts its row's
checksum, and rows that are gone are missed by those after them, or by how many were logged.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil
import report

import tracker
from tracker import logdir as logdirs

POINTS = 2_000
TABLES = ("segment", "state", "series", "scalars", "sketches", "media", "blobs", "marks", "receipts")
VALUES = ("NULL", "''", "'{'", "'x'", "x'00ff'", "9223372036854775807", "-9223372036854775808", "9e999", "-1", "0", "1e300",
          "'[]'", "'{\"a\":1}'", "zeroblob(1000000)", "CAST(x'ff' AS TEXT)", "2147483648")  # fmt: skip
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)"


def value(step: int) -> float:
    """The loss at a step."""
    return 1.0 / (step + 1)


def template(folder: Path, name: str) -> Path:
    """A run with a bit of everything; its file."""
    rng = np.random.default_rng(0)
    with tracker.init(logdir=folder, name=name, config={"lr": 0.1, "net": {"width": 3}}, machine=False) as run:
        for step in range(POINTS):
            run.log({"train/loss": value(step), "train/acc": step / POINTS}, step=step)
            if step % 200 == 0:
                run.log({"weights": tracker.Histogram(rng.normal(size=1000)), "words": tracker.Text("abc")}, step=step)
                run.log({"image": tracker.Image(rng.random((16, 16)))}, step=step)
        run.mark("half", 1000)
    return logdirs.segment_files(folder / name)[0]


# --- damage ---------------------------------------------------------------------------------------------------


def flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 3, 40, 400))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def truncate(path: Path, rng: random.Random) -> None:
    os.truncate(path, rng.choice((0, rng.randrange(100), rng.randrange(path.stat().st_size))))


def swap(path: Path, rng: random.Random) -> None:
    data, size = bytearray(path.read_bytes()), 4096
    one, other = (rng.randrange(len(data) // size) * size for _ in range(2))
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]
    path.write_bytes(data)


def zero(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start = rng.randrange(len(data))
    length = min(len(data) - start, rng.choice((16, 4096, 40_000)))
    data[start : start + length] = bytes(length)
    path.write_bytes(data)


def forbid(path: Path, rng: random.Random) -> None:
    (path if rng.random() < 0.7 else path.parent).chmod(0)


def rows(path: Path, rng: random.Random) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for _ in range(rng.randint(1, 3)):
            table = rng.choice(TABLES)
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            with contextlib.suppress(sqlite3.Error):
                where = rng.choice(("", " WHERE rowid % 7 = 0", " WHERE rowid = (SELECT max(rowid) FROM scalars)"))
                connection.execute(f"UPDATE {table} SET {rng.choice(columns)}={rng.choice(VALUES)}{where}")
        connection.commit()


def schema(path: Path, rng: random.Random) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, contextlib.suppress(sqlite3.Error):
        table = rng.choice(TABLES)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        kind = rng.randrange(5)
        if kind == 0:
            connection.execute(f"ALTER TABLE {table} RENAME TO other")
            connection.execute(
                f"CREATE VIEW {table} AS {ENDLESS} SELECT {', '.join(f'x AS {c}' for c in columns)} FROM c"
            )
        elif kind == 1:
            connection.execute(f"DROP TABLE {table}")
        elif kind == 2:
            connection.execute(f"CREATE TRIGGER t BEFORE UPDATE ON {table} BEGIN DELETE FROM scalars; END")
        elif kind == 3:
            connection.execute(f"ALTER TABLE {table} RENAME COLUMN {rng.choice(columns)} TO gone")
        else:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN more TEXT AS (hex(zeroblob(1000000)))")
        connection.commit()


def beside(path: Path, rng: random.Random) -> None:
    other = Path(f"{path}{rng.choice(('-wal', '-journal', '-shm'))}")
    kind = rng.randrange(5)
    if kind == 0:
        os.mkfifo(other)
    elif kind == 1:
        other.write_bytes(rng.randbytes(rng.choice((1, 100, 9000))))
    elif kind == 2:
        other.symlink_to(path.parent.parent / "nowhere")
    elif kind == 3:
        other.mkdir()
    else:
        with other.open("wb") as file:
            file.write(bytes.fromhex("377f0682002de218") + rng.randbytes(24))
            file.truncate(20 << 30)


WAYS = (flip, truncate, swap, zero, forbid, rows, schema, beside)


# --- a server over them ---------------------------------------------------------------------------------------


def without_privilege() -> None:
    """Root, who reads what nobody may, is as anybody from the next program on (Linux)."""
    if os.getuid() == 0:
        import ctypes

        for capability in (1, 2):
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


class Server:
    """A server of a logdir, and what its questions took."""

    def __init__(self, root: Path, cache: Path, log: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "serve", "--logdir", root, "--no-token", "--port", "0"],
            stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=without_privilege,
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = next(
            word for line in self.process.stdout for word in line.split() if word.startswith("http")
        ).rstrip("/")
        self.took: list[float] = []
        self.faults: list[str] = []

    def ask(self, path: str, body: Any = None) -> bytes:
        """What it answers; a refusal is one too."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", data, {"content-type": "application/json"})
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found: bytes = answer.read()
        except urllib.error.HTTPError as error:
            found = error.read()
            if error.code >= 500:
                self.faults.append(f"{error.code} {path[:80]} {found[:100]!r}")
        except OSError as error:
            found = b""
            self.faults.append(f"{type(error).__name__} {path[:80]}")
        self.took.append(time.perf_counter() - began)
        if self.took[-1] > 2:
            self.faults.append(f"over 2 s: {path[:60]}")
        return found

    def end(self) -> None:
        """Ends it as a user does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.faults.append("SIGTERM did not end it within 10 s")
            self.process.kill()
        self.process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    work = Path(tempfile.mkdtemp(prefix="everystep-damage-"))
    found: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    took: list[float] = []
    rss: list[float] = []
    made = template(work / "template", "run")
    wanted = {step: value(step) for step in range(POINTS)}
    try:
        for batch in range(-(-arguments.files // 99)):
            root = work / "runs"
            root.mkdir()
            ways = {}
            for number in range(100):
                name = "good" if number == 50 else f"bad{number:02d}"
                (root / name).mkdir()
                path = root / name / made.name
                shutil.copyfile(made, path)
                if name != "good":
                    ways[name] = rng.choice(WAYS)
                    ways[name](path, rng)
            with (work / "log").open("w+") as log:
                server = Server(root, work / "cache", log)
                try:
                    check(server, root, ways, wanted, found, rng)
                    rss.append(psutil.Process(server.process.pid).memory_info().rss / 2**20)
                finally:
                    server.end()
                log.seek(0)
                said = log.read()
                found["tracebacks on stderr"] += said.count("Traceback")
                faults.update(server.faults)
                if "Traceback" in said:
                    faults[f"traceback: {said.strip().splitlines()[-1][:150]}"] += 1
            took += server.took
            for folder in root.iterdir():
                folder.chmod(0o755)
            shutil.rmtree(root)
            print(f"\r{(batch + 1) * 99:,} files", end="", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(file=sys.stderr)
    kinds = dict(Counter({k[7:]: v for k, v in found.items() if k.startswith("silent ")}))
    rows = [
        ["damaged files", f"{found['bad']:,}"],
        ["  named", f"{found['named']:,}"],
        ["  read as it was logged", f"{found['whole']:,}"],
        ["  read otherwise, without a word", f"{found['silent']:,}, by {kinds}"],
        [
            "good runs shown, drawn, exported",
            f"{found['shown']:,}, {found['drawn']:,}, {found['exported']:,} of {found['good']:,}",
        ],
        ["followers that died", f"{found['dead']:,}"],
        ["questions", f"{len(took):,}, median {statistics.median(took) * 1e3:.0f} ms, slowest {max(took):.2f} s"],
        ["  over 2 s", f"{sum(each > 2 for each in took):,}"],
        ["faults of the server", f"{sum(faults.values()):,}"],
        *([f"  {fault}", str(count)] for fault, count in faults.most_common(20)),
        ["tracebacks", f"{found['tracebacks on stderr']:,}"],
        ["memory of the server", f"{max(rss):.0f} MiB at most"],
    ]
    report.show(f"Damage ({report.machine()})", rows, ["what", "seen"])


def check(
    server: Server, root: Path, ways: dict[str, Any], wanted: dict[int, float], found: Counter[str], rng: random.Random
) -> None:
    """Asks a server about a hundred runs, of which one is good."""
    listed = {run["name"]: run for run in json.loads(server.ask("/api/v1/runs") or b'{"runs": []}').get("runs", [])}
    found["good"] += 1
    found["shown"] += listed.get("good", {}).get("status") == "finished"
    curve = json.loads(server.ask("/api/v1/scalars?run=good&tag=train/loss&columns=20000") or b"{}")
    found["drawn"] += curve.get("points") == POINTS
    names = list(listed)
    server.ask("/api/v1/curves", {"tag": "train/loss", "runs": names, "columns": 300})
    server.ask("/api/v1/table")
    server.ask("/api/v1/marks", {"runs": names})
    one = quote(rng.choice(names)) if names else "bad00"
    for path in (
        "histograms?tag=weights",
        "media?kind=image&tag=image",
        "media?kind=text&tag=words",
        "media/steps?kind=image&tag=image",
    ):
        server.ask(f"/api/v1/{path}&run={one}")
    text = server.ask("/api/v1/export", {"form": "csv", "runs": names}).decode("utf-8", "replace")
    points: dict[str, dict[int, float]] = {}
    with contextlib.suppress(csv.Error):
        for row in csv.DictReader(io.StringIO(text)):
            if row.get("tag") == "train/loss":
                with contextlib.suppress(ValueError, TypeError):
                    points.setdefault(str(row["run"]), {})[int(row["step"])] = float(row["value"])
    found["exported"] += points.get("good") == wanted
    for name, way in ways.items():
        found["bad"] += 1
        run = listed.get(name)
        if run is None or run["problems"]:
            # A folder that nobody may look into, or a file that is gone, is no run that could be named.
            found["named"] += 1
        elif points.get(name) == wanted:
            found["whole"] += 1
        else:
            # Its rows may be unreadable only where somebody asks for them.
            answer = server.ask(f"/api/v1/scalars?run={quote(name)}&tag=train/loss&columns=100")
            if b"error" in answer[:200]:
                found["named"] += 1
            else:
                found["silent"] += 1
                found[f"silent {way.__name__}"] += 1
    found["dead"] += json.loads(server.ask("/healthz") or b"{}").get("status") != "ok"


if __name__ == "__main__":
    main()
