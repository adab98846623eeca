"""How long a training waits for `log_graph` of a big PyTorch model.

    python benchmarks/torch_graph.py [--layers 48] [--repeats 3]

Each measurement is a process of its own, as a training logs its graph once: what torch imports for it counts. Beside it
the second call in that process, and what `torch.export` takes of the same model.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import report  # noqa: E402

BAR_S = 2.0


def measure(layers: int, with_export: bool) -> None:
    """Prints nodes and seconds: of the first call, the second, and torch.export's."""
    import torch

    import tracker

    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    model, x = torch.nn.TransformerEncoder(layer, layers, enable_nested_tensor=False), torch.zeros(2, 16, 64)
    took: list[float] = []
    with tempfile.TemporaryDirectory() as logdir:
        run = tracker.init(logdir=logdir)
        for _ in range(0 if with_export else 2):
            start = time.perf_counter()
            run.log_graph(model, x)
            took.append(time.perf_counter() - start)
        run.finish()
    if with_export:
        model.eval()
        start = time.perf_counter()
        with torch.no_grad():
            torch.export.export(model, (x,), strict=False)
        took.append(time.perf_counter() - start)
    print(*took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", choices=("ours", "export"))
    options = parser.parse_args()
    if options.measure:
        measure(options.layers, options.measure == "export")
        return

    def medians(which: str) -> list[float]:
        command = [sys.executable, __file__, "--layers", str(options.layers), "--measure", which]
        lines = [
            subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            for _ in range(options.repeats)
        ]
        return [statistics.median(map(float, column)) for column in zip(*lines, strict=True)]

    first, again = medians("ours")
    (export,) = medians("export")
    rows = [
        ["log_graph in a new process", f"{first:.2f} s", f"≤ {BAR_S:.0f} s", report.verdict(first, BAR_S)],
        ["the same once more", f"{again:.2f} s", "", ""],
        ["torch.export alone", f"{export:.2f} s", "", ""],
    ]
    report.show(f"An encoder of {options.layers} layers; {report.machine()}", rows, ["", "seen", "bar", ""])


if __name__ == "__main__":
    main()
