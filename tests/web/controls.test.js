// The page of controls as far as it is arithmetic and words: places of sliders, and what is said of commands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askedWords, isPending, outcomeWords, valueWords } from "../../dashboard/web/pages/controls/words.js";
import { notch, numberIn, placeOf, PLACES, rangeOf, valueAt } from "../../dashboard/web/pages/controls/slider.js";
import { Numbers, some } from "./random.js";

const bounds = (low, high, more = {}) => ({ type: "number", low, high, log: false, ...more });

test("a slider goes from one end to the other, its ends exact, in few digits", () => {
  const lr = rangeOf(bounds(1e-6, 1, { log: true }));
  assert.equal(valueAt(lr, 0), 1e-6);
  assert.equal(valueAt(lr, PLACES), 1);
  assert.equal(valueAt(lr, 500), 0.001);
  assert.equal(String(valueAt(lr, 437)), "0.000419");
  const share = rangeOf(bounds(0, 1));
  assert.equal(String(valueAt(share, 300)), "0.3");
  assert.equal(valueAt(rangeOf(bounds(1, 64, { type: "int" })), 333), 22);
});

test("of any range places and values lead to each other, and go up together", () => {
  const numbers = new Numbers(7);
  for (let i = 0; i < some(0.2); i++) {
    const low = (numbers.below(2000) - 1000) * 10 ** (numbers.below(20) - 10),
      high = low + (1 + numbers.below(1000)) * 10 ** (numbers.below(20) - 10);
    const range = rangeOf(bounds(low, high, { log: numbers.below(2) === 1 }));
    if (!range) continue;
    let before = -Infinity;
    for (let place = 0; place <= PLACES; place += 1 + numbers.below(90)) {
      const value = valueAt(range, place);
      assert.ok(value >= range.low && value <= range.high, `${value} of ${JSON.stringify(range)}`);
      assert.ok(value >= before, `${value} after ${before} of ${JSON.stringify(range)}`);
      before = value;
      // Of a range that is narrow beside its numbers few values are there.
      if ((range.high - range.low) / Math.abs(range.high) > 1e-9)
        assert.ok(Math.abs(placeOf(range, value) - place) <= 1, `${place} of ${JSON.stringify(range)}`);
    }
  }
});

test("what has no two ends has no slider: none said, above each other, not finite, words", () => {
  for (const [low, high] of [
    [null, 1],
    [0, null],
    [2, 1],
    [1, 1],
    [NaN, 1],
    ["NaN", 1],
    ["0", "1"],
    [undefined, undefined],
  ])
    assert.equal(rangeOf(bounds(low, high)), null);
  assert.equal(rangeOf({ ...bounds(0, 1), type: "text" }), null);
  assert.equal(rangeOf(bounds(0, 1, { log: true })).log, false); // there is no logarithm of nothing
  assert.equal(valueAt(rangeOf(bounds(-1.7e308, 1.7e308)), 500), 0); // wider than a number is
  assert.equal(placeOf(rangeOf(bounds(-1.7e308, 1.7e308)), 0), 500);
  assert.equal(placeOf(rangeOf(bounds(0, 1)), NaN), 0);
  assert.equal(placeOf(rangeOf(bounds(0, 1)), 7), PLACES);
});

test("a notch is 1, 2, 5 of a logarithm, a round part of a range, and a change of the second digit without", () => {
  const lr = bounds(1e-6, 1, { log: true });
  const ladder = [];
  for (let value = 0.0003; value < 0.05; ) ladder.push((value = notch(lr, value, 1)));
  assert.deepEqual(ladder, [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05]);
  assert.equal(notch(lr, 0.001, -1), 0.0005);
  assert.equal(notch(lr, 1, 1), 1);
  assert.equal(notch(lr, 1e-6, -1), 1e-6);
  assert.equal(notch(bounds(0, 1), 0.13, 1), 0.15);
  assert.equal(notch(bounds(0, 1), 0.15, -1), 0.1);
  assert.equal(notch(bounds(0, 10, { type: "int" }), 3, 1), 4);
  assert.equal(notch(bounds(0, 1000, { type: "int" }), 100, -1), 50);
  assert.equal(notch(bounds(null, null, { type: "int" }), 7, 1), 8);
  assert.equal(notch(bounds(null, null), 0.001, 1), 0.0011);
  assert.equal(notch(bounds(null, null), 0, -1), -0.1);
  assert.equal(notch(bounds(0, null), 0.05, -1), 0.049);
  assert.equal(notch(bounds(0.05, null), 0.05, -1), 0.05);
});

