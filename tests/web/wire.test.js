// What comes from outside: packed columns, and JSON whose names may be anything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dictionary, parse } from "../../dashboard/web/core/dictionary.js";
import { decode } from "../../dashboard/web/core/wire.js";
import { packed } from "./packed.js";
import { KNOWN } from "./random.js";

test("columns come out bit by bit as they went in, one after the other", () => {
  const first = [...KNOWN, NaN, Infinity, -0],
    { head, column } = decode(packed({ run: "größe", n: 3 }, [first, [], [1, 2, 3]]));
  assert.equal(head.run, "größe");
  assert.deepEqual([...column(first.length)], first);
  assert.deepEqual([...column(0)], []);
  assert.deepEqual([...column(3)], [1, 2, 3]);
  assert.throws(() => column(1), RangeError);
});

test("a name that nobody gave finds nothing, and any name can be given", () => {
  const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", ""];
  for (const made of [dictionary(), parse("{}"), parse('{"a": [{"b": {}}]}').a[0].b])
    for (const name of names) assert.equal(made[name], undefined, name);
  const given = dictionary(names.map((name, i) => [name, i]));
  names.forEach((name, i) => assert.equal(given[name], i, name));
  assert.deepEqual(Object.keys(given), names);
  const read = parse('{"__proto__": {"hidden": 1}, "constructor": 2}');
  assert.equal(read.hidden, undefined);
  assert.equal(read.constructor, 2);
  assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse('{"__proto__": {"hidden": 1}, "constructor": 2}'));
});

test("an object where a text was expected is said as its JSON", () => {
  assert.equal(`${parse('{"a": [1, {"b": null}]}')}`, '{"a":[1,{"b":null}]}');
});

test("any JSON is read, however deeply it is nested", () => {
  for (const text of ["null", "1", '"a"', "[]", "[null, true]"]) assert.deepEqual(parse(text), JSON.parse(text));
  const depth = 5000; // deeper than a function that calls itself for each would like
  let at = parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
  for (let i = 0; i < depth; i++) at = at.a;
  assert.equal(at, 1);
  assert.throws(() => parse("{"), SyntaxError);
});
