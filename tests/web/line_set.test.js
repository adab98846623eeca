// From runs to lines: colours, dashes, groups, differences and what stands out.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { row, sample } from "../../dashboard/web/charts/legend.js";
import { legend, legendOf, linesOf, undash } from "../../dashboard/web/charts/line_set.js";
import { colour, COLOURS, dash, dashOf } from "../../dashboard/web/charts/palette.js";

const HOW = {
  axis: "step",
  smoothing: { kind: "ema", weight: 0 },
  logx: false,
  full: 10,
  group: "",
  centre: "mean",
  band: "range",
  base: "",
  colourBy: "",
  dashBy: "",
  chosen: [],
};
const curveOf = (name, values) =>
  Curve.of(name, {
    x: Float64Array.from(values, (_, i) => i),
    w: Float64Array.from(values, (_, i) => 1000 + i),
    mean: Float64Array.from(values),
  });
const RUNS = [
  { name: "a", config: { lr: 0.1, seed: 1, opt: "sgd" } },
  { name: "b", config: { lr: 0.01, seed: 2, opt: "sgd" } },
  { name: "c", config: { lr: 0.1, seed: 3, opt: "adam" } },
].map((run, colour) => ({ ...run, shown: run.name, colour }));
const wanted = (tags = ["loss"], runs = RUNS) =>
  tags.flatMap((tag) => runs.map((run, i) => ({ run, tag, curve: curveOf(run.name, [i, i + 1]) })));
const lines = (how, tags = ["loss"], some = wanted(tags), memo = new Map(), base = new Map()) =>
  linesOf(some, { ...HOW, ...how }, tags, memo, base);

test("a run has its colour, one of a setting's value the value's, by size", () => {
  assert.deepEqual(
    lines({}).map(({ number }) => number),
    [0, 1, 2],
  );
  assert.deepEqual(
    lines({ colourBy: "lr" }).map(({ number, dash: each }) => [number, each]),
    [
      [1, []],
      [0, []],
      [1, []],
    ],
  );
  assert.deepEqual(
    lines({ dashBy: "opt" }).map(({ dash: each }) => each),
    [dashOf(1), dashOf(1), dashOf(0)],
  );
  assert.deepEqual(
    [...legend(RUNS, { group: "", colourBy: "lr" })],
    [
      ["a", 1],
      ["b", 0],
      ["c", 1],
    ],
  );
  assert.equal(legend(RUNS, { group: "", colourBy: "" }).size, 0);
});

test("several tags of one run have a colour each, of several runs a dash each", () => {
  const tags = ["loss", "= acc"];
  const one = lines({}, tags, wanted(tags, RUNS.slice(0, 1)));
  assert.deepEqual(
    one.map(({ number, label }) => [number, label]),
    [
      [0, "a · loss"],
      [1, "a · acc"],
    ],
  );
  const several = lines({}, tags);
  assert.deepEqual(several[0].dash, dashOf(0));
  assert.deepEqual(several[3].dash, dashOf(1));
});

test("only where two lines have a colour are dashes needed", () => {
  const made = [0, 0, 1].map((each) => ({ colour: String(each), dash: [6, 3] }));
  undash(made);
  assert.deepEqual(
    made.map(({ dash: each }) => each.length),
    [2, 2, 0],
  );
  const many = Array.from({ length: COLOURS + 1 }, (_, i) => ({ ...RUNS[0], name: `r${i}`, colour: i }));
  const drawn = lines({}, ["loss"], wanted(["loss"], many));
  assert.deepEqual(drawn[0].dash, dash(0));
  assert.deepEqual(drawn[COLOURS].dash, dash(COLOURS));
  assert.equal(drawn[0].colour, colour(COLOURS));
});

test("a group is one line of its members, whose middle is kept until one of them changes", () => {
  const memo = new Map(),
    some = wanted();
  const group = (how) => lines({ group: "lr", ...how }, ["loss"], some, memo);
  const found = group();
  assert.deepEqual(
    found.map(({ label, members, band }) => [label, members, band]),
    [
      ["lr=0.1", ["a", "c"], true],
      ["lr=0.01", ["b"], true],
    ],
  );
  assert.deepEqual([...found[0].curve.mean], [1, 2]);
  assert.equal(group()[0].curve, found[0].curve);
  assert.notEqual(group({ centre: "median" })[0].curve, found[0].curve);
  some[0].curve.version++;
  assert.notEqual(group()[0].curve, found[0].curve);
  assert.deepEqual(
    found[0].parts.map(({ raw }) => raw),
    [some[0].curve, some[2].curve],
  );
});

