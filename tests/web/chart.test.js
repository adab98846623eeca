// Charts as they are drawn, recorded instead of painted: no extreme and no value that is not finite is left out, and
// what is new of a live line goes on where the line ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { Chart } from "../../dashboard/web/charts/chart.js";
import { drawChart } from "../../dashboard/web/charts/draw_chart.js";
import { drawMore, frameOf, isSame, lookOf, steady } from "../../dashboard/web/charts/growth.js";
import { chosen } from "../../dashboard/web/charts/input.js";
import { linesOf } from "../../dashboard/web/charts/line_set.js";
import { Record } from "../../dashboard/web/charts/record.js";
import { curvesTip } from "../../dashboard/web/charts/tooltip.js";
import { lineOf, logged } from "./chart_lines.js";
import { Numbers, some } from "./random.js";

const SETTINGS = {
  axis: "step",
  smoothing: { kind: "ema", weight: 0 },
  logx: false,
  logy: false,
  robust: false,
  xName: "",
};

function drawn(lines, settings = {}, more = {}) {
  const record = new Record();
  const view = drawChart(record, {
    width: 600,
    height: 300,
    lines,
    settings: { ...SETTINGS, ...settings },
    zoom: null,
    zoomY: null,
    ratio: 1,
    ...more,
  });
  const paths = (act, of) => record.marks.filter((mark) => mark.act === act && of(mark));
  const texts = record.marks.filter(({ act }) => act === "text").map(({ text }) => text);
  return { record, view, paths, texts, strokes: paths("stroke", ({ strokeStyle, box }) => box && strokeStyle) };
}

const heights = (marks) => marks.flatMap(({ path }) => path.filter(([kind]) => kind !== "Z").map(([, , y]) => y));

test("the extremes of a curve are drawn on every axis, as points and as columns", () => {
  const numbers = new Numbers(11);
  for (let i = 0; i < some(0.02); i++) {
    const n = 3 + numbers.below(3000),
      values = Array.from({ length: n }, () => numbers.normal() * 5);
    const curve = logged("run", values);
    if (numbers.below(2)) for (let k = 0; k < 4096; k++) curve.append(pointAfter(curve, n + k, numbers.normal()));
    const highs = [...curve.max.subarray(0, curve.length)],
      most = Math.max(...highs),
      least = Math.min(...curve.min.subarray(0, curve.length));
    for (const logy of [false, true])
      for (const axis of ["step", "relative", "time"]) {
        const { view, strokes } = drawn([lineOf(curve)], { logy, axis });
        const own = heights(strokes.filter(({ strokeStyle }) => strokeStyle === "#112233"));
        const top = Math.min(...own);
        assert.ok(Math.abs(top - view.scale.y(most)) < 0.01, `${top} of ${view.scale.y(most)}`);
        if (!logy) assert.ok(Math.abs(Math.max(...own) - view.scale.y(least)) < 0.01);
      }
  }
});

function pointAfter(curve, step, value) {
  const n = curve.counts.get("s");
  return { segment: "s", n, steps: [step], times: [1e9 + step], values: [value] };
}

test("each value that is not finite stands on the rail", () => {
  const values = [1, NaN, 2, Infinity, 3, -Infinity, 4];
  const { view, paths } = drawn([lineOf(logged("run", values))]);
  assert.equal(view.rail, 10);
  const [rail] = paths("stroke", ({ path }) => path.every(([, , y]) => y > view.plot.bottom)).slice(-1);
  const places = rail.path.filter(([kind]) => kind === "M").map(([, x]) => x);
  assert.deepEqual(places, [view.scale.x(1), view.scale.x(3) - 3, view.scale.x(5) - 3]);
  assert.equal(drawn([lineOf(logged("run", [1, 2]))]).view.rail, 0);
});

test("a point alone is a dot with its value, and one between gaps is a dot", () => {
  const one = drawn([lineOf(logged("run", [0.25]))]);
  assert.ok(one.texts.includes("0.25"));
  const dots = ({ path }) => path.length === 1 && path[0][0] === "O";
  assert.equal(one.paths("fill", dots).length, 1);
  const gaps = drawn([lineOf(logged("run", [1, NaN, 2, NaN, 3, 4]))]);
  assert.equal(gaps.paths("fill", dots).length, 2);
});

