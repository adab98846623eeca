"""MobileNet v1 and v2 from a TensorFlow.js folder beside Keras: the same ten likeliest classes, and how long one picture takes.

    python benchmarks/mobilenet.py [--pictures 20] [--repeats 31] [--width 1.0] [--versions 1 2]

Keras builds each network with seeded weights, whose batch norms have seen pictures; it is written as a TensorFlow.js
folder by the writer of the tests, and read by `trainer`. Pictures are made from seeds, as photographs are: large shapes,
shades and grain, of many sizes, as JPEG. Both are asked the same numbers in the same process, one picture at a time, in
blocks that take turns; Keras runs on PyTorch, without a tape. Needs Keras and PyTorch.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "trainer")]

import numpy as np  # noqa: E402  # found on the path set above
import report  # noqa: E402
import tfjs_files  # noqa: E402
from keras_models import answer, keras_on_torch, mobilenet, pictures  # noqa: E402
from PIL import Image  # noqa: E402

from tracker.models.preprocess import array  # noqa: E402
from trainer import tfjs  # noqa: E402

BLOCK, WARM_UP = 5, 3  # threads of one library spin on for a while after its last call, in the other's way


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=31)
    parser.add_argument("--width", type=float, default=1.0, help="the share of the filters, alpha")
    parser.add_argument("--versions", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    keras = keras_on_torch()
    files = [photograph(seed) for seed in range(options.pictures)]
    rows: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for version in options.versions:
            rows += compared(keras, version, files, Path(folder), options)
    report.show("MobileNet, 224 x 224, one picture", rows, ["what", "trainer", "Keras", "", "bar", ""])
    print(f"\n{report.machine()}; Keras {keras.__version__} on PyTorch; median of {options.repeats}, taking turns")


def compared(
    keras: Any, version: int, files: list[bytes], folder: Path, options: argparse.Namespace
) -> list[list[Any]]:
    """The rows of one network."""
    name = f"v{version} ({options.width:g}, 224)"
    model = mobilenet(keras, version, 224, options.width, images=pictures(8, 224))
    place = tfjs_files.write_keras(model, folder / str(version))
    begin = time.perf_counter()
    runner = tfjs.Runner(tfjs.load(place))
    loaded = time.perf_counter() - begin
    ask = runner.inputs[0]["name"]
    inputs = [array(Image.open(io.BytesIO(data)), "mobilenet", runner.inputs) for data in files]

    def ours(x: Any) -> Any:
        return next(iter(runner.run({ask: x}).values()))

    def theirs(x: Any) -> Any:
        return answer(keras, model, x)

    apart, same = 0.0, 0
    for x in inputs:
        a, b = ours(x)[0], theirs(x)[0]
        top = np.argsort(-b, kind="stable")[:10]
        apart = max(apart, float(np.abs(a[top] - b[top]).max()))
        same += np.argsort(-a, kind="stable")[:10].tolist() == top.tolist()
    times = [
        1e3 * each for each in in_turns([ours, theirs, lambda x: model.predict_on_batch(x)], inputs, options.repeats)
    ]
    ratio = times[0] / times[1]
    return [
        [
            f"{name}: same ten classes",
            f"{same} of {len(inputs)}",
            "",
            "",
            "all",
            report.verdict(same, len(inputs), at_least=True),
        ],
        [f"{name}: their probabilities apart", f"{apart:.1e}", "", "", "1e-4", report.verdict(apart, 1e-4)],
        [
            f"{name}: one picture, ms",
            f"{times[0]:.1f}",
            f"{times[1]:.1f}",
            f"x {ratio:.2f}",
            "x 2",
            report.verdict(ratio, 2),
        ],
        [f"{name}: the same by predict_on_batch, ms", "", f"{times[2]:.1f}", f"x {times[0] / times[2]:.2f}", "", ""],
        [f"{name}: read and laid out, ms", f"{1e3 * loaded:.0f}", "", "", "", ""],
    ]


def in_turns(functions: list[Callable[[Any], Any]], inputs: list[Any], repeats: int) -> list[float]:
    """The median time of each function, in blocks that take turns, so that a busy moment of the machine hits all."""
    seen: list[list[float]] = [[] for _ in functions]
    while len(seen[0]) < repeats:
        for function, times in zip(functions, seen, strict=True):
            for i in range(BLOCK + WARM_UP):
                x = inputs[(len(times) + i) % len(inputs)]
                begin = time.perf_counter()
                function(x)
                if i >= WARM_UP:
                    times.append(time.perf_counter() - begin)
    return [statistics.median(times) for times in seen]


def photograph(seed: int) -> bytes:
    """A JPEG that is like a photograph: from coarse to fine, less and less, with an edge here and there."""
    random = np.random.default_rng(seed)
    height, width = (int(n) for n in random.integers(120, 900, 2))
    picture = np.zeros((height, width, 3))
    for cells in (2, 5, 12, 40):
        noise = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        picture += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC)) / cells**0.5
    rows, columns = np.mgrid[:height, :width]
    for _ in range(6):
        y, x, size = random.uniform(0, height), random.uniform(0, width), random.uniform(0.05, 0.3) * min(height, width)
        picture[(rows - y) ** 2 + (columns - x) ** 2 < size**2] *= random.uniform(0.4, 1.6, 3)
    picture += random.normal(0, 6, picture.shape)
    picture = 255 * (picture - picture.min()) / np.ptp(picture)
    file = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


if __name__ == "__main__":
    main()
