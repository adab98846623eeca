"""Tables of figures: a name, what was measured, against what, and the bar it should meet."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

GATHERED = "EVERYSTEP_TABLES"
"""A variable of the environment: the file that tables are added to, a line of JSON each."""


def show(title: str, rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> None:
    """Prints a table with aligned columns; and adds it to the file that `all` gathers them in, if it asked for that."""
    cells = [[str(cell) for cell in row] for row in rows]
    if gathered := os.environ.get(GATHERED):
        with open(gathered, "a", encoding="utf-8") as file:
            file.write(json.dumps({"title": title, "headers": list(headers), "rows": cells}) + "\n")
    widths = [max(len(str(h)), *(len(row[i]) for row in cells)) for i, h in enumerate(headers)]
    print(f"\n{title}")
    for line in [list(headers), ["-" * width for width in widths], *cells]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def machine() -> str:
    """What was measured on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def apart(script: str, task: str, *words: object) -> dict[str, Any]:
    """Runs one task of a benchmark in a process of its own, so that memory and caches are its own.

    The script is called with the task's name and the words, and prints a line of JSON at its end.
    """
    command = [sys.executable, script, "--task", task, *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"{task} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def repeated(measure: Callable[[], dict[str, float]], times: int) -> dict[str, float]:
    """The median of each figure over several runs."""
    runs = [measure() for _ in range(times)]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def memory_mib() -> float:
    """Memory of this process that is in use now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def verdict(value: float, bar: float, *, at_least: bool = False) -> str:
    """Whether a figure meets its bar, in a word."""
    return "met" if (value >= bar if at_least else value <= bar) else "NOT MET"