test("smoothed lines stand before the raw ones, and behind many of them is one band", () => {
  const smoothing = { kind: "gauss", weight: 0.9 };
  const few = drawn([lineOf(logged("run", [1, 5, 2, 6, 3]))], { smoothing });
  const own = few.paths("stroke", ({ strokeStyle }) => strokeStyle === "#112233");
  assert.deepEqual(
    own.map(({ lineWidth }) => lineWidth),
    [1, 1.75],
  );
  const many = Array.from({ length: 30 }, (_, i) => lineOf(logged(`run${i}`, [i, i + 5, i + 1, i + 6])));
  const all = drawn(many, { smoothing });
  assert.equal(all.paths("stroke", ({ strokeStyle }) => strokeStyle === "#112233").length, 30);
  const [band] = all.paths("fill", ({ globalAlpha }) => globalAlpha === 0.1);
  assert.equal(Math.min(...heights([band])), all.view.scale.y(35));
});

test("what a rewind left behind is drawn dimmed, and a chosen line stands out", () => {
  const curve = logged("run", [1, 2, 3]);
  curve.tails = [{ steps: [1, 2, 3], times: [0, 0, 0], values: [1.5, 2, 2.5] }];
  const { paths } = drawn([lineOf(curve, { strong: true }), lineOf(logged("b", [1, 1]), { faded: true })]);
  assert.equal(paths("stroke", ({ globalAlpha, dash }) => globalAlpha === 0.55 && dash.length === 2).length, 1);
  assert.equal(paths("stroke", ({ globalAlpha }) => globalAlpha === 0.16).length, 1);
});

test("marks of runs are hairlines with a letter, where they have a place", () => {
  const marks = new Map([
    [
      "run",
      [
        { step: 2, wall_time: 1e9 + 2, kind: "resume", text: "again" },
        { step: null, wall_time: 1e9 + 4, kind: "", text: "" },
        { step: 99, wall_time: 1e9 + 99, kind: "far", text: "" },
      ],
    ],
  ]);
  const lines = [lineOf(logged("run", [1, 2, 3, 4, 5]))];
  for (const [axis, count] of /** @type {const} */ ([
    ["step", 2],
    ["time", 2],
    ["relative", 2],
    ["metric", 0],
  ])) {
    const { view, texts } = drawn(lines, { axis }, { marks });
    assert.equal(view.placed.length, count, axis);
    if (count)
      assert.deepEqual(
        texts.filter((text) => /^[RN]$/.test(text)),
        ["R", "N"],
      );
  }
});

test("a live chart stands still while there is room, and draws only what is new", () => {
  const values = Array.from({ length: 100 }, (_, i) => Math.sin(i / 9));
  const curve = logged("run", values),
    lines = [lineOf(curve)];
  const settings = { ...SETTINGS };
  const x = { low: 0, high: 99, full: 99 },
    y = { low: -1.1, high: 1.1, least: -1, most: 1, outside: 0 };
  const first = steady({ x, y }, null, null, settings);
  assert.ok(first.x.high > 99 && first.x.high < 110);
  const still = steady({ x: { ...x, high: 100 }, y: { ...y, low: -1, high: 1.05 } }, first, null, settings);
  assert.equal(still.x, first.x);
  assert.deepEqual([still.y.low, still.y.high], [-1.1, 1.1]);
  const beyond = steady({ x: { ...x, high: 300 }, y: { ...y, most: 9, high: 9 } }, first, null, settings);
  assert.ok(beyond.x.high > 300 && beyond.y.high === 9);
  assert.equal(steady({ x, y }, { x, y }, [0, 99], settings).x, x, "a window is as it was chosen");

  const { view } = drawn(lines, {}, { ranges: first });
  for (let k = 0; k < 3; k++) curve.append(pointAfter(curve, 100 + k, 0.5));
  const record = new Record();
  assert.equal(drawMore(record, view, first, [100]), true);
  const [stroke] = record.marks.filter(({ act }) => act === "stroke");
  assert.deepEqual(stroke.path[0].slice(1), [view.scale.x(99), view.scale.y(values[99])]);
  assert.equal(stroke.path.length, 4);
  const cannot = (change, drawnBefore = [100]) =>
    assert.equal(drawMore(new Record(), { ...view, ...change }, first, drawnBefore), false);
  cannot({ x });
  cannot({ settings: { ...settings, smoothing: { kind: "gauss", weight: 0.9 } } });
  cannot({ lines: [lineOf(curve, { dash: [2, 2] })] });
  cannot({}, [2]);
  curve.append(pointAfter(curve, 103, NaN));
  cannot({});
});

