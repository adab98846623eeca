"""What it costs to watch a training: steps that are bare, with scalars, and with everything every 50 steps, in turn.

    python benchmarks/trainer_watching.py [--rounds 16] [--small]

The loop is a real one: a small convolutional network on images of 28 x 28, batch 64, Adam, logged to a store on disk;
with --small a perceptron of 64, 64 and 10 units, whose steps take less than anybody's. *Held* is everything within the
usual limit of 2 % (`max_overhead`), after the callback has found out what it can afford; elsewhere it logs all.
One training is cut into blocks of 50 steps, which are watched in one of the three ways; a round is one block of each,
in an order that changes. What is logged falls in the middle of a block, so that the writer's thread has written it
before the next one begins: what it takes from the training is part of the cost. The cost is the median over the rounds
of (watched - bare) / bare, and stands between the ends of its 95 % confidence interval (bootstrap over rounds): a
machine that is not quiet makes the interval wide, not the number wrong. Where two blocks differ by more than what is
looked for, as on any shared machine, no number of rounds that one waits for makes it narrow enough. Beside it therefore
stands what can be measured to the microsecond: what the callback spent in the training's own thread, and what the
tracker's threads computed, all of which is counted as if the training had stood still meanwhile. The sampler of the
machine has a benchmark of its own and is off.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

THREADS = "2"
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402  # after the number of threads is set
from report import machine, show  # noqa: E402
from trainer_speed import CNN_X, CNN_Y, cnn  # noqa: E402

import tracker  # noqa: E402
import trainer  # noqa: E402

BLOCK = 50  # the interval of what is heavy, so that each block has it once
WARM_UP = 3  # blocks
SMALL_X = np.random.default_rng(0).random((64, 64), np.float32)
SMALL_Y = np.random.default_rng(1).integers(0, 10, 64)
KINDS = ("bare", "scalars", "everything")
RESAMPLES = 4000
HELD, LIMIT = "held", 0.02


class Turns(trainer.Callback):
    """Hands the events of each block of steps to one of several watchers, and times the blocks.

    Attributes:
        seconds, own: For each block in `order` how long it took, and what its watcher counted as its own.
    """

    def __init__(self, watchers: dict[str, trainer.TrackerCallback | None], order: list[str]) -> None:
        self.watchers = watchers
        self.order = order
        self.seconds: list[float] = []
        self.own: list[float] = []

    def on_fit_start(self, loop: trainer.Loop) -> None:
        for watcher in self.watchers.values():
            if watcher is not None:
                watcher.on_fit_start(loop)

    def on_batch_start(self, loop: trainer.Loop) -> None:
        # A block begins half an interval after what is heavy, which comes at the multiples of the interval.
        number, rest = divmod(loop.step + BLOCK // 2, BLOCK)
        if rest == 0 or loop.step == 0:
            self._turn(number, loop)
        if self.watcher is not None:
            self.watcher.on_batch_start(loop)

    def on_backward(self, loop: trainer.Loop) -> None:
        if self.watcher is not None:
            self.watcher.on_backward(loop)

    def on_step_end(self, loop: trainer.Loop) -> None:
        if self.watcher is not None:
            self.watcher.on_step_end(loop)

    def on_between_steps(self, loop: trainer.Loop) -> None:
        if self.watcher is not None:
            self.watcher.on_between_steps(loop)

    def _turn(self, number: int, loop: trainer.Loop) -> None:
        """The end of one block and the beginning of the next."""
        now = time.perf_counter()
        if number:
            self.seconds.append(now - self.began)
            self.own.append(self.watcher.budget.total - self.own_before if self.watcher else 0.0)
        if number == len(self.order):
            loop.stop = True
        self.watcher = self.watchers[self.order[min(number, len(self.order) - 1)]]
        self.own_before = self.watcher.budget.total if self.watcher else 0.0
        self.began = now


class Background:
    """What threads that were not there before have computed, in seconds."""

    def __init__(self) -> None:
        self.before = set(threading.enumerate())
        self.threads: set[threading.Thread] = set()

    def born(self) -> None:
        """Takes the threads that were started since."""
        self.threads |= set(threading.enumerate()) - self.before

    def seconds(self) -> float:
        return sum(time.clock_gettime(time.pthread_getcpuclockid(thread.ident)) for thread in self.threads)


class Load(NamedTuple):
    """What is trained."""

    name: str
    make: Callable[[Any], Any]
    x: np.ndarray
    y: np.ndarray
    steps: int
    """Over which is counted what the callback and the tracker's threads take."""
    bars: dict[str, float]

    def watcher(self, kind: str, run: tracker.Run) -> trainer.TrackerCallback:
        """The callback of a way to be watched."""
        if kind == "scalars":
            return trainer.TrackerCallback(run, heavy_every=0, log_graph=False, max_overhead=None)
        samples = self.x[:16], self.y[:16]
        return trainer.TrackerCallback(
            run, heavy_every=BLOCK, samples=samples, max_overhead=LIMIT if kind == HELD else None
        )

    def fit(self, steps: int, callback: trainer.Callback, model: Any, optimizer: Any) -> None:
        """So many steps."""
        trainer.fit(
            model, [(self.x, self.y)] * steps, trainer.nn.CrossEntropyLoss(), optimizer, 1,
            metrics="accuracy", callbacks=[callback], progress=False,
        )  # fmt: skip


