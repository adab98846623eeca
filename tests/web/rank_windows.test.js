// Quantiles that follow values which come and go are those of sorting them, or not known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderStatistics } from "../../dashboard/web/charts/order_statistics.js";
import { RankWindows } from "../../dashboard/web/charts/rank_windows.js";
import { quantile } from "./density_reference.js";
import { Numbers, some } from "./random.js";

const SHARES = [0.1, 0.5, 0.9];

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
