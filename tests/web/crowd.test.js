// Which lines of many are told apart: layers of a density, the best, what is pinned, and what a box was drawn through.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { through } from "../../dashboard/web/charts/brush.js";
import { Chart } from "../../dashboard/web/charts/chart.js";
import { above, layersOf } from "../../dashboard/web/charts/crowd.js";
import { drawChart } from "../../dashboard/web/charts/draw_chart.js";
import { linesOf } from "../../dashboard/web/charts/line_set.js";
import { colour } from "../../dashboard/web/charts/palette.js";
import { Record } from "../../dashboard/web/charts/record.js";
import { valuesOf } from "../../dashboard/web/charts/setting_values.js";
import { showKey } from "../../dashboard/web/pages/curves/card_key.js";
import { brush } from "../../dashboard/web/pages/curves/card_choice.js";
import * as state from "../../dashboard/web/core/state.js";
import { lineOf, logged } from "./chart_lines.js";
import { extent, piecesOf } from "./density_reference.js";
import { Numbers, some } from "./random.js";

const SETTINGS = {
  axis: "step",
  smoothing: { kind: "ema", weight: 0 },
  logx: false,
  logy: false,
  robust: false,
  xName: "",
  many: "density",
};
const HOW = { full: 10, group: "", centre: "mean", band: "range", base: "", colourBy: "", dashBy: "", chosen: [] };

function drawn(lines, settings = {}, more = {}) {
  const record = new Record();
  const how = { width: 180, height: 90, zoom: null, zoomY: null, ratio: 1, ...more };
  return { record, view: drawChart(record, { ...how, lines, settings: { ...SETTINGS, ...settings } }) };
}

// A sweep over lr, each run with its own seed.
function sweep(count, rates = [0.1, 0.01, 0.001]) {
  return Array.from({ length: count }, (_, i) => {
    const run = { name: `run${i}`, shown: `run${i}`, colour: i, config: { lr: rates[i % rates.length], seed: i } };
    return { run, tag: "loss", curve: logged(run.name, [3, 2 + i / count, 1 + (i % rates.length)]) };
  });
}
const lines = (how, wanted = sweep(120)) =>
  linesOf(wanted, { ...SETTINGS, ...HOW, ...how }, ["loss"], new Map(), new Map());
const names = (found) => found.map(({ name }) => name);

test("colours by a setting make a density a value, and all of them are the density of all", () => {
  const { view } = drawn(lines({ colourBy: "lr" }), { by: "lr" });
  assert.deepEqual(
    view.layers.map(({ text, colour: own, lines: its }) => [text, own, its.length]),
    ["0.001", "0.01", "0.1"].map((text, i) => [text, colour(i), 40]),
  );
  const { cells, n } = view.density;
  for (let at = 0; at < cells.length; at++) {
    const sum = view.layers.reduce((all, { density }) => all + density.cells[at], 0);
    assert.ok(Math.abs(sum - cells[at]) < 1e-9, `pixel ${at}`);
  }
  assert.ok(n.every((count, c) => count === view.layers.reduce((all, { density }) => all + density.n[c], 0)));
  const box = document.createElement("span");
  showKey(box, view);
  assert.equal(box.textContent, "120 runs by lr");
  // Where lines of one value are alone their colour is on its own; a file has the same pixels.
  assert.equal(layersOf(lines({})).length, 0);
});

test("a file has a shape for each colour of a density, and one pixel has one", () => {
  const { view, record } = drawn(lines({ colourBy: "lr" }));
  const { columns, rows, cells } = view.density;
  const seen = new Map();
  for (const { path } of record.marks.filter(({ act, fillStyle }) => act === "fill" && fillStyle.length === 7))
    for (let i = 0; i + 4 < path.length; i += 5) {
      const [[, x, y], , [, right, bottom]] = path.slice(i, i + 3);
      if (right - x !== 1) continue;
      for (let r = y; r < bottom; r++) {
        const key = (x - view.plot.left) * rows + (r - view.plot.top);
        assert.ok(!seen.has(key));
        seen.set(key, true);
      }
    }
  const wanted = Array.from({ length: columns * rows }, (_, at) => at).filter((at) => cells[at] > 0);
  assert.deepEqual(
    [...seen.keys()].sort((a, b) => a - b),
    wanted,
  );
});

test("more numbers than colours are ranges of as many runs each, in their order", () => {
  const runs = Array.from({ length: 100 }, (_, i) => ({ config: { lr: (i * 37) % 100 } }));
  const of = valuesOf(runs, "lr");
  const counts = new Map();
  for (const run of runs) counts.set(of(run), (counts.get(of(run)) ?? 0) + 1);
  assert.equal(counts.size, 8);
  for (const count of counts.values()) assert.ok(count >= 12 && count <= 13);
  const sorted = [...runs].sort((a, b) => a.config.lr - b.config.lr).map((run) => of(run).number);
  assert.deepEqual(
    sorted,
    [...sorted].sort((a, b) => a - b),
  );
  assert.equal(of(runs[0]).text, "0 to 11");
  const words = Array.from({ length: 20 }, (_, i) => ({ config: { name: `w${i}` } }));
  assert.equal(new Set(words.map((run) => valuesOf(words, "name")(run).number)).size, 20);
  const partly = [...runs, { config: {} }];
  assert.deepEqual(valuesOf(partly, "lr")(partly[100]), { number: 8, text: "not set" });
});

