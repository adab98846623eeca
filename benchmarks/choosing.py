"""How fast runs are chosen: 10,000 runs × 60 columns on the server and in the page, and a list of 100,000 runs.

    python -m benchmarks.choosing [--runs 10000] [--many 100000] [--repeats 5] [--only server,page,list]

On the server: the search, the order and the groups of `viz runs`, on what is known of runs in memory. In the page: what the
server would say of the runs is answered by the benchmark, so that nothing of reading files is in it; each figure is from
the act to two frames after what it brings stands. The longest task is the browser's own count, over all acts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks import report
from benchmarks.served import served
from dashboard.choosing.choice import choose, is_falling, order_field, ordered
from dashboard.choosing.fields import Fields, Searched
from dashboard.choosing.groups import grouped, summary_of
from dashboard.choosing.query import parse
from dashboard.http import wire

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SETTINGS = 30
TAGS = ["val/loss", "train/loss", "val/acc", *(f"train/part{i}" for i in range(7))]
SEARCHES = {
    "a word": "vit",
    "a range of a setting": "lr=1e-4..1e-3",
    "a range of a metric": "val/loss<0.5",
    "best 20": "best 20 by val/loss lr=1e-4..1e-2",
}

LONG = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
  }).observe({ entryTypes: ["longtask"] });
}"""
FIRST = """
  const look = () => {
    if (document.querySelectorAll("#runs-list .run, #runs-list .folder").length > 3) window.seen = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
SEEN = "window.seen - performance.getEntriesByType('resource').find(({ name }) => name.includes('/runs?')).responseEnd"
ACT = """([act, done]) => new Promise((tell, fail) => {
  const begun = performance.now();
  const is = ACTS[done];
  ACTS[act]();
  const look = () => {
    if (performance.now() - begun > 60000) fail(new Error(`never: ${done}`));
    else if (is()) requestAnimationFrame(() => requestAnimationFrame(() => tell(performance.now() - begun)));
    else requestAnimationFrame(look);
  };
  look();
})"""
SCROLL = """(steps) => new Promise((tell) => {
  const list = document.getElementById("runs-list"), took = [], height = list.scrollHeight - list.clientHeight;
  let before = 0, i = 0;
  const step = (now) => {
    if (before) took.push(now - before);
    before = now;
    if (i > steps) return tell(took);
    list.scrollTop = (height * ((i++ * 37) % (steps + 1))) / steps;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def summaries(count: int) -> list[dict[str, Any]]:
    """What a server says of runs of a sweep, the newest last."""
    rng = np.random.default_rng(0)
    models, optimizers, lrs = (
        ("mlp", "resnet18", "vit-small", "lstm"),
        ("adam", "sgd", "lion"),
        (1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    )
    more = rng.random((count, SETTINGS - 4)).round(4).tolist()
    loss = rng.random(count).tolist()
    found = []
    for i in range(count):
        model, optimizer, lr, seed = models[i % 4], optimizers[i // 4 % 3], lrs[i // 12 % 5], i // 60
        config = {"model": model, "optimizer": optimizer, "lr": lr, "seed": seed}
        config |= {f"setting{k}": value for k, value in enumerate(more[i])}
        found.append(
            {
                "name": f"sweep/{model}/opt={optimizer}/lr={lr}/seed={seed}", "status": "finished", "paused": False,
                "started": 1.7e9 + i, "ended": 1.7e9 + i + 60, "ending": None, "updated": 1.7e9 + i + 60, "step": 1000,
                "segments": 1, "bytes": 70_000, "ranks": 1, "group": None, "tags": [], "notes": "", "config": config,
                "said": {}, "findings": [0, 0, 0], "commands": False, "proposals": 0, "lost": {}, "problems": [],
                "scalars": {TAGS[0]: {"step": 1000, "wall_time": 1.7e9, "value": loss[i]}}, "series": 0,
            }
        )  # fmt: skip
    return found


def timed(act: Callable[[], Any], repeats: int) -> list[float]:
    """Milliseconds of each time."""
    took = []
    for _ in range(repeats):
        begun = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - begun))
    return took


def of_the_server(told: list[dict[str, Any]], repeats: int) -> list[tuple[str, list[float]]]:
    """Searching, sorting and grouping in Python."""
    rng = np.random.default_rng(1)
    values = {run["name"]: rng.random(len(TAGS)).tolist() for run in told}
    places = {tag: i for i, tag in enumerate(TAGS)}
    runs = [Searched(run) for run in reversed(told)]
    begun = time.perf_counter()
    fields = Fields(runs, TAGS, lambda run, tag, _: values[run][places[tag]], 1.8e9)
    fields.find("lr")
    rows = [("what there is to search by, once", [1000 * (time.perf_counter() - begun)])]
    rows += [
        (f"filter by {name}", timed(lambda text=text: choose(parse(text), runs, fields, TAGS[0]), repeats))
        for name, text in SEARCHES.items()
    ]
    for key in ("val/loss", "lr", "name"):
        field = order_field(key, fields)
        rows.append(
            (
                f"sort by {key}",
                timed(lambda f=field, k=key: ordered(runs, f, is_falling=is_falling(k, f)), repeats),
            )
        )
    by = [order_field(key, fields) for key in ("lr", "optimizer")]
    of = [fields.metric_of(tag, "last") for tag in TAGS]
    rows.append(
        (
            "group by lr and optimizer, 10 metrics",
            timed(lambda: [summary_of(group.runs, field) for group in grouped(runs, by) for field in of], repeats),
        )
    )
    return rows


def answered(page: Any, told: list[dict[str, Any]]) -> None:
    """Has the benchmark answer for the server what it is asked of runs."""
    listed = json.dumps(
        {
            "logdir": "runs",
            "runs": told,
            "tagsets": [{"scalar": TAGS}],
            "headlines": TAGS,
            "news": 10**9,
            "met": len(told),
            "unmet": {"names": [], "began": []},
        }
    ).encode()
    names = [run["name"] for run in told]
    rng = np.random.default_rng(2)

    def columns(route: Any) -> None:
        asked = json.loads(route.request.post_data)
        runs, tags = asked["runs"] or names, asked["tags"]
        values = np.sort(rng.random((len(tags), 3, len(runs))), axis=1)
        cells = [column for t in range(len(tags)) for column in (*values[t, [1, 0, 2]], np.full(len(runs), 9.0))]
        route.fulfill(
            body=wire.message({"runs": runs, "tags": tags, "problems": []}, cells), content_type=wire.MEDIA_TYPE
        )

    page.route("**/api/v1/runs?*", lambda route: route.fulfill(body=listed, content_type="application/json"))
    page.route("**/api/v1/columns", columns)
    page.route("**/api/v1/curves", lambda route: route.abort())
    page.route("**/api/v1/findings*", lambda route: route.abort())


ACTS = """{
  table: () => viz.set("page", "runs"), isTable: () => viz.ready && document.querySelectorAll(".ag-row").length > 10,
  word: () => viz.set("runs", "vit"), isWord: () => said("COUNT_WORD of"),
  setting: () => viz.set("runs", "lr=1e-4..1e-3"), isSetting: () => said(" of ") && !said("COUNT_WORD of"),
  metric: () => viz.set("runs", "val/loss<0.5"), best: () => viz.set("runs", "best 20 by val/loss"), isBest: () => said("20 of"),
  all: () => viz.set("runs", ""), isAll: () => !said(" of "),
  byLoss: () => { window.before = firstRow(); viz.set("sort", "last:val/loss"); }, isOther: () => firstRow() !== window.before,
  bySetting: () => { window.before = firstRow(); viz.set("sort", "config:setting3"); },
  group: () => viz.set("tableBy", ["config:lr", "config:optimizer"]), isGroup: () => viz.page().groups?.length > 5,
  ungroup: () => viz.set("tableBy", []), isUngrouped: () => Boolean(viz.page().rows?.length),
  order: () => viz.set("order", "best:val/loss"), isOrder: () => document.getElementById("run-order").textContent.startsWith("Best") && Boolean(document.querySelector(".folder-best, .run .value")?.textContent),
  flat: () => viz.set("asTree", "no"), isFlat: () => document.querySelectorAll("#runs-list .run").length > 5,
  tree: () => viz.set("asTree", "yes"), isTree: () => document.querySelectorAll("#runs-list .folder").length > 3,
  hide: () => document.querySelector(".folder-box").click(), isHidden: () => document.getElementById("runs-count").textContent.includes("hidden"),
  show: () => viz.set("off", []), isShown: () => !document.getElementById("runs-count").textContent.includes("hidden"),
}"""


def of_the_page(
    browser: Any, base: str, told: list[dict[str, Any]], acts: list[tuple[str, str, str]], repeats: int, first: str
) -> list[tuple[str, list[float]]]:
    """Each act from its begin to two frames after what it brings; the first sight, scrolling, and the longest task."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    answered(page, told)
    page.add_init_script(FIRST)
    page.goto(f"{base}/?{first}")
    wait(page, "window.seen > 0")
    rows = [("from the server's answer to the list", [page.evaluate(SEEN)])]
    page.evaluate("document.getElementById('runs-list').scrollTop = 0")
    words = sum("vit" in run["name"] for run in told)
    page.evaluate(
        "window.said = (text) => document.getElementById('runs-count').textContent.includes(text);"
        "window.firstRow = () => document.querySelector('.ag-row[row-index=\"0\"]')?.getAttribute('row-id');"
        f"window.ACTS = {ACTS.replace('COUNT_WORD', f'{words:,}')}"
    )
    page.evaluate(LONG)
    for name, act, done in acts:
        took = []
        for turn in range(repeats if act in ("word", "setting", "metric", "best") else 1):
            took.append(page.evaluate(ACT, [act, done]))
            if turn < repeats - 1 and act in ("word", "setting", "metric", "best"):
                page.evaluate(ACT, ["all", "isAll"])
        rows.append((f"{name}", took))
    rows.append(("a frame while the list is scrolled", page.evaluate(SCROLL, 100)))
    rows.append(("the longest task of all this", [page.evaluate("window.longest")]))
    heap = page.evaluate("performance.memory ? performance.memory.usedJSHeapSize / 2 ** 20 : NaN")
    rows.append(("heap (MiB)", [heap]))
    page.context.close()
    return rows


TABLE_ACTS = [
    ("the table drawn", "table", "isTable"), ("filter by a word", "word", "isWord"), ("all of them again", "all", "isAll"),
    ("filter by a range of a setting", "setting", "isSetting"), ("all of them again", "all", "isAll"),
    ("best 20", "best", "isBest"), ("all of them again", "all", "isAll"), ("sort by a metric", "byLoss", "isOther"),
    ("sort by a setting", "bySetting", "isOther"), ("group by two settings", "group", "isGroup"),
    ("back to runs", "ungroup", "isUngrouped"), ("the list by its best", "order", "isOrder"),
]  # fmt: skip
LIST_ACTS = [
    ("filter by a word", "word", "isWord"), ("all of them again", "all", "isAll"), ("best 20", "best", "isBest"),
    ("all of them again", "all", "isAll"), ("the list by its best", "order", "isOrder"), ("a folder hidden", "hide", "isHidden"),
    ("and shown", "show", "isShown"), ("in one list", "flat", "isFlat"),
]  # fmt: skip


def wait(page: Any, expression: str) -> None:
    """Until it is true, by asking: the page's policy forbids what Playwright waits with."""
    end = time.monotonic() + 100
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise SystemExit(f"never: {expression}")
        page.wait_for_timeout(10)


def main() -> None:
    """Measures and prints tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100_000, help="runs of the list")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="server,page,list")
    options = parser.parse_args()
    parts = options.only.split(",")
    told = summaries(options.runs)
    if "server" in parts:
        show(f"{options.runs:,} runs × 60 columns on the server", of_the_server(told, options.repeats))
    if not {"page", "list"} & {*parts}:
        return
    path = os.environ.get("EVERYSTEP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as base, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        if "page" in parts:
            shown = [f"config:{key}" for key in told[0]["config"]]
            shown += [f"{way}:{tag}" for tag in TAGS for way in ("last", "min", "max")]
            first = "p=media&col=" + "%0A".join(shown)
            show(
                f"{options.runs:,} runs × 60 columns in the page",
                of_the_page(browser, base, told, TABLE_ACTS, options.repeats, first),
            )
        if "list" in parts:
            many = summaries(options.many)
            for run in many:
                run["config"] = {key: run["config"][key] for key in ("model", "optimizer", "lr", "seed")}
            show(
                f"A list of {options.many:,} runs",
                of_the_page(browser, base, many, LIST_ACTS, options.repeats, "p=media"),
            )
        browser.close()


def show(title: str, rows: list[tuple[str, list[float]]]) -> None:
    """A table of them."""
    report.show(
        f"{title}, {report.machine()}",
        [
            (name, *(f"{each(took):,.1f}{'' if 'MiB' in name else ' ms'}" for each in (statistics.median, max)))
            for name, took in rows
        ],
        ("figure", "median", "worst"),
    )


if __name__ == "__main__":
    main()
