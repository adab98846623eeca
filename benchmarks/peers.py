"""Everystep beside its peers, in the same run: the call, a short run, what a kill leaves, bytes, and the first chart.

    python -m benchmarks.peers [--rounds 5] [--trackio PYTHON] [--only calls,kills,charts,files]

Peers are PyTorch's SummaryWriter with TensorBoard, and Trackio, where they are installed; `--trackio` is the Python of an
environment with Trackio, for one of its own. Each part is a process of its own, peers take turns, and figures are
medians over the rounds. A kill comes straight after the last of a second's calls, a thousand a second at most. The
first chart is of 20 runs × 5 tags × 1,000 points: from the command of the server to the first card with a curve in
Chromium, which is open already and without a GPU. TensorBoard's counts from the answer that holds its first curve. Of
event files (100 × 20 tags × 1,000 points) the first card counts once it has all of its lines; TensorBoard's as before.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.peer_loggers import PEERS, TASKS

RUNS = 20
CALLS = 20_000
LOGS = 100


class Peer:
    """A logger in processes of its own."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self._python = python

    def ask(self, folder: Path, task: str, count: int = 0) -> str:
        """What it prints of a task; it may end as it likes."""
        done = subprocess.run(
            [self._python, "-c", PEERS[self.name] + TASKS, str(folder), task, str(count)],
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(report.ROOT)}, check=False,
        )  # fmt: skip
        if not done.stdout:
            raise SystemExit(f"{self.name}, {task}:\n{done.stderr}")
        return done.stdout.splitlines()[-1]

    def measured(self, task: str, count: int) -> dict[str, float]:
        """Figures of one task in a folder of its own."""
        with tempfile.TemporaryDirectory() as folder:
            found: dict[str, float] = json.loads(self.ask(Path(folder), task, count))
            return found

    def is_there(self) -> bool:
        """Whether it can be imported."""
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(SystemExit, OSError):
            self.ask(Path(folder), "runs", 0)
            return True
        return False


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trackio", default=sys.executable, help="the Python of an environment with Trackio")
    parser.add_argument("--only", default="calls,kills,charts,files")
    asked = parser.parse_args()
    pythons = {"Trackio": asked.trackio}
    peers = [each for name in PEERS if (each := Peer(name, pythons.get(name, sys.executable))).is_there()]
    rows: list[list[str]] = []
    for part in asked.only.split(","):
        rows += {"calls": calls, "kills": kills, "charts": charts, "files": files}[part](peers, asked.rounds)
    names = [each.name for each in peers]
    report.show(f"Everystep and its peers; {report.machine()}", rows, ["figure", *names, "bar", ""])


def row(what: str, cells: list[str], bar: str = "", verdict: str = "") -> list[str]:
    """One line."""
    return [what, *cells, bar, verdict]


def calls(peers: list[Peer], rounds: int) -> Iterator[list[str]]:
    """What the training pays."""
    found: dict[str, list[dict[str, float]]] = {}
    for task, count in (("one", CALLS), ("twenty", CALLS), ("short", 20)):
        turns = [[peer.measured(task, count) for peer in peers] for _ in range(rounds)]
        found[task] = [
            {key: statistics.median(turn[i][key] for turn in turns) for key in turns[0][i]} for i in range(len(peers))
        ]
    one, twenty = found["one"], found["twenty"]
    yield row(
        "log() of one scalar, median call, µs", [f"{each['p50']:.2f}" for each in one], "≤ 0.45",
        report.verdict(one[0]["p50"], 0.45),
    )  # fmt: skip
    yield row("the same, mean", [f"{each['mean']:.2f}" for each in one])
    yield row("the same, 99 %", [f"{each['p99']:.1f}" for each in one])
    yield row(
        "a scalar of a dict of 20, median, µs", [f"{each['p50']:.3f}" for each in twenty], "≤ 0.12",
        report.verdict(twenty[0]["p50"], 0.12),
    )  # fmt: skip
    yield row(f"the end after {CALLS:,} calls, ms", [f"{1e3 * each['end']:.0f}" for each in one])
    yield row("bytes a scalar, a constant one a call", [f"{each['bytes']:.1f}" for each in one])
    yield row("bytes a scalar, dicts of 20", [f"{each['bytes']:.1f}" for each in twenty])
    short = found["short"]
    yield row(
        "begin, log once, end: ms a run", [f"{each['ms']:.1f}" for each in short], "≤ 4",
        report.verdict(short[0]["ms"], 4),
    )  # fmt: skip


