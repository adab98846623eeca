"""Requests that no page makes: how many are errors of the server, how long they take, and what stays in memory.

    python benchmarks/requests.py [--count 20000] [--seed 0]

A server over a logdir with a value of every kind and some runs whose files say what no writer of ours would; then
requests from the grammar of `tests/odd_requests.py`, and now and then bytes that are hardly a request and words that no
tab says. Bars: no status of 5xx, no traceback, 64 MiB of growth.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Not this folder, whose `requests` would be taken for the package of that name.
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from asking import Asker, hashes_of  # noqa: E402  # found on the path set above
from every_kind import RUN, every_kind, hostile  # noqa: E402
from odd_requests import MESSAGES, RAW, OddRequests  # noqa: E402
from served import serving, start_viz  # noqa: E402

from benchmarks import report  # noqa: E402

WARM = 300
"""Requests before memory is measured from: they bring Dash, scikit-learn and what else is imported when first asked."""


def main() -> None:
    """Asks and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--good", action="store_true", help="without the odd runs")
    parser.add_argument("--rows", action="store_true", help="with runs that the list of runs itself cannot be made of")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(start_viz) as serve:
        logdir = Path(folder) / "runs"
        logdir.mkdir()
        every_kind(logdir)
        odd = [] if options.good else hostile(logdir, rows=options.rows)
        asker = Asker(serve(logdir, "--no-token"))
        measure(asker, OddRequests(options.seed, hashes_of(logdir / RUN), odd), options.count, options.seed)


def measure(asker: Asker, requests: OddRequests, count: int, seed: int) -> None:
    """Asks so many, and prints what came of it."""
    draw = random.Random(seed)
    statuses, failed, times = Counter(), [], []
    base = most = 0.0
    began = time.perf_counter()
    for i in range(count + WARM):
        if i == WARM:
            base = most = asker.rss()
        kind = draw.random()
        if kind < 0.01:
            asker.say(*draw.sample(MESSAGES, 2))
            continue
        if kind < 0.03:
            data = draw.choice(RAW)
            answer, asked = asker.raw(data, cut=True), data[:200]
        else:
            request = requests.next()
            answer = asker.ask(request)
            asked = f"{request.method} {request.target[:300]!r} {(request.body or b'')[:300]!r}".encode()
        if i < WARM:
            failed += [(answer.status, asked)] if answer.status >= 500 else []
            continue
        statuses[answer.status] += 1
        times.append(answer.seconds)
        if answer.status >= 500:
            failed.append((answer.status, asked))
        if i % 50 == 0:
            most = max(most, asker.rss())
    said = asker.said()
    times.sort()
    rows = [
        ("requests", f"{sum(statuses.values()):,} in {time.perf_counter() - began:.0f} s", ""),
        ("by status", ", ".join(f"{status or 'closed'}: {n:,}" for status, n in sorted(statuses.items())), ""),
        ("status 5xx", len(failed), "0"),
        (
            "median, p99, longest",
            ", ".join(f"{1e3 * times[int(q * (len(times) - 1))]:.1f} ms" for q in (0.5, 0.99, 1)),
            "",
        ),
        ("memory before, most", f"{base:.0f}, {most:.0f} MiB: +{most - base:.0f}", "+64"),
        ("tracebacks", said.count("Traceback"), "0"),
        ("lines it printed", f"{said.count(chr(10)):,} ({said.count('could not be read')} of stored bytes)", ""),
    ]
    report.show(f"Odd requests ({report.machine()})", rows, ("", "measured", "bar"))
    for status, asked in failed[:40]:
        print(status, asked.decode("latin-1"))
    kinds = Counter(
        line.partition("read: ")[2].strip()[:160] for line in said.splitlines() if "could not be read" in line
    )
    for line, n in kinds.most_common(25):
        print(f"{n:6} {line}")
    for line in [line for line in said.splitlines() if "could not be read" not in line][-200:]:
        print("  |", line[:300])


if __name__ == "__main__":
    main()
