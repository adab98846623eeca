"""On a terminal commands that go through runs say which one they are at, and how far; elsewhere nothing of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from copies import log_all

from dashboard import cli
from dashboard.commands import progress


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The states of the line."""
    return capsys.readouterr().err.split("\r\x1b[K")


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "file"])
def test_a_copy_says_run_and_bytes(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:  # fmt: skip
    """Of each run how much; what is there already counts as done."""
    for name in "ab":
        log_all(logdir, name, points=200)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    for _ in range(2):
        assert cli.main(["copy", "*", "--logdir", str(logdir), "--to", str(tmp_path / "to")]) == 0
        lines = said(capsys)
        if not is_terminal:
            assert lines == [""]
            continue
        assert any(re.fullmatch(r"run 1 of 2: a, [\d.]+ kB", line) for line in lines)
        last = [line for line in lines if line.startswith("run 2 of 2: b, ")][-1]
        found = re.fullmatch(r"run 2 of 2: b, ([\d.]+) kB of ([\d.]+) kB", last)
        assert found is not None, last
        assert 0.8 * float(found[2]) <= float(found[1]) <= float(found[2])
        assert lines[-1] == ""


def test_a_pruning_says_which_run(logdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Also where it is only shown."""
    for name in "ab":
        log_all(logdir, name, points=20)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for more in ([], ["--yes"]):
        assert cli.main(["prune", "*", "--logdir", str(logdir), *more]) == 0
        lines = said(capsys)
        assert [line.split(",")[0] for line in lines[1:3]] == ["run 1 of 2: a", "run 2 of 2: b"]
        assert lines[-1] == ""
