"""What heavy values cost in the caller's thread: histograms and images.

python benchmarks/tracker_values.py
"""

from __future__ import annotations

import io
import tempfile
import time
from typing import Any

import numpy as np
from report import machine, show, verdict

import tracker


def median_ms(act: Any, count: int) -> float:
    """The median of some calls, after one that warms up."""
    act()
    took = []
    for _ in range(count):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1e3)
    return float(np.median(took))


def summary_writer(folder: str) -> Any:
    """The SummaryWriter that is installed, or None."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            return None
    return SummaryWriter(folder)


def main() -> None:
    """Prints the tables."""
    print(f"{machine()}; medians of 15")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, tracker.init(logdir=folder, name="a") as run:
        peer = summary_writer(f"{folder}/peer")
        rows = []
        for size, bar in ((100_000, None), (1_000_000, 3.0), (10_000_000, None)):
            values = rng.normal(size=size).astype(np.float32)
            ours = median_ms(lambda v=values: run.log({"w": tracker.Histogram(v)}), 15)
            even = median_ms(lambda v=values: np.histogram(v, 64), 5)
            theirs = (
                median_ms(lambda v=values: peer.add_histogram("w", v), 3)
                if peer and size <= 1_000_000
                else float("nan")
            )
            rows.append(
                [
                    f"{size:,}",
                    f"{ours:.2f}",
                    f"{even:.2f}",
                    f"{theirs:.1f}",
                    f"≤ {bar}" if bar else "",
                    verdict(ours, bar) if bar else "",
                ]
            )
            run.flush()
        layers = [
            rng.normal(size=n).astype(np.float32)
            for n in (401_408, 512, 262_144, 512, 262_144, 512, 65_536, 128, 7_104)
        ]
        every = median_ms(lambda: run.log({f"w/{i}": tracker.Histogram(v) for i, v in enumerate(layers)}), 15)
        rows.append(
            [f"a model of {sum(map(len, layers)):,} in {len(layers)}", f"{every:.2f}", "", "", "≤ 5", verdict(every, 5)]
        )
        show(
            "A histogram of float32, ms in the caller's thread",
            rows,
            ["elements", "ours", "numpy, 64 even bins", "SummaryWriter", "bar", ""],
        )

        smooth = np.cumsum(np.cumsum(rng.normal(size=(1024, 1024, 3)), 0), 1)
        picture = ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)
        ours = median_ms(lambda: run.log({"p": tracker.Image(picture)}), 15)
        assert run.flush()
        floats = median_ms(lambda: run.log({"p": tracker.Image(picture / np.float32(255))}), 8)
        assert run.flush()
        from PIL import Image

        png = median_ms(lambda: Image.fromarray(picture).save(io.BytesIO(), "PNG"), 5)
        theirs = median_ms(lambda: peer.add_image("p", picture, dataformats="HWC"), 3) if peer else float("nan")
        show(
            "A picture of 1024 × 1024 × 3, ms in the caller's thread",
            [["uint8", f"{ours:.2f}", f"{png:.0f}", f"{theirs:.0f}", "≤ 2", verdict(ours, 2)], ["float32, 0 to 1", f"{floats:.1f}", "", "", "", ""]],
            ["", "ours", "PNG of PIL", "SummaryWriter", "bar", ""],
        )  # fmt: skip
        if peer:
            peer.close()


if __name__ == "__main__":
    main()