test("whatever a picture depends on is in its look, and what places depend on in its frame", () => {
  const lines = [lineOf(logged("run", [1, 2]))],
    chart = { width: 10, height: 10, zoom: null, zoomY: null };
  const look = (change = {}, settings = {}, line = {}) =>
    lookOf({ ...chart, ...change }, [{ ...lines[0], ...line }], { ...SETTINGS, ...settings }, null, true);
  assert.ok(isSame(look(), look()));
  assert.equal(isSame(null, look()), false);
  for (const changed of [look({ width: 11 }), look({}, { logx: true }), look({}, {}, { faded: true })])
    assert.equal(isSame(look(), changed), false);
  const frame = (settings) => frameOf(chart, lines, { ...SETTINGS, ...settings });
  assert.ok(isSame(frame({}), frame({ smoothing: { kind: "mean", weight: 0.5 } })));
  assert.equal(isSame(frame({}), frame({ robust: true })), false);
});

test("a drag chooses what it is longer in, or both, within the plot", () => {
  const plot = { left: 10, right: 110, top: 10, bottom: 110 };
  assert.deepEqual(chosen({ from: [50, 50], to: [200, 55] }, plot), { x: [50, 110], y: null });
  assert.deepEqual(chosen({ from: [50, 100], to: [52, 0] }, plot), { x: null, y: [10, 100] });
  assert.deepEqual(chosen({ from: [90, 90], to: [20, 20] }, plot), { x: [20, 90], y: [20, 90] });
  assert.deepEqual(chosen({ from: [50, 50], to: [52, 52] }, plot), { x: null, y: null });
});

const run = (name, colour, config = {}) => ({ name, shown: name, colour, config });
const MANNER = {
  ...SETTINGS,
  full: 10,
  group: "",
  centre: "mean",
  band: "std",
  base: "",
  colourBy: "",
  dashBy: "",
  chosen: [],
};

function chart(lines, options = {}) {
  const element = document.createElement("div");
  Object.assign(element, { clientWidth: 600, clientHeight: 300 });
  const told = [];
  const tell = (kind) => (value) => told.push([kind, value]);
  const made = new Chart(element, {
    onZoom: tell("zoom"),
    onEnd: tell("end"),
    onHover: tell("hover"),
    onPick: tell("pick"),
    onHold: tell("hold"),
    held: () => 3,
    ...options,
  });
  Object.assign(made.over, { clientWidth: 600, clientHeight: 300 });
  made.draw(lines, SETTINGS);
  const send = (kind, event) =>
    made.over.listeners.get(kind)({ preventDefault() {}, stopPropagation() {}, button: 0, ...event });
  return { made, told, send };
}

test("a click at the line of a group picks its runs, one at a run's that run, and beside them nothing", () => {
  const runs = [run("a", 0, { lr: 1 }), run("b", 1, { lr: 1 })];
  const wanted = runs.map((each, i) => ({ run: each, tag: "loss", curve: logged(each.name, [i, i, i, i]) }));
  const grouped = linesOf(wanted, { ...MANNER, group: "lr" }, ["loss"], new Map(), new Map());
  const of = (lines) => {
    const { made, told, send } = chart(lines);
    const at = (value) => ({ clientX: made.view.scale.x(2), clientY: made.view.scale.y(value), pointerId: 1 });
    const click = (value) => {
      send("pointerdown", at(value));
      send("pointerup", at(value));
      return told.pop()[1];
    };
    return click;
  };
  assert.deepEqual(of(grouped)(0.5).members, ["a", "b"]);
  const single = of(linesOf(wanted, MANNER, ["loss"], new Map(), new Map()));
  assert.equal(single(1).name, "b");
  assert.equal(single(0).name, "a");
  assert.equal(single(0.5), null);
});

