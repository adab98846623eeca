"""Every figure of the project in one table, as Markdown: what was measured, beside whom, against what bar.

    python -m benchmarks.all [-o docs/benchmarks.md] [--only peers,ship] [--kept tables.jsonl] [--trackio PYTHON]

Measures one part after the other, each in processes of its own; nothing else should compute on the machine meanwhile, and
all of them take some hours. With `--kept` each part's tables are added to a file once they are there, and what is in it
already is not measured again, unless `--only` names it. A part that fails is a line of the table, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import report

PARTS = {
    "peers": "Beside TensorBoard and Trackio",
    "tracker_logging": "Logging",
    "tracker_values": "Heavy values",
    "tracker_reading": "Reading",
    "tfevents_reading": "TensorBoard's event files",
    "model_logging": "Logging a model",
    "machine_sampling": "The machine",
    "packing": "Points at rest",
    "opening": "Opening very many runs",
    "curves_page": "Curves",
    "density": "Many runs on one chart",
    "choosing": "Choosing runs",
    "ranks": "Ranks",
    "graph_page": "Graph",
    "inside_pages": "Distributions and media",
    "compare_page": "Comparison",
    "embeddings_page": "Embeddings",
    "profile_page": "Profiles",
    "torch_graph": "The graph of a PyTorch model",
    "trainer_speed": "The trainer beside PyTorch",
    "convolution": "Convolution beside PyTorch",
    "trainer_watching": "Watching the trainer",
    "torch_watching": "Watching PyTorch",
    "replay": "Replay",
    "findings": "Findings",
    "brief": "The brief",
    "alerts": "Alerts",
    "controls": "Controls",
    "controls_page": "Controls from the page",
    "visdom_port": "Visdom's port",
    "serving": "Serving models",
    "in_browser": "Models in the browser",
    "mobilenet": "MobileNet",
    "try_page": "Trying a model while it trains",
    "ship": "Shipping",
    "postgres": "PostgreSQL",
    "requests": "Odd requests",
    "damage": "Damaged files",
    "endings": "Ways to end",
}
"""Modules of this folder that print tables, in order, and what they are about."""


def main() -> int:
    """Measures, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, help="instead of printing it")
    parser.add_argument("--only", default="")
    parser.add_argument("--kept", type=Path, help="a file of tables that were measured, and will be")
    parser.add_argument("--trackio", help="the Python of an environment with Trackio, for peers")
    asked = parser.parse_args()
    if unknown := {*filter(None, asked.only.split(","))} - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    kept = _read(asked.kept)
    for part in asked.only.split(",") if asked.only else [each for each in PARTS if each not in kept]:
        began = time.time()
        kept[part] = measured(part, ["--trackio", asked.trackio] if part == "peers" and asked.trackio else [])
        print(f"{part}: {time.time() - began:.0f} s", file=sys.stderr, flush=True)
        if asked.kept:
            asked.kept.write_text("".join(json.dumps([name, found]) + "\n" for name, found in kept.items()))
    text = "\n".join(page(kept)) + "\n"
    if asked.output:
        asked.output.write_text(text)
    else:
        print(text)
    return int(any("failed" in found for found in kept.values()))


def _read(kept: Path | None) -> dict[str, dict[str, Any]]:
    if kept is None or not kept.exists():
        return {}
    return {name: found for name, found in map(json.loads, kept.read_text().splitlines()) if "failed" not in found}


def measured(part: str, words: list[str]) -> dict[str, Any]:
    """The tables of one part, and when they were measured; or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "tables"
        # By its path: `python benchmarks/x.py` and `python -m benchmarks.x` are both how some are begun.
        path = report.ROOT / "benchmarks" / f"{part}.py"
        done = subprocess.run(
            [sys.executable, str(path), *words], stdout=sys.stderr, stderr=subprocess.PIPE, text=True, cwd=report.ROOT,
            env={**os.environ, report.GATHERED: str(tables), "PYTHONPATH": str(report.ROOT)}, check=False,
        )  # fmt: skip
        found = {
            "when": time.strftime("%Y-%m-%d"),
            "tables": [json.loads(line) for line in tables.read_text().splitlines()] if tables.exists() else [],
        }
    if not found["tables"]:
        print(done.stderr, file=sys.stderr)
        found["failed"] = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    return found


def page(kept: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The Markdown, line by line."""
    dates = sorted({found["when"] for found in kept.values()})
    yield "# Figures"
    yield ""
    yield "Printed by `python -m benchmarks.all -o docs/benchmarks.md`, which measures one part after the other."
    yield f"The machine: {report.machine()}, {_processor()}; {_memory()} of memory, Chromium without a GPU."
    yield f"Measured {' to '.join(dict.fromkeys((dates[0], dates[-1])))}." if dates else "Nothing was measured."
    yield "What a line means, and how it is measured, its part says: `python benchmarks/PART.py --help` and its first lines."
    yield ""
    yield "| figure | measured | bar | |"
    yield "|---|---|---|---|"
    for part, title in PARTS.items():
        if part not in kept:
            continue
        yield f"| **{title}** (`{part}`) | | | |"
        if "failed" in kept[part]:
            yield _line("not measured", kept[part]["failed"], "", "")
        for table in kept[part]["tables"]:
            if len(kept[part]["tables"]) > 1:
                yield _line(f"*{_short(table['title'])}*", "", "", "")
            for row in table["rows"]:
                yield _line(*cells(table["headers"], row))


def cells(headers: list[str], row: list[str]) -> tuple[str, str, str, str]:
    """Figure, measured, bar and verdict of one row of any table."""
    bar = headers.index("bar") if "bar" in headers else None
    verdict = bar + 1 if bar is not None and headers[bar + 1 : bar + 2] == [""] else None
    measured = [i for i in range(1, len(headers)) if i not in (bar, verdict) and row[i]]
    names = [f"{headers[i]} " if headers[i] and len(measured) > 1 else "" for i in measured]
    said = " · ".join(name + row[i] for name, i in zip(names, measured, strict=True))
    return row[0], said, row[bar] if bar is not None else "", row[verdict] if verdict is not None else ""


def _line(*words: str) -> str:
    return "| " + " | ".join(word.strip().replace("|", "\\|") for word in words) + " |"


def _short(title: str) -> str:
    """Without the machine, which the page names once."""
    return (
        title.replace(f" ({report.machine()})", "")
        .replace(f"; {report.machine()}", "")
        .replace(f", {report.machine()}", "")
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"


if __name__ == "__main__":
    sys.exit(main())
