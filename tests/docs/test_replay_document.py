"""docs/replay.md is true: its code and its commands run as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard import cli

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
SCRIPT, STEPPED, TORCH = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, in which everystep is installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_the_script_is_recorded_and_the_commands_replay_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Line by line, as a reader types them."""
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    first, *others = [line.partition(" #")[0].strip() for line in commands.splitlines()]
    assert first == "python train.py"
    subprocess.run([sys.executable, "train.py"], check=True, env=dict(os.environ), capture_output=True)
    for line in others:
        name, *words = shlex.split(line)
        assert name == "viz"
        assert cli.main(words) == 0, capfd.readouterr().err
    out = capfd.readouterr().out
    assert "1-64" in out
    assert "equal to what was recorded, bit for bit" in out
    assert (tmp_path / "step.npz").exists()


def test_a_loop_of_ones_own(tmp_path: Path) -> None:
    """As it stands."""
    names: dict[str, Any] = {"__name__": "stepped"}
    exec(STEPPED, names)
    assert names["run"].commands() == []


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore")
def test_torch_as_it_stands() -> None:
    """The step that is made again has the loss that it had."""
    pytest.importorskip("torch")
    names: dict[str, Any] = {}
    exec(TORCH, names)
    assert names["loss"].item() == names["path"][-1].loss
    assert names["path"][-1].step == 40
