// What a search box means, and how names are put in order and told apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { query } from "../../dashboard/web/text/query.js";
import { compare, isNumber, keysOf, settingsOf } from "../../dashboard/web/text/config.js";
import { shortened, tellApart, within } from "../../dashboard/web/text/ellipsis.js";
import { isPath, isSurface, nameOf } from "../../dashboard/web/text/path_tags.js";
import { Numbers, some } from "./random.js";

const passes = (text, ...texts) => query(text).test(texts.length === 1 ? texts[0] : texts);

test("words must all be there, in any case and any order; with - they must not", () => {
  assert.ok(passes("", "anything") && passes("  ", "anything") && passes("-", "anything"));
  assert.ok(passes("adam LR", "lr=0.1 with Adam"));
  assert.ok(!passes("adam sgd", "lr=0.1 with Adam"));
  assert.ok(passes("adam -sgd", "Adam") && !passes("adam -sgd", "Adam, then SGD"));
  assert.ok(passes("adam lr", "Adam", "lr=1"), "over the texts of one thing together");
  assert.ok(!passes("adamlr", "adam", "lr"), "but a word is not glued of two");
  assert.ok(passes("a.b (c", "x a.b (c"), "signs stand for themselves");
});

test("an expression between slashes is one, with case unless it says i", () => {
  assert.ok(passes("/lr=0\\.1$/", "lr=0.1") && !passes("/lr=0\\.1$/", "lr=0.10"));
  assert.ok(passes("/^val/", "train/loss", "val/loss"), "on each text by itself");
  assert.ok(passes("/Adam/", "Adam") && !passes("/Adam/", "adam") && passes("/Adam/i", "adam"));
  assert.ok(passes("/^a b$/", "a", "b"), "and on all in a row");
  assert.ok(passes("/half", "half"), "before its end is written");
  assert.ok(passes("/a/g", "a") && passes("/a/g", "a"), "a flag that would remember is left out");
  assert.ok(passes("/", "a/b") && !passes("/", "ab"), "a slash alone is a word");
});

test("an expression that cannot be understood lets everything through and says why", () => {
  const { test: each, problem } = query("/(/");
  assert.ok(each("anything"));
  assert.match(problem, /^The expression cannot be understood: /);
  assert.equal(query("plain").problem, "");
});

test("settings are in an order that is one: of any three, and the same from both sides", () => {
  const numbers = new Numbers(91),
    words = [
      "adam",
      "Adam",
      "m2",
      "m12",
      "1",
      "-1",
      "1.0",
      "1e3",
      "1000",
      "1e400",
      "-1e400",
      "01",
      "0x1f",
      "",
      "a10b2",
      "a10b10",
      "9007199254740993",
      "9007199254740992",
    ];
  for (let i = 0; i < some(0.5); i++) {
    const [a, b, c] = [numbers.one(words), numbers.one(words), numbers.one(words)],
      sign = (x, y) => Math.sign(compare(x, y));
    assert.equal(sign(a, b) + sign(b, a), 0, `${a} ${b}`);
    if (sign(a, b) <= 0 && sign(b, c) <= 0) assert.ok(sign(a, c) <= 0, `${a} ${b} ${c}`);
  }
  assert.deepEqual(["m12", "m2", "10", "9", "m1"].sort(compare), ["9", "10", "m1", "m2", "m12"]);
  assert.deepEqual(["9007199254740993", "9007199254740992"].sort(compare), ["9007199254740992", "9007199254740993"]);
});

test("what is a number is what reads back as it was written", () => {
  for (const text of ["0", "-1", "0.5", "1e-3", "1E+5", "123456789012345678901"]) assert.ok(isNumber(text), text);
  for (const text of ["", "01234", "0x1f", "1_000", ".5", "1.", "+1", "NaN", "Infinity", " 1"])
    assert.ok(!isNumber(text), text);
});

test("settings are one level of texts, and keys are those that differ", () => {
  const runs = [
    { config: { optimizer: { lr: 0.1, name: "adam" }, layers: [1, 2], none: null } },
    { config: { optimizer: { lr: 0.2, name: "adam" } } },
  ];
  assert.deepEqual(
    [...settingsOf(runs[0])],
    [
      ["optimizer.lr", "0.1"],
      ["optimizer.name", "adam"],
      ["layers", "[1,2]"],
      ["none", "null"],
    ],
  );
  assert.equal(settingsOf(runs[0]), settingsOf(runs[0]));
  assert.deepEqual(keysOf(runs), ["optimizer.lr"]);
});

test("what tells a name apart is in no other name at that place", () => {
  assert.deepEqual(
    [...tellApart(["a/lr0.1/x", "a/lr0.2/x"])].map(([name, [from, to]]) => name.slice(from, to)),
    ["lr0.1", "lr0.2"],
  );
  const numbers = new Numbers(92);
  for (let i = 0; i < some(0.1); i++) {
    const names = [
        ...new Set(
          Array.from({ length: 1 + numbers.below(8) }, () =>
            Array.from({ length: 1 + numbers.below(12) }, () => numbers.one([..."ab/-1"])).join(""),
          ),
        ),
      ],
      parts = tellApart(names);
    for (const [name, [from, to]] of parts) {
      assert.ok(from >= 0 && from <= to && to <= name.length);
      if (names.length === 2)
        assert.ok(
          names.every(
            (other) => other === name || other.slice(0, to) !== name.slice(0, to) || other.length !== name.length,
          ),
          `${names}`,
        );
    }
  }
  assert.deepEqual(within([2, 8], 4, 6), [0, 2]); // letters 4 to 6 of those from 2 to 8
});

test("a text that is too wide keeps as much of both ends as fits", () => {
  const context = { measureText: (text) => ({ width: [...text].length }) };
  assert.equal(shortened(context, "short", 10), "short");
  const found = shortened(context, "a-very-long-name-of-a-run", 11);
  assert.equal(found.length, 11);
  const [head, tail] = found.split("…");
  assert.ok("a-very-long-name-of-a-run".startsWith(head) && "a-very-long-name-of-a-run".endsWith(tail));
});

test("which tags make a path", () => {
  assert.deepEqual(["path/a/x", "path/a/b/y", "path/a/value", "path/x", "path/a/slice"].map(isPath), [
    true,
    true,
    false,
    false,
    true,
  ]);
  assert.deepEqual(["path/a/surface", "path/a/x"].map(isSurface), [true, false]);
  assert.equal(nameOf("path/a/b/x"), "a/b");
});
