"""What reading TensorBoard's event files costs: a million scalars imported, and a growing file followed to the page.

    python benchmarks/tfevents_reading.py [--quick]

Beside ours, in the same run: TensorBoard's own loader (its EventFileLoader in pure Python), where it is installed. Each
in processes of its own; medians of 3.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.report import apart, machine, repeated, show, verdict  # noqa: E402


def events(count: int, tags: int = 1) -> bytes:
    """Records as PyTorch's writer puts them down."""
    from tracker.foreign import protos
    from tracker.foreign.records import framed

    values = np.random.default_rng(0).normal(size=count).tolist()
    names = [f"train/metric_{number}".encode() for number in range(tags)]
    event = protos.Event()
    value = event.summary.value.add()
    out = [framed(protos.Event(wall_time=1.79e9, file_version=b"brain.Event:2").SerializeToString())]
    for index in range(count):
        event.wall_time, event.step = 1.79e9 + index * 0.013, index // tags
        value.tag, value.simple_value = names[index % tags], values[index]
        out.append(framed(event.SerializeToString()))
    return b"".join(out)


def peak_mib() -> float:
    """The most memory that this process had in use; its parent's does not count."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def task_ours(path: Path, _: Path) -> dict[str, float]:
    """The import, levels and all, until it is on disk."""
    from tracker.foreign.importer import import_logs
    from tracker.store.read.reader import Store

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        (done,) = import_logs(path, Path(folder))
        took = time.perf_counter() - began
        peak = peak_mib()
        (stored,) = Store(folder).runs()
        count = sum(len(stored.scalars(tag)) for tag in stored.tags("scalar"))
        assert count == done.added["scalar"]
    return {"per_s": count / took, "peak": peak}


def task_theirs(path: Path, _: Path) -> dict[str, float]:
    """TensorBoard's loader, each event parsed."""
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    except ImportError:
        return {"per_s": float("nan"), "peak": float("nan")}
    began = time.perf_counter()
    count = 0
    for _event in EventFileLoader(str(path)).Load():
        count += 1
    return {
        "per_s": count / (time.perf_counter() - began),
        "peak": peak_mib(),
    }


def task_follow(_: Path, folder: Path) -> dict[str, float]:
    """From a flush of an event file until the library of a server has its point."""
    import threading

    from dashboard.live.poller import Poller
    from dashboard.live.tfevents_mirror import MirrorProcess

    logdir, cache = folder / "runs", folder / "cache"
    (logdir / "a").mkdir(parents=True)
    cache.mkdir()
    whole = events(40)
    sizes = [0]
    while sizes[-1] < len(whole):
        sizes.append(sizes[-1] + 16 + int.from_bytes(whole[sizes[-1] : sizes[-1] + 8], "little"))
    path = logdir / "a" / "tfevents.1"
    path.write_bytes(whole[: sizes[2]])
    came = threading.Event()
    poller = Poller(logdir, lambda _: came.set(), cache)
    beside = MirrorProcess(logdir, cache)
    poller.start()
    beside.start()
    came.wait(20)
    time.sleep(1.0)
    took = []
    for start, stop in itertools.pairwise(sizes[2:]):
        came.clear()
        with path.open("ab") as file:
            file.write(whole[start:stop])
        began = time.perf_counter()
        came.wait(5)
        took.append(time.perf_counter() - began)
        time.sleep(0.05)
    beside.stop()
    poller.stop()
    return {"p50": statistics.median(took) * 1e3, "p95": sorted(took)[int(len(took) * 0.95)] * 1e3}


def task_drawn(_: Path, folder: Path) -> dict[str, float]:
    """From a flush of an event file until `viz serve`'s page in Chromium has drawn its point, as the page tells."""
    import shutil
    import subprocess

    from playwright.sync_api import sync_playwright

    logdir = folder / "runs"
    (logdir / "a").mkdir(parents=True)
    path = logdir / "a" / "tfevents.1"
    tag = "train/metric_0"
    whole = events(60)
    ends = [0]
    while ends[-1] < len(whole):
        ends.append(ends[-1] + 16 + int.from_bytes(whole[ends[-1] : ends[-1] + 8], "little"))
    path.write_bytes(whole[: ends[2]])
    words = [sys.executable, "-m", "dashboard", "serve", "--logdir", str(logdir), "--port", "0"]
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}
    took = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, **cache}) as server:
        assert server.stdout is not None
        address = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        try:
            with sync_playwright() as playwright:
                found = shutil.which("chromium") or shutil.which("chromium-browser")
                browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
                page = browser.new_context(bypass_csp=True).new_page()
                page.goto(address)
                page.wait_for_function(f"window.viz?.ready && viz.drawn('{tag}')?.a", timeout=20_000)
                for count, (start, stop) in enumerate(itertools.pairwise(ends[2:]), 2):
                    with path.open("ab") as file:
                        file.write(whole[start:stop])
                    began = time.perf_counter()
                    page.wait_for_function(
                        f"viz.drawn('{tag}').a.step.length >= {count}", timeout=10_000, polling="raf"
                    )
                    took.append(time.perf_counter() - began)
                    time.sleep(0.037 * (count % 7))  # at no fixed distance from the mirror's looks
                browser.close()
        finally:
            server.terminate()
    return {"p50": statistics.median(took) * 1e3, "p95": sorted(took)[int(len(took) * 0.95)] * 1e3}


def main() -> None:
    """Runs a task, or all of them and prints the tables."""
    if "--task" in sys.argv:
        name, path = sys.argv[sys.argv.index("--task") + 1 :][:2]
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(globals()[f"task_{name}"](Path(path), Path(folder))))
        return
    count, times = (100_000, 1) if "--quick" in sys.argv else (1_000_000, 3)
    print(f"{machine()}; {count:,} scalars, medians of {times}")
    rows: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for tags in (1, 20):
            path = Path(folder, f"tfevents.{tags}")
            path.write_bytes(events(count, tags))
            ours = repeated(lambda: apart(__file__, "ours", path), times)  # noqa: B023 called at once
            theirs = apart(__file__, "theirs", path)
            ratio = ours["per_s"] / theirs["per_s"]
            rows += [
                [f"ours, {tags} tags", f"{ours['per_s']:,.0f}", f"{ours['peak']:.0f}", "≥ 400,000/s, ≤ 200 MiB", f"{verdict(ours['per_s'], 4e5, at_least=True)}, {verdict(ours['peak'], 200)}"],
                [f"TensorBoard's loader, {tags} tags", f"{theirs['per_s']:,.0f}", f"{theirs['peak']:.0f}", f"ours ≥ 6 ×: {ratio:.1f} ×", verdict(ratio, 6, at_least=True)],
            ]  # fmt: skip
        show("An event file imported, levels included", rows, ["", "scalars/s", "peak MiB", "bar", ""])
        follow = []
        for task, what in (("follow", "flush to the server's library"), ("drawn", "flush to drawn in Chromium")):
            found = apart(__file__, task, path)
            follow.append(
                [what, f"{found['p50']:.0f}", f"{found['p95']:.0f}", "p95 ≤ 1,000 ms", verdict(found["p95"], 1000)]
            )
    show("A growing event file followed", follow, ["", "p50 ms", "p95 ms", "bar", ""])


if __name__ == "__main__":
    main()
