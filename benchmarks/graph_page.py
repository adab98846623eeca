"""How fast the graph page is: first paint of ten thousand nodes, opening a scope, searching.

    python benchmarks/graph_page.py [--repeats 5]

Prints a table with the bars of docs/design.md. Every first paint is cold: a server that has just started and has not
read the graph, a browser that has nothing of the page. What is painted is waited for on the page, two frames long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import model_graphs  # noqa: E402  # found on the path set above
import report  # noqa: E402
from conftest import start_viz  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

import tracker  # noqa: E402
from dashboard.graph.view import GraphView  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

BARS = {"first paint, cold": 1000, "open a scope": 100, "spread 184 equal blocks": 100, "search": 100}

# Waits until a condition holds and the frame after it has been painted; gives the milliseconds since `begin`, which
# is by the page's own clock, or since the page was asked for.
WAIT = """([condition, begin]) => new Promise((done, failed) => {
  const look = () => {
    if (performance.now() - begin > 20000) { failed(new Error(`never: ${condition}`)); return; }
    let held = false;
    try { held = Boolean(conditions[condition]()); } catch { /* not there yet */ }
    if (held) requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
    else requestAnimationFrame(look);
  };
  const box = (name) => document.querySelector(`.graph-svg .box[aria-label^="${name},"]`);
  const conditions = {
    painted: () => window.viz?.ready && box("blocks"),
    opened: () => box("softmax"),
    all: () => box("41 – 80 of 184"),
    found: () => document.querySelectorAll("#graph-hits:not([hidden]) [role=option]").length,
  };
  look();
})"""

CLICK = """(selector) => {
  const begin = performance.now();
  document.querySelector(selector).dispatchEvent(new MouseEvent("click", { bubbles: true }));
  return begin;
}"""

TYPE = """(text) => {
  const begin = performance.now();
  const input = document.getElementById("graph-search");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return begin;
}"""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    plain = model_graphs.large()
    rows = [row("scope tree, once (Python)", [timed(lambda: GraphView(plain)) for _ in range(repeats)], 200)]
    view = GraphView(plain)
    rows.append(row("worst scope of all (Python)", [max(timed(lambda i=i: view.scope(i)) for i in scopes(view))], 5))
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        tracker.init(logdir=folder, name="large")
        tracker.log_graph(tracker.Graph(plain["nodes"], plain["edges"]))
        tracker.finish()
        for _ in range(repeats):
            with opened(Path(folder)) as (page, served):
                for name, took in visit(page, served):
                    found.setdefault(name, []).append(took)
            with opened(Path(folder)) as (page, served):
                page.goto(f"{served.address}&p=graph", wait_until="commit")
                took = page.evaluate(WAIT, ["painted", 0])
                found.setdefault("first paint while the server still starts", []).append(took)
    rows += [row(name, took, BARS.get(name)) for name, took in found.items()]
    what = f"Graph of {len(plain['nodes']):,} nodes, {len(plain['edges']):,} edges; {repeats} times"
    report.show(f"{what}; {report.machine()}", rows, ["figure", "median", "worst", "bar", ""])


def visit(page: Any, served: Any) -> Iterator[tuple[str, float]]:
    """One visit: what was done, and the milliseconds until it was painted."""
    urllib.request.urlopen(f"{served.base}/dash/?token={served.token}").read()  # answers once Dash is imported
    page.goto(f"{served.address}&p=graph", wait_until="commit")
    yield "first paint, cold", page.evaluate(WAIT, ["painted", 0])
    page.wait_for_timeout(1500)  # until the controls that Dash renders have come and the page is at rest
    begin = page.evaluate(CLICK, '.graph-svg .box[aria-label^="attention,"] .chevron')
    yield "open a scope", page.evaluate(WAIT, ["opened", begin])
    page.wait_for_timeout(300)
    begin = page.evaluate(TYPE, "block_77 softmax")
    yield "search", page.evaluate(WAIT, ["found", begin])
    page.wait_for_timeout(300)
    begin = page.evaluate(CLICK, '.graph-svg .box[aria-label^="blocks,"] .badge')
    yield "spread 184 equal blocks", page.evaluate(WAIT, ["all", begin])


@contextmanager
def opened(logdir: Path) -> Iterator[tuple[Any, Any]]:
    """A page in a fresh browser, and a fresh server. Nothing moves: a change is seen when drawn."""
    served = start_viz(logdir)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()
            yield page, served
            browser.close()
    finally:
        served.stop()


def scopes(view: GraphView) -> Iterator[int]:
    """All scopes of a graph."""
    waiting = [0]
    while waiting:
        item = waiting.pop()
        yield item
        waiting += [child["id"] for child in view.scope(item)["children"] if "members" in child]


def timed(act: Callable[[], Any]) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000


def row(name: str, took: list[float], bar: float | None) -> list[str]:
    """One line of the table."""
    middle = statistics.median(took)
    said = ["", ""] if bar is None else [f"{bar:g} ms", report.verdict(middle, bar)]
    return [name, f"{middle:.0f} ms", f"{max(took):.0f} ms", *said]


if __name__ == "__main__":
    main()
