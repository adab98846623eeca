"""docs/kinds.md is true: every call of its table runs, and what was logged is read back; its pictures are there."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest

import tracker
from trainer import nn

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DOCS / "kinds.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| Kind", "| ---"))
]
GIVEN = {
    "tracker": tracker,
    "charts": {"losses": {"both": ["Multiline", ["loss"]]}},
    "picture": np.linspace(0, 1, 48).reshape(6, 8),
    "figure": {"data": [{"type": "bar", "y": [1, 2]}], "layout": {}},
    "samples": np.sin(np.arange(800) / 10),
    "weights": np.arange(100.0),
    "model": nn.Sequential(nn.Linear(4, 2)),
    "inputs": np.ones((1, 4), np.float32),
    "settings": {"lr": 0.1, "optimizer": {"name": "adam"}},
    "labels": [0, 1, 1, 0],
    "scores": [0.1, 0.9, 0.4, 0.6],
    "guesses": [0, 1, 0, 1],
    "vertices": np.eye(3),
    "faces": [[0, 1, 2]],
    "vectors": np.arange(12.0).reshape(4, 3),
    "words": ["a", "b", "c", "d"],
    "trace": [{"ph": "X", "name": "step", "ts": 0, "dur": 5, "pid": 1, "tid": 1}],
    "frames": np.zeros((3, 8, 8), np.uint8),
    "rows": [{"name": "a", "score": 0.5}],
}


def code(cell: str) -> str:
    (found,) = re.findall(r"`(.+)`", cell)
    return str(found)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_is_logged_is_read_back(row: list[str], logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the table says it, word by word."""
    monkeypatch.setenv("VIZ_LOGDIR", str(logdir))
    kind, _, logged, read = row[:4]
    if "init(" in logged:
        run = eval(code(logged), dict(GIVEN))
        print("printed")
        until_read = time.monotonic() + 60
        run.flush()
        while kind == "Machine" and not tracker.open(logdir).run(run.name).tags("scalar"):
            assert time.monotonic() < until_read
            run.flush()
    else:
        run = tracker.init(machine=False)
        eval(code(logged), {**GIVEN, "run": run})
    run.finish()
    found = eval(code(read), {"run": tracker.open(logdir).run(run.name)})
    if kind == "Console":
        found = "printed" in found.text
    assert np.size(found) if isinstance(found, np.ndarray) else found


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_each_row_is_whole_and_its_picture_is_there(row: list[str]) -> None:
    """No cell is empty; a page that is shown has its picture."""
    assert len(row) == 8
    assert all(row)
    for picture in re.findall(r"\((images/.+?)\)", row[7]):
        assert (DOCS / picture).is_file()
