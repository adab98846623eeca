"""How fast and how large the page of curves is, in Chromium without a GPU.

    python benchmarks/curves_page.py [--only live,crowd,cold,large,spike,smooth,long,restart] [--seconds 20] [--points 1000000]
    python benchmarks/curves_page.py --only live --stages [--processes 10]

Prints one table with bars. Every cold start is a new server and a new browser tab; what is drawn is waited for on the
page, and a time ends when the frame has been handed over for display. Data are made in a temporary folder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import cpu  # noqa: E402  # found on the path set above
import numpy as np  # noqa: E402
import report  # noqa: E402
from conftest import start_viz  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

import tracker  # noqa: E402
from tracker.store.write import pace  # noqa: E402

CHROMIUM = os.environ.get("EVERYSTEP_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-precise-memory-info", "--js-flags=--expose-gc"]  # fmt: skip
BROWSER_RESTS_S = 3.0
"""For a second and more after its own start Chromium loads pages of its address bar, which nobody sees, and takes both
cores from a server that is asked meanwhile (the same zoom: 33 to 188 ms; 44 to 67 once it has come to rest)."""

rows: list[list[str]] = []


def main() -> None:
    """Measures what is asked for and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--seconds", type=float, default=20, help="of each live measurement")
    parser.add_argument(
        "--stages", action="store_true", help="where live points spend their time, and who uses the CPU"
    )
    parser.add_argument("--processes", type=int, default=1, help="that the ten live runs are spread over")
    parser.add_argument("--points", type=int, action="append", help="of the series with the spike (default: 10⁶)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only.split(","):
            PARTS[name](Path(folder), arguments)
    report.show(f"the page of curves, {report.machine()}", rows, ("figure", "measured", "bar", ""))


def add(name: str, value: float, bar: float, unit: str = "ms") -> None:
    """One line of the table."""
    digits = 2 if unit in ("s", "×") else 0
    rows.append([name, f"{value:,.{digits}f} {unit}", f"≤ {bar:g} {unit}", report.verdict(value, bar)])
    print("  ".join(rows[-1]), flush=True)


# --- what is looked at -----------------------------------------------------------------------------------------


def sweep(folder: Path, runs: int, tags: int, points: int) -> Path:
    """A logdir of finished runs."""
    logdir = folder / f"sweep-{runs}-{tags}-{points}"
    if logdir.exists():
        return logdir
    names = [f"{('train', 'val', 'grad', 'opt')[i % 4]}/m{i // 4}" for i in range(tags)]
    rng = np.random.default_rng(0)
    for number in range(runs):
        noise = rng.normal(0, 0.03, (points, tags)) + np.exp(-np.arange(points) / points * 4)[:, None]
        config = {"lr": [0.1, 0.01, 0.001][number % 3], "seed": number // 3}
        with tracker.init(logdir=logdir, name=f"sweep/{number:04d}", config=config) as run:
            for step, values in enumerate(noise.tolist()):
                run.log(dict(zip(names, values, strict=True)), step=step)
    return logdir


def training(logdir: str, names: list[str], tags: int, rate: float, stop: Any, commit_s: float | None = None) -> None:
    """A process that logs `tags` tags of each run `rate` times a second until told to stop."""
    if commit_s is not None:
        pace.COMMIT_INTERVAL_S, pace.BUSY = commit_s, float("inf")
    runs = [tracker.init(logdir=logdir, name=name) for name in names]
    step, began = 0, time.perf_counter()
    while not stop.is_set():
        for run in runs:
            run.log({f"train/m{tag}": random.gauss(0, 0.1) + 100 / (step + 100) for tag in range(tags)}, step=step)
        step += 1
        time.sleep(max(0.0, began + step / rate - time.perf_counter()))
    for run in runs:
        run.finish()


@contextmanager
def trained(
    logdir: Path, names: list[str], tags: int, rate: float, processes: int = 1, commit_s: float | None = None
) -> Iterator[None]:
    """While something trains, in one process or more that share the runs."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    shares = [names[i::processes] for i in range(min(processes, len(names)))]
    started = [
        context.Process(target=training, args=(str(logdir), each, tags, rate, stop, commit_s)) for each in shares
    ]
    for process in started:
        process.start()
    try:
        yield
    finally:
        stop.set()
        for process in started:
            process.join()


@contextmanager
def browser() -> Iterator[Any]:
    """A tab in a fresh browser."""
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = opened.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(120_000)
        yield page
        opened.close()


def until(page: Any, expression: str, timeout: float = 60.0) -> None:
    """Waits for a condition on the page, asked every 10 ms."""
    deadline = time.perf_counter() + timeout
    while not page.evaluate(expression):
        if time.perf_counter() > deadline:
            raise SystemExit(f"never: {expression}")
        time.sleep(0.01)


def server_mib(served: Any) -> float:
    """Memory of the server now."""
    with open(f"/proc/{served.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def renderer_mib() -> float:
    """Memory of the largest renderer that this process has started."""
    found = 0.0
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and b"--type=renderer" in (entry / "cmdline").read_bytes()
                and _is_ours(int(entry.name))
            ):
                found = max(found, int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20)
        except OSError:
            continue
    return found


def _is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def heap_mib(page: Any) -> float:
    """JavaScript's heap, arrays included, after what is not needed was let go of.

    The bytes of arrays are given back by another thread, and counted until the next collection after that.
    """
    page.evaluate("gc()")
    time.sleep(0.5)
    return float(page.evaluate("gc(); performance.memory.usedJSHeapSize / 1048576"))


# --- what is measured ------------------------------------------------------------------------------------------


def live(folder: Path, arguments: argparse.Namespace) -> None:
    """log() to drawn: of every point, however many were drawn by one frame."""
    for what, names, tags, rate, bars in (
        ("1 run, 1 card, 4 Hz", ["a"], 1, 4.0, (50, 40)),
        ("10 runs, 12 cards, 10 Hz", [f"r{i}" for i in range(10)], 12, 10.0, (100, 80)),
    ):
        logdir = folder / f"live{tags}"
        logdir.mkdir()
        served = start_viz(logdir, "--no-token")
        with browser() as page, trained(logdir, names, tags, rate, arguments.processes):
            page.set_viewport_size({"width": 1920, "height": 1200})
            page.goto(served.base)
            until(
                page,
                f"viz.ready && document.querySelectorAll('.card canvas.over').length >= {tags} && viz.latency().n > 20",
            )
            time.sleep(4)
            page.evaluate("viz.forgetLatency()")
            shares = cpu.Shares()
            time.sleep(arguments.seconds)
            found = page.evaluate("viz.latency()")
            stages, used = page.evaluate("viz.latencyByStage()"), shares.now()
        served.stop()
        add(f"log() to drawn, {what}, p50 (n = {found['n']})", found["p50"], bars[0])
        add(f"log() to drawn, {what}, p95", found["p95"], bars[1])
        if arguments.stages:
            rows.extend(
                [f"  {stage}", f"{took['p50']:.0f} / {took['p95']:.0f} ms", "", ""] for stage, took in stages.items()
            )
            rows.append(["  of a core: " + ", ".join(f"{kind} {share:.0f} %" for kind, share in used.items()), "", "", ""])  # fmt: skip


def crowd(folder: Path, arguments: argparse.Namespace) -> None:
    """200 live runs at 1 Hz on one chart: what the page's frames and the server cost; and a page that nobody sees."""
    logdir = folder / "crowd"
    logdir.mkdir()
    served = start_viz(logdir, "--no-token")
    with browser() as page, trained(logdir, [f"r{i:03}" for i in range(200)], 1, 1.0):
        page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => Boolean(window.isBehind) })")
        page.goto(served.base)
        until(page, "window.viz && viz.ready && viz.runs().length === 200", 120)
        time.sleep(5)
        page.evaluate("viz.forgetLatency()")
        for seen in (True, False):
            if not seen:
                page.evaluate("(window.isBehind = true, document.dispatchEvent(new Event('visibilitychange')))")
                time.sleep(32)
            shares = cpu.Shares()
            gaps = page.evaluate(GAPS, arguments.seconds * 1000) if seen else time.sleep(arguments.seconds)
            used = ", ".join(f"{kind} {share:.0f} %" for kind, share in shares.now().items())
            rows.append([f"  page {'seen' if seen else 'behind others'}, of a core: {used}", "", "", ""])
            if gaps:
                gaps.sort()
                add("200 runs at 1 Hz, from frame to frame, 99 % within", gaps[int(len(gaps) * 0.99)], 100)
                found = page.evaluate("viz.latency()")
                rows.append([f"200 runs at 1 Hz, log() to drawn (n = {found['n']})", f"{found['p50']:.0f} / {found['p95']:.0f} ms", "", ""])  # fmt: skip
    served.stop()


