"""catboost_training.json, which CatBoost writes line by line: its curves are named once, in front of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tracker.foreign.log import Log, parsed

TRAINING = "catboost_training.json"
TABLES = ("learn_error.tsv", "test_error.tsv", "time_left.tsv")
"""What stands beside it and says the same."""

CLOCK = "time_left.tsv"


def is_log(text: str) -> bool:
    """Whether a text is such a file."""
    return '"learn_metrics"' in text[:100_000] and '"iterations":' in text[:100_000]


def read(text: str, path: Path) -> Iterable[Log]:
    """The curves `learn/Logloss`, `test/AUC` …; a line that is damaged, or still being written, is counted."""
    log = Log()
    rows: list[dict[str, Any]] = []
    meta: dict[str, Any] = {}
    for line in text.splitlines():
        line = line.strip().rstrip(",")
        if line.startswith('"meta":'):
            meta = parsed(line.removeprefix('"meta":')) or {}
        elif line.startswith("{") and len(line) > 1:
            row = parsed(line)
            if isinstance(row, dict) and "iteration" in row:
                rows.append(row)
            else:
                log.left_out["lines that are damaged or not whole"] += 1
    passed = [row["passed_time"] for row in rows if isinstance(row.get("passed_time"), (int, float))]
    start = path.stat().st_mtime - (passed[-1] if passed else 0.0)
    for row in rows:
        with log.reading("iterations"):
            when = start + row.get("passed_time", 0)
            for part, names in (("learn", "learn_metrics"), ("test", "test_metrics")):
                for place, value in enumerate(row.get(part) or ()):
                    which, count = divmod(place, len(meta[names]))
                    group = f"test{which}" if part == "test" and which else part
                    log.add(f"{group}/{meta[names][count]['name']}", row["iteration"], when, value)
    return [log]
