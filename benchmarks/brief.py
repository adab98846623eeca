"""What `viz brief` takes, from the shell's prompt to the last letter: of each run that other programs logged.

    python benchmarks/brief.py [--data ../shared/real_data] [--rounds 5] [--tokens 800]

The event files of the collection are imported into a logdir, and each of its runs is asked for in a process of its own,
`--rounds` times: the least of its times, and of its processor time, which other work on the machine makes longer too but
less so. Then the same of the files where they lie, of which copies are kept after the first two questions. All modules
are compiled beforehand, as they are where a package was installed.
"""

from __future__ import annotations

import argparse
import compileall
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from report import machine, show, verdict  # noqa: E402

from dashboard.brief.budget import tokens  # noqa: E402
from tracker.store.read.reader import Store  # noqa: E402

BAR_S = 0.3


def viz(*words: str) -> tuple[float, float, str]:
    """Seconds, seconds of a processor, and what was printed, of one command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "dashboard", *words], capture_output=True, text=True, cwd=ROOT)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def least(rounds: int, *words: str) -> tuple[float, float, str]:
    """The least of several."""
    found = [viz(*words) for _ in range(rounds)]
    return min(each[0] for each in found), min(each[1] for each in found), found[-1][2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "real_data")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=800)
    given = parser.parse_args()
    for package in ("tracker", "dashboard"):
        compileall.compile_dir(ROOT / package, quiet=2)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        viz("import", str(given.data / "events"), "--logdir", folder)
        for logdir, where in ((folder, "imported"), (str(given.data / "events"), "where they lie")):
            names = [run.name for run in Store(folder).runs()]
            viz("brief", "--logdir", logdir, names[0])
            viz("brief", "--logdir", logdir, names[0])
            found = {
                name: least(given.rounds, "brief", "--logdir", logdir, "--tokens", str(given.tokens), name)
                for name in names
            }
            slowest = max(found, key=lambda name: found[name][0])
            worst, spent, _ = found[slowest]
            middle = statistics.median(each[0] for each in found.values())
            most = max(tokens(each[2]) for each in found.values())
            rows += [
                [f"{len(found)} runs, {where}: the middle one, ms", f"{1e3 * middle:.0f}", ""],
                [
                    f"the slowest ({slowest}), ms",
                    f"{1e3 * worst:.0f}",
                    f"<= {1e3 * BAR_S:.0f}: {verdict(worst, BAR_S)}",
                ],
                ["of that, processor", f"{1e3 * spent:.0f}", ""],
                ["tokens of the longest", str(most), f"<= {given.tokens}: {verdict(most, given.tokens)}"],
            ]
    show(f"viz brief; {machine()}", rows, ["what", "figure", "bar"])


if __name__ == "__main__":
    main()
