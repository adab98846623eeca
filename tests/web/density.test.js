// Many lines as one picture: what is counted is what brute force counts, also after points have come, and no spike of
// any line is missing in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { bundled } from "../../dashboard/web/charts/bundle.js";
import { Chart } from "../../dashboard/web/charts/chart.js";
import { above, crowdOf, nounOf } from "../../dashboard/web/charts/crowd.js";
import { DensityLayers } from "../../dashboard/web/charts/density_layers.js";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { columnOf } from "../../dashboard/web/charts/density_tip.js";
import { drawChart } from "../../dashboard/web/charts/draw_chart.js";
import { OrderStatistics, select } from "../../dashboard/web/charts/order_statistics.js";
import { Record } from "../../dashboard/web/charts/record.js";
import { isMoreBetter } from "../../dashboard/web/text/better.js";
import { named, showKey } from "../../dashboard/web/pages/curves/card_key.js";
import { lineOf, logged } from "./chart_lines.js";
import { quantile, reference } from "./density_reference.js";
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

function drawn(lines, settings = {}, more = {}) {
  const record = new Record();
  const how = { width: 180, height: 90, zoom: null, zoomY: null, ratio: 1, ...more };
  const view = drawChart(record, { ...how, lines, settings: { ...SETTINGS, ...settings } });
  return { record, view, density: view.density };
}

function append(curve, step, value) {
  const n = curve.counts.get("s");
  assert.ok(curve.append({ segment: "s", n, steps: [step], times: [1e9 + step], values: [value] }));
}

// Runs as sweeps have them: of other lengths, beginning later, with gaps, of a single point, of many for each pixel.
function sweep(numbers, count) {
  return Array.from({ length: count }, (_, i) => {
    const n = numbers.one([1, 2, 3, 40, 400, 1 + numbers.below(900)]),
      gap = numbers.one([1, 1, 2, 7]),
      start = numbers.one([0, 0, numbers.below(300)]);
    let value = numbers.normal();
    const values = Array.from({ length: n }, () => {
      value += 0.1 * numbers.normal();
      return numbers.random() < 0.02 ? numbers.one([NaN, Infinity, -Infinity]) : value;
    });
    const curve = logged(
      `run${i}`,
      values,
      values.map((_, k) => start + k * gap),
    );
    // Columns of several points, as a long run has them.
    if (n > 100 && numbers.below(8) === 0)
      for (let k = 0; curve.single; k++) append(curve, start + n * gap + k / 8, value + numbers.normal());
    return lineOf(curve);
  });
}

const near = (a, b, what) =>
  assert.ok(Object.is(a, b) || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `${what}: ${a}, not ${b}`);

function same(view) {
  const { density } = view;
  const columns = reference(view);
  assert.equal(density.columns, columns.length);
  columns.forEach(({ cells, isReached, n, quantiles: wanted, ends }, c) => {
    assert.equal(density.n[c], n, `lines in column ${c}`);
    [density.upper, density.middle, density.lower].forEach((edge, k) =>
      near(edge[c], wanted[k], `quantile ${k} of ${c}`),
    );
    [density.top, density.bottom].forEach((edge, k) => near(edge[c], ends[k], `end ${k} of ${c}`));
    cells.forEach((weight, r) => {
      const found = density.cells[c * density.rows + r];
      near(found, weight, `weight of ${c}, ${r}`);
      assert.equal(found > 0, isReached[r], `whether a line is in ${c}, ${r}`);
    });
  });
}

test("a density is what brute force counts, on every axis, smoothed or not, of all and of a part", () => {
  const numbers = new Numbers(91);
  for (let i = 0; i < some(0.004); i++) {
    const lines = sweep(numbers, 2 + numbers.below(12));
    const settings = {
      axis: numbers.one(["step", "time", "relative"]),
      logx: numbers.below(3) === 0,
      logy: numbers.below(3) === 0,
      smoothing: { kind: numbers.one(["ema", "gauss", "mean"]), weight: numbers.one([0, 0, 0.9]) },
    };
    if (settings.axis === "time") settings.logx = false;
    settings.smoothing.isLog = settings.logx;
    const start = settings.axis === "time" ? 1e9 : 0;
    const zoom = numbers.below(3) ? null : [start + 1 + numbers.below(50), start + 100 + numbers.below(300)];
    same(drawn(lines, settings, { zoom, zoomY: numbers.below(3) ? null : [0.2, 0.9] }).view);
  }
});

