// How many points of each segment are known, of one segment and of several.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SegmentCounts } from "../../dashboard/web/charts/segment_counts.js";
import { Numbers, some } from "./random.js";

test("they are what a Map would have", () => {
  const numbers = new Numbers(104);
  for (let i = 0; i < some(0.05); i++) {
    const given = Object.fromEntries(Array.from({ length: numbers.below(4) }, () => [numbers.one([..."abc"]), 7]));
    const counts = new SegmentCounts(given),
      wanted = new Map(Object.entries(given));
    for (let k = 0; k < 12; k++) {
      const segment = numbers.one([..."abcd", ""]);
      assert.equal(counts.get(segment), wanted.get(segment));
      if (numbers.below(2)) continue;
      counts.set(segment, k);
      wanted.set(segment, k);
    }
  }
});
