"""The README is true: its example runs, its commands exist, its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from dashboard import cli

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_examples_run_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lines to log, eight to be steered, seven to read back; copied and pasted."""
    monkeypatch.chdir(tmp_path)
    log, steered, read = re.findall(r"```python\n(.*?)```", README, re.S)
    numbers = iter(range(10_000))
    names: dict[str, Any] = {
        "weights": np.ones(5),
        "x": np.zeros((8, 8)),
        "train_step": lambda: (1 / (next(numbers) + 1), 0.5),
    }
    exec(log, names)
    steering: dict[str, Any] = {"tracker": tracker, "train_step": lambda lr: lr}
    exec(steered, steering)
    steering["run"].finish()
    assert tracker.open("runs").run("mnist/steered").scalars("train/loss").value.tolist() == [1e-3] * 1000
    exec(read, names)
    assert names["run"].status == "finished"
    assert len(names["points"]) == 1000
    assert names["run"].config == {"lr": 1e-3}
    assert len(names["run"].histograms("weights/fc1")) == 10


def test_every_command_of_the_readme_is_one() -> None:
    """`viz …` as it stands there is understood by the parser; scripts and modules are where it says."""
    for words in re.findall(r"`viz (\w+)[^`]*`|bin/viz (\w+)", README):
        with pytest.raises(SystemExit) as ended:
            cli.main([words[0] or words[1], "--help"])
        assert ended.value.code == 0
    for module in re.findall(r"python -m ([\w.]+)", README):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()
    assert (ROOT / "tests" / "run").stat().st_mode & 0o111
    assert "./tests/run" in (ROOT / ".ci" / "run").read_text()


def test_every_file_that_the_readme_points_to_is_there() -> None:
    """Pictures, pages, licences."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_versions_agree() -> None:
    """The package says the version that pyproject.toml does."""
    from importlib.metadata import version

    (declared,) = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version("everystep") == declared
    assert tracker.__doc__
