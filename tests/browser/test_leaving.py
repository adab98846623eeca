"""Leaving a page undoes all that it made: visited again and again, listeners, timers, observers and heap stay level.

What scripts set is counted from the first line on: timers and frames that wait, observers that look at something,
listeners of the window and the document. Chromium counts the listeners of all nodes that it still holds, and the heap.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker

PAGES = (
    "curves", "distributions", "graph", "media", "profiles", "machines", "ranks", "runs", "paths", "quality", "embeddings",
    "meshes", "layouts", "panes", "compare", "controls",
    "findings",
)  # fmt: skip
VISITS = int(os.environ.get("EVERYSTEP_VISITS", "200"))
"""How often the long part visits each page."""
LEVEL = min(10, VISITS // 2)  # visits after which the counts are taken that later ones are held against
SHARE = 0.02  # by which counts of the browser may differ: it holds what it likes for a while
LOG_S = 0.05  # from one live point to the next; where the heap is weighed ten times as long, as more data weigh more

COUNT = """(() => {
  const timers = new Set(), frames = new Set(), observers = new Set(), heard = new Map(), late = [], took = {};
  const own = {};
  for (const name of ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "requestAnimationFrame", "cancelAnimationFrame"])
    own[name] = window[name].bind(window);
  window.setTimeout = (act, ms, ...more) => {
    const id = own.setTimeout((...given) => { timers.delete(id); act(...given); }, ms, ...more);
    timers.add(id);
    return id;
  };
  window.setInterval = (...given) => { const id = own.setInterval(...given); timers.add(id); return id; };
  window.clearTimeout = (id) => { timers.delete(id); own.clearTimeout(id); };
  window.clearInterval = (id) => { timers.delete(id); own.clearInterval(id); };
  window.requestAnimationFrame = (act) => {
    const id = own.requestAnimationFrame((now) => { frames.delete(id); act(now); });
    frames.add(id);
    return id;
  };
  window.cancelAnimationFrame = (id) => { frames.delete(id); own.cancelAnimationFrame(id); };
  const Mutations = MutationObserver;
  for (const kind of ["ResizeObserver", "IntersectionObserver", "MutationObserver"])
    window[kind] = class extends window[kind] {
      observe(...given) { observers.add(this); super.observe(...given); }
      disconnect() { observers.delete(this); super.disconnect(); }
    };
  // Listeners of what outlives every page.
  const keyOf = (type, options) => type + (options === true || options?.capture ? " first" : "");
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  const isShared = (target) => target === window || target === document || target === undefined;
  const of = (type, options) => {
    const key = keyOf(type, options);
    if (!heard.has(key)) heard.set(key, new Set());
    return heard.get(key);
  };
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (isShared(this) && !options?.once) of(type, options).add(listener);
    return add.call(this, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    if (isShared(this)) of(type, options).delete(listener);
    return remove.call(this, type, listener, options);
  };
  // What is painted where nobody can see it any more.
  const shown = new WeakSet();
  const { prototype } = CanvasRenderingContext2D;
  for (const name of ["stroke", "fill", "fillText", "fillRect", "drawImage", "putImageData"]) {
    const paint = prototype[name];
    prototype[name] = function (...given) {
      if (this.canvas.isConnected) shown.add(this.canvas);
      else if (shown.has(this.canvas) && watched.has(this.canvas)) late.push(`${name} on a canvas of ${watched.get(this.canvas)}`);
      return paint.apply(this, given);
    };
  }
  const watched = new WeakMap(); // canvases of pages that were left
  const pause = (ms) => new Promise((done) => own.setTimeout(done, ms));
  const view = () => document.getElementById("view");

  async function turn(name, kept) {
    const before = document.body.dataset.page, old = [...view().children];
    viz.set("page", name);
    while (before !== name && old.some((each) => each.isConnected)) await pause(0);
    if (before !== name)
      for (const each of old) {
        if (each.matches(kept)) continue; // shown again on the next visit, as it is
        for (const canvas of each.querySelectorAll("canvas")) watched.set(canvas, before);
        new Mutations((changes) => {
          for (const { target, type } of changes) late.push(`${type} of ${target.nodeName}.${target.className} of ${before}`);
        }).observe(each, { subtree: true, childList: true, characterData: true, attributes: true });
      }
    const began = performance.now();
    for (; !(document.body.dataset.page === name && viz.ready); await pause(5))
      if (performance.now() - began > 20000) throw new Error(`${name} was not ready after 20 s`);
    took[name] = Math.round(performance.now() - began);
  }

  window.leaving = {
    async visit(names, kept) { for (const name of names) await turn(name, kept); },
    counts: () => ({
      timers: timers.size,
      frames: frames.size,
      observers: observers.size,
      heard: Object.fromEntries([...heard].filter(([, all]) => all.size).map(([key, all]) => [key, all.size]).sort()),
    }),
    late,
    took,
  };
})();"""
KEPT = ".table-bar, .grid"
"""The table of runs, which takes long to make: it waits for the next visit."""


def log_everything(run: tracker.Run, folder: Path) -> None:
    """Something for every page."""
    rng = np.random.default_rng(1)
    trace = folder / "trace.json"
    events = [{"name": f"op{i}", "ph": "X", "ts": 10 * i, "dur": 8, "pid": 1, "tid": 1} for i in range(50)]
    trace.write_text(json.dumps({"traceEvents": events}), encoding="utf-8")
    nodes = [
        {"name": "x", "op": "input", "kind": "input", "attrs": {"shape": [1, 64]}},
        {"name": "fc1/linear", "op": "linear", "attrs": {"shape": [1, 32]}},
        {"name": "relu", "op": "relu", "attrs": {"shape": [1, 32]}},
    ]
    run.log_graph(
        tracker.Graph(nodes, [{"source": "x", "target": "fc1/linear"}, {"source": "fc1/linear", "target": "relu"}])
    )
    for step in range(30):
        run.log(
            {
                "odd_loss": math.nan if step == 9 else 1.0,
                "train/loss": 1 / (step + 1),
                "val/loss": 2 / (step + 1),
                "grad_norm/fc1": 1.0,
            },
            step=step,
        )
        run.log(
            {"path/beale/x": step / 30, "path/beale/y": 1 - step / 30, "path/beale/value": 1 / (step + 1)}, step=step
        )
        if step % 10 == 0:
            run.log(
                {
                    "weights/fc1": tracker.Histogram(rng.normal(size=1000)),
                    "weights/fc2": tracker.Histogram(rng.normal(size=1000)),
                    "samples": [
                        tracker.Image(rng.random((8, 8)), boxes={"found": [{"box": (1, 1, 5, 5), "label": "a"}]})
                    ],
                    "sound": tracker.Audio(rng.normal(size=4000) / 9, 8000),
                    "rows": tracker.Table([{"a": 1.0, "b": "two"}] * 5),
                    "notes": tracker.Text(f"at step {step} **bold**"),
                    "plot": tracker.Figure({"data": [{"y": [1, 3, 2]}], "layout": {"title": {"text": "A title"}}}),
                    "spam": tracker.PRCurve(rng.random(100) > 0.5, rng.random(100)),
                    "digits": tracker.ConfusionMatrix(rng.integers(0, 3, 50), rng.integers(0, 3, 50)),
                    "words": tracker.Embedding(rng.normal(size=(50, 8)), [f"word {i}" for i in range(50)]),
                    "body": tracker.Mesh(rng.normal(size=(20, 3)), rng.integers(0, 20, (10, 3))),
                },
                step=step,
            )
    run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)
    run.control("rule", "adam", choices=["adam", "sgd"])
    run.log({"profile": tracker.Profile(trace)}, step=5)
    run.pane("curves", tracker.Curves({"a": [1.0, 3.0, 2.0]}))
    run.pane("figure", tracker.Figure({"data": [{"y": [1, 3, 2]}], "layout": {}}))
    run.pane("html", tracker.Html("<p>words</p>"))
    run.pane("sheet", tracker.Properties({"lr": 0.1}))
    run.pane("picture", tracker.Image(rng.random((8, 8))))
    run.log({"layout": tracker.Layout({"losses": {"both": ["Multiline", ["train/loss", "val/loss"]]}})}, step=0)


@pytest.fixture
def served(logdir: Path, tmp_path: Path, serve: Callable[..., Any], request: pytest.FixtureRequest) -> Iterator[Any]:
    """Three runs that logged something for every page; one of them goes on logging, so that there is always news."""
    for number in range(2):
        with tracker.init(logdir=logdir, name=f"run/{number}", config={"lr": 0.1**number, "width": 2**number}) as run:
            log_everything(run, tmp_path)
    live = tracker.init(logdir=logdir, name="run/live", config={"lr": 1.0, "width": 8}, machine=1.0)
    log_everything(live, tmp_path)
    live.flush()
    over = threading.Event()
    pause = LOG_S * (10 if request.node.get_closest_marker("long") else 1)

    def keep_logging() -> None:
        step = 30
        while not over.wait(pause):
            live.log(
                {"train/loss": 1 / step, "val/loss": 2 / step, "path/beale/x": 0.5, "machine/news": 1.0}, step=step
            )
            if step % 20 == 0:
                live.log({"weights/fc1": tracker.Histogram(np.arange(9.0)), "notes": tracker.Text("more")}, step=step)
                live.pane("html", tracker.Html(f"<p>step {step}</p>"))
            step += 1

    logging = threading.Thread(target=keep_logging)
    server = serve(logdir, "--no-token")
    logging.start()
    yield server
    over.set()
    logging.join()
    live.finish()


class Visits:
    """A browser's page that is turned again and again, and what it holds of the world meanwhile."""

    def __init__(self, page: Any, address: str, until: Callable[..., Any]) -> None:
        self.page, self._until = page, until
        page.add_init_script(COUNT)
        self._chromium = page.context.new_cdp_session(page)
        self._chromium.send("Performance.enable")
        page.goto(address)
        until(page, "window.viz?.ready && document.body.classList.contains('has-dash')")

    def turn(self, names: tuple[str, ...], times: int) -> None:
        for _ in range(times):
            self.page.evaluate("([names, kept]) => leaving.visit(names, kept)", [[*names, "curves"], KEPT])

    def counts(self) -> dict[str, Any]:
        """What is held on the page of curves, of what was set by scripts, and by the browser's own count."""
        self._chromium.send("HeapProfiler.collectGarbage")
        found: dict[str, Any] = self.page.evaluate("leaving.counts()")
        metrics = {each["name"]: each["value"] for each in self._chromium.send("Performance.getMetrics")["metrics"]}
        return {**found, "listeners": metrics["JSEventListeners"], "heap": metrics["JSHeapUsedSize"]}

    def settled(self, holds: Callable[[dict[str, Any]], bool], tries: int = 16) -> dict[str, Any]:
        """The counts once something holds of them: what is on its way when a page is turned needs a moment to end."""
        for _ in range(tries):
            found = self.counts()
            if holds(found):
                return found
            self.page.wait_for_timeout(250)
        return found

    @property
    def late(self) -> list[str]:
        found: list[str] = self.page.evaluate("leaving.late")
        return found


