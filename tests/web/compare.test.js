// Runs as a table: columns that place what they hold, brushes, and curves of quality from counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Brushes } from "../../dashboard/web/pages/compare/brushes.js";
import { Column, flat, metric, settings } from "../../dashboard/web/pages/compare/data.js";
import { SHADES, shade } from "../../dashboard/web/charts/colour_maps.js";
import { atThreshold, calibration, precisionRecall, roc } from "../../dashboard/web/pages/quality/data.js";
import { Numbers, some } from "./random.js";

test("a configuration is one level, lists are their text, and no name is lost", () => {
  assert.deepEqual(
    { ...flat({ a: { b: { c: 1 } }, l: [1, [2]], n: null, t: true }) },
    { "a.b.c": 1, l: "[1,[2]]", n: null, t: true },
  );
  assert.deepEqual({ ...flat(undefined) }, {});
  let deep = { leaf: 1 };
  for (let i = 0; i < 20; i++) deep = { x: deep };
  assert.equal(Object.keys(flat(deep)).length, 1, "what is nested too deeply is a text");
  assert.equal(flat({ ["__proto__"]: 5, constructor: 6 }).constructor, 6);
});

test("a number stands between 0 and 1, in order, and is found again at its place", () => {
  const numbers = new Numbers(131);
  for (let i = 0; i < some(0.2); i++) {
    const values = Array.from({ length: 1 + numbers.below(20) }, () =>
        numbers.one([undefined, null, NaN, "inf", "nan", numbers.normal(), 10 ** (numbers.random() * 8 - 4)]),
      ),
      column = new Column("lr", values, true);
    values.forEach((value, k) => {
      const place = column.place(k);
      if (typeof value !== "number" || !Number.isFinite(value)) {
        assert.ok(Number.isNaN(place));
        return;
      }
      assert.ok(place >= -1e-12 && place <= 1 + 1e-12, `${value} at ${place}`);
      assert.ok(Math.abs(column.at(place) - value) <= 1e-9 * (1 + Math.abs(value)));
      for (let j = 0; j < k; j++)
        if (Number.isFinite(values[j])) assert.ok((values[j] - value) * (column.place(j) - place) >= -1e-15);
    });
  }
});

test("what spans factors is read by factors, what is a word is a word", () => {
  assert.ok(
    new Column("lr", [1e-4, 1e-3, 1e-1]).isLog && !new Column("x", [0, 1, 100]).isLog && !new Column("x", [7, 7]).isLog,
  );
  const words = new Column("name", ["sgd", "adam", "sgd", undefined]);
  assert.deepEqual([words.isNumeric, words.distinct, words.missing, words.words], [false, 2, 1, ["adam", "sgd"]]);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => words.place(i)),
    [1, 0, 1, NaN],
  );
  assert.equal(new Column("name", ["a", "a"]).place(0), 0.5);
  assert.equal(new Column("mixed", [1, "auto"]).isNumeric, false);
  assert.deepEqual(
    [new Column("x", ["-inf", "Infinity", "nan", "a"].slice(0, 3)).number(0), words.number(0)],
    [-Infinity, NaN],
  );
  assert.deepEqual(new Column("layers", [1, 2, 2]).few, [1, 2]);
  assert.equal(new Column("none", []).isNumeric, false);
});

test("settings that differ are told from those that do not", () => {
  const { differing, same } = settings([{ config: { lr: 1, seed: 3, only: 1 } }, { config: { lr: 2, seed: 3 } }]);
  assert.deepEqual([differing.map(({ name }) => name), same.map(({ name }) => name)], [["lr", "only"], ["seed"]]);
  const outcomes = new Map([["a", { last: 1, min: 0.5 }]]),
    column = metric([{ name: "a" }, { name: "b" }], "loss", "min", outcomes);
  assert.deepEqual([column.name, column.values, column.missing], ["loss (min)", [0.5, undefined], 1]);
  assert.equal(metric([], "loss", "last", undefined).name, "loss");
});

test("shades are colours, and each place has its own", () => {
  for (const isDark of [false, true]) {
    const made = Array.from({ length: SHADES }, (_, i) => shade(i / (SHADES - 1), isDark));
    assert.equal(new Set(made).size, SHADES);
    for (const each of made) assert.match(each, /^rgb\(\d+ \d+ \d+\)$/);
    assert.equal(shade(-5, isDark), shade(isDark ? -0.2 : 0, isDark));
    assert.equal(shade(5, isDark), shade(2, isDark));
  }
});

