// The list of runs: which are switched off in few words, folders by the parts of names, groups of a table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hidden, allBut } from "../../dashboard/web/core/hidden.js";
import { Fields } from "../../dashboard/web/text/run_fields.js";
import { grouped, summaryOf } from "../../dashboard/web/text/run_groups.js";
import { flatRows, openAtFirst, rowsOf, runsOf, tree } from "../../dashboard/web/ui/run_tree.js";
import { Numbers, some } from "./random.js";

const numbers = new Numbers(411);
const name = () => Array.from({ length: 1 + numbers.below(4) }, () => numbers.one(["a", "b", "c=1"])).join("/");
const names = () => [...new Set(Array.from({ length: numbers.below(12) }, name))];

test("words say of a run, of a folder, or of all whether they are off, and the longest counts", () => {
  const hidden = new Hidden(["a", "b/", "/b/c", "/b/d/", "x/y"]);
  const off = (...all) => all.filter((each) => hidden.has(each));
  assert.deepEqual(off("a", "a/b", "b", "b/a", "b/c", "b/d/e", "b/d", "x", "x/y", "x/y/z"), ["a", "b/a", "b/d", "x/y"]);
  assert.deepEqual(
    ["a", "c"].map((each) => new Hidden(allBut(["c"])).has(each)),
    [true, false],
  );
  assert.ok(!new Hidden([]).has("a"));
  assert.ok(new Hidden(["/", "/a/"]).has("b") && !new Hidden(["/", "/a/"]).has("a/b/c"));
});

test("what is switched is so, and nothing else is, in no more words than it needs", () => {
  for (let i = 0; i < some(0.3); i++) {
    const all = names();
    let words = [];
    const off = new Set();
    for (let k = 0; k < 8; k++) {
      const isFolder = numbers.below(2) > 0,
        target = isFolder ? `${name()}/` : (all[0] && numbers.one(all)) || "a",
        hide = numbers.below(2) > 0;
      words = new Hidden(words).with([target], hide);
      for (const each of all)
        if (isFolder ? each.startsWith(target) : each === target) hide ? off.add(each) : off.delete(each);
      const hidden = new Hidden(words);
      assert.deepEqual(
        all.filter((each) => hidden.has(each)),
        all.filter((each) => off.has(each)),
        `${words}`,
      );
      assert.equal(new Set(words).size, words.length);
    }
  }
  assert.deepEqual(new Hidden(["a/1", "a/2", "/a/3"]).with(["a/"], true), ["a/"]);
  assert.deepEqual(new Hidden(["a/"]).with(["a/"], false), []);
});

test("a tree has every run once, and folders stand where the first of theirs does", () => {
  for (let i = 0; i < some(0.3); i++) {
    const all = names(),
      root = tree(all);
    assert.equal(root.count, all.length);
    assert.deepEqual([...runsOf(root)].sort(), [...all].sort());
    const rows = rowsOf(root, () => true);
    assert.deepEqual(
      rows
        .filter(({ folder }) => !folder)
        .map(({ key }) => key)
        .sort(),
      [...all].sort(),
    );
    const places = rows
      .filter(({ level }) => level === 0)
      .map(({ key, folder }) => all.indexOf(folder ? folder.first : key));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    for (const { key, folder, from } of rows) {
      if (!folder) assert.ok(key.slice(from).length > 0);
      else {
        assert.ok(folder.count > 1 && folder.items.length > 1, "no folder of one thing");
        assert.deepEqual([...runsOf(folder)].sort(), all.filter((each) => each.startsWith(key)).sort());
        assert.ok(key.endsWith(folder.label));
      }
    }
    assert.deepEqual(
      rowsOf(root, () => false).map(({ level }) => level),
      root.items.map(() => 0),
    );
  }
});

test("a run may be called as a folder, and chains are one folder", () => {
  const rows = rowsOf(tree(["a", "a/b/c/1", "a/b/c/2", "d/e/f"]), () => true);
  assert.deepEqual(
    rows.map(({ key, level, folder, from, place, of }) => [key, level, folder?.label ?? key.slice(from), place, of]),
    [
      ["a", 0, "a", 1, 3],
      ["a/b/c/", 0, "a/b/c/", 2, 3],
      ["a/b/c/1", 1, "1", 1, 2],
      ["a/b/c/2", 1, "2", 2, 2],
      ["d/e/f", 0, "d/e/f", 3, 3],
    ],
  );
  assert.deepEqual(
    flatRows(["a", "b/c"]).map(({ key, from }) => [key, from]),
    [
      ["a", 0],
      ["b/c", 0],
    ],
  );
});

test("folders are open a level at a time while rows are few", () => {
  const few = tree(Array.from({ length: 30 }, (_, i) => `sweep/lr=${i % 3}/seed=${i}`));
  assert.deepEqual([...openAtFirst(few)].sort(), ["sweep/", "sweep/lr=0/", "sweep/lr=1/", "sweep/lr=2/"]);
  const many = tree(Array.from({ length: 100 }, (_, i) => `sweep/lr=${i % 10}/seed=${i}`));
  assert.deepEqual([...openAtFirst(many)], ["sweep/"]);
});

test("groups hold each run once, and say how many, the best and the mean of what is finite", () => {
  const runs = [0.1, 0.01, 0.1, null, 0.01].map((lr, i) => ({
    name: `r${i}`,
    config: lr === null ? {} : { lr },
    value: [1, 2, NaN, 4, 6][i],
  }));
  const fields = new Fields(
    runs,
    ["loss", "acc"],
    (run) => run.value,
    () => 0,
  );
  const groups = grouped(runs, [fields.find("lr")]);
  assert.deepEqual(
    groups.map(({ values, runs: own }) => [values[0], own.map((run) => run.name)]),
    [
      ["0.01", ["r1", "r4"]],
      ["0.1", ["r0", "r2"]],
      [null, ["r3"]],
    ],
  );
  assert.deepEqual(summaryOf(groups[0].runs, fields.metricOf("loss", "last")), {
    count: 2,
    best: 2,
    mean: 4,
    std: Math.sqrt(8),
  });
  assert.deepEqual(summaryOf(groups[0].runs, fields.metricOf("acc", "last")).best, 6);
  assert.deepEqual(summaryOf(groups[1].runs, fields.metricOf("loss", "last")), {
    count: 1,
    best: 1,
    mean: 1,
    std: NaN,
  });
  assert.equal(summaryOf([runs[2]], fields.metricOf("loss", "last")).count, 0);
});