def is_level(now: dict[str, Any], level: dict[str, Any], *, heap: bool = True) -> bool:
    """Whether no more is held than before: exactly of what we set, about as much of what the browser counts."""
    ours = all(now[key] <= level[key] for key in ("timers", "observers")) and now["heard"] == level["heard"]
    theirs = ("listeners", "heap") if heap else ("listeners",)
    return ours and all(now[key] <= (1 + SHARE) * level[key] for key in theirs)


@pytest.mark.dash
def test_pages_that_are_left_leave_nothing(
    served: Any, page: Any, until: Callable[..., Any], figure: Callable[[str], None]
) -> None:
    """A few pages, a dozen times: listeners, timers and observers are as many as after the second visit."""
    visits = Visits(page, served.base, until)
    names = ("distributions", "machines", "controls", "findings")
    visits.turn(names, 2)
    level = visits.settled(lambda found: found["timers"] <= 12)
    visits.turn(names, 10)
    now = visits.settled(lambda found: is_level(found, level, heap=False))
    figure(f"held after 2 visits of {len(names)} pages: {level}; after 12: {now}")
    assert visits.late == []
    assert is_level(now, level, heap=False), f"\nafter 2:  {level}\nafter 12: {now}"


@pytest.mark.dash
@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_page_left_two_hundred_times_leaves_nothing(
    served: Any, page: Any, until: Callable[..., Any], figure: Callable[[str], None]
) -> None:
    """Every page: what is held, the heap too, returns to the level after the tenth visit, within 2 %."""
    visits = Visits(page, served.base, until)
    visits.turn(PAGES[1:], LEVEL)
    level = visits.settled(lambda found: found["timers"] <= 12)
    visits.turn(PAGES[1:], VISITS - LEVEL)
    now = visits.settled(lambda found: is_level(found, level))
    figure(f"held after {LEVEL} visits of {len(PAGES)} pages: {level}; after {VISITS}: {now}")
    figure(f"ms from turning to a page to its being drawn, the last time: {visits.page.evaluate('leaving.took')}")
    assert visits.late == []
    assert is_level(now, level), f"\nafter {LEVEL}: {level}\nafter {VISITS}: {now}"
