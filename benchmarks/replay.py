"""Replay: how many random steps of the samples are equal bit for bit when they are executed again, and what recording cost.

    python benchmarks/replay.py [--steps 100] [--rounds 10] [--only equal|cost]

Equal: the digits (`fit`, a shuffle, dropout, Adam, a schedule) and the characters (a loop of its own, clipping) train
once, recorded with `record="run"`, while loss and gradients of each step are put aside; then random steps are executed
again from what is on the disk, each from a training that is made anew, and compared byte by byte. Cost: blocks of steps
of one digits training with the recorder and without it, in turn; the median of the differences of pairs stands with its
95 % interval (bootstrap), and beside it what the recorder counted as its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

THREADS = "1"
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402  # after the number of threads is set
from report import machine, show  # noqa: E402

import tracker  # noqa: E402
import tracker.recorder  # noqa: E402
import trainer  # noqa: E402
from sample_runs import characters, digits  # noqa: E402
from trainer.replay import replay  # noqa: E402

EPOCHS, CHARACTERS = 5, 400
BLOCK = 60
RESAMPLES = 4000

Truth = dict[int, tuple[float, dict[str, bytes]]]


def gradients_of(model: trainer.nn.Module) -> dict[str, bytes]:
    """Of each parameter, its bytes."""
    return {name: p.grad.data.tobytes() for name, p in model.named_parameters() if p.grad is not None}


class Aside(trainer.Callback):
    """Puts loss and gradients of each step aside."""

    def __init__(self) -> None:
        self.truth: Truth = {}

    def on_between_steps(self, loop: trainer.Loop) -> None:
        self.truth[loop.step] = loop.logs["loss"], gradients_of(loop.model)


def train_digits(logdir: Path) -> tuple[Truth, Any]:
    """The sample with its own callbacks; what its steps were, and how it is made again."""
    aside = Aside()
    digits.main(str(logdir), epochs=EPOCHS, record="run", callbacks=[aside])
    return aside.truth, lambda: digits.training(EPOCHS)


def train_characters(logdir: Path) -> tuple[Truth, Any]:
    """Likewise; its loop is its own."""
    truth: Truth = {}
    made = characters.training()
    with (
        tracker.init(logdir=logdir, name="characters", machine=False) as run,
        trainer.Recorder(run, made, keep="run") as recorder,
    ):
        for number in range(1, CHARACTERS + 1):
            loss, _ = recorder.step(number)
            truth[number] = loss, gradients_of(made.model)
    return truth, characters.training


def equal(name: str, truth: Truth, make: Any, logdir: Path, count: int, seed: int = 0) -> list[str]:
    """A row of the table: random steps of a sample, executed again."""
    recordings = tracker.recorder.open(logdir / name)
    steps = np.random.default_rng(seed).choice(sorted(truth), min(count, len(truth)), replace=False)
    same, said, seconds, way = 0, 0, [], []
    for step in map(int, steps):
        began = time.perf_counter()
        replayed = replay(recordings, step, make)
        seconds.append(time.perf_counter() - began)
        way.append(step - replayed.state_step)
        loss, gradients = truth[step]
        same += replayed.loss == loss and {n: g.tobytes() for n, g in replayed.gradients.items()} == gradients
        said += replayed.is_equal is True
    size = sum(each.stat().st_size for each in recordings.folder.rglob("*") if each.is_file()) / 2**20
    states = len(list((recordings.folder / "states").iterdir()))
    return [
        name, f"{same} of {len(steps)}", f"{said} of {len(steps)}", f"{np.median(seconds):.2f}", f"{np.median(way):.0f}",
        f"{size:.1f} MB, {states} states of {len(truth)} steps",
    ]  # fmt: skip


class Watched:
    """A clock that stands still in blocks that are not recorded: a share of the time is one of the recorded time."""

    def __init__(self) -> None:
        self.away = 0.0

    def __call__(self) -> float:
        return time.perf_counter() - self.away


class Turns(trainer.Callback):
    """Hands the events of every second block to the recorder, and times all blocks."""

    def __init__(self, recorder: trainer.RecorderCallback, order: list[bool]) -> None:
        self.recorder, self.order = recorder, order
        self.seconds: list[float] = []
        self.clock = Watched()

    def _is_on(self, loop: trainer.Loop) -> bool:
        block = loop.step // BLOCK
        return block < len(self.order) and self.order[block]

    def on_epoch_start(self, loop: trainer.Loop) -> None:
        self.recorder.on_epoch_start(loop)
        self.recorder._recorder.allowance._clock = self.clock

    def on_batch_start(self, loop: trainer.Loop) -> None:
        if loop.step % BLOCK == 0:
            self._began = time.perf_counter()
        self._on = self._is_on(loop)
        if self._on:
            self.recorder.on_batch_start(loop)

    def on_backward(self, loop: trainer.Loop) -> None:
        if self._on:
            self.recorder.on_backward(loop)

    def on_between_steps(self, loop: trainer.Loop) -> None:
        if self._on:
            self.recorder.on_between_steps(loop)
        if loop.step % BLOCK == 0:
            self.seconds.append(time.perf_counter() - self._began)
            self.clock.away += 0.0 if self._on else self.seconds[-1]
            loop.stop = len(self.seconds) == len(self.order)

    def on_fit_end(self, loop: trainer.Loop) -> None:
        self.recorder.on_fit_end(loop)


def cost(keep: str, rounds: int, batch_size: int) -> list[str]:
    """A row: what recording adds to a step of the digits."""
    random = np.random.default_rng(0)
    order = [False, True] + [bool(each) for _ in range(rounds) for each in random.permutation(2)]
    made = digits.training(1000, batch_size=batch_size)
    with tempfile.TemporaryDirectory() as folder, tracker.init(logdir=folder, name="cost", machine=False) as run:
        recorder = trainer.RecorderCallback(run, made, keep=keep)
        turns = Turns(recorder, order)
        core: list[Any] = []

        class Look(trainer.Callback):
            def on_batch_start(self, loop: trainer.Loop) -> None:
                core[:] = [recorder._recorder]

        made.validation = None
        made.fit(callbacks=[turns, Look()], progress=False)
    seconds = np.array(turns.seconds[2:]).reshape(rounds, 2)
    on = np.array(order[2:]).reshape(rounds, 2)
    bare, watched = seconds[~on], seconds[on]
    shares = (watched - bare) / bare
    medians = np.median(random.choice(shares, (RESAMPLES, rounds)), axis=1)
    own = sum(core[0].allowance.spent.values()) / watched.sum()
    low, high = np.percentile(medians, [2.5, 97.5])
    return [
        f"{keep}, batch {batch_size}", f"{np.median(bare) / BLOCK * 1e3:.2f}", f"{np.median(shares):+.2%}",
        f"{low:+.2%} to {high:+.2%}", f"{own:.2%}",
    ]  # fmt: skip


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", choices=("equal", "cost"))
    given = parser.parse_args()
    print(machine())
    if given.only != "cost":
        rows = []
        with tempfile.TemporaryDirectory() as folder:
            for name, train in (("digits", train_digits), ("characters", train_characters)):
                truth, make = train(Path(folder))
                rows.append(equal(name, truth, make, Path(folder), given.steps))
        headers = ["sample", "equal", "it said so", "s each", "steps on the way", "on the disk"]
        show("Random steps, executed again from what was recorded", rows, headers)
    if given.only != "equal":
        rows = [cost(keep, given.rounds, size) for keep, size in (("last", 8), ("run", 8), ("last", 64), ("run", 64))]
        headers = ["recorded", "ms a step", "costs", "95 %", "counted"]
        show("What recording adds to a step of the digits", rows, headers)


if __name__ == "__main__":
    main()