GAPS = """(ms) => new Promise((done) => { const gaps = [], end = performance.now() + ms; let last = performance.now();
  const frame = (now) => { gaps.push(now - last); last = now; if (now < end) requestAnimationFrame(frame); else done(gaps); };
  requestAnimationFrame(frame); })"""


def cold(folder: Path, _: argparse.Namespace) -> None:
    """A cold start of 100 runs."""
    logdir = sweep(folder, 100, 20, 1000)
    begin(logdir, "100 runs × 20 tags × 1,000", (1.5, 2.5), (250, 100, 400))


def large(folder: Path, _: argparse.Namespace) -> None:
    """A cold start of 1,000 runs."""
    logdir = sweep(folder, 1000, 100, 200)
    begin(logdir, "1,000 runs × 100 tags × 200", (3.0, None), (512, 300, None))


def begin(logdir: Path, what: str, bars: tuple[float, float | None], sizes: tuple[float, float, float | None]) -> None:
    """From `viz serve` to curves, three times without an index of the logdir and three times with one; then memory."""
    for how in ("first ever", "index there"):
        first, chart, whole = [], [], []
        for _ in range(3):
            if how == "first ever":
                shutil.rmtree(logdir.parent / "cache" / "everystep" / "index", ignore_errors=True)
            with browser() as page:
                page.goto("about:blank")
                start = time.perf_counter()
                served = start_viz(logdir, "--no-token")
                page.goto(served.base, wait_until="commit")
                cards = "window.viz && [...document.querySelectorAll('.card')].map((each) => each.card).some((card) =>"
                until(page, f"{cards} card?.drawnLines > 0)")
                first.append(time.perf_counter() - start)
                until(page, f"{cards} card?.drawnLines > 0 && card.drawnLines === card.wanted().length)")
                chart.append(time.perf_counter() - start)
                until(page, "viz.ready && viz.settled().then(() => true)")
                whole.append(time.perf_counter() - start)
                time.sleep(3)
                memory = server_mib(served), heap_mib(page), renderer_mib()
                served.stop()
        add(f"cold start, {what}, {how}: first lines", statistics.median(first), bars[0], "s")
        add(f"cold start, {what}, {how}: first chart, all of its lines", statistics.median(chart), bars[0], "s")
        if bars[1]:
            add(f"cold start, {what}, {how}: all in view", statistics.median(whole), bars[1], "s")
        else:
            rows.append([f"cold start, {what}, {how}: all in view", f"{statistics.median(whole):.2f} s", "", ""])
    for name, value, bar in zip(("server", "page heap", "renderer"), memory, sizes, strict=True):
        if bar:
            add(f"{what}: {name}", value, bar, "MiB")