test("a run weighs 1 in each column that it comes through, steep or level", () => {
  const lines = [lineOf(logged("a", [0, 10, 0, 10, 0])), lineOf(logged("b", [5, 5, 5, 5, 5]))];
  const { density } = drawn(lines);
  for (let c = 0; c < density.columns; c++) {
    const column = density.cells.subarray(c * density.rows, (c + 1) * density.rows);
    near(
      column.reduce((sum, weight) => sum + weight),
      2,
      `column ${c}`,
    );
  }
});

test("runs that share their steps are counted together as each by itself, to the last bit", () => {
  const numbers = new Numbers(96);
  let together = 0;
  for (let i = 0; i < some(0.03); i++) {
    const n = numbers.one([1, 2, 3, 40, 400, 1 + numbers.below(900)]);
    let step = numbers.below(4) - 1;
    const x = Float64Array.from({ length: n }, () => (step += numbers.one([0, 0.25, 1, 1, 7])));
    const runs = Array.from({ length: 8 + numbers.below(20) }, (_, k) => {
      const length = numbers.below(3) ? n : 1 + numbers.below(n); // some were stopped early
      let value = 3 * numbers.normal();
      const mean = Float64Array.from({ length }, () => {
        value += 0.1 * numbers.normal();
        return numbers.random() < 0.001 ? NaN : value;
      });
      return { name: `run${k}`, x: x.slice(0, length), w: x.slice(0, length), mean };
    });
    const settings = {
      logx: numbers.below(3) === 0,
      logy: numbers.below(3) === 0,
      smoothing: { kind: numbers.one(["ema", "gauss", "mean"]), weight: numbers.one([0, 0.9]) },
    };
    settings.smoothing.isLog = settings.logx;
    const zoom = numbers.below(3) ? null : [1 + numbers.below(n), n + 2 + numbers.below(n)];
    const how = { zoom, zoomY: numbers.below(3) ? null : [0.2, 0.9] };
    const lines = runs.map(({ name, ...own }) => lineOf(Curve.of(name, own)));
    // Of columns that have extremes of their own each line is looked at by itself.
    const apart = runs.map(({ name, ...own }) => lineOf(Curve.of(name, { ...own, min: own.mean.slice() })));
    const { view, density } = drawn(lines, settings, how);
    const { density: wanted } = drawn(apart, settings, how);
    for (const part of ["cells", "n", "upper", "middle", "lower", "top", "bottom"])
      assert.deepEqual(density[part], wanted[part], part);
    if (n <= 40) same(view);
    const place = { axis: "step", logx: settings.logx, logy: settings.logy, x: (v) => v };
    const { bundles } = bundled(
      lines.map(({ curve }) => curve),
      place,
    );
    together += bundles.length;
  }
  assert.ok(together > 0);
});

test("what comes live is counted in its own columns, and the picture is as if all had been counted", () => {
  const numbers = new Numbers(92);
  for (let i = 0; i < some(0.006); i++) {
    // One has a value on the rail from the beginning, so that the first of others moves nothing.
    const lines = Array.from({ length: 3 + numbers.below(8) }, (_, k) => {
      const values = Array.from({ length: 3 + numbers.below(60) }, () => numbers.normal());
      return lineOf(logged(`run${k}`, k ? values : [1, NaN, ...values]));
    });
    const smoothing = { kind: i % 3 === 2 ? "gauss" : "ema", weight: i % 3 ? 0.98 : 0 };
    const isBent = i % 3 === 2; // what was drawn, by what comes after it
    const ranges = { x: { low: 0, high: 100, full: 100 }, y: { low: -4, high: 4, outside: 0 } };
    const how = { ranges, densities: new DensityLayers() };
    const first = drawn(lines, { smoothing }, how);
    assert.equal(first.density.redone, first.density.columns);
    for (let k = 0; k < 4; k++) {
      const { curve } = numbers.one(lines),
        last = curve.x1[curve.length - 1];
      append(curve, last + numbers.one([0.2, 1, 3]), numbers.one([numbers.normal(), numbers.normal(), NaN, 3.9]));
      const { density, view } = drawn(lines, { smoothing }, how);
      assert.equal(density, first.density);
      assert.ok(isBent || density.redone < density.columns / 4, `${density.redone} columns were counted anew`);
      const anew = drawn(lines, { smoothing }, { ranges }).density;
      for (const part of ["cells", "n", "upper", "middle", "lower", "top", "bottom"])
        assert.deepEqual(density[part], anew[part], part);
      assert.equal(density.greatest, anew.greatest);
      if (k === 3) same(view);
    }
    assert.equal(drawn(lines, { smoothing }, how).density.redone, 0, "what is the same is not counted again");
    assert.ok(drawn(lines.slice(1), { smoothing }, how).density.redone > 0, "a run that is hidden is not in it");
    same(drawn(lines.slice(1), { smoothing }, how).view);
  }
});

