// Dictionaries keyed by what data say.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { dictionary, parse } from "../../dashboard/web/core/dictionary.js";

const OF_OBJECTS = Object.getOwnPropertyNames(Object.prototype);

test("JSON from outside has no names but its own, at any depth", () => {
  const read = parse('{"runs": [{"name": "a", "config": {"lr": 1}}], "empty": {}}');
  for (const each of [read, read.runs[0], read.runs[0].config, read.empty])
    for (const name of OF_OBJECTS) assert.equal(each[name], undefined, name);
  assert.equal(read.runs[0].config.lr, 1);
  assert.ok(Array.isArray(read.runs));
  assert.equal(`${read.runs[0].config}`, '{"lr":1}');
});

test("any name can be given, and is there once it is", () => {
  const made = dictionary(OF_OBJECTS.map((name, i) => [name, i]));
  assert.deepEqual(
    OF_OBJECTS.map((name) => made[name]),
    OF_OBJECTS.map((_, i) => i),
  );
  const read = parse(JSON.stringify({ list: OF_OBJECTS }));
  assert.deepEqual([...read.list], OF_OBJECTS);
  const name = OF_OBJECTS.find((each) => each === "__proto__");
  assert.equal(parse('{"__proto__": {"x": 1}}')[name].x, 1);
  assert.equal(parse('{"a": 1}').x, undefined);
});

test("what is no object is as it was, and depth is no matter", () => {
  for (const text of ["null", "1", '"x"', "[]", "true"]) assert.deepEqual(parse(text), JSON.parse(text));
  assert.equal(parse(null), null);
  let deep = parse(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`);
  while (typeof deep === "object") deep = deep.a;
  assert.equal(deep, 1);
});
