"""How a run begins, and where it goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_values import HALF, Raises, made

import tracker
from tracker import errors
from tracker.store.file_system import unescaped

CROWDED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
import tracker
if sys.argv[2] == "warm":
    tracker.init(logdir=sys.argv[1], name="before").finish()
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
run = tracker.init(logdir=sys.argv[1], name="run", config={"lr": 1}, console=sys.argv[2] == "warm")
other = tracker.init(logdir=sys.argv[1], name="run")
for step in range(1000):
    run.log({"loss": float(step)}, step=step)
    other.log({"loss": 0.0}, step=step)
run.mark("here")
assert not run.flush(0.1)
for each in held:
    os.close(each)
assert run.flush()
run.log({"loss": 1000.0})
"""


@pytest.mark.parametrize("loaded", ["cold", "warm"])
def test_a_run_that_begins_without_a_descriptor(logdir: Path, loaded: str) -> None:
    """Nothing is raised; two runs of one name are two; all is stored once there is room, and read as a living run's."""
    subprocess.run([sys.executable, "-c", CROWDED, logdir, loaded], check=True, timeout=100)
    store = tracker.open(logdir)
    run = store.run("run")
    assert (run.status, run.segments()[0].lost, run.config) == ("finished", {}, {"lr": 1})
    assert run.scalars("loss").value.tolist() == [*map(float, range(1001))]
    assert [mark.step for mark in run.marks()] == [999]
    assert store.run("run-2").scalars("loss").value.tolist() == [0.0] * 1000


def log_nothing(run: tracker.Run) -> None:
    """No step."""


@pytest.mark.parametrize(
    ("before", "following"),
    [
        (lambda run: run.log({"h": tracker.Histogram([1.0])}, step=41), 42), (lambda run: run.log({"i": tracker.Image(np.zeros((1, 1), np.uint8))}, step=41), 42),
        (lambda run: run.log({"t": tracker.Text("a")}, step=41), 42), (lambda run: run.mark("here", step=41), 42),
        (lambda run: run.observe({"machine/cpu": 1.0}, step=41), 0), (log_nothing, 0), (lambda run: run.log({"x": 1.0}, step=-8), -7),
        (lambda run: (run.log({"x": 1.0}, step=5), run.log({"i": tracker.Image(np.zeros((1, 1), np.uint8))}, step=9), run.mark("later", step=99)), 10),
        (lambda run: run.log({"h": tracker.Histogram([1.0])}, step=-8), -7),
    ],
    ids=["histogram", "picture", "text", "mark", "machine", "nothing", "negative", "several", "negative histogram"],
)  # fmt: skip
def test_a_resumed_run_goes_on_after_whatever_it_logged(
    logdir: Path, before: Callable[[tracker.Run], Any], following: int
) -> None:
    """Twice: what the first resume marks is no step of the training's."""
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        before(run)
    for _ in range(2):
        with tracker.init(logdir=logdir, name="run", resume="must", machine=False) as run:
            pass
    with tracker.init(logdir=logdir, name="run", resume="must", machine=False) as run:
        run.log({"next": 1.0})
    assert tracker.open(logdir).run("run").scalars("next").step.tolist() == [following]


def test_a_rewind_of_pictures_goes_on_after_the_checkpoint(logdir: Path) -> None:
    """What was left behind is not gone on from."""
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        for step in range(10):
            run.log({"i": tracker.Image(np.zeros((1, 1), np.uint8)), "h": tracker.Histogram([1.0])}, step=step)
    with tracker.init(logdir=logdir, name="run", resume="must", step=np.int64(4), machine=False):
        pass
    with tracker.init(logdir=logdir, name="run", resume="must", machine=False) as run:
        run.log({"next": 1.0})
    assert tracker.open(logdir).run("run").scalars("next").step.tolist() == [5]


@pytest.mark.parametrize(
    "given", [{"tags": 3}, {"tags": Raises}, {"step": "5"}, {"step": 2**64}, {"logdir": "a\x00b"}, {"name": HALF}]
)
def test_what_is_no_beginning_is_refused_by_name(logdir: Path, given: dict[str, Any]) -> None:
    """On the line of `init`, and nothing is begun."""
    with pytest.raises(errors.TrackerError):
        tracker.init(**{"logdir": logdir, "name": "run", **{key: made(value) for key, value in given.items()}})
    assert tracker.open(logdir).runs() == []


@pytest.mark.parametrize(
    ("written", "folder"), [("/data/é", "/data/é"), (r"/a\040b\134c", r"/a b\c"), (r"/\0400", "/ 0"), ("/", "/")]
)
def test_a_mount_is_called_as_its_folder_is(written: str, folder: str) -> None:
    """A folder with a blank or a letter beyond ASCII may be on a network, where no WAL is used."""
    assert unescaped(written) == folder
