"""The panes of a report: what each shows now, with its pictures and sounds, and the points of its lines.

They are drawn by the page's own renderers. Plotly is brought along only where some pane needs it: 4.8 MB, which are
2.0 MB compressed and in letters; a report without figures has none of it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.curves import query
from dashboard.curves.query import Answer, Question
from dashboard.http import wire
from dashboard.http.installed_scripts import place
from tracker.plain_text import writable, writable_values
from tracker.store.read.left_out import LeftOut
from tracker.store.read.panes import StoredPane
from tracker.store.read.run import StoredRun

COLUMNS = 1000
"""Columns of a line's points: as many as a window on a page has pixels."""

MAX_ITEM_BYTES = 20_000_000
"""Of a picture, a sound or a video that a report carries; a larger one is told of."""


class ReportPanes:
    """What a report holds of panes.

    Args:
        runs: Whose panes.
        left_out: What could not be read is added.

    Attributes:
        count: How many there are.
        points: How many points their lines stand for.
    """

    def __init__(self, runs: Sequence[StoredRun], left_out: LeftOut) -> None:
        self.count = self.points = 0
        self._parts: list[str] = []
        self._needs_plotly = False
        for run in runs:
            with left_out.reading(run.name):
                self._add(run, left_out)

    def html(self) -> str:
        """The script elements that hold it, in base64; empty without panes."""
        if not self.count:
            return ""
        script = place("plotly.js") if self._needs_plotly else None
        return "\n".join([*self._parts, *([_plotly(script)] if script is not None else [])]) + "\n"

    def _add(self, run: StoredRun, left_out: LeftOut) -> None:
        wanted: dict[tuple[str, int | None], None] = {}
        with run.held() as held:
            for listed in held.panes():
                with left_out.reading(run.name, listed.id):
                    pane = held.pane(listed.id)
                    self._parts.append(_element("pane-data", json.dumps(_told(run.name, pane), default=str).encode()))
                    self.count += 1
                    self._needs_plotly |= pane.type == "plot" or _has_more_than_lines(pane)
                    wanted |= dict.fromkeys(_wanted(pane))
        if not wanted:
            return
        with left_out.reading(run.name), query.reader(run.segments()) as ask:
            for tag, start in wanted:
                with left_out.reading(run.name, tag):
                    question = Question(tag, COLUMNS, start=start)
                    found = ask(question)
                    if found is not None:
                        self._parts.append(_curves(run.name, tag, start, question, found))
                        self._needs_plotly |= tag.endswith("/x") and _goes_back(found)
                        self.points += sum(found[0]["counts"].values())


def _told(run: str, pane: StoredPane) -> dict[str, Any]:
    """A pane as the page's renderers take it, with the bytes of what belongs to it."""
    items = [
        {
            "form": item.form, "hash": item.hash, "attributes": item.attributes,
            "data": base64.b64encode(item.data).decode() if len(item.data) <= MAX_ITEM_BYTES else None,
        }
        for item in pane.items
    ]  # fmt: skip
    told: dict[str, Any] = writable_values(
        wire.plain({
            "run": run, "id": pane.id, "type": pane.type, "title": pane.title, "opts": pane.opts, "n": pane.n,
            "states": pane.states, "step": pane.step, "wall_time": pane.wall_time, "width": pane.width,
            "height": pane.height, "content": pane.content, "items": items,
        })
    )  # fmt: skip
    return told


def _traces(pane: StoredPane) -> list[dict[str, Any]]:
    content = pane.content
    if pane.type == "value" and isinstance(content, dict) and content.get("kind") == "scalar":
        return [{"y": content.get("tag")}]
    traces = content.get("traces") if pane.type == "lines" and isinstance(content, dict) else None
    return [each for each in traces if isinstance(each, dict)] if isinstance(traces, list) else []


def _wanted(pane: StoredPane) -> list[tuple[str, int | None]]:
    """Tags that the lines of a pane lie in, and the step from which on they are shown."""
    found = []
    for trace in _traces(pane):
        start = trace.get("start")
        from_step = start if isinstance(start, int) and start > 0 else None
        found += [(tag, from_step) for tag in (trace.get("y"), trace.get("x")) if isinstance(tag, str)]
    return found


def _has_more_than_lines(pane: StoredPane) -> bool:
    return any("markers" in str(trace.get("mode")) or trace.get("fill") for trace in _traces(pane))


def _goes_back(answer: Answer) -> bool:
    """Whether places on the x axis go back and forth, which our own charts do not draw."""
    head, columns = answer
    names = Question("", COLUMNS).column_names()[head["form"]]
    values = columns[list(names).index("value" if head["form"] == "points" else "first")]
    return bool((np.diff(values) < 0).any())


def _curves(run: str, tag: str, start: int | None, question: Question, found: Answer) -> str:
    head, columns = found
    said = {"tag": writable(tag), "start": start, "columns": question.column_names(),
            "curves": [{"run": writable(run), **head}]}  # fmt: skip
    return _element("pane-curves", wire.message(said, columns))


def _plotly(path: Path) -> str:
    return _element("plotly-data", zlib.compress(path.read_bytes(), 9))


def _element(name: str, data: bytes) -> str:
    return f'<script type="text/plain" class="{name}">{base64.b64encode(data).decode()}</script>'
