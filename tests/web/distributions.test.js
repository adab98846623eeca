// Distributions: values, steps and rows lie where they belong, and back; what is told of a row is what is in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { shareOf, valueMarks } from "../../dashboard/web/charts/histogram.js";
import {
  binAt,
  binName,
  boxOf,
  finiteIn,
  heights,
  nearest,
  oddIn,
  peakOf,
  reaches,
  ridgeBase,
  rowAt,
  span,
  stepAt,
  stepScale,
} from "../../dashboard/web/pages/distributions/geometry.js";
import { about, fewBins, oddOf, rowTip, spoken, stepsOf } from "../../dashboard/web/pages/distributions/row_tip.js";
import { Numbers, some } from "./random.js";

const BOX = { left: 40, right: 240, top: 10, bottom: 110 };

// Rows of counts between the edges; every row of ten steps.
function example(mode, counts, edges, more = {}) {
  const rows = counts.length,
    bins = edges.length - 1;
  const of = (value) => new Float64Array(rows).fill(value);
  const totals = counts.map((row) => row.reduce((a, b) => a + b, 0));
  return {
    mode,
    scale: "linear",
    rows,
    bins,
    edges: Float64Array.from(edges),
    low: edges[0],
    high: edges[bins],
    whole: false,
    counts: Float64Array.from(counts.flat()),
    total: Float64Array.from(totals),
    first: Float64Array.from(counts, (_, row) => 10 * row),
    step: Float64Array.from(counts, (_, row) => 10 * row + 9),
    time: of(0),
    of: of(10),
    nan: of(0),
    pinf: of(0),
    ninf: of(0),
    quantiles: [0, 0.5, 1],
    quantile: Float64Array.from(counts.flatMap(() => [edges[0], (edges[0] + edges[bins]) / 2, edges[bins]])),
    row: rows - 1,
    steps: 10 * rows,
    merged: 10,
    elements: totals[0],
    ...more,
  };
}

test("values lie between the edges in order, on bins of one width and of one ratio", () => {
  const linear = example("heat", [[1, 1]], [-2, 0, 2]);
  assert.deepEqual(
    [-2, -1, 0, 2].map((value) => shareOf(linear, value)),
    [0, 0.25, 0.5, 1],
  );
  const log = example("heat", [[1, 1, 1, 1]], [-100, -1, 1, 10, 100], { scale: "log" });
  assert.equal(shareOf(log, 1), 0.5);
  const numbers = new Numbers(301);
  for (let i = 0; i < some(0.05); i++) {
    const [a, b] = [numbers.random() * 220 - 110, numbers.random() * 220 - 110].sort((x, y) => x - y);
    for (const data of [linear, log]) assert.ok(shareOf(data, a) <= shareOf(data, b), `${a} ${b}`);
    assert.ok(shareOf(log, a) >= 0 && shareOf(log, b) <= 1);
  }
});

test("a step's place is where the pointer finds it, and every row reaches half way to its neighbours", () => {
  const data = example("bands", [[1], [2], [3]], [0, 1]);
  assert.deepEqual({ low: span(data).low, high: span(data).high }, { low: 0, high: 29 });
  for (const step of [0, 3, 14, 29]) assert.ok(Math.abs(stepAt(data, BOX, stepScale(data, BOX)(step)) - step) < 1e-9);
  assert.equal(stepAt(data, BOX, -1000), 0);
  const all = reaches(data, BOX);
  assert.equal(all[0][0], BOX.left);
  assert.equal(all[2][1], BOX.right);
  assert.equal(all[0][1], all[1][0]);
  const one = example("bands", [[1]], [0, 1], { first: Float64Array.of(5), step: Float64Array.of(5) });
  assert.equal(stepScale(one, BOX)(5), 140);
  assert.deepEqual(reaches(one, BOX), [[BOX.left, BOX.right]]);
});

test("the row under the pointer is the one that is drawn there", () => {
  const counts = [
    [1, 0],
    [0, 4],
    [2, 2],
  ];
  for (const mode of ["ridge", "heat", "bands"]) {
    const data = example(mode, counts, [0, 1, 2]);
    for (let row = 0; row < 3; row++) {
      const px = mode === "ridge" ? 100 : stepScale(data, BOX)(data.step[row]);
      assert.equal(rowAt(data, BOX, px, mode === "ridge" ? ridgeBase(data, BOX, row) : 50), row, mode);
    }
    assert.equal(rowAt(data, BOX, 0, 50), null);
  }
  const overlay = example(
    "overlay",
    [
      [1, 0],
      [0, 4],
      [0, 0],
    ],
    [0, 1, 2],
  );
  assert.equal(rowAt(overlay, BOX, 60, BOX.bottom - heights(overlay, BOX, 0)(0)), 0);
  assert.equal(rowAt(overlay, BOX, 200, BOX.bottom - heights(overlay, BOX, 1)(1)), 1);
  assert.equal(rowAt(overlay, BOX, 60, BOX.bottom), 1); // the newest that has anything finite
  assert.equal(rowAt(example("one", counts, [0, 1, 2]), BOX, 60, 60), 2);
  assert.equal(rowAt(example("overlay", [[0, 0]], [0, 1, 2]), BOX, 60, 60), null);
  assert.equal(rowAt(example("heat", [], [0, 1, 2]), BOX, 60, 60), null);
});

