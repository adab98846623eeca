"""docs/from-tensorboard.md is true: its table has every method, and its code does what it says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import tracker
from tests.tracker.test_event_files import event, write
from tracker.compat.tensorboard import SummaryWriter

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "from-tensorboard.md").read_text(encoding="utf-8")


def test_the_table_has_every_method() -> None:
    """Of PyTorch's writer and of tensorboardX's, and none that is not there."""
    table = PAGE.partition("## Method by method")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {word.strip("…_(=") for cell in cells for word in re.findall(r"`([\w…]+)", cell)}
    for name, _ in inspect.getmembers(SummaryWriter, inspect.isfunction):
        if name.startswith("_"):
            continue
        assert name in named or any(name.endswith(word) for word in named if "chart" in word), name
    known = {*dir(SummaryWriter), "SummaryWriter", "GlobalSummaryWriter", "purge_step", "with"}
    known |= {"file_writer", "all_writers", "get_file_writer"}  # of living writers
    assert {word for word in named if word not in known and "chart" not in word} == set()


def test_the_one_line_is_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import as the page has it, in place of the one that it names."""
    pytest.importorskip("torch.utils.tensorboard", reason="needs PyTorch, whose code is changed here")
    (ours, theirs) = re.findall(r"^(from tracker\.compat\S+ import \w+)  # was: (from .*)$", PAGE, re.MULTILINE)[0]
    code = f"{theirs}\nwith SummaryWriter() as writer:\n    writer.add_scalar('loss', 0.5, 3)\n"
    monkeypatch.chdir(tmp_path)
    exec(code.replace(theirs, ours), {})
    (run,) = tracker.open("runs").runs()
    assert run.scalars("loss").value.tolist() == [0.5]


def test_the_trials_are_the_rows_that_it_says(tmp_path: Path) -> None:
    """The first call is about the run, the second one by the time, the third by name."""
    (code,) = re.findall(r"```python\n(writer\.add_hparams.*?)```", PAGE, re.DOTALL)
    with SummaryWriter(tmp_path / "a") as writer:
        exec(code, {"writer": writer})
    found = {
        run.name: (run.config["lr"], run.scalars("hparam/accuracy").value[0]) for run in tracker.open(tmp_path).runs()
    }
    assert list(found.values()) == [(0.1, 0.9), (0.2, 0.8), (0.3, 0.7)]
    assert [name for name in found if not re.fullmatch(r"a/[\d.]+", name)] == ["a", "a/trial 3"]


def test_the_lines_that_read_logs_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a folder of somebody's in place of the example's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(tmp_path / "logs" / "train" / "tfevents.1", event(1.0, 0, tag="loss", simple_value=0.5))
    (code,) = re.findall(r"```python\n(store = .*?)```", PAGE, re.DOTALL)
    code = code.replace("path/to/your/tensorboard/logs", str(tmp_path / "logs"))
    *lines, last = code.strip().splitlines()
    scope = {"tracker": tracker}
    exec("\n".join(lines), scope)
    assert eval(last, scope).tolist() == [0.5]
