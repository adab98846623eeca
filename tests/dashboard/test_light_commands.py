"""What is loaded by commands that answer one question: each module is waited for at every prompt."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tracker
from tests.tracker.test_event_files import event, write

ROOT = Path(__file__).resolve().parents[2]

OURS = {"dashboard", "numpy", "tracker"}

HEAVY = {
    "asyncio", "decimal", "email", "fractions", "http", "logging", "lzma", "numpy.ma", "random", "secrets", "shutil", "socket",
    "ssl", "tempfile", "unittest", "dashboard.api", "dashboard.http", "dashboard.server", "tracker.foreign.importer",
    "tracker.foreign.mirror", "tracker.store.read.study_records", "tracker.store.write", "tracker.values.histogram",
}  # fmt: skip
"""Of Python's own modules, NumPy's and ours what no answer needs. `import numpy` itself does not count."""

_LOADED = """
import sys, numpy
before = set(sys.modules)
from dashboard.cli import main
status = main(sys.argv[1:])
print("\\nmodules:", *(set(sys.modules) - before), file=sys.stderr)
sys.exit(status)
"""


def loaded(*words: str, environment: dict[str, str] | None = None) -> tuple[str, set[str]]:
    """What a command prints, and the modules that it loads beside NumPy."""
    said = subprocess.run(
        [sys.executable, "-c", _LOADED, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )
    assert said.returncode == 0, said.stderr
    return said.stdout, {*said.stderr.rpartition("\nmodules: ")[2].split()}


def strangers(modules: set[str]) -> set[str]:
    """Those that are neither ours nor Python's, and those that are heavy."""
    tops = {name.partition(".")[0] for name in modules}
    others = {name for name in tops - OURS if name not in sys.stdlib_module_names and not name.startswith("_")}
    return others | (modules & HEAVY)


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    """Runs that all detectors are asked about, of which one is compared with the others."""
    for number in range(3):
        with tracker.init(
            logdir=tmp_path / "runs", name=f"mnist/{number}", config={"lr": number}, machine=False
        ) as run:
            for step in range(300):
                run.log({"train/loss": 2 / (step + 1), "val/loss": 2.1 / (step + 1), "lr": 0.1}, step=step)
            run.mark("half way", step=150)
    return tmp_path / "runs"


@pytest.mark.parametrize("command", ["brief", "check"])
def test_a_question_to_a_run_loads_numpy_and_nothing_else(logdir: Path, command: str) -> None:
    """No page, no server, no writer: of a second that such a question may take, imports are most."""
    said, modules = loaded(command, "mnist/1", "--logdir", str(logdir))
    assert "mnist/1" in said or "1 run" in said
    assert strangers(modules) == set()


def test_event_files_that_are_as_they_were_load_no_reader(tmp_path: Path) -> None:
    """Copies of them are read like any run, once a look has changed none of them."""
    path = write(
        tmp_path / "logs" / "a" / "tfevents.1", *(event(1.0 + i, i, tag="x", simple_value=i) for i in range(9))
    )
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    answers = [loaded("brief", "a", "--logdir", str(tmp_path / "logs"), environment=environment) for _ in range(3)]
    assert len({said for said, _ in answers}) == 1
    assert "last step 8" in answers[0][0]
    assert "google" in strangers(answers[0][1])  # protobuf, which reads them
    assert strangers(answers[2][1]) == set()
