// Marks of axes: any two finite numbers have 2 to 12, in order, told apart, and each says where it stands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, linear, logarithmic, relative } from "../../dashboard/web/charts/ticks.js";
import { ulp, widened } from "../../dashboard/web/text/floats.js";
import { MANY, Numbers } from "./random.js";

// What is wrong with some marks of a range; "" when nothing is.
function fault(marks, low, high) {
  const texts = marks.map(({ text }) => text);
  if (marks.length < 2 || marks.length > 12) return `${marks.length} marks`;
  if (marks.some(({ at }, i) => !Number.isFinite(at) || (i > 0 && !(at > marks[i - 1].at)))) return "not in order";
  if (new Set(texts).size < texts.length) return "a text twice";
  if (marks.base && new Set(marks.map(({ rest }) => rest)).size < marks.length) return "a rest twice";
  if (texts.some((text) => !text || text.length > 60 || /NaN|undefined|Infinity|∞/.test(text))) return "a text";
  // Ends that are off by their last bits count as reached.
  const room = Math.max((high - low) * 1e-3, 2 * ulp(Math.max(Math.abs(low), Math.abs(high))));
  if (marks.some(({ at }) => at < low - room || at > high + room)) return "outside";
  return "";
}

test(`any two finite numbers have marks that are told apart, ${MANY} ranges on each axis`, () => {
  const numbers = new Numbers(21);
  for (let i = 0; i < MANY; i++) {
    const [low, high] = numbers.pair(),
      count = 2 + numbers.below(20);
    for (const [name, make] of Object.entries({ linear, relative, clock })) {
      const marks = make(low, high, count);
      assert.equal(
        fault(marks, ...widened(low, high)),
        "",
        `${name}(${low}, ${high}, ${count}): ${marks.map(({ text }) => text).join(" | ")}`,
      );
    }
    const [a, b] = [low, high].map((each) => Math.abs(each) || 5e-324).sort((x, y) => x - y),
      marks = logarithmic(a, b, count);
    const [from, to] = widened(a, b);
    assert.equal(
      fault(marks, from * 0.998, Math.min(to * 1.002, Number.MAX_VALUE)),
      "",
      `log(${a}, ${b}, ${count}): ${marks.map(({ text }) => text).join(" | ")}`,
    );
  }
});

test("a range the other way round, or of one number, has marks too", () => {
  assert.deepEqual(linear(1, 0, 5), linear(0, 1, 5));
  for (const make of [linear, relative, clock])
    for (const x of [0, 1, -1e300, 2 ** 53, 1.7e9])
      assert.equal(fault(make(x, x, 5), ...widened(x, x)), "", `${make.name}(${x})`);
});

test("a plain mark is read as the number it stands at", () => {
  const numbers = new Numbers(22);
  const SIGNS = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
  let plain = 0;
  for (let i = 0; i < MANY; i++) {
    const [low, high] = numbers.pair(),
      marks = linear(low, high, 6);
    if (marks.base !== undefined) continue;
    plain++;
    const gap = marks[1].at - marks[0].at;
    for (const { at, text } of marks) {
      const words = text.replaceAll("−", "-").replaceAll(",", ""),
        sign = SIGNS[words.at(-1)];
      const read = sign ? Number(words.slice(0, -1)) * sign : Number(words);
      assert.ok(Math.abs(read / 2 - at / 2) <= gap * 0.26, `${at} as ${text}`);
    }
  }
  assert.ok(plain > MANY / 4);
});

test("between whole numbers there is nothing to mark", () => {
  for (const [low, high] of [
    [0, 1],
    [0, 3],
    [10, 10.5],
    [0.2, 12345.6],
  ]) {
    for (const { at } of linear(low, high, 10, true)) assert.ok(Number.isInteger(at), `${low} ${high} ${at}`);
  }
});

test("what close numbers have in common is said once", () => {
  const texts = (marks) => marks.map(({ text }) => text);
  assert.deepEqual(texts(linear(0.9999999999999999, 1, 5)), [
    "1 − 1.8e−15",
    "1 − 9e−16",
    "1",
    "1 + 9e−16",
    "1 + 1.8e−15",
  ]);
  const long = linear(Number(1691234567890123500n), Number(1691234567890223500n), 5);
  assert.equal(long.base, "1,691,234,567,890,100,000 +");
  assert.deepEqual(
    long.map(({ rest }) => rest),
    ["40k", "60k", "80k", "100k", "120k"],
  );
  assert.deepEqual(texts(linear(0, 12345, 5)), ["0", "2,000", "4,000", "6,000", "8,000", "10k", "12k"]);
  assert.deepEqual(texts(logarithmic(0.001, 1000, 6)), ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]);
  assert.deepEqual(texts(logarithmic(1, 10, 6)).slice(0, 2), ["1", "10"]);
  assert.deepEqual(texts(logarithmic(1, 9, 6)), ["1", "2", "5"]);
  assert.deepEqual(texts(logarithmic(-1, 1, 4)), texts(linear(-1, 1, 4)));
});

test("marks of a logarithmic axis stand still while it grows", () => {
  const before = logarithmic(1e-3, 1e10, 5).map(({ at }) => at),
    after = logarithmic(1e-3, 1e12, 5).map(({ at }) => at);
  assert.ok(before.every((at) => after.includes(at)));
});

test("seconds since a run began are said in the units people use", () => {
  const texts = (...range) => relative(...range).map(({ text }) => text);
  assert.deepEqual(texts(0, 6 * 86400, 5), ["0", "2 d", "4 d", "6 d"]);
  assert.deepEqual(texts(0, 100, 4), ["0", "30 s", "60 s", "90 s"]);
  assert.equal(texts(3 * 86400, 3 * 86400 + 10, 5)[1], "72h00:02");
  assert.equal(texts(3600, 3660, 6)[1], "1h00:10");
  assert.deepEqual(texts(0, 7200, 3), ["0", "1 h", "2 h"]);
  assert.deepEqual(texts(-120, 120, 4), ["−2 min", "−1 min", "0", "1 min", "2 min"]);
  assert.deepEqual(texts(36000, 43200, 4), ["10 h", "10h30", "11 h", "11h30", "12 h"]);
  assert.deepEqual(texts(0, 1000, 2).slice(0, 2), ["0", "10 min"]);
  assert.ok(texts(0, 1e13, 5).every((text) => text === "0" || text.endsWith(" d")));
  assert.deepEqual(texts(5 * 86400, 6 * 86400, 2), ["5 d", "5 d 12 h", "6 d"]);
});
