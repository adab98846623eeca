"""`viz replay`: executes a step that a script recorded, says whether it is equal, and executes nobody else's file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from dashboard import cli

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import sys
import numpy as np
import tracker
import trainer
from trainer import nn
from trainer.data import DataLoader

@trainer.replayable
def training(seed: int = 0) -> trainer.Training:
    trainer.manual_seed(seed)
    x = np.random.default_rng(0).standard_normal((40, 3)).astype("float32")
    model = nn.Sequential({"first": nn.Linear(3, 4), "act": nn.ReLU(), "last": nn.Linear(4, 2)})
    print("made")
    optimizer = trainer.optim.SGD(model.parameters(), lr=0.1)
    return trainer.Training(model, DataLoader((x, np.arange(40) % 2), 8, shuffle=True), nn.CrossEntropyLoss(), optimizer, 4)

def unmarked(seed: int = 0):
    raise SystemExit("called")

if __name__ == "__main__":
    made = training(seed=3)
    with tracker.init(logdir="runs", name="net/a", machine=False) as run:
        made.fit(callbacks=[trainer.RecorderCallback(run, made, keep="run", max_overhead=None)], progress=False)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a script and the run that it made."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "train.py").write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "train.py"], cwd=folder, env=env, check=True, capture_output=True)
    return folder


@pytest.fixture(autouse=True)
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the commands are typed."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_step_is_equal_and_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """With loss, gradients and what modules put out; which file is executed is said before."""
    assert cli.main(["replay", "net/a@7"]) == 0
    out, errors = capfd.readouterr()
    assert "equal to what was recorded, bit for bit (loss, gradients)" in out
    assert "first.weight" in out
    assert "act" in out
    assert errors.index("executes training() of") < errors.index("made")


def test_as_json_and_into_a_file(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the training prints does not get in between."""
    assert cli.main(["replay", "net/a@20", "--json", "-o", str(tmp_path / "step.npz")]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["is_equal"] is True
    assert answer["step"] == 20
    assert len(answer["batch"]) == 8
    assert trainer.load(tmp_path / "step.npz")["gradients"]["first.weight"].shape == (4, 3)


def test_a_run_alone_lists_what_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """And how to look at one."""
    assert cli.main(["replay", "net/a"]) == 0
    out = capsys.readouterr().out
    assert "1-20" in out
    assert "viz replay net/a@20" in out


def test_changed_code_is_said(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And what comes of it is not called equal."""
    changed = SCRIPT.replace("lr=0.1", "lr=0.25").replace("nn.ReLU()", "nn.Tanh()")
    (project / "train.py").write_text(changed)  # longer: Python takes what it has compiled of the same size and second
    try:
        assert cli.main(["replay", "net/a@7"]) == 1
    finally:
        (project / "train.py").write_text(SCRIPT)
    out, errors = capfd.readouterr()
    assert "train.py has changed since" in errors
    assert "NOT what was recorded (loss, gradients)" in out


@pytest.mark.parametrize(
    ("what", "sentence", "status"),
    [
        ("net/a@999", "Step 999 was not recorded", 1),
        ("net/b@1", "there is no run net/b", 1),
        ("net/a@x", "takes a number behind the @", 2),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence(
    what: str, sentence: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, no traceback."""
    assert cli.main(["replay", what]) == status
    errors = capsys.readouterr().err
    assert sentence in errors
    assert errors.count("\n") == 1


def forged(logdir: Path, **recipe: Any) -> None:
    """A recording that names what its author likes."""
    from tracker.recorder.recorder import Recorder

    known = {"module": "", "file": "train.py", "function": "training", "arguments": {}, "digest": "", **recipe}
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        said = {"made_by": "trainer", "recipe": known, "parameters": []}
        recorder = Recorder(run, lambda: {"x": np.zeros(1)}, lambda: said)
        recorder.state(0)
        recorder.begin(1)
        recorder.end(1.0)
        recorder.keep("asked", "asked for")
        recorder.close()


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ({"module": "shutil", "function": "rmtree", "arguments": {"path": "victim"}}, "is not below the working"),
        ({"file": "logs/evil.py"}, "it lies in the logdir"),
        ({"function": "unmarked"}, "a function that was not made to be called so"),
        ({"function": "gone"}, "no such function"),
        ({"arguments": {"unknown": 1}}, "unexpected keyword argument"),
        ({"file": "../gone.py"}, "is not here"),
    ],
    ids=["installed", "in the logdir", "unmarked", "no function", "odd arguments", "gone"],
)
def test_a_strangers_recording_executes_nothing(
    recipe: dict[str, Any], sentence: str, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """But what its user wrote to be executed, with arguments that the function takes."""
    (project / "victim").mkdir(exist_ok=True)
    (project / "logs").mkdir(exist_ok=True)
    (project / "logs" / "evil.py").write_text("import os; os.rmdir('victim')")
    logdir = project / "logs"
    for each in (logdir / "run").rglob("*"):
        if each.is_file():
            each.unlink()
    forged(logdir, **recipe)
    assert cli.main(["replay", "run@1", "--logdir", "logs"]) == 1
    errors = capfd.readouterr().err
    assert sentence in errors
    assert (project / "victim").is_dir()
