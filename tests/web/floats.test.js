// How finely numbers lie, and decimals: against BigInt arithmetic, which has no rounding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LARGEST, decimal, isTooNarrow, less, ulp, unitOf, widened } from "../../dashboard/web/text/floats.js";
import { KNOWN, MANY, Numbers, next } from "./random.js";

test("an ulp leads to the next number and half of one does not", () => {
  const numbers = new Numbers(1);
  for (let i = 0; i < MANY; i++) {
    const x = Math.abs(i < KNOWN.length ? KNOWN[i] : numbers.any());
    if (x === LARGEST) assert.equal(x - ulp(x), next(x, -1));
    else assert.equal(x + ulp(x), next(x, 1));
  }
});

test("a decimal is read as the number it was made of, and an integer keeps all of its digits", () => {
  const numbers = new Numbers(2);
  for (let i = 0; i < MANY; i++) {
    const x = i < KNOWN.length ? KNOWN[i] : numbers.any();
    const { digits, power } = decimal(x);
    assert.equal(Number(`${digits}e${power}`) + 0, x + 0);
  }
  assert.deepEqual(decimal(1700000000000000000), { digits: 1700000000000000000n, power: 0 });
  assert.equal(decimal(-0.25).digits, -25n);
});

test("a difference of decimals is exact where that of the numbers is rounded", () => {
  assert.equal(less(decimal(0.3), decimal(0.1)), 0.2);
  assert.notEqual(0.3 - 0.1, 0.2);
  assert.equal(less(decimal(2 ** 60 + 2 ** 10), decimal(2 ** 60)), 1024);
  assert.equal(less(decimal(1e-300), decimal(0)), 1e-300);
});

test("a widened range holds its numbers, and as many as were asked for", () => {
  const numbers = new Numbers(3);
  for (let i = 0; i < MANY; i++) {
    const [low, high] = numbers.pair(),
      [from, to] = widened(low, high);
    assert.ok(from <= low && to >= high, `${low} ${high}`);
    assert.ok(Number.isFinite(from) && Number.isFinite(to), `${low} ${high}`);
    assert.ok(!isTooNarrow(from, to), `${low} ${high} became ${from} ${to}`);
    if (!isTooNarrow(low, high)) assert.deepEqual([from, to], [low, high]);
  }
  assert.ok(isTooNarrow(1, 1));
  assert.ok(isTooNarrow(1, 1, true));
  assert.ok(!isTooNarrow(1, 10, true));
});

test("the length of any range in its unit is a number", () => {
  const numbers = new Numbers(4);
  for (let i = 0; i < MANY; i++) {
    const [low, high] = numbers.pair(),
      unit = unitOf(low, high);
    const length = high * unit - low * unit;
    assert.ok(Number.isFinite(length) && Number.isFinite(1 / length), `${low} ${high}`);
  }
});
