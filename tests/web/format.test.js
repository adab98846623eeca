// Numbers as people read them: what is written reads back as what was meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../../dashboard/web/text/format.js";
import { KNOWN, MANY, Numbers } from "./random.js";

const SIGNS = { __proto__: null, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

// The number that a text says.
function read(text) {
  const plain = text.replaceAll("−", "-").replaceAll(",", "").replace("∞", "Infinity");
  const sign = SIGNS[plain.at(-1)];
  return sign ? Number(plain.slice(0, -1)) * sign : Number(plain);
}

test("all digits of a number are read back as that number", () => {
  const numbers = new Numbers(11);
  for (let i = 0; i < MANY; i++) {
    const x = i < KNOWN.length ? KNOWN[i] : numbers.any();
    assert.equal(read(format.exact(x)) + 0, x + 0);
    assert.equal(read(format.brief(x)) + 0, x + 0);
  }
});

test("a value in few digits is that value to so many digits, and is itself a fixed point", () => {
  const numbers = new Numbers(12);
  for (let i = 0; i < MANY; i++) {
    const x = i % 2 ? numbers.any() : (numbers.random() - 0.5) * 10 ** (numbers.random() * 24 - 8);
    for (const digits of [3, 4, 6]) {
      const text = format.value(x, digits),
        again = read(text);
      // An integer below a million is written whole, all else to about so many digits.
      assert.ok(Math.abs(again - x) <= Math.abs(x) * 10 ** (2 - digits), `${x} as ${text}`);
      assert.equal(format.value(again, digits), text, `${x} as ${text}`);
      assert.ok(text.length <= digits + 8, `${x} as ${text}`);
    }
  }
});

test("values that have names of their own", () => {
  assert.deepEqual(
    [NaN, null, undefined, Infinity, -Infinity, 0, -0].map((x) => format.value(x)),
    ["NaN", "NaN", "NaN", "∞", "−∞", "0", "0"],
  );
  assert.deepEqual([NaN, Infinity, -Infinity].map(format.exact), ["NaN", "∞", "−∞"]);
  assert.deepEqual(
    [0.0312, 12.345, 48213, 1.24e6, 1.24e-7, -2.5].map((x) => format.value(x)),
    ["0.0312", "12.35", "48,213", "1.24M", "1.24e−7", "−2.5"],
  );
  assert.deepEqual(
    [999.96e9, 999999.6, 999.999e12, -999.96e6, 9.9999e-5, 9.996e-5, 999999].map((x) => format.value(x)),
    ["1T", "1M", "1e15", "−1G", "0.0001", "0.0001", "999,999"],
  );
  assert.deepEqual([1e9, 2.5e-7, 0.25, -12].map(format.brief), ["1e9", "2.5e−7", "0.25", "−12"]);
  assert.equal(format.step(12345n ** 3n), "1,881,365,963,625");
  assert.equal(format.step(999.5), "1,000");
});

test("a tick that is said to be true is at most half a gap away from its number", () => {
  const numbers = new Numbers(13);
  for (let i = 0; i < MANY; i++) {
    const gap = 10 ** (numbers.below(30) - 12),
      x = (numbers.below(2000) - 1000) * gap;
    if (format.isTrue(x, gap))
      assert.ok(Math.abs(read(format.tick(x, gap)) - x) <= gap / 2, `${x} by ${gap} as ${format.tick(x, gap)}`);
  }
  assert.deepEqual(
    [0.25, 12000, 1.2e6, 3e-6].map((x, i) => format.tick(x, [0.05, 1000, 1e5, 1e-6][i])),
    ["0.25", "12k", "1.2M", "3e−6"],
  );
});

test("lengths of time are in two units at the most, and negative ones have one sign", () => {
  const cases = [
    [0, "0 s"],
    [0.4, "0.4 s"],
    [59, "59 s"],
    [60, "1 min 0 s"],
    [200, "3 min 20 s"],
    [7500, "2 h 5 min"],
    [90000, "1 d 1 h"],
  ];
  for (const [seconds, text] of cases) {
    assert.equal(format.duration(seconds), text);
    if (seconds) assert.equal(format.duration(-seconds), `−${text}`);
  }
  // What is rounded up to a minute is said as a minute.
  assert.equal(format.duration(59.97), "1 min 0 s");
});

test("how long ago something was", () => {
  const now = 1e9;
  assert.deepEqual(
    [4, 30, 90, 7200, 200000].map((seconds) => format.ago(now - seconds, now)),
    ["now", "30 s ago", "1 min ago", "2 h ago", "2 d ago"],
  );
  assert.match(format.ago(now - 1e8, now), /\d{4}/);
  assert.match(format.moment(now), /2001/);
});

test("names are split at their last slash and put together again", () => {
  for (const name of ["", "loss", "train/loss", "a/b/c", "/x", "x/"]) assert.equal(format.split(name).join(""), name);
  assert.deepEqual(format.split("a/b/c"), ["a/b/", "c"]);
  assert.deepEqual(
    [0, 1, 2, 1234].map((n) => format.plural(n, "run")),
    ["0 runs", "1 run", "2 runs", "1,234 runs"],
  );
});
