"""How soon a logdir of very many finished runs is open: 10,000 runs of 20 tags, 100,000 runs of 5.

    python -m benchmarks.opening [--only 10000,100000] [--folder DIR] [--turns 3] [--idle 60]

Each turn is a new server and a new tab, first with no cache of the logdir, then with what the server before kept. What is
drawn is waited for on the page. Runs are made once in the folder (1.7 and 11 GB), which is kept where it was given.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")]

import many_runs  # noqa: E402  # found on the path set above
import report  # noqa: E402
from curves_page import browser, heap_mib, server_mib  # noqa: E402
from served import start_viz  # noqa: E402

from dashboard.live.poller import KEEP_S  # noqa: E402

LONG_TASKS = """window.longTasks = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) longTasks.push([each.startTime, each.duration]);
}).observe({ type: "longtask", buffered: true });"""
CARDS = "window.viz && [...document.querySelectorAll('.card')].map((each) => each.card)"
FIRST = f"{CARDS}.some((card) => card?.drawnLines > 0)"
WHOLE = f"{CARDS}.some((card) => card?.drawnLines >= RUNS)"
ALL = f"{WHOLE} && {CARDS}.every((card) => !card?.sight || card.drawnLines >= RUNS)"
LISTED = "Boolean(window.viz) && viz.runs().length === RUNS && document.querySelectorAll('.run, .folder').length > 0"

BARS: dict[int, dict[str, float]] = {
    10_000: {"first, nothing kept": 6.0, "first, kept": 1.5, "long task": 200, "server": 400, "heap": 150, "idle": 0.5},
    100_000: {"list, nothing kept": 30.0, "list, kept": 3.0, "server": 1024, "peak": 1024},
}
SHAPES = {10_000: (20, 100), 100_000: (5, 20)}

rows: list[list[str]] = []


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="10000,100000", help="how many runs; other numbers than these have no bars")
    parser.add_argument("--folder", type=Path, help="where the runs are made, and kept")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--idle", type=float, default=60, help="seconds for which an idle server is watched")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for runs in map(int, arguments.only.split(",")):
            place = (arguments.folder or Path(temporary)) / str(runs)
            place.mkdir(parents=True, exist_ok=True)
            tags, points = SHAPES.get(runs, (20, 100))
            logdir = many_runs.make(place.absolute() / "runs", runs, tags, points)
            measured(logdir, runs, f"{runs:,} × {tags} × {points}", arguments)
    report.show(f"opening very many runs, {report.machine()}", rows, ("figure", "measured", "bar", ""))


def measured(logdir: Path, runs: int, what: str, arguments: argparse.Namespace) -> None:
    """All figures of one logdir."""
    bars = BARS.get(runs, {})
    for how in ("nothing kept", "kept"):
        turns = []
        for turn in range(arguments.turns):
            if how == "nothing kept":
                shutil.rmtree(logdir.parent / "cache" / "everystep" / "index", ignore_errors=True)
            is_last = how == "kept" and turn == arguments.turns - 1
            turns.append(opened(logdir, runs, is_kept=how == "kept", idle=arguments.idle if is_last else 0.0))
        for name, said, unit in (
            ("list", "all runs in the list", "s"), ("first", "first lines of a chart", "s"),
            ("whole", "a chart of all its lines", "s"), ("all", "all charts in sight", "s"),
            ("long task", "longest task of the page after them", "ms"),
            ("server", "server", "MiB"), ("peak", "server at its peak", "MiB"), ("heap", "page heap", "MiB"), ("idle", "idle server, of a core", "%"),
        ):  # fmt: skip
            values = [each[name] for each in turns if name in each]
            if values:
                middle = statistics.median(values)
                add(f"{what}, {how}: {said}", middle, bars.get(f"{name}, {how}", bars.get(name)), unit)


def opened(logdir: Path, runs: int, *, is_kept: bool, idle: float) -> dict[str, float]:
    """One server and one tab; seconds from the server's start, and what they took."""
    found: dict[str, float] = {}
    with browser() as page:
        page.add_init_script(LONG_TASKS)
        page.goto("about:blank")
        began = time.perf_counter()
        served = start_viz(logdir, "--no-token")
        page.goto(served.base, wait_until="commit")
        waited = {"first": FIRST, "list": LISTED, "whole": WHOLE, "all": ALL}
        first_at = 0.0
        while waited and time.perf_counter() - began < 300:
            for name in [name for name, what in waited.items() if page.evaluate(what.replace("RUNS", str(runs)))]:
                del waited[name]
                found[name] = time.perf_counter() - began
                if name == "first":
                    first_at = page.evaluate("performance.now()")
            time.sleep(0.01)
        if not is_kept:
            settled(served, 0.3, 300)
        tasks = page.evaluate("longTasks")
        found["long task"] = max((took for start, took in tasks if start > first_at), default=0.0)
        found["server"], found["heap"] = server_mib(served), heap_mib(page)
        found["peak"] = peak_mib(served)
        found |= {"tasks": len(tasks)}
    if idle:
        settled(served, 0.03, 1800)
        time.sleep(KEEP_S + 5)  # what was found last is kept, once
        found["idle"] = share(served.process.pid, idle)
    served.stop()
    served.process.stdout.close()
    print(" ".join(f"{name} {value:.2f}" for name, value in found.items()), flush=True)
    return found


def settled(served: Any, used: float, longest: float) -> None:
    """Waits until the server uses no more than so much of a core for five seconds, and has kept what it knows.

    What examines runs takes a tenth of one for minutes.
    """
    folder = served.logdir.parent / "cache" / "everystep"
    quiet, end = 0, time.monotonic() + longest
    while quiet < 5 and time.monotonic() < end:
        quiet = quiet + 1 if share(served.process.pid, 1.0) < 100 * used and any(folder.rglob("*.index")) else 0


def peak_mib(served: Any) -> float:
    """The most memory that the server has had."""
    said = Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in said.splitlines() if line.startswith("VmHWM")) / 1024


def share(pid: int, seconds: float) -> float:
    """Percent of a core that a process uses meanwhile."""
    process = psutil.Process(pid)
    before = sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return float(100 * (sum(process.cpu_times()[:2]) - before) / seconds)


def add(name: str, value: float, bar: float | None, unit: str) -> None:
    """One line of the table."""
    digits = {"s": 2, "%": 2}.get(unit, 0)
    said = ("", "") if bar is None else (f"≤ {bar:g} {unit}", report.verdict(value, bar))
    rows.append([name, f"{value:,.{digits}f} {unit}", *said])
    print("  ".join(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
