"""A training that logs models is killed, over and over, at moments that nobody chose; after each its run is looked at.

    python tests/killed_models.py LOGDIR KILLS SEED

Prints what was found, and fails where a version is listed whose bytes are not there.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

import tracker
from tracker.store.read.reader import Store
from trainer import nn

KEEP = 3


def train(root: Path, told: int) -> None:
    """Logs a model at each step, without end, and says so after each call."""
    run = tracker.init(logdir=root, name="a", resume="allow", machine=False)
    model: Any = nn.Sequential(nn.Linear(256, 512), nn.Linear(512, 10))
    step = run.models()[0].step if run.models() else -1
    while True:
        step += 1
        model[0].weight.data[:] = np.random.default_rng(step).normal(size=model[0].weight.shape)
        run.log_model(model, "net", inputs=(None, 256), step=step, keep=KEEP)
        if step % 3 == 0:
            run.flush(durable=False)
            os.write(told, b"f")  # stored up to here
        os.write(told, b".")


def killed(root: Path, random_: random.Random) -> int:
    """Starts a training and kills it; how many versions it said were stored, at least."""
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        try:
            train(root, told)
        finally:
            os._exit(1)
    os.close(told)
    said = b""
    for _ in range(random_.randrange(1, 7)):
        said += os.read(heard, 1)
    for _ in range(random_.randrange(200_000)):  # a moment within the call
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while piece := os.read(heard, 4096):
        said += piece
    os.close(heard)
    return said.rpartition(b"f")[0].count(b".")


def main(root: Path, kills: int, seed: int) -> None:
    """All of it."""
    random_ = random.Random(seed)
    before = 0
    for _ in range(kills):
        stored = killed(root, random_)
        found = Store(root).run("a").models()
        versions = found[0].versions if found else []
        assert len(versions) >= before + stored, f"{before + stored} were said to be stored, {len(versions)} are"
        before = len(versions)
        for version in versions[-KEEP:]:
            model = Store(root).run("a").model("net", version.step)
            assert model.files().keys() == {
                "architecture.json",
                "weights.safetensors",
            }  # each read, and held against its hash
    halves = sum(each.name.startswith(".") for each in (root / "a" / "models").iterdir())
    print(f"{kills} kills, {before} versions, none without its bytes; {halves} files half written")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
