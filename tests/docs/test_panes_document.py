"""docs/panes.md is true: its examples run one after the other, and its requests are routes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard.server.interface import Interface
from dashboard.server.settings import Settings
from tracker.values.pane import EVENTS, TYPES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "panes.md").read_text(encoding="utf-8")
FORMAT = (Path(__file__).resolve().parents[2] / "docs" / "store-format.md").read_text(encoding="utf-8")


def test_the_examples_run_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Copied and pasted, in their order."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(code, names)
    said = capsys.readouterr().out
    names["run"].finish()
    assert "Begun with a small batch.\nepoch 0: done" in said
    assert names["measured"].tolist() == [0.1, 0.9, 2.2, *(epoch / 2 for epoch in range(20))]
    stored = tracker.open("runs").run("digits/first")
    assert {pane.type for pane in stored.panes()} == {"text", "lines", "network", "plot", "value", "properties"}


def test_each_request_is_a_route(tmp_path: Path) -> None:
    """And each route of panes is among them."""
    said = set(re.findall(r"`(GET|POST) (/api/v1/[\w/]+)", PAGE))
    routes = {
        (method, route.path)
        for route in Interface(Settings(tmp_path)).routes
        for method in getattr(route, "methods", None) or ()
        if "pane" in route.path or "fork" in route.path
    }
    assert {each for each in routes if each[0] != "HEAD"} <= said
    assert said - {("POST", "/api/v1/curves")} <= routes


def test_each_event_and_each_type_is_described() -> None:
    """One that is added is, or this fails."""
    for event in EVENTS:
        assert f"| `{event}` |" in PAGE
    for type in TYPES:
        assert re.search(rf"^\| (`\w+`, )*`{type}`", FORMAT, re.M), type