test("a notch always moves, unless an end is in the way", () => {
  const numbers = new Numbers(9);
  for (let i = 0; i < some(0.2); i++) {
    const low = numbers.one([null, -3, 0, 1e-6, 5]),
      high = numbers.one([null, 7, 100, 1e9]),
      type = numbers.one(["number", "int"]);
    const range = bounds(low, high, { type, log: numbers.below(2) === 1 });
    const value =
      type === "int"
        ? Math.ceil(low ?? 0) + numbers.below(3)
        : Math.min(high ?? Infinity, (low ?? 1) + numbers.below(1000) / 300);
    for (const way of [1, -1]) {
      const next = notch(range, value, way);
      assert.ok(
        next === (way > 0 ? high : low) || (next - value) * way > 0,
        `${value} to ${next}: ${JSON.stringify(range)}`,
      );
      if (type === "int" && next !== low && next !== high) assert.ok(Number.isInteger(next));
    }
  }
});

test("a number is what somebody wrote as one", () => {
  assert.equal(numberIn(" 1e-4 ", false), 1e-4);
  assert.equal(numberIn("3e−4", false), 3e-4);
  assert.equal(numberIn("12", true), 12);
  for (const text of ["", " ", "x", "1,5", "0x10", "Infinity", "NaN", "1e999", "1e", "--1"])
    assert.equal(numberIn(text, false), null, text);
  assert.equal(numberIn("1.5", true), null);
});

const command = (more) => ({
  nonce: "n",
  name: "lr",
  value: 0.0005,
  old: 0.001,
  author: "page",
  asked: 100,
  answered: null,
  step: null,
  outcome: "pending",
  why: "",
  cut: false,
  ...more,
});

test("what was asked is said as it is done: a change, a button, an action", () => {
  assert.equal(askedWords(command({})), "lr 0.001 → 0.0005");
  assert.equal(askedWords(command({ old: null })), "lr → 0.0005");
  assert.equal(askedWords(command({ name: "stop", value: null })), "Stop");
  assert.equal(askedWords(command({ name: "paused", value: true })), "Pause");
  assert.equal(askedWords(command({ name: "paused", value: false })), "Go on");
  assert.equal(askedWords(command({ name: "log more", value: 1 })), "Log more for 1 step");
  assert.equal(askedWords(command({ name: "evaluate", value: null, old: null })), "evaluate");
  assert.equal(
    askedWords(command({ name: "constructor", value: "x".repeat(200_000) })).length,
    "constructor 0.001 → ".length + 80,
  );
  assert.deepEqual([true, false, "", "a b", null, 1e-7, ["x"]].map(valueWords), [
    "on",
    "off",
    "“”",
    "a b",
    "–",
    "1e−7",
    '["x"]',
  ]);
});

test("what became of it: waited for, applied at a step, refused with the sentence", () => {
  const said = (more, now = 103.4) => outcomeWords(command(more), now);
  assert.deepEqual(said({}), { tone: "waiting", text: "waiting 3 s" });
  assert.equal(said({}, 99).text, "waiting"); // the server's clock is a little ahead
  assert.equal(said({ why: "between two steps" }, 103.4).text, "waiting 3 s");
  assert.equal(said({ why: "between two steps" }, 160).text, "waiting 1 min 0 s: between two steps");
  assert.deepEqual(said({ outcome: "applied", step: 1234 }), { tone: "good", text: "applied at step 1,234" });
  assert.deepEqual(said({ outcome: "refused", step: 9, why: "lr is at most 1." }), {
    tone: "bad",
    text: "refused at step 9: lr is at most 1.",
  });
  assert.equal(said({ outcome: "failed", step: 2, why: "ValueError: no" }).text, "failed at step 2: ValueError: no");
  assert.deepEqual(said({ outcome: "never applied", why: "the run was over" }), {
    tone: "over",
    text: "never applied: the run was over",
  });
  assert.deepEqual(said({ outcome: "__proto__" }), { tone: "over", text: "__proto__" });
  assert.ok(isPending(command({})) && isPending(command({ outcome: "started" })));
  assert.ok(!isPending(command({ outcome: "applied" })));
});