test("what is brushed on several axes is within all of them", () => {
  const brushes = new Brushes(),
    columns = [new Column("a", [0, 1, 2, 3]), new Column("b", [3, 2, 1, 0]), new Column("c", [1, 1, undefined, 1])];
  assert.equal(brushes.any, false);
  brushes.set("a", [1, 1 / 3]);
  assert.deepEqual([...brushes.within(columns, 4)], [0, 1, 1, 1]);
  brushes.set("b", [0, 1 / 3]);
  assert.deepEqual([...brushes.within(columns, 4)], [0, 0, 1, 1]);
  brushes.set("c", [0, 1]);
  assert.deepEqual([...brushes.within(columns, 4)], [0, 0, 0, 1], "what has no value is not within");
  brushes.set("gone", [0, 0]);
  brushes.set("c", null);
  assert.deepEqual([...brushes.within(columns, 4)], [0, 0, 1, 1]);
  brushes.clear();
  assert.deepEqual([...brushes.within(columns, 4)], [1, 1, 1, 1]);
});

// Counts at thresholds, from predictions themselves.
function counted(numbers, n, size) {
  const rows = Array.from({ length: n }, () => {
      const score = numbers.random();
      return [score, numbers.random() < score];
    }),
    counts = { tp: [], fp: [], tn: [], fn: [], confidence: new Float64Array(size) };
  for (let k = 0; k < size; k++) {
    const over = rows.filter(([score]) => Math.floor(score * (size - 1)) >= k),
      under = rows.filter(([score]) => Math.floor(score * (size - 1)) < k);
    counts.tp.push(over.filter(([, is]) => is).length);
    counts.fp.push(over.filter(([, is]) => !is).length);
    counts.fn.push(under.filter(([, is]) => is).length);
    counts.tn.push(under.filter(([, is]) => !is).length);
  }
  for (const [score] of rows) counts.confidence[Math.floor(score * (size - 1))] += score;
  return { rows, counts };
}

test("curves of quality are those of the predictions they were counted from", () => {
  const { rows, counts } = counted(new Numbers(132), 4000, 101);
  const { xs, ys } = roc(counts);
  assert.deepEqual([xs[0], ys[0], xs.at(-1), ys.at(-1)], [1, 1, 0, 0]);
  let area = 0;
  for (let k = 1; k < xs.length; k++) {
    assert.ok(xs[k] <= xs[k - 1] && ys[k] <= ys[k - 1]);
    area += ((xs[k - 1] - xs[k]) * (ys[k - 1] + ys[k])) / 2;
  }
  const [yes, no] = [rows.filter(([, is]) => is), rows.filter(([, is]) => !is)];
  let above = 0;
  for (const [a] of yes) for (const [b] of no) above += a > b ? 1 : a === b ? 0.5 : 0;
  assert.ok(
    Math.abs(area - above / (yes.length * no.length)) < 0.003,
    "the area is how often a positive is above a negative",
  );
  const half = atThreshold(counts, 50);
  assert.equal(half.tp + half.fp + half.tn + half.fn, 4000);
  assert.ok(Math.abs(half.f1 - (2 * half.precision * half.recall) / (half.precision + half.recall)) < 1e-12);
  const pr = precisionRecall(counts);
  assert.deepEqual([pr.xs[50], pr.ys[50]], [half.recall, half.precision]);
  // Such predictions mean what they say.
  const { points, error, isExact } = calibration(counts);
  assert.ok(isExact && error < 0.04);
  for (const { x, y } of points) assert.ok(Math.abs(x - y) < 0.1);
  assert.ok(Math.abs(points.reduce((all, each) => all + each.share, 0) - 1) < 1e-12);
  const guessed = calibration({ ...counts, confidence: undefined });
  assert.ok(!guessed.isExact && Math.abs(guessed.error - error) < 0.01);
});

test("nothing predicted has no curve and no error", () => {
  const none = { tp: [0, 0], fp: [0, 0], tn: [0, 0], fn: [0, 0] };
  assert.ok(Number.isNaN(calibration(none).error));
  assert.ok(Number.isNaN(atThreshold(none, 0).precision) && Number.isNaN(roc(none).xs[0]));
});
