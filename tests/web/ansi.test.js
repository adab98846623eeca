// What a terminal would show.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settled, spans } from "../../dashboard/web/pages/machines/ansi.js";
import { Numbers, some } from "./random.js";

const ESC = "\u001b";

test("no part of a text is lost, and no code of the terminal is shown", () => {
  const numbers = new Numbers(121),
    codes = [
      `${ESC}[0m`,
      `${ESC}[1;31m`,
      `${ESC}[38;5;9m`,
      `${ESC}[48;2;1;2;3m`,
      `${ESC}[2K`,
      `${ESC}]0;title\u0007`,
      `${ESC}]8;;x${ESC}\\`,
      `${ESC}[m`,
    ];
  for (let i = 0; i < some(0.1); i++) {
    const parts = Array.from({ length: numbers.below(10) }, () =>
        numbers.random() < 0.5 ? numbers.one(codes) : numbers.one(["a", "[1m", "ü", " "]),
      ),
      { found } = spans(parts.join(""));
    assert.equal(found.map(({ text }) => text).join(""), parts.filter((part) => part[0] !== ESC).join(""));
    // A look that goes on is the same as if it had been one text.
    const cut = numbers.below(parts.length + 1),
      first = spans(parts.slice(0, cut).join("")),
      second = spans(parts.slice(cut).join(""), first.look),
      flat = (some_) => some_.flatMap(({ text, look }) => [...text].map((sign) => `${sign} ${look}`));
    assert.deepEqual([...flat(first.found), ...flat(second.found)], flat(found));
    assert.equal(second.look, spans(parts.join("")).look);
  }
});

test("looks", () => {
  const look = (codes) => spans(`${ESC}[${codes}m`).look;
  const cases = [
    ["1", "ansi-bold"],
    ["2", "ansi-dim"],
    ["4", "ansi-under"],
    ["31", "ansi-c-red"],
    ["94", "ansi-c-blue"],
    ["31;32", "ansi-c-green"],
    ["31;39", ""],
    ["1;22", ""],
    ["4;24", ""],
    ["1;31;0", ""],
    ["", ""],
    ["38;5;9", "ansi-c-red"],
    ["38;5;200", ""],
    ["48;5;1", ""],
    ["38;2;1;2;3;4", "ansi-under"],
    ["48;5;1;1", "ansi-bold"],
    ["99", ""],
  ];
  for (const [codes, wanted] of cases) assert.equal(look(codes), wanted, codes);
  assert.deepEqual(spans(`a${ESC}[1mb${ESC}[0mc`).found, [
    { text: "a", look: "" },
    { text: "b", look: "ansi-bold" },
    { text: "c", look: "" },
  ]);
});

test("a line that was overwritten is shown as it ended", () => {
  for (const [line, wanted] of [
    ["plain", "plain"],
    ["10 %\r100 %", "100 %"],
    ["done\r", "done"],
    ["a\r\r", "a"],
    ["abc\u0008d", "abd"],
    ["", ""],
  ])
    assert.equal(settled(line), wanted);
});