test("a wish for groups names keys, all but some, or all runs", () => {
  const labels = (group) => lines({ group }).map(({ label }) => label);
  assert.deepEqual(labels("lr, opt"), ["lr=0.1, opt=sgd", "lr=0.01, opt=sgd", "lr=0.1, opt=adam"]);
  assert.deepEqual(labels("-seed"), ["lr=0.1, opt=sgd", "lr=0.01, opt=sgd", "lr=0.1, opt=adam"]);
  assert.deepEqual(labels("*"), ["all runs"]);
  assert.deepEqual(labels("nothing"), ["nothing=–"]);
  assert.deepEqual(
    [...legend(RUNS, { group: "lr", colourBy: "" })],
    [
      ["a", 1],
      ["b", 0],
      ["c", 1],
    ],
  );
  assert.deepEqual([...legend(RUNS, { group: "*", colourBy: "" }).values()], [0, 0, 0]);
  const two = ["loss", "acc"];
  assert.deepEqual(
    lines({ group: "lr" }, two).map(({ label }) => label),
    ["lr=0.1 · loss", "lr=0.01 · loss", "lr=0.1 · acc", "lr=0.01 · acc"],
  );
});

test("beside a baseline each line is a difference, and the baseline has none", () => {
  const some = wanted(),
    base = new Map([["loss", some[1].curve]]);
  const found = lines({ base: "b" }, ["loss"], some, new Map(), base);
  assert.deepEqual(
    found.map(({ name, curve }) => [name, [...curve.mean]]),
    [
      ["a", [-1, -1]],
      ["c", [1, 1]],
    ],
  );
  assert.deepEqual(found[0].parts, [{ curve: found[0].curve, raw: some[0].curve }]);
  assert.deepEqual(lines({ base: "b" }, ["loss"], some), [], "it has no such curve");
});

test("who is chosen stands out, and the others are faded; a group with one of its members", () => {
  const looks = (how) => lines(how).map(({ strong, faded }) => [strong, faded]);
  assert.deepEqual(looks({}), [
    [false, false],
    [false, false],
    [false, false],
  ]);
  assert.deepEqual(looks({ chosen: ["b"] }), [
    [false, true],
    [true, false],
    [false, true],
  ]);
  assert.deepEqual(looks({ highlight: ["a", "b"] }), [
    [true, false],
    [true, false],
    [false, true],
  ]);
  assert.deepEqual(looks({ group: "lr", chosen: ["c"] }), [
    [true, false],
    [false, true],
  ]);
  assert.deepEqual(looks({ chosen: ["z"] }), [
    [false, false],
    [false, false],
    [false, false],
  ]);
});

test("the legend says what colours and dashes stand for, in their order", () => {
  const said = (how) =>
    legendOf(RUNS, { group: "", colourBy: "", dashBy: "", ...how }).map(({ key, entries }) => [
      key,
      ...entries.map(({ text, names }) => `${text}: ${names}`),
    ]);
  assert.deepEqual(said({}), []);
  assert.deepEqual(said({ group: "lr" }), [["lr", "0.01: b", "0.1: a,c"]]);
  assert.deepEqual(said({ group: "lr, opt", dashBy: "opt" }), [
    ["groups", "lr=0.01, opt=sgd: b", "lr=0.1, opt=adam: c", "lr=0.1, opt=sgd: a"],
    ["opt", "adam: c", "sgd: a,b"],
  ]);
  assert.deepEqual(said({ group: "*" }), [["groups", "all runs: a,b,c"]]);
  assert.deepEqual(said({ colourBy: "none" }), [["none", "not set: a,b,c"]]);
});

test("a row of a legend shows its line and is a switch", () => {
  const told = [];
  const act = { pick: () => told.push("pick"), enter: () => told.push("enter"), leave: () => told.push("leave") };
  const made = row({ text: "lr=0.1", number: 3, dash: [6, 3], value: "0.25", on: true }, act);
  assert.equal(made.getAttribute("aria-pressed"), "true");
  assert.equal(made.textContent, "lr=0.10.25");
  for (const kind of ["click", "focus", "pointerleave"]) made.listeners.get(kind)();
  assert.deepEqual(told, ["pick", "enter", "leave"]);
  assert.match(sample(null, [2, 2]).markup, /stroke-dasharray="2 2"/);
  assert.equal(sample("#123456").children[0].style.stroke, "#123456");
});
