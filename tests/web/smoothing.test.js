// Smoothing against references that are as plain as can be: every value's weight written out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { smooth } from "../../dashboard/web/charts/smoothing.js";
import { Numbers, some } from "./random.js";

// weightOf(away, unit): what a value counts that lies so far before (negative) or after.
function reference(weightOf, centres, mean) {
  return mean.map((value, i) => {
    if (Number.isNaN(value)) return NaN;
    let sum = 0,
      total = 0;
    mean.forEach((other, j) => {
      if (Number.isNaN(other)) return;
      const weight = weightOf(centres[j] - centres[i]);
      sum += weight * other;
      total += weight;
    });
    return sum / total;
  });
}

// What an exponential average is, from its recursion, in its own words.
function exponential(weight, steps, mean, unit) {
  let before = null;
  return mean.map((value, i) => {
    if (Number.isNaN(value)) return NaN;
    const keep = before === null || !(weight > 0) ? 0 : weight ** ((steps[i] - before.step) / unit);
    before = { step: steps[i], average: before === null ? value : before.average * keep + value * (1 - keep) };
    return before.average;
  });
}

function example(numbers) {
  const n = 1 + numbers.below(60);
  let at = 0;
  const steps = Float64Array.from({ length: n }, () => (at += numbers.random() < 0.2 ? 1 + numbers.below(40) : 1));
  return {
    steps,
    mean: Float64Array.from({ length: n }, () => (numbers.random() < 0.1 ? NaN : numbers.normal())),
    range: steps[n - 1] - steps[0],
  };
}

const near = (found, wanted, what) =>
  found.forEach((value, i) =>
    assert.ok(
      Object.is(value, wanted[i]) || Math.abs(value - wanted[i]) < 1e-9,
      `${what} at ${i}: ${value}, not ${wanted[i]}`,
    ),
  );

test("each kind is what its definition says", () => {
  const numbers = new Numbers(41);
  for (let i = 0; i < some(0.1); i++) {
    const { steps, mean, range } = example(numbers),
      n = mean.length,
      weight = numbers.one([0, 0.5, 0.9, 0.99, 0.999]),
      unit = range / 1000;
    const made = (kind) => smooth(kind, weight, steps, steps, mean, n, range),
      half = (weight / (1 - weight)) * unit;
    if (range > 0) near(made("ema"), exponential(weight, steps, [...mean], unit), "ema");
    near(
      made("mean"),
      reference((away) => (Math.abs(away) <= half ? 1 : 0), steps, [...mean]),
      "mean",
    );
    if (half)
      near(
        made("gauss"),
        reference((away) => (Math.abs(away) <= 1.5 * half ? Math.exp(-0.5 * (away / (half / 2)) ** 2) : 0), steps, [
          ...mean,
        ]),
        "gauss",
      );
  }
});

test("a constant stays as it is, and what is smoothed stays between the extremes", () => {
  const numbers = new Numbers(42);
  for (let i = 0; i < some(0.1); i++) {
    const { steps, mean, range } = example(numbers),
      finite = mean.filter((value) => value === value);
    for (const kind of ["ema", "gauss", "mean"]) {
      const found = smooth(kind, 0.99, steps, steps, mean, mean.length, range);
      const [low, high] = [Math.min(...finite), Math.max(...finite)];
      assert.ok(
        found.every((value, k) =>
          mean[k] !== mean[k] ? value !== value : value >= low - 1e-9 && value <= high + 1e-9,
        ),
        kind,
      );
      const constant = mean.map((value) => (value === value ? 7.25 : NaN));
      near(smooth(kind, 0.99, steps, steps, constant, mean.length, range), constant, `${kind} of a constant`);
    }
  }
});

test("a smoothing of nothing, of one value, or by nothing changes nothing", () => {
  for (const kind of ["ema", "gauss", "mean"]) {
    assert.equal(smooth(kind, 0.9, [], [], [], 0, 0).length, 0);
    assert.deepEqual([...smooth(kind, 0.9, [5], [5], [2], 1, 0)], [2]);
    assert.deepEqual([...smooth(kind, 0, [0, 1, 2], [0, 1, 2], [2, 9, 4], 3, 2)], [2, 9, 4]);
  }
  // A word that is no kind, and one that every object has.
  assert.deepEqual([...smooth("constructor", 0, [0, 1], [0, 1], [2, 9], 2, 1)], [2, 9]);
});

test("how smooth a curve is does not depend on how densely it was logged", () => {
  const at = (every) => {
    const steps = Float64Array.from({ length: 1000 / every + 1 }, (_, i) => i * every);
    return smooth(
      "ema",
      0.99,
      steps,
      steps,
      steps.map((step) => (step < 500 ? 0 : 1)),
      steps.length,
      1000,
    );
  };
  assert.ok(Math.abs(at(1)[600] - at(10)[60]) < 0.05);
});

test("an array that fits is used again", () => {
  const out = new Float64Array(3);
  assert.equal(smooth("ema", 0.5, [0, 1, 2], [0, 1, 2], [1, 2, 3], 3, 2, out), out);
  assert.notEqual(smooth("ema", 0.5, [0, 1], [0, 1], [1, 2], 2, 1, out), out);
});