test("a chart is drawn anew only when its look changed, and follows the pointer and the keyboard", () => {
  const curve = logged("run", [1, 2, 3, 4, 5, 6, 7, 8]),
    lines = [lineOf(curve)];
  const { made, told, send } = chart(lines);
  assert.equal(made.whole, 1);
  assert.equal(made.draw(lines, SETTINGS, null, true), true);
  curve.append(pointAfter(curve, 7.05, 7.5));
  assert.equal(made.draw(lines, SETTINGS, null, true), false, "a point within the room is added");
  assert.equal(made.whole, 2);
  send("pointermove", { clientX: made.view.scale.x(4), clientY: 100 });
  assert.equal(told.at(-1)[0], "hover");
  assert.ok(Math.abs(told.at(-1)[1] - 4) < 1e-9);
  made.setCursor(4);
  assert.equal(made.under(4)[0].value, 5);
  const press = (key) => {
    send("keydown", { key });
    return told.at(-1);
  };
  assert.ok(press("ArrowRight")[1] > 4);
  press("+");
  assert.ok(made.zoom[0] > 0 && made.zoom[1] < 7);
  press("0");
  assert.equal(made.zoom, null);
  assert.deepEqual(press("s"), ["hold", 4]);
  const count = told.length;
  press("q");
  assert.equal(told.length, count, "a key that is nobody's");
  send("wheel", { clientX: made.view.scale.x(4), clientY: 100, ctrlKey: true, deltaY: -1 });
  assert.ok(made.zoom[1] - made.zoom[0] < 7);
  send("dblclick", {});
  send("pointerdown", { clientX: made.view.scale.x(2), clientY: 100 });
  send("pointermove", { clientX: made.view.scale.x(6), clientY: 105 });
  made.drawOver();
  send("pointerup", { clientX: made.view.scale.x(6), clientY: 105 });
  assert.ok(Math.abs(made.zoom[0] - 2) < 1e-9 && Math.abs(made.zoom[1] - 6) < 1e-9);
  made.setZoom([3, 3.5]);
  assert.equal(told.at(-1)[0], "end", "no two steps are nearer");
  send("pointerdown", { clientX: 300, clientY: 100 });
  send("pointercancel", {});
  assert.equal(made.drag, null);
  send("pointerleave", {});
  assert.deepEqual(told.at(-1), ["hover", null]);
  made.width = 0;
  assert.equal(made.draw(lines, SETTINGS), false, "one that is nowhere is not drawn");
});

test("the tip says every line at a place, the greatest first, with what a column or a group holds", () => {
  const wide = logged(
    "wide",
    Array.from({ length: 5000 }, (_, i) => i % 7),
  );
  for (let k = 0; k < 10; k++) wide.append(pointAfter(wide, 5000 + k, 1));
  const group = linesOf(
    ["a", "b"].map((name, i) => ({ run: run(name, i, { lr: 1 }), tag: "loss", curve: logged(name, [1, 2, i + 3]) })),
    { ...MANNER, group: "lr", band: "range" },
    ["loss"],
    new Map(),
    new Map(),
  );
  const found = (lines, x, settings = {}) => {
    const { made } = chart([]);
    made.view = drawn(lines, settings).view;
    return made.under(x);
  };
  const text = (lines, x, axis = "step", marks = []) =>
    curvesTip(found(lines, x, { axis }), 0, { axis, xName: "tokens" }, marks).textContent;
  assert.match(text([lineOf(logged("one", [1, 0.25, 3]))], 1), /^step 1 · .*one0\.25$/);
  assert.match(text([lineOf(wide)], 100), /\d to \d · 2 points/);
  assert.match(text(group, 2), /3\.53 to 4 · 2 runs/);
  assert.match(text([lineOf(logged("one", [1, 2]))], 1, "relative"), /^step 1 · 1 sone2$/);
  const marks = [{ px: 0, mark: { kind: "resume", text: "", step: 3 }, line: { label: "one" } }];
  assert.match(text([lineOf(logged("one", [1, 2]))], 1, "step", marks), /resume: – · one · step 3$/);
  const many = Array.from({ length: 60 }, (_, i) => lineOf(logged(`run${i}`, [i, i])));
  assert.match(text(many, 1), /40 more below$/);
  assert.match(text([lineOf(logged("one", [1, 2]), { dash: [2, 2] })], 1), /one2/);
});
