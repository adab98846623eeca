// Quantiles that follow values which come and go are those of sorting them, or not known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderStatistics } from "../../dashboard/web/charts/order_statistics.js";
import { RankWindows } from "../../dashboard/web/charts/rank_windows.js";
import { TiedValues } from "../../dashboard/web/charts/tied_values.js";
import { quantile } from "./density_reference.js";
import { Numbers, some } from "./random.js";

const SHARES = [0.1, 0.5, 0.9];

test("values that many have in common are one each, and are known however far a quantile moves among them", () => {
  const numbers = new Numbers(102);
  for (let i = 0; i < some(0.002); i++) {
    const kinds = Array.from({ length: 1 + numbers.below(9) }, () => numbers.one([0, -0, 1, 3 * numbers.normal()]));
    const all = Array.from({ length: 1500 }, () => numbers.one(kinds));
    const windows = new RankWindows(2, SHARES);
    const keep = (which, _, around) => windows.keep(1, which, around);
    new OrderStatistics().quantiles(Float64Array.from(all), 0, all.length, SHARES, [-3, 3], keep, 96);
    for (let turn = 0; turn < 6; turn++) {
      // A third of all come, most of them at one end.
      for (let k = 0; k < 500; k++) {
        all.push(numbers.below(3) ? kinds[turn % kinds.length] : numbers.one(kinds));
        windows.add(1, all.at(-1), all.length);
      }
      for (const gone of all.splice(0, 400)) windows.remove(1, gone);
      const sorted = [...all].sort((a, b) => a - b);
      SHARES.forEach((share, which) => {
        const found = windows.quantile(1, which, all.length);
        assert.ok(Math.abs(found - quantile(sorted, share)) < 1e-12, `${share}, turn ${turn}: ${found}`);
      });
    }
  }
});

test("what is in no window and cannot be is not lost silently, and too many values for one are not known", () => {
  const windows = new RankWindows(1, [0.5]);
  const around = (values) => ({ values: Float64Array.from(values), begin: 0, end: values.length, below: 0 });
  windows.keep(0, 0, around([1, 3, 2, 2]));
  assert.throws(() => windows.remove(0, 2.5), /never had/);
  windows.remove(0, 2);
  assert.equal(windows.quantile(0, 0, 3), 2);
  windows.keep(0, 0, around(Array.from({ length: 300 }, (_, i) => i)));
  for (const n of [1, 300]) assert.ok(Number.isNaN(windows.quantile(0, 0, n)));
});

test("of equal values that are in a window together all stay or go when it is narrowed", () => {
  const at = (/** @type {number} */ place) => Array.from({ length: 30 }, () => place);
  for (const place of [0, 20.5, 50.5, 85.5]) {
    const windows = new RankWindows(1, [0.5]);
    const all = [...at(place), ...Array.from({ length: 90 }, (_, i) => i + 0.25)];
    windows.keep(0, 0, { values: Float64Array.from(all), begin: 0, end: all.length, below: 0 });
    for (let i = 0; i < 45; i++) {
      all.push(2 * i + 0.75);
      windows.add(0, all.at(-1), all.length);
    }
    const same = () => {
      const found = windows.quantile(0, 0, all.length),
        wanted = quantile(
          [...all].sort((a, b) => a - b),
          0.5,
        );
      assert.ok(Math.abs(found - wanted) < 1e-12, `${place}: ${found}, not ${wanted}`);
    };
    same();
    for (const _ of at(place)) {
      windows.remove(0, place);
      all.splice(all.indexOf(place), 1);
    }
    same();
  }
});

test("tied values are told apart and counted where equal ones lie near each other, unless they are too many", () => {
  const numbers = new Numbers(103);
  for (let i = 0; i < some(0.05); i++) {
    const kinds = [
      ...new Set(Array.from({ length: 1 + numbers.below(60) }, () => numbers.one([0, Infinity, numbers.any()]))),
    ];
    // Bin after bin, and in no order within one.
    const bins = Array.from({ length: 1 + kinds.length / 5 }, (_, bin) => kinds.slice(5 * bin, 5 * bin + 5));
    const all = bins
      .filter((bin) => bin.length)
      .flatMap((bin) => Array.from({ length: 40 }, () => numbers.one(bin)))
      .filter((value) => value === value);
    const wanted = new Map();
    for (const value of all.slice(2)) wanted.set(value, (wanted.get(value) ?? 0) + 1);
    const values = [...wanted.keys()].sort((a, b) => a - b);
    for (const most of [values.length, values.length + 1, values.length - 1]) {
      if (most < 0) continue;
      const found = new TiedValues(most).of(Float64Array.from(all), 2, all.length);
      if (most < values.length) assert.equal(found, null);
      else {
        assert.deepEqual([...(found?.values ?? [])], values);
        assert.deepEqual([...(found?.times ?? [])], [...values.map((value) => wanted.get(value))]);
      }
    }
  }
  // What lies far apart is there twice until all are in their order.
  const far = Float64Array.from([...Array.from({ length: 20 }, (_, i) => i), 3, 3]);
  const tied = new TiedValues(30).of(far, 0, far.length);
  assert.deepEqual([...(tied?.values ?? [])], [...far.subarray(0, 20)]);
  assert.equal(tied?.times[3], 3);
});

test("they are those of sorting, or not known, and of values in any order they are nearly always known", () => {
  const numbers = new Numbers(101);
  let known = 0,
    asked = 0;
  for (let i = 0; i < some(0.005); i++) {
    const isEven = numbers.below(2) === 0;
    const value = () => (isEven ? numbers.normal() : Math.round(20 * numbers.normal()));
    const values = Float64Array.from({ length: 100 }, value);
    const windows = new RankWindows(2, SHARES);
    const keep = (which, _, around) => windows.keep(1, which, around);
    new OrderStatistics().quantiles(values, 0, 100, SHARES, [-3, 3], keep, 96);
    const all = [...values];
    for (let turn = 0; turn < 20; turn++) {
      for (let k = numbers.below(80); k >= 0; k--) {
        all.push(value());
        windows.add(1, all.at(-1), all.length);
      }
      for (let k = numbers.below(10); k >= 0; k--) {
        const [gone] = all.splice(numbers.below(all.length), 1);
        windows.remove(1, gone);
      }
      const sorted = [...all].sort((a, b) => a - b);
      SHARES.forEach((share, which) => {
        const found = windows.quantile(1, which, all.length);
        if (found === found) assert.ok(Math.abs(found - quantile(sorted, share)) < 1e-12, `${share}, turn ${turn}`);
        asked += isEven ? 1 : 0;
        known += isEven && found === found ? 1 : 0;
      });
    }
  }
  assert.ok(known > 0.9 * asked, `${known} of ${asked}`);
});