test("more runs than are held at once are counted part by part", () => {
  const numbers = new Numbers(93);
  const lines = Array.from({ length: 2500 }, (_, i) =>
    lineOf(
      logged(
        `${i}`,
        [0, 1, 2].map(() => numbers.normal()),
      ),
    ),
  );
  const { density, view } = drawn(lines, {}, { width: 600 });
  const last = lines.map(({ curve }) => curve.first[2]).sort((a, b) => a - b);
  const end = columnOf(view, density, density.columns - 1);
  assert.ok(end.max > last.at(-1) - 1e-9 && end.max < last.at(-1) + 0.1);
  assert.equal(
    density.n.every((n) => n === 2500),
    true,
  );
  assert.ok(Math.abs(end.median - quantile(last, 0.5)) < 0.02);
});

test("order statistics are those of sorted values", () => {
  const numbers = new Numbers(94),
    order = new OrderStatistics();
  for (let i = 0; i < some(0.2); i++) {
    const n = numbers.below(60);
    const values = Float64Array.from({ length: n + 4 }, () => (numbers.below(2) ? numbers.below(5) : numbers.any()));
    const sorted = [...values.subarray(2, n + 2)].sort((a, b) => a - b);
    if (n) {
      const k = numbers.below(n);
      assert.equal(select(values.slice(), 2, n + 2, k + 2), sorted[k]);
    }
    const plain = values.map((value) => value % 1e6);
    const small = [...plain.subarray(2, n + 2)].sort((a, b) => a - b);
    const found = [];
    const within = numbers.one([
      [-1e6, 1e6],
      [0, 4],
      [9e9, 1e10],
    ]);
    order.quantiles(plain, 2, n + 2, [0, 0.1, 0.5, 0.9, 1], within, (which, value) => {
      found[which] = value;
    });
    [0, 0.1, 0.5, 0.9, 1].forEach((share, k) => near(found[k], n ? quantile(small, share) : NaN, `share ${share}`));
  }
});

