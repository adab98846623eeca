// The order of names: the same table as tests/tracker/test_name_order.py, and a total order whatever names hold.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compareNames, naturally } from "../../dashboard/web/text/name_order.js";
import { Numbers, some } from "./random.js";

const known = JSON.parse(readFileSync(new URL("./name_order.json", import.meta.url), "utf8"));
const numbers = new Numbers(211);
const name = () =>
  Array.from({ length: numbers.below(7) }, () => numbers.one([..."am/_. -0129é\uE000", "😀"])).join("");

test("names stand as people count", () => {
  const shuffled = known.map((each) => [numbers.random(), each]).sort((a, b) => a[0] - b[0]);
  assert.deepEqual(naturally(shuffled.map(([, each]) => each)), known);
  known.forEach((a, i) => known.forEach((b, k) => assert.equal(Math.sign(compareNames(a, b)), Math.sign(i - k))));
});

test("the order is total, and a list leaves in the one that two names have", () => {
  for (let i = 0; i < some(0.5); i++) {
    const [a, b, c] = [name(), name(), name()];
    assert.equal(Math.sign(compareNames(a, b)), -Math.sign(compareNames(b, a)) || 0);
    assert.equal(compareNames(a, b) === 0, a === b);
    if (compareNames(a, b) <= 0 && compareNames(b, c) <= 0) assert.ok(compareNames(a, c) <= 0, `${[a, b, c]}`);
    const [first, second] = naturally([a, b]);
    assert.ok(compareNames(first, second) <= 0);
  }
});
