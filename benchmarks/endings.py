"""Ways a run can end without `finish()`: what was accepted, what is stored, as what the run is shown, which threads stay.

    python benchmarks/endings.py [--rounds N] [--jobs N] [--points N] [--only WORD …] [--frameworks]

A cell is a place in the user's code × what logs × how the process ends × seconds of training. A child counts each call that
returned in mapped memory, which outlives it, without giving any thread a moment more; then its logdir is read. Bars: all
that was accepted is stored, once; of a process ended by a signal, what the SummaryWriter of PyTorch keeps in the same
place, and more; the status is right; where nobody holds the run any more, no thread is left. Children are forked from a
server that has imported what they need, before any thread was started.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import itertools
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from ending_places import FRAMEWORKS, PLACES

LATE: list[Callable[[], None]] = []
atexit.register(lambda: [late() for late in LATE])  # before tracker is imported: it runs after tracker's own

ROOT = Path(__file__).resolve().parent.parent

HELD = {"module", "function", "method", "closure", "atexit of another"}
"""Places in which the run is held when the process ends: it ends as that does."""

ENDINGS = {
    "normal exit": lambda: None,
    "sys.exit": lambda: sys.exit(3),
    "exception": lambda: 1 / 0,
    "SIGTERM": lambda: (os.kill(os.getpid(), signal.SIGTERM), time.sleep(10)),
    "Ctrl-C": lambda: (os.kill(os.getpid(), signal.SIGINT), time.sleep(10)),
}
STATUS = {"normal exit": "finished", "sys.exit": "finished", "exception": "crashed", "Ctrl-C": "stopped"}
LOGGERS = ("tracker.init", "SummaryWriter", "SummaryWriter tfevents")
PEER = "PyTorch's SummaryWriter"
MODULES = "tracker.compat.tensorboard,tracker.run"
PEER_MODULES = f"torch.utils.tensorboard,{MODULES}"
FRAMEWORK_MODULES = "keras,lightning,transformers:Trainer,transformers:BertForSequenceClassification,sklearn.neural_network,xgboost,jax.numpy"


class Cell(NamedTuple):
    """One way to end."""

    place: str
    logger: str
    ending: str
    seconds: float
    points: int


class Found(NamedTuple):
    """What one child left."""

    accepted: int
    stored: int
    twice: int
    statuses: tuple[str, ...]
    threads: int


# --- in the child ---------------------------------------------------------------------------------------


class Counted:
    """Two numbers that outlive the process: values accepted, threads left."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)

    def set(self, place: int, value: int) -> None:
        """Sets one."""
        self._map[8 * place : 8 * place + 8] = struct.pack("<q", value)


def play(cell: Cell, folder: Path) -> None:
    """Does in this process what a cell says, as a script would: its code is that of the main module."""
    counted = Counted(folder / "counted")
    accepted = itertools.count(1)

    def begin(k: int) -> Any:
        if cell.logger == "tracker.init":
            import tracker

            return tracker.init(folder / "runs", name=f"r{k}")
        if cell.logger == PEER:
            from torch.utils.tensorboard import SummaryWriter as Theirs

            return Theirs(str(folder / f"runs/r{k}"))
        from tracker.compat.tensorboard import SummaryWriter

        return SummaryWriter(str(folder / f"runs/r{k}"), tfevents=cell.logger.endswith("tfevents"))

    def work(w: Any, block: int, points: int = cell.points) -> None:
        log = w.log if cell.logger == "tracker.init" else None
        for i in range(block * points, (block + 1) * points):
            if log is not None:
                log({"x": float(i)}, step=i)
            else:
                w.add_scalar("x", float(i), i)
            counted.set(0, next(accepted))
            if cell.seconds:
                time.sleep(cell.seconds / cell.points)

    def gone() -> None:
        if cell.logger in ("tracker.init", PEER):
            return  # the module holds the run of the last init
        deadline = time.monotonic() + 10
        while (left := sum("everystep" in each.name for each in threading.enumerate())) and time.monotonic() < deadline:
            time.sleep(0.005)
        counted.set(1, left)

    main = sys.modules["__main__"].__dict__
    main |= {"begin": begin, "work": work, "gone": gone, "end": ENDINGS[cell.ending], "folder": folder}
    code = PLACES.get(cell.place) or _framework(cell, folder, counted, accepted)
    sys.stdout = sys.stderr = open(folder / "said", "w")  # noqa: SIM115 for as long as the process lives
    exec(compile(code, "cell", "exec"), main)


