// CSV of the page: every digit, every name, and no formula.
import assert from "node:assert/strict";
import test from "node:test";
import { csv } from "../../dashboard/web/text/csv.js";

test("numbers keep every digit, and what is not finite is written as Python reads it", () => {
  assert.equal(csv([[0.1, -1e-300, 2n ** 60n, NaN, Infinity, -Infinity]]), `0.1,-1e-300,${2n ** 60n},nan,inf,-inf\n`);
});

test("what is missing is an empty cell, and false is not", () => {
  assert.equal(csv([[null, undefined, "", 0, false]]), ",,,0,false\n");
});

test("quotes, commas and line breaks come back as they were", () => {
  assert.equal(csv([['say "a, b"', "two\nlines", "\u00e4 b"]]), '"say ""a, b""","two\nlines",\u00e4 b\n');
});

test("text that a spreadsheet would run as a formula is text, in the head as in rows; numbers written as text stay numbers", () => {
  for (const text of ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "-", "--5", "+.", "=5"])
    assert.match(csv([[text]]), /^"?'/, text);
  for (const text of ["-5", "+1.5e-3", "-Infinity", "-.5", "1=2"]) assert.equal(csv([[text]]), `${text}\n`);
});