test("bins are found where they are, and whole numbers are named by themselves", () => {
  const data = example("heat", [[1, 2]], [0, 1, 2]);
  assert.deepEqual(
    [109, 61, 11, 5].map((py) => binAt(data, BOX, 50, py)),
    [0, 0, 1, null],
  );
  assert.equal(binAt({ ...data, mode: "bands" }, BOX, 50, 50), null);
  assert.equal(binAt({ ...data, mode: "one" }, BOX, 239, 50), 1);
  assert.equal(binName(data, 1), "1 to 2");
  assert.equal(binName({ whole: true, edges: [-0.5, 0.5, 2.5] }, 0), "0");
  assert.equal(binName({ whole: true, edges: [-0.5, 0.5, 2.5] }, 1), "1 to 2");
});

test("a ridge is as tall as its own fullest bin, overlaid steps as their shares", () => {
  const data = example(
    "ridge",
    [
      [1, 3],
      [10, 0],
    ],
    [0, 1, 2],
  );
  assert.deepEqual(
    [0, 1].map((row) => peakOf(data, row)),
    [3, 10],
  );
  assert.equal(heights(data, BOX, 0)(1), heights(data, BOX, 1)(0));
  const overlay = { ...data, mode: "overlay" };
  assert.ok(Math.abs(heights(overlay, BOX, 0)(1) - 0.75 * heights(overlay, BOX, 1)(0)) < 1e-9);
  assert.equal(heights(example("ridge", [[0, 0]], [0, 1, 2]), BOX, 0)(0), 0);
});

test("the nearest step, also where steps went back", () => {
  assert.equal(nearest([0, 10, 20], 14), 1);
  assert.equal(nearest([0, 10, 5], 6), 2);
  assert.equal(nearest([], 3), -1);
});

test("marks of an axis lie on it; powers of ten on both sides of 0", () => {
  const linear = valueMarks(example("heat", [[1]], [0, 1]), 5);
  assert.ok(linear.length >= 3 && linear.every(({ share }) => share >= 0 && share <= 1));
  const log = valueMarks(example("heat", [[1, 1, 1]], [-1000, -1e-3, 1e-3, 1e6], { scale: "log" }), 5);
  assert.deepEqual(
    log.map(({ text }) => text),
    ["0", "1e6", "1e4", "100", "−100", "1", "−1"],
  );
});

test("what stands beside the axes has room", () => {
  const context = { measureText: (text) => ({ width: 7 * text.length }) };
  const few = boxOf(context, example("ridge", [[1]], [0, 1]), 300, 200);
  const far = boxOf(context, example("ridge", [[1]], [0, 1], { step: Float64Array.of(123456789) }), 300, 200);
  assert.ok(far.left > few.left && far.right === 288);
  assert.equal(boxOf(context, example("one", [[1]], [0, 1]), 300, 200).left, 12);
  assert.ok(boxOf(context, example("heat", [[1]], [0, 1]), 300, 200).left >= 46);
});

test("what is told of a row is what is in it", () => {
  const data = example(
    "heat",
    [
      [1, 2],
      [3, 4],
    ],
    [0, 1, 2],
    { nan: Float64Array.of(0, 2), ninf: Float64Array.of(1, 0) },
  );
  assert.equal(stepsOf(data, 1), "steps 10 – 19");
  assert.equal(spoken(data, 0), "steps 0 – 9, median 1");
  assert.equal(spoken({ ...data, quantile: new Float64Array(6).fill(NaN) }, 0), "steps 0 – 9, no finite values");
  assert.deepEqual(oddOf(data), [
    { name: "NaN", text: "2" },
    { name: "−∞", text: "1" },
  ]);
  assert.equal(oddIn(data, 1) + finiteIn(data, 1), 7);
  const told = rowTip(data, 1, 0).textContent;
  for (const words of ["steps 10 – 19", "10 merged", "0 to 13", "min0", "median1", "max2", "elements7", "NaN2"])
    assert.ok(told.includes(words), `${words} in ${told}`);
  assert.ok(!told.includes("−∞"));
  const alone = rowTip({ ...data, of: Float64Array.of(1, 1), first: data.step }, 0, null).textContent;
  assert.ok(alone.startsWith("step 9 · ") && !alone.includes("merged"));
});

test("parts of elements are about so many", () => {
  assert.deepEqual([0, 1234, 0.2, 0.5, 1234.4].map(about), ["0", "1,234", "≈ 0", "≈ 1", "≈ 1,234"]);
});

test("fewer bins than there is room for are told", () => {
  const data = example("heat", [[1]], [0, 1]);
  assert.equal(fewBins(data), " in 1 bins");
  assert.equal(fewBins({ ...data, bins: 96 }), "");
  assert.equal(fewBins({ ...data, scale: "log" }), "");
  assert.equal(fewBins({ ...data, mode: "bands" }), "");
});