def _framework(cell: Cell, folder: Path, counted: Counted, accepted: Iterator[int]) -> str:
    from tracker.run import Run

    log = Run.log

    def counting(self: Any, values: Any, *words: Any, **named: Any) -> None:
        log(self, values, *words, **named)
        for value in values.values():
            if not hasattr(value, "kind"):
                counted.set(0, next(accepted))

    Run.log = counting  # type: ignore[method-assign]
    vars(sys.modules["__main__"]).update(logdir=str(folder / "runs"), name="r0")
    place, _, framework = cell.place.partition(" ")
    body = FRAMEWORKS[framework]
    if place == "module":
        return f"{body}\nend()"
    return "def main():\n    " + body.replace("\n", "\n    ") + "\n    end()\nmain()"


def serve(modules: str) -> Path | None:
    """Forks a child for each cell that is asked for; in the child, gives the folder of its cell."""
    for name in modules.split(","):  # what children need, once
        getattr(importlib.import_module(name.partition(":")[0]), name.partition(":")[2], None)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            return Path(line.strip())
        os.waitpid(pid, 0)
        print(flush=True)
    os._exit(0)


# --- in the parent --------------------------------------------------------------------------------------


class Servers:
    """Fork servers for each thread that plays cells: one that has imported PyTorch, which takes half of a child's time at
    its end, only where its writer is asked for.
    """

    def __init__(self, modules: str) -> None:
        self._modules = modules
        self._own = threading.local()
        self._all: list[subprocess.Popen[str]] = []

    def play(self, cell: Cell) -> Found:
        """Plays a cell in a child and reads what it left."""
        with tempfile.TemporaryDirectory(prefix="endings-") as name:
            folder = Path(name)
            (folder / "counted").write_bytes(bytes(16))
            (folder / "cell").write_text(json.dumps(cell))
            server = self._server(PEER_MODULES if cell.logger == PEER else self._modules)
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(f"{folder}\n")
            server.stdin.flush()
            server.stdout.readline()
            return _read(cell, folder)

    def close(self) -> None:
        """Ends them."""
        for server in self._all:
            assert server.stdin is not None
            server.stdin.close()
            server.wait()

    def _server(self, modules: str) -> subprocess.Popen[str]:
        own: dict[str, subprocess.Popen[str]] = vars(self._own)
        if modules not in own:
            own[modules] = subprocess.Popen([sys.executable, __file__, "--serve", modules], env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
            self._all.append(own[modules])
        return own[modules]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "torch"}


def _read(cell: Cell, folder: Path) -> Found:
    import tracker

    accepted, threads = struct.unpack("<2q", (folder / "counted").read_bytes())
    runs = folder / "runs"
    if cell.logger == PEER:
        return Found(accepted, _events(runs), 0, (), 0)
    stored = twice = 0
    statuses: list[str] = []
    for run in tracker.open(runs).runs() if runs.is_dir() else ():
        statuses.append(run.status)
        for tag in run.tags("scalar"):
            if not tag.startswith("machine/"):
                steps = run.scalars(tag).step.tolist()
                stored += len(steps)
                twice += len(steps) - len(set(steps))
    return Found(accepted, stored, twice, tuple(statuses), threads)


def _events(runs: Path) -> int:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    return sum(
        event.HasField("summary") for file in runs.glob("*/events*") for event in EventFileLoader(str(file)).Load()
    )


def wrong(cell: Cell, found: Found, peer: int) -> str:
    """What a child left that it should not; empty where all is well."""
    said = [] if found.accepted else ["nothing was logged"]
    if found.stored < (min(peer, found.accepted) if cell.ending == "SIGTERM" else found.accepted):
        said.append(
            f"{found.stored} of {found.accepted} stored" + (f", PyTorch's {peer}" if cell.ending == "SIGTERM" else "")
        )
    if found.stored > found.accepted:
        said.append(f"{found.stored - found.accepted} more than accepted")
    if found.twice and cell.logger in LOGGERS:  # a Trainer's epoch is logged by training and evaluation at one step
        said.append(f"{found.twice} twice")
    expected = STATUS.get(cell.ending)
    held = cell.place in HELD or cell.place.startswith(("module ", "function "))
    for status in found.statuses:
        may = {expected} if held and expected else {"finished", expected or "crashed"}
        if cell.place.partition(" ")[2] in FRAMEWORKS:
            may |= {"finished"}  # some end their run themselves
        if status not in may:
            said.append(f"shown as {status}")
    if found.threads:
        said.append(f"{found.threads} threads left")
    return "; ".join(said)


