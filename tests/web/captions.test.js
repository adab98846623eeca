// What is written below a picture says what was logged of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { captionOf, percent, sizeOf, spoken } from "../../dashboard/web/pages/media/captions.js";
import { tipOf, trendOf } from "../../dashboard/web/pages/compare/importance_words.js";
import { overall } from "../../dashboard/web/pages/quality/data.js";

test("a picture in words, for those who do not see it", () => {
  assert.equal(spoken({}), "logged picture");
  assert.equal(
    spoken({ caption: "a cat", label: "cat", predictions: [{ name: "dog", probability: 0.9 }] }),
    "a cat, label cat, predicted dog",
  );
});

test("its caption says what could not be shown", () => {
  assert.equal(captionOf({}), "");
  assert.equal(captionOf({ caption: "x", label: "7", nan: 1200 }), "x · label 7 · 1,200 NaN");
  assert.equal(captionOf({ clipped: 1 }), "1 value clipped");
  assert.equal(captionOf({ clipped: 3, least: -1, most: 2.5 }), "3 values clipped: they ran from −1 to 2.5");
  assert.equal(sizeOf({ width: 1920, height: 1080 }), "1,920 × 1,080");
  assert.equal(sizeOf({}), "");
});

test("percentages, of NaN too", () => {
  assert.deepEqual([0, 0.256, 1, null].map(percent), ["0 %", "26 %", "100 %", "NaN"]);
});

test("how much a setting matters, and which way", () => {
  assert.deepEqual([null, NaN, 0.05, -0.05, 0.5, -0.5].map(trendOf), ["", "", "·", "·", "↑ 0.50", "↓ 0.50"]);
  const share = { name: "lr", share: 0.5, low: 0.25, high: 0.75, clear: true, correlation: null };
  assert.equal(
    tipOf(share),
    "lr: shuffling it adds 0.5 of the variance to the error (5th to 95th percentile 0.25 to 0.75).",
  );
  assert.match(
    tipOf({ ...share, clear: false, correlation: -0.5 }),
    /chance: more runs would tell.\nRank correlation -0.50/,
  );
});

test("a confusion matrix as a whole; classes that never were have no recall", () => {
  const rows = [
    [8, 2, 0],
    [1, 9, 0],
    [0, 0, 0],
  ];
  assert.deepEqual(overall(rows, [10, 10, 0]), [
    { word: "accuracy", value: 17 / 20 },
    { word: "mean recall", value: 0.8500000000000001 },
    { word: "samples", value: 20 },
  ]);
  assert.ok(Number.isNaN(overall([[0]], [0])[0].value));
});
