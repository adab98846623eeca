"""The bare wheel in fresh environments: the oldest and the newest of what pyproject.toml promises, and its lowest versions."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from project_copy import ROOT, copied
from served import Served, serving, start_viz

import tracker

pytestmark = [pytest.mark.long, pytest.mark.dash, pytest.mark.timeout(900)]

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYTHONS = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT)
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVIRONMENTS = [
    pytest.param((version, which), id=f"{version}-{which}")
    for version, which in ((PYTHONS[0], "lowest"), (PYTHONS[0], "newest"), (PYTHONS[-1], "newest"))
]

EXAMPLE = """
import json, re, sys
import numpy as np
log, read = re.findall(r"```python\\n(.*?)```", sys.stdin.read(), re.S)
numbers = iter(range(10_000))
names = {"weights": np.ones(5), "x": np.zeros((8, 8)), "train_step": lambda: (1 / (next(numbers) + 1), 0.5)}
exec(log, names)
exec(read, names)
import tracker
print(json.dumps([tracker.__file__, names["run"].status, len(names["points"]), len(names["run"].histograms("weights/fc1"))]))
"""

TRAINING = """
import sys, tracker
with tracker.init(logdir=sys.argv[1], name="live") as run:
    for line in sys.stdin:
        run.log({"train/loss": float(line)}, step=int(line))
"""


def python_of(version: str) -> str:
    """An interpreter of that version: of the path, or of pyenv. Skips without any."""
    folders = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    inside = sorted(folders.glob(f"{version}.*/bin/python"))
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return sys.executable
    found = shutil.which(f"python{version}")
    # What a version manager puts in the path under every name need not lead to an interpreter.
    for command in filter(None, [*map(str, inside), found]):
        if subprocess.run([command, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return command
    pytest.skip(f"needs Python {version}")


def run(*words: str | Path, **more: Any) -> str:
    """What a command prints; fails with what it says when it fails."""
    # Not the project's own folder, and nothing that this process was told to import: what is installed is asked.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, env={**environment, **more.pop("env", {})}, **more
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def lowest() -> list[str]:
    """The least version of each dependency, exactly; what these need is not ours to choose."""
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)
    pins = re.findall(r'"([\w-]+(?:\[\w+\])?)>=([\w.]+)', block)
    assert len(pins) == len(re.findall(r'^ *"', block, re.MULTILINE)), "a dependency without its least version"
    return [f"{name}=={version}" for name, version in pins]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as anybody would from the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    run(python_of(PYTHONS[0]), "-m", "venv", folder / "venv")
    sources = copied(folder / "sources")
    run(folder / "venv" / "bin" / "pip", "wheel", "-q", "--no-deps", "-w", folder, sources, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """The folder of commands of an environment that has the wheel and what that needs; and how it was made."""
    version, which = request.param
    folder = tmp_path_factory.mktemp("environment")
    run(python_of(version), "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "-q", wheel, *(lowest() if which == "lowest" else []), cwd=folder)
    yield folder / "bin", which
    shutil.rmtree(folder)


@pytest.fixture
def serve_installed(installed: tuple[Path, str]) -> Iterator[Callable[..., Served]]:
    """Starts `viz` of that environment."""
    commands, _ = installed

    def begin(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        bare = {name: value for name, value in environment.items() if name == "PYTHONUNBUFFERED" or not name.startswith("PYTHON")}  # fmt: skip
        return subprocess.Popen(
            [str(commands / "viz"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=commands, start_new_session=True, env=bare,
        )  # fmt: skip

    with serving(functools.partial(start_viz, begin=begin)) as start:
        yield start


each_environment = pytest.mark.parametrize("installed", ENVIRONMENTS, indirect=True)


@each_environment
def test_the_wheel_does_what_the_readme_says(
    installed: tuple[Path, str],
    serve_installed: Callable[..., Served],
    tmp_path: Path,
    page: Any,
    until: Callable[..., Any],
    figure: Callable[[str], None],
) -> None:
    """Its example logs and reads back, its commands answer, and its page shows a training that goes on."""
    commands, which = installed
    versions = run(commands / "python", "-c", "import sys, numpy; print(*sys.version_info[:3], sep='.', end=' '); print('with NumPy', numpy.__version__)")  # fmt: skip
    figure(f"the wheel works on Python {versions.strip()}")
    if which == "lowest":
        (numpy,) = [pin for pin in lowest() if pin.startswith("numpy==")]
        assert versions.split()[-1].startswith(numpy.removeprefix("numpy=="))
    said = run(commands / "python", "-c", EXAMPLE, input=README, cwd=tmp_path)
    where, *rest = json.loads(said.splitlines()[-1])
    assert Path(where).is_relative_to(commands.parent)
    assert rest == ["finished", 1000, 10]

    logdir = tmp_path / "runs"
    assert "mnist/adam" in run(commands / "viz", "runs", "--logdir", logdir)
    assert "1000" in run(commands / "viz", "sql", "SELECT count(*) FROM points WHERE tag = 'train/loss'", "--logdir", logdir)  # fmt: skip
    run(commands / "viz", "export", "--logdir", logdir, "-o", tmp_path / "curves.csv")
    assert len((tmp_path / "curves.csv").read_text().splitlines()) > 2000
    run(commands / "viz", "export", "--logdir", logdir, "-o", tmp_path / "report.html")
    run(commands / "viz", "doctor", "--logdir", logdir)
    assert tracker.open(logdir).run("mnist/adam").config == {
        "lr": 1e-3
    }  # our own environment reads what that one wrote

    served = serve_installed(logdir)
    page.goto(served.address)
    until(page, "viz.ready && viz.drawn('train/loss')['mnist/adam']?.step.length > 100", 60)
    training = subprocess.Popen(
        [commands / "python", "-c", TRAINING, logdir], stdin=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert training.stdin is not None
    for step in range(3):
        training.stdin.write(f"{step}\n")
        training.stdin.flush()
        until(page, f"viz.drawn('train/loss').live?.step.length === {step + 1}")
    training.stdin.close()
    assert training.wait(60) == 0
    until(page, "document.getElementById('live').textContent !== ''")
    for name, element in (("runs", ".ag-row"), ("media", ".panel img"), ("distributions", ".card canvas")):
        page.goto(f"{served.base}/?p={name}")
        until(page, f"viz.ready && document.querySelector({element!r}) !== null", 60)
    page.goto(f"{served.base}/?p=curves")
    until(page, "document.querySelector('.mantine-Slider-root, [class*=mantine-Slider]') !== null", 60)  # Dash has come


@each_environment
def test_the_demo_trains(
    installed: tuple[Path, str], serve_installed: Callable[..., Served], tmp_path: Path, page: Any, until: Any
) -> None:
    """README's first command, for one epoch."""
    served = serve_installed(tmp_path / "runs", "--no-browser", "--epochs", "1", command="demo")
    page.goto(served.address)
    until(page, "viz.ready && Object.values(viz.drawn('train/loss')).some((run) => run.step.length > 10)", 60)
