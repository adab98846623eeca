"""The density of many runs, counted by the page's script, is what a simple implementation counts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import node
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
ROWS = 24
SCRIPT = """
import { readFileSync } from "node:fs";
import { Curve } from "./dashboard/web/charts/curve.js";
import { Density } from "./dashboard/web/charts/density.js";
const { runs, columns, rows, last } = JSON.parse(readFileSync(0, "utf8"));
const curves = runs.map((values, i) => {
  const x = Float64Array.from(values.slice(0, -1), (_, step) => step);
  const made = Curve.of(`${i}`, { x, w: x, mean: Float64Array.from(values.slice(0, -1)) });
  made.counts.set("s", x.length);
  return made;
});
const tall = rows / 16;
const place = {
  ...{ axis: "step", logx: false, logy: false, floor: -Infinity, columns, rows },
  x: (step) => (step * columns) / last, y: (value) => rows / 2 - (value - 0) * tall - 0, line: [rows / 2, 0, tall, 0],
};
const how = { settings: { axis: "step", smoothing: { kind: "ema", weight: 0 } }, full: last };
const density = new Density();
density.update(curves, place, how, []);
for (const [i, values] of runs.entries()) {
  const n = values.length - 1;
  curves[i].append({ segment: "s", n, steps: [n], times: [n], values: [values[n]] });
  density.update(curves, place, how, []); // as points come, run after run
}
const { cells, n, upper, middle, lower, top, bottom } = density;
const plain = (column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value));
console.log(JSON.stringify({ cells: plain(cells), n: [...n], edges: [upper, middle, lower, top, bottom].map(plain) }));
"""

VALUES = st.lists(st.integers(-1000, 1000).map(lambda tenths: tenths / 101), min_size=4, max_size=14)
"""Of one run; the plot reaches from −8 to 8, so that some of it is above and below."""


def simply(runs: list[list[float]], columns: int, last: int) -> dict[str, Any]:
    """Every column by itself, every line by itself: where it is at both edges, in the middle, and at its own points."""
    cells = np.zeros((columns, ROWS))
    counts = []
    edges: list[list[float | None]] = [[], [], [], [], []]
    for column in range(columns):
        middles, ends = [], []
        for values in runs:
            px = [step * columns / last for step in range(len(values))]
            heights = [ROWS / 2 - value * (ROWS / 16) for value in values]
            if px[-1] < column:
                continue
            own = [h for x, h in zip(px, heights, strict=True) if min(int(x), columns - 1) == column]
            crossed = [edge for edge in (column, column + 1) if edge <= px[-1]]
            path = own + [float(np.interp(edge, px, heights)) for edge in crossed]
            middles.append(float(np.interp(column + 0.5, px, heights)))
            ends += [min(path), max(path)]
            if max(path) < 0 or min(path) > ROWS:
                continue
            low, high = (min(ROWS - 1, max(0, int(np.floor(each)))) for each in (min(path), max(path)))
            cells[column, low : high + 1] += 1 / (high - low + 1)
        counts.append(len(middles))
        found = [*np.quantile(middles, [0.1, 0.5, 0.9]), min(ends), max(ends)] if middles else [None] * 5
        for edge, value in zip(edges, found, strict=True):
            edge.append(value)
    return {"cells": cells.reshape(-1).tolist(), "n": counts, "edges": edges}


@pytest.mark.skipif(node.found() is None, reason="needs Node 20.11 or newer; ./tests/run installs it")
@settings(max_examples=12, deadline=None)
@given(runs=st.lists(VALUES, min_size=2, max_size=14), columns=st.integers(1, 40))
def test_it_is_what_a_simple_implementation_counts(runs: list[list[float]], columns: int) -> None:
    """Also of runs that end early, of lines that leave the plot, and counted as points came."""
    last = max(len(values) for values in runs) - 1
    asked = json.dumps({"runs": runs, "columns": columns, "rows": ROWS, "last": last})
    command = str(node.found())
    answer = subprocess.run(
        [command, "--input-type=module", "-e", SCRIPT], input=asked, capture_output=True, text=True, cwd=ROOT,
        timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    found, wanted = json.loads(answer.stdout), simply(runs, columns, last)
    assert found["n"] == wanted["n"]
    assert found["cells"] == pytest.approx(wanted["cells"], abs=1e-6)
    for here, there in zip(found["edges"], wanted["edges"], strict=True):
        assert [each is None for each in here] == [each is None for each in there]
        assert [each or 0 for each in here] == pytest.approx([each or 0 for each in there], abs=1e-6)
