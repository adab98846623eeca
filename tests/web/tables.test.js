// Tables: cells written, filtered and sorted as they were logged, and environments of runs side by side.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import {
  columnTest,
  compared,
  holdsPictures,
  isPicture,
  keyOf,
  said,
  widthOf,
  wording,
} from "../../dashboard/web/pages/media/table_cells.js";
import { differs, packagesOf, rowsOf } from "../../dashboard/web/pages/machines/environment_facts.js";
import { COLUMNS, sorted } from "../../dashboard/web/pages/profiles/operations.js";
import { lookup } from "../../dashboard/web/text/lookup.js";
import { Numbers, some } from "./random.js";

const column = (values, kind = "number") => ({ name: "x", kind, values });

test("whole numbers have all their digits, others as many decimals that points stand below each other", () => {
  assert.deepEqual([1234567, -5].map(wording(column([1234567, -5]))), ["1,234,567", "−5"]);
  assert.deepEqual([0.5, 12.25, 0].map(wording(column([0.5, 12.25, 0, "NaN", null]))), ["0.500", "12.250", "0.000"]);
  assert.deepEqual([1.5, 0.0001].map(wording(column([1.5, 2.5, 0.0001]))), ["1.5000", "0.0001"]);
  const wide = wording(column([1.5, 2e9]));
  assert.equal(wide(2e9), "2G");
});

test("what is written of a number is that number, as near as its digits say", () => {
  const numbers = new Numbers(401);
  for (let i = 0; i < some(0.05); i++) {
    const values = Array.from({ length: 5 }, () => (numbers.random() - 0.5) * 10 ** numbers.below(6));
    const write = wording(column(values));
    const most = Math.max(...values.map(Math.abs));
    for (const value of values) {
      const read = Number(write(value).replaceAll(",", "").replace("−", "-"));
      assert.ok(Math.abs(read - value) <= 1e-3 * most, `${value} as ${write(value)}`);
    }
  }
});

test("a filter lets through what it says", () => {
  const values = [1, 2.5, "NaN", null, "Infinity", -3];
  const rows = (text, kind) => {
    const passes = columnTest(column(values, kind), text);
    return values.map((_, i) => i).filter((i) => !passes || passes(i));
  };
  assert.deepEqual(rows(""), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(rows("> 1"), [1, 4]);
  assert.deepEqual(rows(">= 1"), [0, 1, 4]);
  assert.deepEqual(rows("< 1"), [5]);
  assert.deepEqual(rows("<=1"), [0, 5]);
  assert.deepEqual(rows("= 2.5"), [1]);
  assert.deepEqual(rows("!= 1"), [1, 4, 5]);
  assert.deepEqual(rows("-3 .. 1"), [0, 5]);
  assert.deepEqual(rows("nan"), [2]);
  assert.deepEqual(columnTest(column(["a > 1", "b"], "text"), "> 1")(0), true);
});

test("what is empty or no number is last, whichever way one sorts; numbers come before words", () => {
  const cells = ["b", null, 3, "NaN", true, "A", "-Infinity", { image: 0 }, "Infinity"];
  const order = (sign) => [...cells].sort((a, b) => compared(keyOf(a), keyOf(b), sign));
  assert.deepEqual(order(1).slice(0, 6), ["-Infinity", true, 3, "Infinity", "A", "b"]);
  assert.deepEqual(order(-1).slice(0, 6), ["b", "A", "Infinity", 3, true, "-Infinity"]);
  for (const sign of [1, -1]) assert.deepEqual(order(sign).slice(6).map(keyOf), [null, null, null]);
});

test("cells in words, pictures, and how wide a column is", () => {
  assert.deepEqual(
    ["Infinity", "-Infinity", "NaN", null, true].map((cell) => said(cell, "number")),
    ["∞", "−∞", "NaN", "", "true"],
  );
  assert.equal(said("Infinity", "text"), "Infinity");
  assert.ok(isPicture({ image: 1 }) && !isPicture(null) && !isPicture("image"));
  assert.ok(holdsPictures(column([], "image")) && holdsPictures(column([1, { image: 0 }], "mixed")));
  assert.ok(!holdsPictures(column([1, "a"], "mixed")));
  assert.equal(widthOf(column([], "image")), 12);
  assert.equal(widthOf(column([1])), 8);
  assert.equal(widthOf(column(["x".repeat(500), null], "text")), 44);
});

test("environments: what is known of some, and where they differ", () => {
  const gpu = { name: "H200", memory_bytes: 2 ** 37 };
  const all = [
    { host: "a", command: ["python", "train.py"], gpus: [gpu, gpu], packages: { numpy: "2.0", jax: "0.4" } },
    {
      host: "a",
      script: "train.py",
      gpus: [],
      cpu: { name: "EPYC", cores: 8 },
      memory_bytes: 2 ** 30,
      git: { changed: 0 },
    },
    {},
  ];
  const rows = new Map(rowsOf(all).map((row) => [row.title, row]));
  assert.deepEqual(rows.get("Command").values, ["python train.py", "train.py", ""]);
  assert.match(rows.get("GPUs").values[0], /^2 × H200, 137/);
  assert.equal(rows.get("GPUs").values[1], "none");
  assert.equal(rows.get("CPU").values[1], "EPYC × 8");
  assert.equal(rows.get("Changed files").values[1], 0);
  assert.ok(!rows.has("Branch"));
  assert.ok(differs(rows.get("Host")) && !differs({ title: "", values: ["a", "a"] }));
  assert.deepEqual(packagesOf([...all, { packages: { numpy: "1.26" } }]), [
    { title: "jax", values: ["0.4", "", "", "–"] },
    { title: "numpy", values: ["2.0", "", "", "1.26"] },
  ]);
});

test("operations are sorted by any of their columns, both ways, and left as they were", () => {
  const rows = [
    { name: "b", device: "gpu", count: 2, self: 3, total: 4, longest: 3 },
    { name: "a", device: "cpu", count: 1, self: 5, total: 6, longest: 6 },
    { name: "c", device: "cpu", count: 4, self: 1, total: 1, longest: 1 },
  ];
  const names = (key, down) =>
    sorted(rows, key, down)
      .map((row) => row.name)
      .join("");
  assert.equal(names("name", false), "abc");
  assert.equal(names("self", true), "abc");
  assert.equal(names("mean", true), "abc");
  assert.equal(names("count", false), "abc");
  assert.equal(names("device", false), "acb");
  assert.equal(rows[0].name, "b");
  for (const { key } of COLUMNS) {
    const [up, down] = [sorted(rows, key, false), sorted(rows, key, true)];
    assert.equal(up.length, 3);
    assert.ok(key === "device" || up[0] === down[2], key);
  }
});

test("a table of the source finds nothing that it does not name", () => {
  const table = lookup({ a: 1 });
  assert.equal(table.a, 1);
  for (const name of ["constructor", "__proto__", "toString"]) assert.equal(table[name], undefined);
  assert.ok(Object.isFrozen(table));
});
