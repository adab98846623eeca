"""docs/try.md is true: its example runs, and its requests are routes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import tracker
from dashboard.server.interface import Interface
from dashboard.server.settings import Settings
from tracker.store.read.page_cases import CASE, MOST_CASES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "try.md").read_text(encoding="utf-8")


def test_the_example_logs_a_model_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied and pasted."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    exec(code, {})
    model = tracker.open("runs").run("digits").model("digits")
    assert [each.step for each in model.versions] == [0, 50, 100, 150]
    assert len(model.top(np.zeros((1, 1, 8, 8), np.float32), 3)) == 3


def test_each_request_is_a_route(tmp_path: Path) -> None:
    """And each route of Try is among them; bounds and names are those of the code."""
    said = set(re.findall(r"/api/v1/(?:try|cases)[\w/]*", PAGE))
    routes = {getattr(route, "path", "") for route in Interface(Settings(tmp_path)).routes}
    assert said == {path for path in routes if re.match(r"/api/v1/(try|cases)\b", path)}
    assert f"up to {MOST_CASES} cases" in PAGE
    for text in (PAGE, (DOCS / "store-format.md").read_text(encoding="utf-8")):
        assert f"`{CASE}<id>`" in text
