// Groups of runs and differences between them, against what their definitions say of values at the same steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { difference, group } from "../../dashboard/web/charts/derive.js";
import { Numbers, some } from "./random.js";

const curveOf = (name, steps, values) =>
  Curve.of(name, {
    x: Float64Array.from(steps),
    w: Float64Array.from(steps, (step) => 1000 + step),
    mean: Float64Array.from(values),
  });
const PLAIN = { weight: 0 };
const sum = (values) => values.reduce((a, b) => a + b, 0);
const near = (a, b, what) => assert.ok(Object.is(a, b) || Math.abs(a - b) < 1e-9, `${what}: ${a}, not ${b}`);

function members(numbers, count, n) {
  const steps = Array.from({ length: n }, (_, i) => i * 3);
  const rows = Array.from({ length: count }, () => steps.map(() => numbers.normal()));
  return { steps, rows, curves: rows.map((row, i) => curveOf(`run${i}`, steps, row)) };
}

test("a group's middle and band are those of its members at each step", () => {
  const numbers = new Numbers(71);
  for (let i = 0; i < some(0.02); i++) {
    const count = 1 + numbers.below(8),
      { steps, rows, curves } = members(numbers, count, 1 + numbers.below(50));
    for (const centre of ["mean", "median"])
      for (const band of ["std", "sem", "range", "none"]) {
        const made = group("g", curves, "step", { centre, band }, PLAIN, 100);
        assert.deepEqual([...made.x0.subarray(0, made.length)], steps);
        assert.equal(made.memberCount, count);
        steps.forEach((_, k) => {
          const column = rows.map((row) => row[k]),
            sorted = [...column].sort((a, b) => a - b),
            mean = sum(column) / count;
          const middle = centre === "mean" ? mean : (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2;
          const deviation =
            Math.sqrt(sum(column.map((value) => (value - mean) ** 2)) / (count - 1)) /
            (band === "sem" ? Math.sqrt(count) : 1);
          near(made.mean[k], middle, centre);
          const [low, high] =
            band === "none"
              ? [middle, middle]
              : count === 1
                ? [column[0], column[0]]
                : band === "range"
                  ? [sorted[0], sorted[count - 1]]
                  : [middle - deviation, middle + deviation];
          near(made.min[k], low, band);
          near(made.max[k], high, band);
        });
      }
  }
});

test("a bootstrapped band holds the middle, lies in the range, and is the same every time", () => {
  const { curves, steps } = members(new Numbers(72), 7, 20),
    how = { centre: "mean", band: "boot" };
  const made = group("g", curves, "step", how, PLAIN, 60),
    again = group("g", curves, "step", how, PLAIN, 60),
    all = group("g", curves, "step", { ...how, band: "range" }, PLAIN, 60);
  assert.deepEqual(made.min, again.min);
  steps.forEach((_, k) =>
    assert.ok(
      all.min[k] <= made.min[k] &&
        made.min[k] <= made.mean[k] &&
        made.mean[k] <= made.max[k] &&
        made.max[k] <= all.max[k],
    ),
  );
});

test("no spike of a member is out of the range of its group, wherever it lies", () => {
  const numbers = new Numbers(73);
  for (let i = 0; i < some(0.005); i++) {
    const long = Array.from({ length: 3000 }, (_, k) => k),
      at = numbers.below(3000),
      curves = [0, 1].map((k) =>
        curveOf(
          `r${k}`,
          long,
          long.map((step) => (k === 0 && step === at ? 1e6 : numbers.normal())),
        ),
      );
    const made = group("g", curves, "step", { centre: "mean", band: "range" }, PLAIN, 3000);
    assert.ok(made.length <= 900);
    assert.equal(Math.max(...made.max.subarray(0, made.length)), 1e6);
  }
});

test("where a member has not begun or has ended it has no part, and the line says so", () => {
  const made = group(
    "g",
    [curveOf("a", [0, 1, 2, 3], [1, 1, 1, 1]), curveOf("b", [2, 3], [5, 5])],
    "step",
    { centre: "mean", band: "std" },
    PLAIN,
    3,
  );
  assert.deepEqual([...made.mean.subarray(0, 4)], [1, 1, 3, 3]);
  assert.deepEqual([...made.carried], [1, 1, 2, 2]);
  assert.deepEqual([...made.whole], [NaN, NaN, 3, 3]);
  assert.deepEqual([...made.part], [1, 1, 3, NaN]);
});

test("groups have places on every axis, also logarithmic and of time", () => {
  const curves = [curveOf("a", [0, 1, 10, 100], [1, 2, 3, 4]), curveOf("b", [0, 1, 10, 100], [3, 4, 5, 6])],
    how = { centre: "mean", band: "range" };
  const log = group("g", curves, "step", how, { weight: 0, isLog: true }, Math.log(100));
  assert.deepEqual([...log.x0.subarray(0, log.length)], [1, 10, 100]);
  assert.deepEqual([...log.mean.subarray(0, log.length)], [3, 4, 5]);
  for (const curve of curves) curve.started = 1000;
  const relative = group("g", curves, "relative", how, PLAIN, 100),
    [begin, , shift] = relative.ends("relative");
  assert.deepEqual(
    [...begin.subarray(0, 4)].map((at) => at - shift),
    [0, 1, 10, 100],
  );
  const long = Array.from({ length: 2000 }, (_, i) => i + 1),
    many = group("g", [curveOf("a", long, long), curveOf("b", long, long)], "step", how, { weight: 0, isLog: true }, 7);
  for (let k = 1; k < many.length - 1; k++)
    assert.ok(Math.abs(many.mean[k] - many.x0[k]) < 1e-6 * many.x0[k] && many.x0[k] > many.x0[k - 1]);
  assert.equal(group("g", [curveOf("a", [-2, -1], [1, 2])], "step", how, { weight: 0, isLog: true }, 1).length, 1);
  const smooth = group("g", curves, "step", how, { kind: "ema", weight: 0.99 }, 100);
  assert.ok(smooth.mean[3] < 5);
});

test("a curve less itself is zero, and less another is their difference between its points too", () => {
  const steps = [0, 10, 20],
    a = curveOf("a", steps, [1, 2, 4]),
    b = curveOf("b", [0, 20], [0, 20]);
  assert.deepEqual([...difference(a, a, "step").mean], [0, 0, 0]);
  assert.deepEqual([...difference(a, b, "step").mean], [1, -8, -16]);
  assert.deepEqual([...difference(curveOf("a", [-5, 0, 25], [1, 1, 1]), b, "step").mean], [NaN, 1, NaN]);
});

test("a group of equal values is that value, without a band; and the largest numbers have a mean", () => {
  for (const value of [3, 0.1, 1e-300, -1.7e308, 2.9999999999999996]) {
    for (const count of [2, 3, 7, 17, 200]) {
      const curves = Array.from({ length: count }, (_, i) => curveOf(`run${i}`, [0, 1], [value, value]));
      for (const centre of ["mean", "median"])
        for (const band of ["std", "sem", "boot"]) {
          const made = group("g", curves, "step", { centre, band }, PLAIN, 100);
          for (const column of [made.mean, made.min, made.max])
            assert.deepEqual([...column.subarray(0, 2)], [value, value], `${centre} ${band} of ${count} ${value}`);
        }
    }
  }
  const curves = [1e308, 1.2e308, 1.4e308].map((value, i) => curveOf(`run${i}`, [0], [value]));
  const made = group("g", curves, "step", { centre: "mean", band: "std" }, PLAIN, 100);
  assert.ok(Math.abs(made.mean[0] / 1.2e308 - 1) < 1e-12);
  assert.ok(Math.abs((made.max[0] - made.mean[0]) / 2e307 - 1) < 1e-9);
});
