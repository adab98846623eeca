// Searches over runs: the same table as tests/dashboard/test_run_queries.py, and what holds of any search.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bestOf, choose, sorted } from "../../dashboard/web/text/run_choice.js";
import { Fields, inOrder, keyOf } from "../../dashboard/web/text/run_fields.js";
import { numberIn, parse, written } from "../../dashboard/web/text/run_query.js";
import { Numbers, some } from "./random.js";

const table = JSON.parse(readFileSync(new URL("./run_query.json", import.meta.url), "utf8"));
const named = (more) => ({
  shown: more.name,
  paused: false,
  group: null,
  labels: [],
  notes: "",
  said: {},
  findings: null,
  ...more,
});
const runs = table.runs.map(named);
const PARTS = ["last", "min", "max"];
const metric = ({ metrics }, tag, part) => (metrics[tag] ? Number(metrics[tag][PARTS.indexOf(part)]) : null);
const tagsOf = (all) => new Set(all.flatMap(({ metrics }) => Object.keys(metrics)));
const fieldsOf = (all) => new Fields(all, tagsOf(all), metric, () => table.now);
const fields = fieldsOf(runs);
const found = (text, all = runs, known = fields) => choose(parse(text), all, known, table.headline);
const passing = (text) => {
  const { names } = found(text);
  return runs.flatMap(({ name }, i) => (names === null || names.has(name) ? [i] : []));
};

test("a search lets through what it says", () => {
  for (const [text, wanted] of table.searches) assert.deepEqual(passing(text), wanted, text);
});

test("what cannot be understood, or is nobody's, is said in a sentence", () => {
  for (const [text, words] of table.problems)
    if (words) {
      const { problem } = found(text);
      assert.ok(problem.includes(words), `${text}: ${problem}`);
      assert.match(problem, /[.?]$|expression|quotation/);
    }
  assert.deepEqual(passing("lr<abc"), [0, 1, 2, 3], "what is not understood hides nothing");
  assert.deepEqual(passing("loss<1"), [0, 1, 2, 3]);
  assert.deepEqual(passing("-loss<1"), [0, 1, 2, 3]);
});

test("runs are sorted by any of it, the best of a metric first", () => {
  for (const [text, wanted] of table.orders) {
    const field = bestOf(text.replace(/^-/, ""), fields);
    const isFalling = (field.aspect === "best" && field.isMoreBetter) !== text.startsWith("-");
    assert.deepEqual(
      sorted(runs, field, isFalling).map((run) => runs.indexOf(run)),
      wanted,
      text,
    );
  }
});

test("a search says on which metrics it rests", () => {
  assert.deepEqual(found("val/loss<1 best 2 by val/acc").tags, ["val/loss", "val/acc"]);
  assert.deepEqual(found("best 2").tags, ["val/loss"]);
  assert.ok(found("best 2").isLive && !found("newest 2 lr=0.1").isLive);
});

test("numbers are read as people write them", () => {
  for (const [text, wanted] of [
    ["1e-4", 1e-4],
    [".5", 0.5],
    ["1.", 1],
    ["+2", 2],
    ["10k", 1e4],
    ["90min", 5400],
    ["2GiB", 2 ** 31],
    ["-inf", -Infinity],
    ["nan", NaN],
  ])
    assert.ok(Object.is(numberIn(text), wanted), text);
  for (const text of ["", "a", "1x", "0x10", "1_000", "--1", "1e", "constructor", "1constructor"])
    assert.equal(numberIn(text), null, text);
});

test("a pick changes as runs come and improve", () => {
  const more = named({ ...table.runs[3], name: "new", started: 999999, metrics: { "val/loss": [0.1, 0.1, 1] } });
  const all = [more, ...runs];
  assert.deepEqual([...found("best 1 by val/loss", all, fieldsOf(all)).names], ["new"]);
  assert.deepEqual([...found("newest 1", all, fieldsOf(all)).names], ["new"]);
});

test("any text is a search or a problem, and both ways of a condition share out the runs", () => {
  const numbers = new Numbers(317);
  const pieces = [
    "lr",
    "=",
    "<",
    ">",
    "..",
    "1",
    "0.01",
    '"',
    "/",
    "-",
    " ",
    "best 3",
    " by ",
    "val/loss",
    "nan",
    ",",
    "*",
    "[",
    "(",
    "é",
  ];
  for (let i = 0; i < some(0.5); i++) {
    const text = Array.from({ length: numbers.below(9) }, () => numbers.one(pieces)).join("");
    const { names, problem } = found(text);
    assert.ok(names === null || [...names].every((name) => runs.some((run) => run.name === name)), text);
    assert.equal(typeof problem, "string");
    const query = parse(text);
    if (problem || query.terms.length !== 1 || query.pick) continue;
    const other = found(text.trim().startsWith("-") ? text.trim().slice(1) : `-${text.trim()}`);
    if (!other.problem)
      assert.equal((names?.size ?? runs.length) + (other.names?.size ?? runs.length), runs.length, text);
  }
});

test("the order of values is one: of any three, and the same from both sides", () => {
  const numbers = new Numbers(318),
    values = [null, "", NaN, 0, -1, 1, Infinity, -Infinity, "2", "10", "1e3", "adam", "m2", "m12"];
  for (let i = 0; i < some(0.5); i++) {
    const [a, b, c] = [1, 2, 3].map(() => numbers.one(values)),
      falling = numbers.below(2) > 0,
      sign = (x, y) => Math.sign(inOrder(x, y, falling)) || 0;
    assert.equal(sign(a, b) + sign(b, a), 0, `${a} ${b}`);
    if (sign(a, b) <= 0 && sign(b, c) <= 0) assert.ok(sign(a, c) <= 0, `${a} ${b} ${c}`);
  }
});

test("a name or a value is written as it is read", () => {
  for (const [text, wanted] of table.written) assert.equal(written(text), wanted);
});

test("the key of a field finds that field, whatever else is called so", () => {
  const config = { status: "a", 'say"x': 1, "config:z": 2, "-a b": 3, "": 4, "loss x": 5, "last:loss x": 6 },
    [run] = [named({ ...table.runs[0], config, metrics: { "loss x": [1, 1, 1] } })],
    all = fieldsOf([run]);
  const some = [...Object.keys(config).map((key) => all.setting(key)), all.metricOf("loss x", "best")];
  for (const field of [...some, all.find("run:status"), all.find("run:step")]) {
    const [term] = parse(`${keyOf(field)}=1`).terms;
    assert.equal(all.find(term.key).id, field.id);
    assert.equal(all.find(term.key).kind, field.kind);
  }
});
