"""docs/controls.md is true: its code runs as it stands, while somebody asks it what the page says can be asked."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from steering import ask, command, until

import tracker

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "controls.md").read_text(encoding="utf-8")


def test_the_page_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Copied and pasted, but that the first training goes on until Stop is pressed, and the replay for as long."""
    monkeypatch.chdir(tmp_path)
    first, parts, reading, fit, ranks, replay = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert "range(1000)" in first
    assert "range(1000)" in replay
    folder = tmp_path / "runs" / "first"
    answers: list[Any] = []

    def somebody() -> None:
        until(lambda: any(folder.glob("events.*.sqlite")))
        run = tracker.open(tmp_path / "runs").run("first")
        for name, value in (("lr", 0.01), ("evaluate", None), ("lr", 5.0), ("stop", None)):
            nonce = ask(folder, name, value)
            until(lambda nonce=nonce: command(run, nonce).outcome not in ("pending", "started"), name)
            answers.append(command(run, nonce))

    asking = threading.Thread(target=somebody)
    asking.start()
    names: dict[str, Any] = {"__name__": "page"}
    exec(first.replace("range(1000)", "range(10**12)"), names)
    asking.join()
    assert [each.outcome for each in answers] == ["applied", "done", "refused", "applied"]
    assert f"evaluated after step {answers[1].step}" in capsys.readouterr().out
    assert names["lr"].value == 0.01
    steps = names["step"] + 1
    for code in (parts, reading, fit):
        exec(code, names)
    said = capsys.readouterr().out
    assert f"lr 0.001 0.01 ada {answers[0].step} applied None" in said
    assert "lr is at most 1" in said
    exec(ranks, names)
    names["run"].finish()
    exec(replay.replace("range(1000)", f"range({steps})"), names)
    one, other = (tracker.open("runs").run(name).scalars("lr").value for name in ("first", "again"))
    assert one.tolist() == other.tolist()
    assert {run.status for run in tracker.open("runs").runs()} == {"finished"}
