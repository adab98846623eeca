// Findings: what is drawn of their evidence, under which headings they stand, and how they are spoken of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "../../dashboard/web/pages/curves/finding_lines.js";
import { countsOf, entriesOf, groupsOf } from "../../dashboard/web/pages/findings/arrange.js";
import { anomalyOf, rowsOf } from "../../dashboard/web/pages/findings/autopsy_rows.js";
import { chartsOf, histogramOf, isWide, spanOf, windowOf } from "../../dashboard/web/pages/findings/evidence.js";
import { countsInWords, titleOf } from "../../dashboard/web/text/finding_words.js";
import { generator, some } from "./random.js";

const finding = (kind, severity, more = {}) => ({
  id: kind,
  kind,
  severity,
  layer: null,
  step: 10,
  step_last: 20,
  confidence: 0.9,
  sentence: `${kind} was seen.`,
  advice: "Look.",
  evidence: { tags: [], window: null },
  dismissed: null,
  ...more,
});
const gone = { reason: "known", author: null, wall_time: 1 };

test("the window that is shown lies within the run and holds the evidence, wherever it is", () => {
  const random = generator(1);
  for (let i = 0; i < some(1); i++) {
    const last = Math.ceil(10 ** (6 * random()));
    const low = Math.floor(random() * last),
      high = low + Math.floor(random() ** 3 * (last - low));
    const window = windowOf([low, high], last);
    if (window === null) assert.ok(high - low > last / 2);
    else {
      assert.ok(window[0] <= low && window[1] >= high && window[0] >= 0 && window[1] > window[0], `${window}`);
      assert.ok(window[1] <= Math.max(last, low + 1));
    }
  }
  assert.deepEqual(windowOf([600, 660], 2000), [440, 820]);
  assert.equal(windowOf([100, 1999], 2000), null);
  assert.equal(windowOf(null, 2000), null);
});

test("evidence without a window is from the first step to the last, or to where the run is", () => {
  const none = { tags: [], window: null };
  assert.deepEqual(spanOf({ evidence: none, step: 5, step_last: 9 }, 100), [5, 9]);
  assert.deepEqual(spanOf({ evidence: none, step: 5, step_last: null }, 100), [5, 100]);
  assert.equal(spanOf({ evidence: none, step: null, step_last: null }, 100), null);
  assert.deepEqual(spanOf({ evidence: { tags: [], window: [7, 8] }, step: 5, step_last: 9 }, 100), [7, 8]);
});

test("tags of one scale share a chart, others have their own", () => {
  assert.deepEqual(chartsOf(["train/loss", "val/loss"]), [["train/loss", "val/loss"]]);
  assert.deepEqual(chartsOf(["train_loss", "val_loss"]), [["train_loss", "val_loss"]]);
  assert.deepEqual(chartsOf(["train/loss", "train/acc", "lr"]), [["train/loss"], ["train/acc"], ["lr"]]);
  assert.deepEqual(chartsOf(["grad_norm/a", "grad_norm/b"]), [["grad_norm/a", "grad_norm/b"]]);
  assert.deepEqual(chartsOf(["a", "a"]), [["a"]]);
  assert.equal(chartsOf([..."abcdefg"]).length, 3);
  assert.equal(chartsOf([..."abcdefg"].map((name) => `dead/${name}`))[0].length, 4);
});

test("the histogram is the one that is named, or that of the layer", () => {
  const tags = ["weights/fc1.weight", "gradients/fc1.weight", "activations/relu1", "weights/fc2"];
  const of = (kind, layer, named = []) => histogramOf({ kind, layer, evidence: { tags: named, window: null } }, tags);
  assert.equal(of("exploding_gradients", "fc1.weight"), "gradients/fc1.weight");
  assert.equal(of("frozen_layer", "fc1"), "weights/fc1.weight");
  assert.equal(of("dead_relu", "relu1"), "activations/relu1");
  assert.equal(of("dead_relu", "relu7"), null);
  assert.equal(of("plateau", null), null);
  assert.equal(of("plateau", null, ["loss", "weights/fc2"]), "weights/fc2");
});

test("an axis is logarithmic where values are far apart, and only above 0", () => {
  assert.ok(isWide(0.1, 1e6));
  assert.ok(!isWide(0.1, 10) && !isWide(0, 1e6) && !isWide(-1, 1e6) && !isWide(Infinity, -Infinity));
});