def mlp(nn: Any) -> Any:
    """64 numbers, 64 units with relu, 10 units."""
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


CNN = Load("a CNN of 28 x 28, batch 64", cnn, CNN_X, CNN_Y, 400, {"scalars": 0.005, "everything": 0.02})
SMALL = Load("a perceptron of 64-64-10, batch 64", mlp, SMALL_X, SMALL_Y, 4_000, {"scalars": 0.02})


def counted(load: Load, kind: str) -> tuple[float, float]:
    """The shares of the time of a training, watched in one way, that the callback spends and that the tracker's threads
    compute."""
    trainer.manual_seed(0)
    model = load.make(trainer.nn)
    optimizer = trainer.optim.Adam(model.parameters())
    background = Background()
    with tempfile.TemporaryDirectory() as logdir, tracker.init(logdir, machine=False) as run:
        callback = load.watcher(kind, run)
        for number in (load.steps // 4, load.steps):
            began, before, own = time.perf_counter(), background.seconds(), callback.budget.total
            load.fit(number, callback, model, optimizer)
            took = time.perf_counter() - began
            shares = (callback.budget.total - own) / took, (background.seconds() - before) / took
            background.born()  # after what is loaded late, and the thread that encodes pictures, are there
    return shares


def blocks(load: Load, rounds: int) -> tuple[list[str], list[float], list[float]]:
    """One training: for every block how it was watched, its seconds, and what the callback counted of them."""
    orders = itertools.islice(itertools.cycle(itertools.permutations(KINDS)), rounds)
    order = [*KINDS[:WARM_UP], *(kind for each in orders for kind in each)]
    trainer.manual_seed(0)
    model = load.make(trainer.nn)
    optimizer = trainer.optim.Adam(model.parameters())
    with (
        tempfile.TemporaryDirectory() as logdir,
        tracker.init(logdir, name="scalars", machine=False) as scalars,
        tracker.init(logdir, name="everything", machine=False) as everything,
    ):
        turns = Turns(
            {
                "bare": None,
                "scalars": load.watcher("scalars", scalars),
                "everything": load.watcher("everything", everything),
            },
            order,
        )
        load.fit(len(order) * BLOCK, turns, model, optimizer)
    return order[WARM_UP:], turns.seconds[WARM_UP:], turns.own[WARM_UP:]


def median_between(values: np.ndarray) -> tuple[float, float, float]:
    """The median, and the ends of its 95 % confidence interval."""
    draws = np.random.default_rng(0).choice(values, (RESAMPLES, len(values)))
    low, high = np.quantile(np.median(draws, axis=1), (0.025, 0.975))
    return float(np.median(values)), float(low), float(high)


def judged(low: float, high: float, counted: float, bar: float) -> str:
    """Whether a cost meets its bar: by the interval where that is narrow enough, by what was counted otherwise."""
    if high <= bar:
        return "met"
    if low > bar or counted > bar:
        return "NOT MET"
    return "met by what was counted; the interval is too wide to say"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--small", action="store_true", help="a perceptron whose steps take a third of a millisecond")
    given = parser.parse_args()
    load, rounds = SMALL if given.small else CNN, given.rounds
    order, seconds, spent = (np.array(column) for column in blocks(load, rounds))
    took = {kind: seconds[order == kind] for kind in KINDS}
    rows = []
    for kind in KINDS:
        row = [kind, f"{np.median(took[kind]) / BLOCK * 1e3:.3f}"]
        if kind != "bare":
            cost, low, high = median_between(took[kind] / took["bare"] - 1)
            share = float(np.median(spent[order == kind] / took[kind]))
            bar = load.bars.get(kind)
            _, behind = counted(load, kind)
            row += [f"{cost:+.2%}", f"{low:+.2%} to {high:+.2%}", f"{share:.2%} + {behind:.2%} = {share + behind:.2%}"]
            row += [f"<= {bar:.1%}: {judged(low, high, share + behind, bar)}"] if bar is not None else [""]
        rows.append(row + [""] * (6 - len(row)))
    own, behind = counted(load, HELD)
    words = f"<= {LIMIT:.1%}: {judged(0.0, 1.0, own + behind, LIMIT)}"
    rows.append([HELD, "", "", "", f"{own:.2%} + {behind:.2%} = {own + behind:.2%}", words])
    show(f"Watching {load.name}, {rounds} rounds of {BLOCK} steps each; {machine()}", rows,
         ["watched", "ms a step", "cost", "95 % interval", "counted: own + threads", "bar"])  # fmt: skip


if __name__ == "__main__":
    main()