def main() -> int:
    """Plays the matrix and prints it; the number of cells that are not as they should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="children for each cell")
    parser.add_argument("--jobs", type=int, default=2, help="children at once")
    parser.add_argument("--seconds", type=float, nargs="*", default=[0, 3], help="of training")
    parser.add_argument("--points", type=int, default=100, help="that a run logs, unless a framework does")
    parser.add_argument("--only", nargs="*", default=[], help="cells whose name holds all of these words")
    parser.add_argument("--endings", nargs="*", choices=ENDINGS, default=list(ENDINGS), help="default: all")
    parser.add_argument("--frameworks", action="store_true", help="the integrations instead")
    options = parser.parse_args()
    # A shell that starts us in the background has Ctrl-C ignored, which the children would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if options.frameworks:
        places = [f"{place} {name}" for name in FRAMEWORKS for place in ("module", "function")]
        cells = [Cell(place, place.partition(" ")[2], ending, 0, 0) for place in places for ending in ENDINGS]
    else:
        cells = [Cell(*each) for each in itertools.product(PLACES, LOGGERS, ENDINGS, options.seconds, [options.points])]
    cells = [cell for cell in cells if cell.ending in options.endings]
    cells = [
        cell for cell in cells if all(word in f"{cell.place}, {cell.logger}, {cell.ending}" for word in options.only)
    ]
    peers = [] if options.frameworks else sorted({c._replace(logger=PEER) for c in cells if c.ending == "SIGTERM"})
    servers = Servers(FRAMEWORK_MODULES if options.frameworks else MODULES)
    with ThreadPoolExecutor(options.jobs) as pool:
        jobs = [(cell, pool.submit(servers.play, cell)) for _ in range(options.rounds) for cell in (*peers, *cells)]
        found: dict[Cell, list[Found]] = defaultdict(list)
        for cell, job in jobs:
            found[cell].append(job.result())
            print(f"\r{sum(map(len, found.values()))} of {len(jobs)}", end="", file=sys.stderr)
    servers.close()
    print(file=sys.stderr)
    return _show(cells, found, options.rounds)


def _show(cells: list[Cell], found: dict[Cell, list[Found]], rounds: int) -> int:
    from report import machine, show

    print(f"{machine()}; {rounds} rounds of {len(cells)} cells, {cells[0].points} points a run")
    rows, bad = [], []
    for (ending, logger, seconds), group in itertools.groupby(
        sorted(cells, key=lambda c: (c.ending, c.logger, c.seconds)), key=lambda c: (c.ending, c.logger, c.seconds)
    ):
        accepted = stored = well = total = kept = 0
        for cell in group:
            theirs = found.get(cell._replace(logger=PEER), [])
            peer = min((each.stored for each in theirs), default=0)
            kept += sum(each.stored for each in theirs)
            for each in found[cell]:
                said = wrong(cell, each, peer)
                accepted, stored, total, well = (
                    accepted + each.accepted,
                    stored + each.stored,
                    total + 1,
                    well + (not said),
                )
                bad += [[cell.place, cell.logger, cell.ending, f"{cell.seconds:g}", said]] if said else []
        rows.append(
            [
                ending,
                logger,
                f"{seconds:g}",
                f"{accepted:,}",
                f"{stored:,}",
                f"{kept:,}" if kept else "",
                f"{well} of {total}",
            ]
        )
    show(
        "Ends of processes",
        rows,
        ["ending", "logger", "s", "accepted", "stored", "PyTorch's", "children as they should be"],
    )
    counts: dict[tuple[str, ...], int] = defaultdict(int)
    for row in bad:
        counts[tuple(row)] += 1
    if counts:
        show(
            "Not as they should be",
            [[*row, n] for row, n in counts.items()],
            ["place", "logger", "ending", "s", "what", "times"],
        )
    return len({row[:4] for row in counts})


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asked = serve(sys.argv[-1])
        assert asked is not None
        play(Cell(*json.loads((asked / "cell").read_text())), asked)
    else:
        sys.exit(min(main(), 100))
