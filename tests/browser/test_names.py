"""Names that mean something to JavaScript, to paths or to the eye: every page shows them, and the good run beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import RunNameError
from tracker.logdir import check_run_name

TRAP = "watched name"
"""A name that is given to Object.prototype as a trap: whoever looks it up in an object that has a prototype is noted, with
the line that did. What would find a function under "constructor" is found without knowing where it is."""

TRAPS = f"""
window.trapped = [];
const note = () => {{
  const lines = new Error().stack.split("\\n").slice(2);
  if (/\\/assets\\/|blob:|data:|report\\.html/.test(lines[0])) window.trapped.push(lines.slice(0, 3).join(" < "));
}};
Object.defineProperty(Object.prototype, {json.dumps(TRAP)}, {{ get() {{ note(); return undefined; }}, set(value) {{ note(); Object.defineProperty(this, {json.dumps(TRAP)}, {{ value, writable: true, enumerable: true, configurable: true }}); }}, configurable: true }});
"""  # fmt: skip

OF_OBJECTS = [
    "constructor", "__defineGetter__", "__defineSetter__", "hasOwnProperty", "__lookupGetter__", "__lookupSetter__",
    "isPrototypeOf", "propertyIsEnumerable", "toString", "valueOf", "__proto__", "toLocaleString",
]  # fmt: skip
ODD = [
    *OF_OBJECTS, TRAP, "then", "length", "0", "-1", "NaN", "undefined", "null", "true", "prototype", "get", "size", "...",
    "a/__proto__/b", "toString/a", "constructor/prototype", "'quoted'", '"double"', "new\nline", "tab\there", "\u202eRTL", "שלום",
    "😀", "e\u0301", "‮", "a.b", "__proto__.x", "$& $1", "%s %(x)s {0} {x}", "${x}", "#", "?x=1&y=2", "a b", "<i>", "last:loss", "config:lr", "ag-Grid-x", "= loss", "[]", "{}", "\\",
]  # fmt: skip

PAGES = ["curves", "distributions", "graph", "media", "profiles", "machines", "ranks", "runs", "paths", "quality", "embeddings", "meshes", "layouts", "panes", "compare", "controls"]  # fmt: skip


def _is_name(text: str) -> bool:
    try:
        check_run_name(text)
    except RunNameError:
        return False
    return True


def _log(logdir: Path, name: str, names: list[str]) -> None:
    """A run with such names wherever a run can have a name."""
    names = list(dict.fromkeys(names))
    config = {each: {"x": i, each: i} for i, each in enumerate(names)} | {"lr": len(name)}
    with tracker.init(logdir=logdir, name=name, config=config, tags=names, group=names[0], notes=names[0]) as run:
        for step in range(3):
            run.log({each: float(step) for each in names} | {f"{each}/loss": float(step) for each in names} | {"loss": float(step)}, step=step)  # fmt: skip
            run.log({f"h/{each}": tracker.Histogram([1.0, 2.0]) for each in names}, step=step)
        few = names[:4]
        pixels = np.zeros((4, 4), np.uint8)
        for each in few:
            boxes = {each: [{"box": [0, 0, 2, 2], "label": each, "score": 0.5}]}
            run.log({f"i/{each}": tracker.Image(pixels, each, label=each, predictions=dict.fromkeys(few, 0.5), boxes=boxes)}, step=0)  # fmt: skip
            run.log({f"t/{each}": tracker.Text(each), f"q/{each}": tracker.PRCurve([0, 1], [0.1, 0.9])}, step=0)
            run.log({f"l/{each}": tracker.Layout({each: {each: ["Multiline", ["loss"]]}})}, step=0)
        run.log({"table": tracker.Table({each: [each, "1"] for each in few})}, step=0)
        run.log({"confusion": tracker.ConfusionMatrix([0, 1], [0, 1], class_names=few[:2])}, step=0)
        run.log({"e": tracker.Embedding(np.eye(2), [[each, each] for each in few[:2]], header=few[:2])}, step=0)
        run.log_graph(tracker.Graph([{"name": each, "op": each} for each in few if each], []))
        run.log({"profile": tracker.Profile({"traceEvents": [{"ph": "X", "name": each, "cat": each, "ts": 1.0, "dur": 2.0, "pid": 1, "tid": 1} for each in few]})}, step=0)  # fmt: skip
        for each in few:
            run.mark(each, step=1, kind=each)
            run.pane(each, tracker.Curves({each: [1.0, 2.0]}), title=each, legend=[each])
            run.pane(f"p {each}", tracker.Properties({each: each}))


def _fill(logdir: Path, whole: list[str], bare: list[str]) -> list[str]:
    """A good run, runs of which every part has odd names, and some that have only an odd name; the names of all."""
    with tracker.init(logdir=logdir, name="good", config={"lr": 1}) as run:
        run.log({"loss": 1.0}, step=0)
        run.log({"loss": 2.0, "h/good": tracker.Histogram([1.0])}, step=1)
    for at, name in enumerate(whole):
        _log(logdir, name, [name, whole[at - 1], *OF_OBJECTS])
    _log(logdir, "all", [each for each in ODD if each])
    for name in bare:
        with tracker.init(logdir=logdir, name=name, config={name: name}) as run:
            run.log({"loss": 1.0}, step=0)
    return ["good", "all", *whole, *bare]


def _go_through(page: Any, base: str, names: list[str], pages: list[str], until: Callable[..., Any]) -> None:
    for name in pages:
        page.goto(f"{base}/?p={name}")
        until(page, "viz.ready")
        assert set(names) <= set(page.evaluate("viz.runs()")), name
        assert page.query_selector("#view .empty") is None or name in ("machines", "ranks", "paths", "meshes"), name
        assert "could not be" not in page.inner_text("#view"), name
        assert page.evaluate("window.trapped") == [], name


def _use(page: Any, base: str, folder: Path, until: Callable[..., Any]) -> None:
    """What is kept by name: cards' order and size, columns' widths, groups, colours, the address, files."""
    page.goto(f"{base}/?p=curves&tags=__proto__")
    until(page, "viz.ready && document.querySelector('.card') !== null")
    assert "__proto__" in page.inner_text("#view")
    page.evaluate("""() => {
      const odd = Object.getOwnPropertyNames(Object.prototype).concat("watched name");
      const all = (value) => `{${odd.map((name) => `${JSON.stringify(name)}: ${value}`).join()}}`;
      localStorage.setItem("everystep.cardSizes", all("[2, 300]"));
      localStorage.setItem("everystep.cardOrder", all('["constructor/loss", "constructor"]'));
      localStorage.setItem("everystep.runColumns", all('{"width": 90}'));
    }""")
    for words in ("g=__proto__&cb=constructor&db=toString", "base=constructor", "one=__proto__/loss", "c=%5B%22constructor%22,%22__proto__%22%5D&pin=toString%0Avalueof", "x=metric&xm=__proto__", "x=constructor&sk=toString&bins=valueOf"):  # fmt: skip
        page.goto(f"{base}/?{words}")
        until(page, "viz.ready")
        assert page.query_selector(".card") is not None, words
    for words in ("p=constructor", "p=__proto__", "p=distributions&bins=constructor", "p=runs&col=constructor%0A__proto__%0Aconfig:constructor.x%0Alast:__proto__&sort=-last:__proto__", "p=machines&m=toString", "p=graph&at=1"):  # fmt: skip
        page.goto(f"{base}/?{words}")
        until(page, "viz.ready")
    page.goto(f"{base}/?p=runs&col=last:__proto__%0Amax:constructor%0Aconfig:__proto__.__proto__%0Aconfig:{TRAP}.x")
    until(page, "viz.ready && document.querySelector('.ag-row') !== null")
    until(
        page,
        "document.querySelectorAll('.ag-row').length > 2 && document.querySelector('.grid').innerText.includes('2')",
    )
    for form in ("csv", "json", "html"):
        answer = page.request.post(f"{base}/api/v1/export", data={"form": form, "runs": page.evaluate("viz.runs()")})
        assert answer.ok
        assert form == "html" or "__proto__" in answer.text()
        if form == "html":
            (report := folder / "report.html").write_bytes(answer.body())
            page.goto(report.as_uri())
            until(page, "window.report && document.querySelectorAll('article').length > 2")
            page.excuse("file://")
            assert "__proto__" in page.inner_text("body")
            assert page.evaluate("window.trapped") == []
            page.goto(f"{base}/?p=curves")
            until(page, "viz.ready")
        if form == "json":
            assert set(page.evaluate("viz.runs()")) == {each["name"] for each in answer.json()["runs"]}
    assert page.evaluate("window.trapped") == []


def test_no_lookup_finds_what_nobody_put_there(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Runs, groups, tags, settings, labels, classes, columns, charts, marks called like what every object has."""
    page.add_init_script(TRAPS)
    names = _fill(logdir, ["constructor", "__proto__", TRAP], ["toString/a", "'quoted'", "שלום", "😀", "0"])
    served = serve(logdir, "--no-token")
    _go_through(page, served.base, names, ["curves", "media", "runs", "compare", "layouts", "quality", "panes"], until)
    _use(page, served.base, logdir.parent, until)


@pytest.mark.long
def test_every_page_shows_runs_of_all_names(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """All names of Object.prototype, and those that mean something to paths, addresses, formats or the eye."""
    page.add_init_script(TRAPS)
    whole = [*OF_OBJECTS, TRAP]
    names = _fill(logdir, whole, [each for each in ODD if _is_name(each) and each not in whole])
    served = serve(logdir, "--no-token")
    _go_through(page, served.base, names, PAGES, until)
    _use(page, served.base, logdir.parent, until)
