// Traces: events found by time, by name and by length, as a walk over all of them finds them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Flame, brief, decode } from "../../dashboard/web/pages/profiles/flame_model.js";
import { bytes, time } from "../../dashboard/web/text/units.js";
import { Numbers, some } from "./random.js";

// A trace of a few tracks with rows of events that follow one another.
function example(numbers) {
  const start = [],
    duration = [],
    name = [],
    category = [],
    tracks = [],
    names = ["conv", "relu", "MatMul", "aten::add"];
  for (let t = 0; t < 1 + numbers.below(3); t++) {
    const rows = [];
    for (let r = 0; r < 1 + numbers.below(3); r++) {
      rows.push(start.length);
      let at = 0;
      for (let i = numbers.below(400); i >= 0; i--) {
        at += numbers.random() * 5;
        start.push(at);
        duration.push(numbers.random() * 10 ** numbers.below(3));
        at += duration.at(-1);
        name.push(numbers.below(names.length));
        category.push(numbers.below(2));
      }
    }
    tracks.push({ name: `track ${t}`, rows });
  }
  const head = {
    count: start.length,
    end: Math.max(...start) + 1,
    names,
    categories: ["cpu", "cuda"],
    tracks,
    lines: [{ name: "memory" }],
  };
  const from = Uint32Array.of(0, 1),
    to = Uint32Array.of(Math.min(1, start.length - 1), 0);
  return [
    head,
    [
      Float64Array.from(start),
      Float64Array.from(duration),
      Float64Array.from(duration),
      Uint32Array.from(name),
      Uint16Array.from(category),
      from,
      to,
      Float64Array.of(0, 1),
      Float64Array.of(5, 9),
    ],
  ];
}

test("the longest of any stretch of events is the longest", () => {
  const numbers = new Numbers(151);
  for (let i = 0; i < some(0.01); i++) {
    const flame = new Flame(...example(numbers));
    for (let k = 0; k < 50; k++) {
      const low = numbers.below(flame.count),
        high = low + 1 + numbers.below(flame.count - low);
      assert.equal(flame.duration[flame.longest(low, high)], Math.max(...flame.duration.subarray(low, high)));
    }
  }
});

test("events are found by row and by time", () => {
  const numbers = new Numbers(152);
  for (let i = 0; i < some(0.01); i++) {
    const flame = new Flame(...example(numbers));
    assert.equal(
      flame.rows.reduce((all, { low, high }) => all + high - low, 0),
      flame.count,
    );
    for (const row of flame.rows) {
      const t = numbers.random() * flame.end,
        events = Array.from({ length: row.high - row.low }, (_, k) => row.low + k);
      assert.equal(
        flame.firstAfter(row, t),
        events.find((event) => flame.start[event] + flame.duration[event] > t || flame.start[event] >= t) ?? row.high,
      );
      assert.equal(flame.lowerBound(row.low, row.high, t), events.find((event) => flame.start[event] >= t) ?? row.high);
      for (const event of [row.low, row.high - 1]) {
        assert.equal(flame.rowOf(event), row);
        assert.equal(flame.trackOf(event), flame.head.tracks[row.track]);
      }
    }
    assert.equal(flame.lines[0].peak, 9);
  }
});

test("a search finds names and whole categories, and goes round all of them in time", () => {
  const numbers = new Numbers(153);
  for (let i = 0; i < some(0.005); i++) {
    const flame = new Flame(...example(numbers));
    for (const [text, is] of [
      ["MATM", (event) => flame.nameOf(event) === "MatMul"],
      [" cuda ", (event) => flame.category[event] === 1],
      ["nothing", () => false],
    ]) {
      const wanted = Array.from({ length: flame.count }, (_, k) => k).filter(is),
        [low, high] = [flame.count >> 2, flame.count >> 1];
      assert.equal(flame.search(text), wanted.length);
      assert.equal(
        flame.anyMatch(low, high),
        wanted.some((event) => event >= low && event < high),
      );
      if (flame.anyMatch(low, high))
        assert.equal(
          flame.firstMatch(low, high),
          wanted.find((event) => event >= low),
        );
      for (const forward of [true, false]) {
        const seen = new Set();
        for (let at = -1, k = 0; k < wanted.length; k++) {
          at = flame.nextMatch(at, forward);
          seen.add(at);
        }
        assert.equal(seen.size, wanted.length);
      }
    }
    assert.equal(flame.search("  "), 0);
    assert.equal(flame.nextMatch(0), -1);
  }
});

test("flows are followed both ways", () => {
  const flame = new Flame({ count: 3, names: ["a"], categories: [], tracks: [{ rows: [0] }], lines: [] }, [
    Float64Array.of(0, 1, 2),
    Float64Array.of(1, 1, 1),
    [],
    Uint32Array.of(0, 0, 0),
    [],
    Uint32Array.of(0, 0, 1),
    Uint32Array.of(1, 2, 2),
  ]);
  assert.deepEqual(flame.flows(0), { into: [], out: [1, 2] });
  assert.deepEqual(flame.flows(2), { into: [0, 1], out: [] });
});

test("a trace is read as it is packed: columns of several types, each from a multiple of 8", () => {
  const [head, columns] = example(new Numbers(154)),
    types = ["<f8", "<f8", "<f8", "<u4", "<u2", "<u4", "<u4", "<f8", "<f8"];
  let text = JSON.stringify({ ...head, columns: columns.map((column, i) => [types[i], column.length]) });
  while ((4 + text.length) % 8) text += " ";
  const padded = columns.map((column) => Math.ceil(column.byteLength / 8) * 8),
    made = new Uint8Array(4 + text.length + padded.reduce((a, b) => a + b, 0));
  new DataView(made.buffer).setUint32(0, text.length, true);
  made.set(new TextEncoder().encode(text), 4);
  columns.reduce((at, column, i) => {
    made.set(new Uint8Array(column.buffer), at);
    return at + padded[i];
  }, 4 + text.length);
  const flame = decode(made.buffer);
  ["start", "duration", "own", "name", "category", "from", "to"].forEach((field, i) =>
    assert.deepEqual(flame[field], columns[i], field),
  );
});

test("sizes and names in few letters", () => {
  assert.deepEqual([0.5, 12, 1500, 2.5e6, 1234567].map(time), ["0.5 µs", "12 µs", "1.5 ms", "2.5 s", "1.23 s"]);
  assert.deepEqual([0, 999, 1500, 2.5e6, 3e9].map(bytes), ["0 B", "999 B", "1.5 kB", "2.5 MB", "3 GB"]);
  assert.deepEqual(["void at::native::add<float>(int)", "aten::add", "f(int)", "<lambda>"].map(brief), [
    "at::native::add",
    "aten::add",
    "f",
    "<lambda>",
  ]);
});