test("of very many that are chosen there is a density before the others, and the best of them are lines", () => {
  const wanted = sweep(120);
  const chosen = wanted.filter((_, i) => i % 2).map(({ run }) => run.name);
  const { view } = drawn(lines({ chosen }, wanted), { best: 3 });
  assert.deepEqual(
    view.layers.map(({ text, isQuiet, lines: its }) => [text, isQuiet, its.length]),
    [
      ["others", true, 60],
      ["selected", false, 60],
    ],
  );
  assert.equal(view.above.length, 3);
  assert.ok(view.above.every(({ name, faded }) => chosen.includes(name) && !faded));
  const few = drawn(lines({ chosen: chosen.slice(0, 4) }, wanted), { best: 0 }).view;
  assert.equal(few.layers.length, 0);
  assert.deepEqual(names(few.above), chosen.slice(0, 4));
});

test("above a density are the best by any metric, the pinned ones, and last the one that the pointer is at", () => {
  const worths = new Map(sweep(120).map(({ run }, i) => [run.name, (i * 77) % 120]));
  const how = { worthOf: ({ name }) => worths.get(name), pinned: ["run7"], highlight: "run3" };
  const found = above(lines(how), { best: 2, bestBy: "val/acc" });
  const best = [...worths].sort(([, a], [, b]) => a - b).map(([name]) => name);
  assert.deepEqual(names(found), [...best.slice(-2), "run7", "run3"]);
  assert.deepEqual(names(above(lines(how), { best: 2, bestBy: "val/loss" })), [best[1], best[0], "run7", "run3"]);
  assert.equal(lines(how).find(({ name }) => name === "run7").faded, false);
  assert.deepEqual(names(above(lines({}), { best: 0 })), []);
});

test("groups are chosen like the others, by what is named, else by what colours stand for, else all", () => {
  const labels = (how) => lines(how).map(({ label, members, band }) => [label, members?.length, band]);
  const rates = ["lr=0.1", "lr=0.01", "lr=0.001"].map((label) => [label, 40, true]);
  assert.deepEqual(labels({ many: "groups", group: "lr" }), rates);
  assert.deepEqual(labels({ many: "groups", colourBy: "lr" }), rates);
  assert.deepEqual(labels({ many: "groups" }), [["all runs", 120, true]]);
  assert.deepEqual(labels({ many: "auto", group: "lr" }), rates);
  assert.equal(lines({ many: "density", group: "lr" }).length, 120);
  assert.deepEqual(
    layersOf(lines({ many: "density", group: "lr" })).map(({ text }) => text),
    ["0.001", "0.01", "0.1"],
  );
});

test("a box chooses the lines that brute force finds in it", () => {
  const numbers = new Numbers(97);
  for (let i = 0; i < some(0.02); i++) {
    const some = Array.from({ length: 12 }, (_, k) => {
      const start = numbers.below(20);
      const values = Array.from({ length: 1 + numbers.below(60) }, () =>
        numbers.random() < 0.03 ? NaN : numbers.normal(),
      );
      return lineOf(
        logged(
          `run${k}`,
          values,
          values.map((_, at) => start + at),
        ),
      );
    });
    const { view } = drawn(some, { smoothing: { kind: "ema", weight: numbers.one([0, 0.95]) } });
    const { plot } = view;
    const x = [plot.left + numbers.below(60), plot.left + 60 + numbers.below(60)],
      y = [plot.top + 0.5 + numbers.below(20), plot.top + 20.5 + numbers.below(30)];
    const columns = plot.right - plot.left;
    const wanted = some.filter((line) => {
      const { logged: raw, smoothed } = piecesOf(line, view);
      for (let c = x[0] - plot.left; c < x[1] - plot.left; c++) {
        const found = extent(smoothed ?? raw, c, columns);
        if (found && found[0] <= y[1] - plot.top && found[1] >= y[0] - plot.top) return true;
      }
      return false;
    });
    assert.deepEqual(names(through(view, { x, y })), names(wanted));
  }
});

test("Shift and a drag choose through a box, a drag alone zooms; what was chosen before comes back", () => {
  const element = Object.assign(document.createElement("div"), { clientWidth: 600, clientHeight: 300 });
  const told = [];
  const chart = new Chart(element, {
    onZoom: () => told.push("zoom"),
    onHover() {},
    onBrush: (some) => told.push(some),
  });
  Object.assign(chart.over, { clientWidth: 600, clientHeight: 300, setPointerCapture() {} });
  const flat = Array.from({ length: 60 }, (_, i) => lineOf(logged(`run${i}`, [i, i, i, i])));
  chart.draw(flat, { ...SETTINGS, many: "auto" });
  const { scale } = chart.view;
  const drag = (keys = {}) => {
    const send = (kind, x, y) =>
      chart.over.listeners.get(kind)({
        button: 0,
        preventDefault() {},
        clientX: scale.x(x),
        clientY: scale.y(y),
        ...keys,
      });
    send("pointerdown", 0.5, 19.5);
    send("pointermove", 1.5, 30);
    send("pointerup", 2, 30.5);
    return told.pop();
  };
  const within = Array.from({ length: 11 }, (_, k) => `run${20 + k}`);
  assert.deepEqual(names(drag({ shiftKey: true })), within);
  assert.equal(chart.drag, null);
  assert.equal(drag(), "zoom");
  chart.setZoom(null);
  chart.draw(flat, { ...SETTINGS, many: "auto" });
  chart.isBrushing = true;
  assert.deepEqual(names(drag()), within);
  state.set("chosen", ["run1"]);
  brush([{ name: "g", members: ["run2", "run3"] }, { name: "run3" }], { ctrlKey: false });
  assert.deepEqual(state.get("chosen"), ["run2", "run3"]);
  brush([{ name: "run4" }], { ctrlKey: true });
  assert.deepEqual(state.get("chosen"), ["run2", "run3", "run4"]);
  brush([], {});
  assert.deepEqual(state.get("chosen"), ["run2", "run3", "run4"]);
  state.set("chosen", []);
});
