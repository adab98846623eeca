"""docs/trainer.md is true: every piece of its code runs, and gives what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import tracker
import trainer

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "trainer.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")  # detect_anomaly is shown on one


def test_the_page_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Copied and pasted; what a comment promises is what is printed."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        # Compiled under a file's name, so that detect_anomaly has a line to tell.
        exec(compile(code, "page.py", "exec"), names)
    said = capsys.readouterr().out
    for promised in re.findall(r"print\(.*\)  # ([^\n:…,]+)", PAGE):
        if promised[0].isdigit() or promised.startswith("Tensor"):
            assert promised in said, promised
    assert "try x.permute(0, 3, 1, 2)\n  in conv: Conv2d(1, 8, kernel_size=(3, 3), padding=1)" in said
    assert "log at page.py:3 made the first value that is not finite" in said
    assert len(names["history"]["loss"]) == 8
    assert names["history"]["accuracy"][-1] > 0.9
    store = tracker.open("runs")
    assert [run.status for run in store.runs()] == ["finished"] * 4
    assert store.run("landscape").tags("text") == ["path/loss/path/surface", "path/loss/random/surface"]
    assert len(store.run("bowl").scalars("path/bowl/value").step) == 50
    assert trainer.load("training.npz")["step"] == 50


def test_every_sample_is_listed() -> None:
    """Here and in the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "sample_runs").glob("*.py"):
        if path.stem != "__init__":
            assert f"| `{path.stem}` |" in PAGE
            assert f"`python -m sample_runs.{path.stem}`" in readme
