"""The page makes of a picture the numbers that Python makes of it: both are asked, in Node and here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import node
import numpy as np
import pytest

from tracker.models.preprocess import Preprocess

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import { readFileSync } from "node:fs";
import { fitted, numbersOf, preprocessOf } from "./dashboard/web/pages/try/preprocess.js";
const told = JSON.parse(readFileSync(0, "utf8")).map(({ picture, said, input }) => {
  const how = preprocessOf(said, input);
  return Array.from(numbersOf(fitted({ ...picture, data: Uint8Array.from(picture.data) }, how), how));
});
console.log(JSON.stringify(told));
"""

SHAPES = {
    "L": {"NCHW": (None, 1, 8, 12), "NHWC": (None, 8, 12, 1), "NHW": (None, 8, 12), "flat": (None, 96)},
    "RGB": {"NCHW": (None, 3, 8, 12), "NHWC": (None, 8, 12, 3), "flat": (None, 288)},
}


def questions() -> list[dict[str, Any]]:
    """Pictures smaller, larger and of other proportions, asked in every way that `preprocess` knows."""
    draw = np.random.default_rng(0)
    sizes = [(8, 12), (3, 5), (64, 40), (37, 90), (1, 1), (200, 12)]
    found: list[dict[str, Any]] = []
    for mode, layouts in SHAPES.items():
        for i, resize in enumerate(("bilinear", "area", "nearest")):
            for j, fit in enumerate(("stretch", "crop", "pad")):
                for k, (height, width) in enumerate(sizes):
                    layout = list(layouts)[(i + j + k) % len(layouts)]
                    said = {
                        "size": [8, 12], "mode": mode, "layout": layout, "resize": resize, "fit": fit,
                        "invert": (i + k) % 2 == 0, "scale": [[0, 1], [-1, 1], [0, 255]][k % 3],
                        "mean": [0.4, 0.5, 0.6][: 3 if mode == "RGB" else 1], "std": 0.25,
                    }  # fmt: skip
                    found.append({"pixels": draw.integers(0, 256, (height, width, 3), np.uint8), "said": said,
                                  "shape": layouts[layout]})  # fmt: skip
    found.append({"pixels": draw.integers(0, 256, (300, 250, 3), np.uint8), "said": "mobilenet",
                  "shape": (None, 224, 224, 3)})  # fmt: skip
    return found


def test_the_page_and_python_see_the_same() -> None:
    """To one level of 255 of the scale; where a picture has the network's size already, to rounding."""
    command = node.found()
    if command is None:
        pytest.skip("needs Node 20.11 or newer; ./tests/run installs it")
    asked, wanted, most = [], [], []
    for each in questions():
        pixels, said = each["pixels"], each["said"]
        height, width = pixels.shape[:2]
        opaque = np.concatenate([pixels, np.full((height, width, 1), 255, np.uint8)], axis=2)
        spec = {"name": "x", "dtype": "float32", "shape": list(each["shape"])}
        picture = {"width": width, "height": height, "data": opaque.reshape(-1).tolist()}
        asked.append({"picture": picture, "said": said, "input": spec})
        how = Preprocess.of(said, spec)
        wanted.append(how.array(pixels).reshape(-1))
        most.append((how.scale[1] - how.scale[0]) / 255 / min(how.std) * 1.001)
    answer = subprocess.run(
        [command, "--input-type=module", "-e", SCRIPT], input=json.dumps(asked), capture_output=True, text=True,
        cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    for question, here, there, bound in zip(asked, wanted, json.loads(answer.stdout), most, strict=True):
        assert len(there) == len(here)
        assert np.abs(np.array(there) - here).max() <= bound, question["said"]