def spike(folder: Path, arguments: argparse.Namespace) -> None:
    """One spike of 50 in noise about 1; zooms at once after a cold start of server and page."""
    for points in arguments.points or [1_000_000]:
        logdir = folder / f"spike{points}"
        with tracker.init(logdir=logdir, name="a") as run:
            noise = np.random.default_rng(0).normal(1, 0.03, points)
            noise[points * 2 // 3] = 50
            for step, value in enumerate(noise.tolist()):
                run.log({"loss": value}, step=step)
        with browser() as page:
            page.goto("about:blank")
            time.sleep(BROWSER_RESTS_S)
            served = start_viz(logdir, "--no-token")
            page.goto(served.base)
            until(page, "viz.ready")
            seen = page.evaluate("viz.extremes('loss').a[1]")
            rows.append([f"largest value drawn of {points:,}", f"{seen:g}", "50", "met" if seen == 50 else "NOT MET"])
            took = []
            for low, high in [(0.0, 0.5), (0.3, 0.9), (0.6, 0.7), (0.66, 0.67), (0.6666, 0.66675), (0.1, 0.1001), (0.2, 0.9999)]:  # fmt: skip
                window = [low * points, high * points]
                took.append(page.evaluate("async (window) => { const t = performance.now(); await viz.zoom('loss', window); return performance.now() - t; }", window))  # fmt: skip
                found = page.evaluate("viz.extremes('loss').a")
                part = noise[max(0, int(np.floor(window[0]))) : int(np.ceil(window[1])) + 1]
                wider = noise[max(0, int(window[0] - 0.05 * (window[1] - window[0]))) : int(window[1] + 0.05 * (window[1] - window[0])) + 2]  # fmt: skip
                if not (wider.min() <= found[0] <= part.min() and part.max() <= found[1] <= wider.max()):
                    rows.append([f"zoom {low}–{high} of {points:,}", f"{found}", "exact", "NOT MET"])
        served.stop()
        add(f"zoom of {points:,} points, slowest of {len(took)}", max(took), 150)


def smooth(folder: Path, _: argparse.Namespace) -> None:
    """The smoothing slider."""
    for what, runs, size, address in (
        ("4 cards × 100 runs", 100, (1440, 900), "/train.m[0-3]$/"),
        ("12 cards × 20 runs", 20, (1920, 1200), "/(train|val|grad).m[0-3]$/"),
    ):
        logdir = sweep(folder, 100, 20, 1000)
        served = start_viz(logdir, "--no-token")
        with browser() as page:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(f"{served.base}/?tags={address}{'' if runs == 100 else '&runs=/00[01]/'}")
            until(page, "viz.ready && document.body.classList.contains('has-dash')")
            time.sleep(2)
            cards = page.evaluate("[...document.querySelectorAll('.card')].filter((c) => c.card.sight).length")
            took = [
                page.evaluate(
                    "async (s) => { const t = performance.now(); viz.set('smooth', s); await viz.settled(); return performance.now() - t; }",
                    0.5 + i / 25,
                )
                for i in range(11)
            ]
        served.stop()
        add(f"smoothing, {what} ({cards} cards in sight), median", statistics.median(took), 150)


def long(folder: Path, _: argparse.Namespace) -> None:
    """A page that stays open: 8 hours at 10 Hz are 288,000 points of a series, here at 4,000 a second.

    They come in small commits, so that messages and frames are as many as the page can take, not only points.
    """
    target = 288_000
    logdir = folder / "long"
    logdir.mkdir()
    served = start_viz(logdir, "--no-token")
    with browser() as page, trained(logdir, ["a"], 4, 4000.0, commit_s=0.01):
        page.goto(served.base)
        until(page, "viz.ready && (viz.drawn('train/m0').a?.points ?? 0) > 1000")
        heaps, servers = [], []
        for part in range(1, 13):
            until(
                page,
                f"document.querySelector('[aria-label=\"train/m0\"]').card.curve('a').points >= {target * part // 12}",
                timeout=120,
            )
            heaps.append(heap_mib(page))
            servers.append(server_mib(served))
        points = page.evaluate("viz.drawn('train/m0').a.points")
    served.stop()
    warm = len(heaps) // 3
    add(f"page heap after {points:,} points a series, to after a third", statistics.median(heaps[-3:]) / statistics.median(heaps[warm : warm + 3]), 1.1, "×")  # fmt: skip
    add(
        "server memory, the same",
        statistics.median(servers[-3:]) / statistics.median(servers[warm : warm + 3]),
        1.1,
        "×",
    )


def restart(folder: Path, _: argparse.Namespace) -> None:
    """The server is killed and started again."""
    logdir = folder / "restart"
    logdir.mkdir()
    served = start_viz(logdir, "--no-token")
    port = served.base.rpartition(":")[2]
    with browser() as page, trained(logdir, ["a"], 1, 50.0):
        page.goto(served.base)
        until(page, "(viz.drawn('train/m0').a?.points ?? 0) > 50")
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
        time.sleep(2)
        again = start_viz(logdir, "--no-token", "--port", port)
        start = time.perf_counter()
        until(page, "document.getElementById('live').dataset.state === 'live' && viz.drawn('train/m0').a.points > 150")
        took = time.perf_counter() - start
        time.sleep(1)
        steps = page.evaluate("viz.drawn('train/m0').a.step")
        whole = steps == list(range(len(steps)))
    again.stop()
    add("live again after the server was restarted", took, 2, "s")
    rows.append(
        ["nothing missing after it", "nothing" if whole else "points", "nothing", "met" if whole else "NOT MET"]
    )


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "live": live,
    "crowd": crowd,
    "cold": cold,
    "large": large,
    "spike": spike,
    "smooth": smooth,
    "long": long,
    "restart": restart,
}

if __name__ == "__main__":
    main()
