"""What it costs a training to be asked things, and how soon it does them.

    python benchmarks/controls.py [--quick] [--kills N]

`control.value` as a loop reads it; `log()` of a run with 20 controls against one without, in turns in the same process;
from the call that asks to the step that sees the new value, in a training of 50 steps a second, the asking process
being another one; the processor time of the watching thread. Two minutes. `--kills N`: instead, a training, its server
and a page in Chromium that are killed until N commands were asked (`tests/killed_pages.py` says how, and what must be
true of each); a second for three of them.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks import report  # noqa: E402

VALUE_NS = 60
STEP_S, APPLIED_S = 0.02, 0.12
"""A training of 50 steps a second, and one of its steps and 100 ms."""

WATCHING_PERCENT = 0.5


def task_value(reads: int) -> dict[str, float]:
    """Nanoseconds of reading a control, the loop that does nothing else included; the least of 7, as of any timing."""
    import tracker

    with tempfile.TemporaryDirectory() as folder, tracker.init(folder, name="a", machine=False) as run:
        timer = timeit.Timer("lr.value", globals={"lr": run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)})
        return {"ns": 1e9 * min(timer.repeat(7, reads)) / reads}


def task_log(calls: int) -> dict[str, float]:
    """Nanoseconds of a call in blocks of 1,000, of two runs in turns: with 20 controls and without any."""
    import tracker

    took: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        runs = {on: tracker.init(folder, name=str(on), machine=False, controls=on) for on in (True, False)}
        for number in range(20):
            runs[True].control(f"c{number}", 0.5, low=0.0, high=1.0)
        for block in range(calls // 1_000):
            for on in (True, False) if block % 2 else (False, True):
                log, base = runs[on].log, block * 1_000
                began = time.perf_counter()
                for step in range(base, base + 1_000):
                    log({"train/loss": 0.5, "train/accuracy": 0.25}, step=step)
                took[on].append(time.perf_counter() - began)
                time.sleep(0.002)  # for the writers, between two blocks and not within one
        for run in runs.values():
            run.finish()
    pairs = [on / off for on, off in zip(took[True], took[False], strict=True)]
    names = {True: "with", False: "without"}
    return {names[on]: 1e6 * statistics.median(each) for on, each in took.items()} | {"ratio": statistics.median(pairs)}


_TRAINING = """
import sys, time, tracker
run = tracker.init(sys.argv[1], name="a", machine=False)
lr = run.control("lr", 0.0)
seen, ends = lr.value, float(sys.argv[2])
print("begun", flush=True)
while lr.value < ends:
    time.sleep({step})
    run.log({{"loss": 1.0}})
    if lr.value != seen:
        seen = lr.value
        print(seen, time.time(), flush=True)
run.finish()
"""


def task_applied(commands: int) -> dict[str, float]:
    """Milliseconds from asking until a step sees it, and of the asking itself."""
    from tracker.store.write import page_file

    asked: dict[float, tuple[float, float]] = {}
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", _TRAINING.format(step=STEP_S), folder, str(float(commands))]
        training = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert training.stdout is not None
        assert training.stdout.readline() == "begun\n"
        for number in range(1, commands + 1):
            time.sleep(0.15 + 0.1 * chance.random())
            began = time.time()
            page_file.add_command(Path(folder) / "a", str(number), "control:lr", float(number), None, None)
            asked[number] = began, time.time()
        seen = dict(map(float, line.split()) for line in training.stdout.read().splitlines())
        training.stdout.close()
        if training.wait(60):
            raise SystemExit("the training failed")
    took = sorted(1e3 * (seen[number] - began) for number, (began, _) in asked.items() if number in seen)
    written = [1e3 * (done - began) for began, done in asked.values()]
    return {
        "p50": took[len(took) // 2], "p95": took[int(0.95 * len(took))], "most": took[-1], "n": len(took),
        "asking": statistics.median(written),
    }  # fmt: skip


_WATCHING = """
import resource, sys, tempfile, time, tracker
with tempfile.TemporaryDirectory() as folder:
    runs = [tracker.init(folder, name=str(number), machine=False, controls=sys.argv[1] == "on") for number in range(int(sys.argv[2]))]
    for run in runs:
        run.log({"x": 1.0})
    time.sleep(1)
    before = time.process_time()
    time.sleep(float(sys.argv[3]))
    print(100 * (time.process_time() - before) / float(sys.argv[3]))