test("one spike of one run among many is in the picture and in its edges, smoothed or not", () => {
  const numbers = new Numbers(95);
  for (const weight of [0, 0.95]) {
    const lines = Array.from({ length: 300 }, (_, i) =>
      lineOf(
        logged(
          `run${i}`,
          Array.from({ length: 500 }, (_, k) => (i === 17 && k === 250 ? 50 : numbers.normal())),
        ),
      ),
    );
    const { density, view, record } = drawn(lines, { smoothing: { kind: "ema", weight } });
    const c = Math.floor(view.scale.x(250) - view.plot.left),
      r = Math.floor(view.scale.y(50) - view.plot.top);
    assert.ok(density.cells[c * density.rows + r] > 0);
    near(columnOf(view, density, c).max, 50, "the greatest value");
    assert.ok(columnOf(view, density, c + 3).max < 20);
    const shades = record.marks.filter(({ act, fillStyle }) => act === "fill" && /^#[0-9a-f]{6}$/.test(fillStyle));
    const covers = shades.filter(({ path }) =>
      path.some(([kind, x, y]) => kind === "M" && x === view.plot.left + c && y === view.plot.top + r),
    );
    assert.equal(covers.length, 1, "its pixel has one shade");
  }
});

test("values that are not finite stay on the rail", () => {
  const lines = Array.from({ length: 60 }, (_, i) => lineOf(logged(`run${i}`, [1, i === 7 ? NaN : 2, 3])));
  const { view, record } = drawn(lines);
  assert.equal(view.rail, 10);
  assert.ok(record.marks.some(({ act, path }) => act === "stroke" && path.every(([, , y]) => y > view.plot.bottom)));
});

test("lines become a density above fifty, or when that is chosen; groups stay lines", () => {
  const of = (count, more = {}) => Array.from({ length: count }, () => ({ ...more }));
  assert.equal(crowdOf(of(50), { many: "auto" }), null);
  assert.equal(crowdOf(of(51), { many: "auto" }), "density");
  assert.equal(crowdOf(of(51), {}), null);
  assert.equal(crowdOf(of(5000), { many: "lines" }), null);
  assert.equal(crowdOf(of(3), { many: "quantiles" }), "quantiles");
  assert.equal(crowdOf(of(3), { many: "density" }), "density");
  assert.equal(crowdOf(of(1), { many: "density" }), null);
  assert.equal(crowdOf(of(80, { band: true }), { many: "auto" }), null);
  assert.equal(nounOf([{ tag: "a" }, { tag: "b" }]), "line");
});

test("above a density are the best by the metric, and what stands out", () => {
  const lines = Array.from({ length: 60 }, (_, i) => lineOf(logged(`${i}`, [0, (i * 7) % 60])));
  const names = (some) => above(some).map(({ name }) => name);
  const best = (sign) => [...lines].sort((a, b) => sign * (a.curve.last[1] - b.curve.last[1])).slice(0, 5);
  assert.deepEqual(new Set(names(lines)), new Set(best(1).map(({ name }) => name)));
  const right = lines.map((line) => ({ ...line, tag: "val/top1_acc" }));
  assert.deepEqual(new Set(names(right)), new Set(best(-1).map(({ name }) => name)));
  assert.equal(names(lines.map((line, i) => (i === 33 ? { ...line, chosen: true } : line))).at(-1), "33");
  assert.deepEqual(names(lines.map((line, i) => ({ ...line, tag: `${i % 2}` }))), []);
  const odd = [lineOf(logged("odd", [NaN, NaN])), ...lines];
  assert.ok(!names(odd).includes("odd"));
  for (const [tag, wanted] of [
    ["val/acc", true],
    ["reward", true],
    ["val/accuracy_top5", true],
    ["acc/loss", false],
    ["train/loss", false],
    ["perplexity", false],
  ])
    assert.equal(isMoreBetter(tag), wanted, tag);
});

test("the tip over a density says how many runs there are, their quantiles and the nearest, by pointer and keys", () => {
  const lines = Array.from({ length: 101 }, (_, i) => lineOf(logged(`run${i}`, [i, i, i, i])));
  const element = Object.assign(document.createElement("div"), { clientWidth: 600, clientHeight: 300 });
  const near = [];
  const chart = new Chart(element, { onZoom() {}, onHover() {}, onNear: (name) => near.push(name) });
  Object.assign(chart.over, { clientWidth: 600, clientHeight: 300 });
  chart.draw(lines, { ...SETTINGS, many: "auto" });
  const { view } = chart;
  assert.ok(view.density);
  const tip = document.getElementById("tip");
  const send = (kind, event) => chart.over.listeners.get(kind)({ preventDefault() {}, stopPropagation() {}, ...event });
  send("pointermove", { clientX: view.scale.x(1), clientY: view.scale.y(73.2) });
  for (const said of ["step 1 · 101 runs", "median50", "10–90 %10 to 90", "min–max0 to 100", "run73"])
    assert.ok(tip.textContent.includes(said), `${said} in ${tip.textContent}`);
  assert.equal(near.at(-1), "run73");
  send("keydown", { key: "ArrowRight" });
  assert.ok(tip.textContent.includes("101 runs"));
  chart.draw(lines, { ...SETTINGS, many: "lines" });
  assert.equal(chart.view.density, null);
  assert.equal(chart.view.above.length, 101);
});

test("the head of a card says what the shade means, and what the chart is", () => {
  const lines = Array.from({ length: 60 }, (_, i) => lineOf(logged(`run${i}`, [1, 1, i])));
  const box = document.createElement("span");
  const { view } = drawn(lines);
  showKey(box, view);
  assert.equal(box.hidden, false);
  assert.match(box.textContent, /^up to 60 of 60 runs$/);
  assert.match(box.title, /^Shade: how many of 60 runs/);
  assert.equal(named("loss", view), "Chart of loss: density of 60 runs");
  showKey(box, drawn(lines, { many: "quantiles" }).view);
  assert.match(box.textContent, /^60 runs: 10–90 %, min–max$/);
  showKey(box, drawn(lines, { many: "lines" }).view);
  assert.equal(box.hidden, true);
  assert.equal(named("loss", null), "Chart of loss");
});

test("what is too short to be smoothed is drawn as it is", () => {
  const of = () => [Array(1001).fill(2), [0, 5], [1, 5]].map((values, i) => lineOf(logged(`${i}`, values)));
  const [plain, smoothed] = [0, 0.9].map((weight) => drawn(of(), { smoothing: { kind: "ema", weight } }).density);
  for (const part of ["cells", "upper", "middle", "lower"]) assert.deepEqual(smoothed[part], plain[part], part);
});
