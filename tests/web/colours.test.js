// Colours of runs, of groups of vectors and of events.
import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "./page.js";
import { bestColour, bestLabel, bytes, colouring } from "../../dashboard/web/pages/embeddings/colour.js";
import { Colours } from "../../dashboard/web/pages/profiles/flame_colour.js";
import { COLOURS, colour, css, dash, dashNumber, dashOf } from "../../dashboard/web/charts/palette.js";

// Contrast of two colours (WCAG 2.2, 1.4.11 asks for 3 of what is drawn).
function contrast(a, b) {
  const light = (text) =>
    bytes(text)
      .map((byte) => byte / 255)
      .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
      .reduce((all, x, i) => all + x * [0.2126, 0.7152, 0.0722][i], 0.05);
  return Math.max(light(a), light(b)) / Math.min(light(a), light(b));
}

test("each of twelve runs has a colour of its own that stands out from the page, in light and dark", () => {
  for (const [theme, ground] of [
    ["light", "#ffffff"],
    ["dark", "#14171c"],
  ]) {
    root.dataset.theme = theme;
    const made = Array.from({ length: COLOURS }, (_, i) => colour(i));
    assert.equal(new Set(made).size, COLOURS);
    for (const each of made) assert.ok(contrast(each, ground) >= 3, `${each} on ${theme}`);
    assert.equal(colour(COLOURS + 3), colour(3));
    assert.equal(colour(-1), colour(COLOURS - 1));
  }
  root.dataset.theme = "light";
});

test("runs beyond the colours are dashed, and any number has a dash", () => {
  assert.deepEqual(dash(0), []);
  assert.notDeepEqual(dash(COLOURS), []);
  assert.equal(dashNumber(COLOURS * 4), 0);
  assert.deepEqual(dashOf(-1), dashOf(3));
  assert.equal(css("--accent"), "#3b6fe0");
});

test("the column that groups is the one of a few words or whole numbers", () => {
  const rows = Array.from({ length: 100 }, (_, i) => [`name ${i}`, String(i / 7), String(i % 5), i % 2 ? "a" : "b"]),
    header = ["name", "size", "class", "side"];
  assert.equal(bestColour({ header, rows }), 2);
  assert.equal(bestColour({ header: ["name"], rows }), -1);
  assert.equal(bestLabel({ header, rows }), 0);
  assert.equal(bestLabel({ header: ["size", "class"], rows: rows.map((row) => [row[1], row[2]]) }), 1);
});

test("groups have colours and numbers shades, and the legend says which", () => {
  const groups = colouring([["b"], ["a"], ["b"]], 0);
  assert.deepEqual(
    groups.legend.map(({ word, count }) => [word, count]),
    [
      ["a", 1],
      ["b", 2],
    ],
  );
  assert.deepEqual(groups.of(0), bytes(groups.legend[1].paint));
  assert.deepEqual(groups.of(0), groups.of(2));
  const shades = colouring(
    Array.from({ length: 50 }, (_, i) => [String(i)]),
    0,
  );
  assert.deepEqual(shades.legend, { low: 0, high: 49 });
  assert.notDeepEqual(shades.of(0), shades.of(49));
  assert.deepEqual(bytes("#ff8000"), [255, 128, 0]);
});

test("an event's colour is of its kind and its name, the same each time", () => {
  const names = ["Memcpy HtoD", "aten::add", "ProfilerStep#3", "volta_gemm"],
    colours = new Colours({
      head: { names, categories: ["cpu_op", "kernel"] },
      name: [0, 1, 2, 3, 1],
      category: [0, 0, 0, 1, 0],
      trackOf: (event) => ({ device: event === 3 ? "gpu" : "cpu" }),
    });
  assert.deepEqual(
    [0, 1, 2, 3].map((event) => colours.kind(event)[0]),
    ["copy", "operation", "step", "kernel"],
  );
  assert.equal(colours.of(1), colours.of(4));
  assert.notEqual(colours.of(1), colours.of(0));
  colours.clear();
  assert.match(colours.of(1), /^hsl\(/);
});