"""


def watching(seconds: float, runs: int) -> float:
    """Percent of a core that watching takes in a process that sleeps: with it less without, side by side."""
    words = [[sys.executable, "-c", _WATCHING, on, str(runs), str(seconds)] for on in ("on", "off")]
    started = [subprocess.Popen(each, stdout=subprocess.PIPE, text=True, cwd=ROOT) for each in words]
    on, off = (float(each.communicate()[0]) for each in started)
    return on - off


COMMANDS_A_RUN = 200
"""A run that was killed four hundred times is four hundred files, and server and page take longer to begin than they live."""


def kills(commands: int) -> None:
    """Plays until so many commands were asked, of one run after the other."""
    import chromium
    from killed_pages import play

    program = chromium.path()
    if program is None:
        raise SystemExit(chromium.ABSENT)
    first = int(os.environ.get("SEED", "1"))
    rows = []
    for number, done in enumerate(range(0, commands, COMMANDS_A_RUN)):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            told = play(Path(folder) / "runs", min(COMMANDS_A_RUN, commands - done), first + number, program)
            rows.append([f"seed {first + number}", str(told), f"{time.monotonic() - began:.0f} s"])
            print(*rows[-1], flush=True)
    title = "Killed at random moments while it is asked things: none done twice, none lost silently"
    report.show(f"{title} ({report.machine()})", rows, ["", "each command done once, or said not to be", "took"])


def main() -> None:
    """Prints the table."""
    if "--task" in sys.argv:
        name, count = sys.argv[sys.argv.index("--task") + 1 :][:2]
        tasks: dict[str, Any] = {"value": task_value, "log": task_log, "applied": task_applied}
        print(json.dumps(tasks[name](int(count))))
        return
    if "--kills" in sys.argv:
        kills(int(sys.argv[sys.argv.index("--kills") + 1]))
        return
    quick = "--quick" in sys.argv
    value = report.apart(__file__, "value", 200_000 if quick else 5_000_000)["ns"]
    log = report.apart(__file__, "log", 50_000 if quick else 400_000)
    applied = report.apart(__file__, "applied", 30 if quick else 200)
    one, ten = (statistics.median(watching(4 if quick else 15, runs) for _ in range(3)) for runs in (1, 10))
    more = 100 * (log["ratio"] - 1)
    rows = [
        ["control.value", f"{value:.0f} ns", f"≤ {VALUE_NS} ns", report.verdict(value, VALUE_NS)],
        ["log() of two numbers, 20 controls", f"{log['with']:.0f} ns", "", ""],
        ["the same without controls", f"{log['without']:.0f} ns ({more:+.1f} % for the controls)", "≤ 2 %", report.verdict(more, 2)],
        ["asked to seen by a step, 50 steps/s", f"p50 {applied['p50']:.0f} ms, p95 {applied['p95']:.0f} ms, most {applied['most']:.0f} ms ({applied['n']:.0f} commands)",
         f"p95 ≤ {1e3 * APPLIED_S:.0f} ms", report.verdict(applied["p95"], 1e3 * APPLIED_S)],
        ["of that, writing the command", f"{applied['asking']:.1f} ms", "", ""],
        ["watching, one run", f"{one:.2f} % of a core", f"≤ {WATCHING_PERCENT} %", report.verdict(one, WATCHING_PERCENT)],
        ["watching, ten runs of a process", f"{ten:.2f} % of a core", "", ""],
    ]  # fmt: skip
    report.show(f"Controls ({report.machine()})", rows, ["what", "measured", "bar", ""])


if __name__ == "__main__":
    main()