def kills(peers: list[Peer], rounds: int) -> Iterator[list[str]]:
    """What is left of a second that ended with SIGKILL."""
    cells, least = [], []
    for peer in peers:
        lost = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                said = int(peer.ask(Path(folder), "killed", 1))
                lost.append(said - json.loads(peer.ask(Path(folder), "stored"))["stored"])
        cells.append(f"{statistics.median(lost):,.0f} ({min(lost):,} to {max(lost):,})")
        least.append(max(lost))
    yield row("lost by SIGKILL straight after the last call, points of 1 s", cells)


def charts(peers: list[Peer], rounds: int) -> Iterator[list[str]]:
    """From the server's command to a curve."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        page = stack.enter_context(_browser())
        took: dict[str, list[float]] = {peer.name: [] for peer in peers}
        for peer in peers:
            peer.ask(Path(folder, peer.name), "runs", RUNS)
        for _ in range(rounds):
            for peer in peers:
                took[peer.name].append(_first_chart(page, peer, Path(folder, peer.name)))
                shutil.rmtree(Path(folder, "cache"), ignore_errors=True)  # the next one has nothing to go on either
    yield row(
        f"first chart of {RUNS} runs × 5 tags × 1,000 points, s",
        [f"{statistics.median(each):.2f}" for each in took.values()],
    )


def files(peers: list[Peer], rounds: int) -> Iterator[list[str]]:
    """From the server's command to a card, of TensorBoard's own files."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        page = stack.enter_context(_browser())
        _event_files(Path(folder, "logs"))
        took: dict[tuple[str, bool], list[float]] = {}
        for _ in range(rounds):
            for peer in peers[:2]:
                for is_first in (True, False):
                    found = _first_chart(page, peer, Path(folder, "logs"), WHOLE)
                    took.setdefault((peer.name, is_first), []).append(found)
                shutil.rmtree(Path(folder, "cache"), ignore_errors=True)
    for is_first, bar in ((True, 3.0), (False, 0.7)):
        cells = [f"{statistics.median(took[peer.name, is_first]):.2f}" for peer in peers[:2]] + [""] * len(peers[2:])
        ours = statistics.median(took[peers[0].name, is_first])
        what = f"{LOGS} event files × 20 tags × 1,000, all lines of a card, {'first time' if is_first else 'again'}, s"
        yield row(what, cells, f"≤ {bar}", report.verdict(ours, bar))


def _event_files(folder: Path) -> None:
    from benchmarks.tfevents_reading import events

    data = events(20_000, 20)
    for number in range(LOGS):
        place = folder / f"run-{number:03d}"
        place.mkdir(parents=True)
        (place / f"events.out.tfevents.{1_790_000_000 + number}.host").write_bytes(data)


def _first_chart(page: Any, peer: Peer, folder: Path, drawn: str = "") -> float:
    page.goto("about:blank")
    answered: list[float] = []
    listener = lambda answer: "timeSeries" in answer.url and answered.append(time.perf_counter())  # noqa: E731
    page.on("response", listener)
    began = time.perf_counter()
    with _server(peer, folder) as address:
        page.goto(address, wait_until="commit")
        while not (answered or page.evaluate(drawn or DRAWN)):
            time.sleep(0.01)
            if time.perf_counter() - began > 120:
                raise SystemExit(f"{peer.name} drew nothing within two minutes")
        found = (answered[0] if answered else time.perf_counter()) - began
    page.remove_listener("response", listener)
    return found


DRAWN = """() => Boolean(document.querySelector('canvas.marks')) ||
  [...document.querySelectorAll('.card')].some(({ card }) => card?.drawnLines > 0)"""
"""A chart of Trackio, or a card of ours with a line."""

WHOLE = f"""() => [...document.querySelectorAll('.card')].some(({{ card }}) => card?.drawnLines === {LOGS})"""
"""A card of ours with the lines of all event files."""


@contextlib.contextmanager
def _server(peer: Peer, folder: Path) -> Iterator[str]:
    commands = {
        "everystep": [sys.executable, "-m", "dashboard", "serve", "--logdir", str(folder), "--port", "0", "--no-token"],
        "SummaryWriter of PyTorch": [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0"],
        "Trackio": [str(Path(peer._python).parent / "trackio"), "show", "--project", "p"],
    }
    more = {"TRACKIO_DIR": str(folder), "XDG_CACHE_HOME": str(folder.parent / "cache"), "BROWSER": "true"}
    process = subprocess.Popen(
        commands[peer.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=report.ROOT,
        env={**os.environ, **more, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = next(found.group() for line in process.stdout if (found := re.search(r"http://[\w.]+:\d+\S*", line)))
        address = re.sub(r"\x1b.*", "", address)
        yield f"{address}#timeseries" if peer.name.startswith("Summary") else address
    finally:
        process.terminate()
        process.communicate()


@contextlib.contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("EVERYSTEP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened.new_page(viewport={"width": 1440, "height": 900})
        opened.close()


if __name__ == "__main__":
    main()
