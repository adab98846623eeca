"""The profiles page: opening, moving and searching a trace of 67,781 events, and one of a million.

    python benchmarks/profile_page.py [FOLDER WITH TRACES]

Opening is from the choice of a profile to its first frame, the server having seen it never before. On a machine that
others share the best of the rounds says what the work costs, the median how busy the machine was; the processor time
of the server's part is beside them. Frames are those of a pan and a zoom of two seconds each.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks import report  # noqa: E402
from tests.chromium import FLAGS  # noqa: E402
from tests.conftest import start_viz  # noqa: E402

BARS = {"open": 2000.0, "frames": 30.0, "search": 200.0}
ROUNDS = 5

_MOVE = """async (how) => {
    const probe = viz.page();
    const { chart, flame } = probe;
    chart.showAll();
    chart.zoom(0.3);
    const times = [];
    let last = performance.now();
    const end = last + 2000;
    for (let i = 0; last < end; i++) {
        if (how === 'pan') chart.pan(i % 120 < 60 ? 9 : -9);
        else chart.zoom(i % 120 < 60 ? 0.96 : 1 / 0.96);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const now = performance.now();
        times.push((now - last) / 2);
        last = now;
    }
    return times;
}"""

_DRAW = """async () => {
    const probe = viz.page();
    const times = [];
    for (let i = 0; i < 20; i++) { const began = performance.now(); probe.chart.draw(); times.push(performance.now() - began); }
    return times;
}"""

_SEARCH = """async (text) => {
    const probe = viz.page();
    const began = performance.now();
    probe.look(text);
    probe.chart.draw();
    return performance.now() - began;
}"""

_OPENED = """async () => {
    const probe = viz.page();
    return probe.opened;
}"""


def large(count: int) -> dict[str, Any]:
    """A trace of about `count` events on four threads and two streams, nested as real ones are."""
    rng = random.Random(0)
    events: list[dict[str, Any]] = []
    names = [f"aten::operation_{i}" for i in range(300)]
    for thread in range(6):
        at, stream = 0.0, thread >= 4
        while len(events) < count * (thread + 1) / 6:
            whole = rng.expovariate(1 / 40)
            common = {"ph": "X", "pid": 0 if stream else 1, "tid": thread, "cat": "kernel" if stream else "cpu_op"}
            events.append({**common, "name": rng.choice(names), "ts": at, "dur": whole})
            if not stream:
                events.append({**common, "name": rng.choice(names), "ts": at + whole * 0.1, "dur": whole * 0.7})
                events.append({**common, "name": rng.choice(names), "ts": at + whole * 0.2, "dur": whole * 0.3})
            at += whole * rng.uniform(1, 1.5)
    return {"traceEvents": events}


def _server_part(path: Path) -> float:
    """Seconds of processor that unpacking, reading and arranging a trace take; the best of three."""
    from dashboard.http.gc_pause import not_collecting
    from dashboard.profiles.trace import read
    from dashboard.profiles.view import ProfileView
    from tracker.values.profile import unpacked

    took = []
    for _ in range(ROUNDS):
        with not_collecting():
            began = time.process_time()
            ProfileView(read(unpacked(path.read_bytes())))
            took.append(time.process_time() - began)
    return min(took)


def main() -> None:
    """Prints the table."""
    from playwright.sync_api import sync_playwright

    import tracker

    traces = (
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(os.environ.get("EVERYSTEP_REAL_DATA", ROOT.parent / "shared/real_data")) / "traces"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        million = Path(folder) / "million.json.gz"
        million.write_bytes(gzip.compress(json.dumps(large(1_000_000)).encode(), 1))
        for title, path, bars in (
            ("67,781 events", traces / "resnet50_gpu_4workers.pt.trace.json.gz", BARS),
            ("a million events", million, {"frames": 30.0}),
        ):
            logdir = Path(folder) / "runs"
            shutil.rmtree(logdir, ignore_errors=True)
            with tracker.init(logdir, name="a", machine=False) as run:
                run.log({"profile": tracker.Profile(path)}, step=0)
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            found: dict[str, list[float]] = {"open": [], "pan": [], "zoom": [], "draw": [], "search": []}
            for _ in range(ROUNDS if title.startswith("67") else 1):
                served = start_viz(logdir, "--no-token")  # anew each time, so that nothing is known of the trace
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(f"{served.base}/")
                while not page.evaluate(
                    "document.querySelector('.has-dash') !== null"
                ):  # the server is at rest by then
                    page.wait_for_timeout(50)
                page.evaluate("window.viz.set('page', 'profiles')")
                while not page.evaluate(
                    "window.viz?.ready === true && document.querySelector('.profile-flame canvas') !== null"
                ):
                    page.wait_for_timeout(20)
                found["open"].append(page.evaluate(_OPENED))
                for how in ("pan", "zoom"):
                    found[how] += page.evaluate(_MOVE, how)
                found["draw"] += page.evaluate(_DRAW)
                found["search"] += [page.evaluate(_SEARCH, text) for text in ("a", "conv", "aten::", "operation_77")]
                page.close()
                served.stop()
            browser.close()
            rows.append([title, "open: the server's part, ms of processor", f"{1000 * _server_part(path):.0f}", ""])
            for name, values in found.items():
                middle = statistics.median(values)
                if name in ("pan", "zoom"):
                    bar = bars.get("frames")
                    rows.append(
                        [title, f"{name}, frames a second", f"{1000 / middle:.0f}", f"≥ {bar:.0f}" if bar else ""]
                    )
                else:
                    bar = bars.get(name)
                    worst = f" (worst {max(values):.0f})" if name == "search" else ""
                    worst = f" (best {min(values):.0f}, worst {max(values):.0f})" if name == "open" else worst
                    rows.append([title, f"{name}, ms", f"{middle:.0f}{worst}", f"≤ {bar:.0f}" if bar else ""])
    report.show(f"Profiles page ({report.machine()}, Chromium without a GPU)", rows, ["trace", "what", "median", "bar"])


if __name__ == "__main__":
    main()