test("by kind the worst come first and dismissed ones last; by run in the order of runs", () => {
  const found = [
    ["new", [finding("plateau", "info"), finding("dead_relu", "warning", { dismissed: gone })]],
    ["old", [finding("nan_or_inf", "error"), finding("dead_relu", "warning", { confidence: 0.5 })]],
  ];
  const all = entriesOf(found, "");
  const titles = (groups) => groups.map(({ title, entries }) => [title, ...entries.map(({ run }) => run)]);
  assert.deepEqual(titles(groupsOf(all, "kind")), [
    ["Values that are not finite", "old"],
    ["Dead units", "old", "new"],
    ["Plateau", "new"],
  ]);
  assert.deepEqual(titles(groupsOf(all, "run")), [
    ["new", "new", "new"],
    ["old", "old", "old"],
  ]);
  assert.deepEqual(countsOf(all), [1, 2, 1]);
  assert.deepEqual(
    entriesOf(found, "warning").map(({ run }) => run),
    ["new", "old"],
  );
});

test("what is found twice under one id stands there twice", () => {
  const keys = entriesOf([["run", [finding("loss_spike", "info"), finding("loss_spike", "info")]]], "").map(
    ({ key }) => key,
  );
  assert.equal(new Set(keys).size, 2);
});

test("the card has a line for each kind, of errors and warnings that nobody dismissed", () => {
  const runs = Array.from({ length: 1000 }, (_, i) => [
    `run ${i}`,
    [finding("dead_relu", "warning"), finding("plateau", "info"), finding("overfitting", "error", { dismissed: gone })],
  ]);
  runs[7][1].push(finding("nan_or_inf", "error"));
  const { lines, counts, left } = linesOf(runs);
  assert.deepEqual(
    lines.map(({ title, run, more, runs: of }) => [title, run, more, of]),
    [
      ["Values that are not finite", "run 7", 0, 1],
      ["Dead units", "run 0", 999, 1000],
    ],
  );
  assert.deepEqual([counts, left], [[1, 1000], 0]);
  const many = [["run", [..."abcdefg"].map((kind) => finding(kind, "warning"))]];
  assert.deepEqual([linesOf(many).lines.length, linesOf(many).left], [4, 3]);
});

test("the worst of a kind speaks for it", () => {
  const { lines } = linesOf([
    ["a", [finding("x", "warning", { id: "x:1" })]],
    ["b", [finding("x", "error")]],
  ]);
  assert.deepEqual([lines[0].run, lines[0].finding.severity, lines[0].runs], ["b", "error", 2]);
});

test("kinds of one's own are called what they say, whatever they are", () => {
  assert.equal(titleOf("loss_too_round"), "Loss too round");
  assert.equal(titleOf("constructor"), "Constructor");
  assert.equal(titleOf(""), "Finding");
});

test("counts are told in words, infos where there is nothing else", () => {
  assert.equal(countsInWords([1, 2, 3]), "1 error · 2 warnings");
  assert.equal(countsInWords([0, 0, 3]), "3 infos");
  assert.equal(countsInWords([0, 0, 0]), "");
});

test("what a training marked of a value that is not finite is read, whatever shape it has", () => {
  assert.deepEqual(rowsOf(["float32 (2,), 0 to 1"]), [["", "float32 (2,), 0 to 1"]]);
  assert.deepEqual(rowsOf(["a", "b"]), [
    ["1", "a"],
    ["2", "b"],
  ]);
  assert.deepEqual(rowsOf({ "fc1.weight": "ok", norm: 0.5, more: { deep: [1] } }), [
    ["fc1.weight", "ok"],
    ["norm", "0.5"],
    ["more", '{"deep":[1]}'],
  ]);
  assert.deepEqual([rowsOf(null), rowsOf(""), rowsOf([]), rowsOf(0)], [[], [], [], [["", "0"]]]);
});

test("the mark of a finding is that of its step, else the first", () => {
  const marks = [
    { kind: "note", step: 1, text: "" },
    { kind: "anomaly", step: 9, text: "later" },
    { kind: "anomaly", step: 4, text: "first" },
  ];
  assert.equal(anomalyOf(marks, 9)?.text, "later");
  assert.equal(anomalyOf(marks, 5)?.text, "first");
  assert.equal(anomalyOf([], 5), null);
});
