"""A report: the curves and panes of some runs in one HTML file that works without a server and without a network.

The file holds the page's own modules (in an import map of data addresses), its stylesheets, and the curves as the
server would send them. Names of runs and tags stand only in base64, so that no name can be taken for markup.
"""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Collection, Sequence
from typing import Any

from dashboard.curves import query
from dashboard.curves.query import Question
from dashboard.export.report_panes import ReportPanes
from dashboard.http import wire
from dashboard.http.module_graph import IMPORT, WEB, modules_of, needed
from tracker.name_order import naturally
from tracker.plain_text import writable, writable_values
from tracker.store.read.diagnosed import examination
from tracker.store.read.dismissed import dismissed
from tracker.store.read.left_out import LeftOut
from tracker.store.read.run import StoredRun
from tracker.store.read.segments import Segment
from tracker.values.pane import POINTS

COLUMNS = 2000
"""Columns of a long series: twice what a wide chart can show, so that a first zoom still finds detail."""

EXACT = 2**53
"""Integers from which on JavaScript's numbers are not exact."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data: blob:; connect-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)

SECTION = '<section id="panes" aria-label="Panes"></section>'
FINDINGS = '<section id="findings" aria-label="Findings"></section>\n'


def page(
    runs: Sequence[StoredRun], title: str, only: Collection[str] | None = None, left_out: LeftOut | None = None
) -> tuple[str, int]:
    """The HTML, and how many points it stands for.

    Args:
        runs: Whose curves.
        title: What it is called.
        only: Which tags; None for all.
        left_out: What could not be read; what else cannot is added, and all of it stands in the report.
    """
    left_out = LeftOut() if left_out is None else left_out
    about: list[dict[str, Any]] = []
    drawn: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {}
    points = 0
    for run in runs:
        own: list[str] = []
        segments: list[Segment] = []
        with left_out.reading(run.name):
            own = [tag for tag in run.tags("scalar") if tag in only] if only is not None else _curves_of(run)
            config = _exact(writable_values(wire.plain(run.config)))
            segments = run.segments()
            told = {"name": writable(run.name), "status": run.status, "config": config}
            about.append({**told, "findings": _findings(run, left_out)})
        with left_out.reading(run.name), query.reader(segments) as ask:
            for tag in own:
                heads, columns = drawn.setdefault(tag, ([], []))
                with left_out.reading(run.name, tag):
                    found = ask(Question(tag, COLUMNS))
                    if found is not None:
                        heads.append({"run": writable(run.name), **found[0]})
                        columns += found[1]
                        points += sum(found[0]["counts"].values())
    tags = naturally(drawn)
    parts = []
    names = Question("", COLUMNS).column_names()
    for tag in tags:
        heads, columns = drawn[tag]
        curves = {"tag": writable(tag), "columns": names, "curves": heads}
        packed = base64.b64encode(wire.message(curves, columns)).decode()
        parts.append(f'<script type="text/plain" class="curves-data">{packed}</script>')
    panes = ReportPanes(runs if only is None else [], left_out)
    points += panes.points
    entries = ["report.js", *(["report_panes.js"] if panes.count else [])]
    head = base64.b64encode(json.dumps({"runs": about}, default=str).encode()).decode()
    seen = sum(len(each["findings"]) for each in about)
    missing = f'<p class="made">{html.escape(writable(left_out.sentence(len(runs))))}</p>\n' if left_out else ""
    sheets = ["frame.css", "pages/curves/page.css", *(["pages/panes/page.css"] if panes.count else [])]
    sheets += [*(["pages/findings/page.css"] if seen else []), "report.css"]
    styles = "\n".join((WEB / name).read_text(encoding="utf-8") for name in sheets)
    made = time.strftime("%Y-%m-%d %H:%M")
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title>\n'
        f"<style>{styles}</style>\n"
        "<script>document.documentElement.dataset.theme="
        'matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"</script>\n'
        f'<script type="importmap">{json.dumps({"imports": _modules(*entries)})}</script></head>\n'
        f'<body class="report"><h1>{html.escape(title)}</h1>\n'
        f'<p class="made">{len(runs):,} runs, {len(tags):,} tags, {points:,} points, 0 hidden'
        f"{_and(panes.count, 'pane')}{_and(seen, 'finding')}; made {made}</p>\n"
        f"{missing}"
        f'{FINDINGS if seen else ""}<div id="controls"></div><div id="runs"></div>'
        '<main class="cards" id="cards"></main>\n'
        f"{SECTION if panes.count else ''}\n"
        '<div class="tip" id="tip" role="tooltip" hidden></div>\n'
        f'<script type="text/plain" id="runs-data">{head}</script>\n'
        + "\n".join(parts)
        + "\n"
        + panes.html()
        + "".join(f'<script type="module">import "everystep/{entry}";</script>' for entry in entries)
        + "</body></html>\n",
        points,
    )


def _findings(run: StoredRun, left_out: LeftOut) -> list[dict[str, Any]]:
    """What was found in a run and nobody dismissed, the worst first, as the page has it."""
    found: list[dict[str, Any]] = []
    with left_out.reading(run.name, "findings"):
        gone = dismissed(run.folder)
        found = [each for each in examination(run).as_dicts() if each["id"] not in gone]
    plain: list[dict[str, Any]] = writable_values(wire.plain(found))
    return plain


def _curves_of(run: StoredRun) -> list[str]:
    """The tags that have a chart: points of panes are shown in their panes."""
    return [tag for tag in run.tags("scalar") if not tag.startswith(POINTS)]


def _and(count: int, noun: str) -> str:
    return f", {count:,} {noun}{'' if count == 1 else 's'}" if count else ""


def _exact(value: Any) -> Any:
    """JSON values with integers that a browser would round as their digits."""
    if isinstance(value, int):
        return value if abs(value) < EXACT else str(value)
    if isinstance(value, dict):
        return {key: _exact(each) for key, each in value.items()}
    return [_exact(each) for each in value] if isinstance(value, list) else value


def _by_name(text: str, module: str) -> str:
    """A module with those that it needs called as the import map calls them: a data address has no folder."""
    return IMPORT.sub(lambda match: f'{match[1]} {match[2] or ""}"everystep/{needed(module, match[3])}"', text)


def _modules(*entries: str) -> dict[str, str]:
    """The modules and all that they need, each as an address that holds it."""
    found = {}
    for name in dict.fromkeys(name for entry in entries for name in modules_of(entry)):
        text = (WEB / name).read_text(encoding="utf-8")
        text = _by_name(text, name)
        found[f"everystep/{name}"] = f"data:text/javascript;base64,{base64.b64encode(text.encode()).decode()}"
    return found
