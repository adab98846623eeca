// Long work in slices: one piece after the other, given up when it is, and a large chart that is counted so.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { Chart } from "../../dashboard/web/charts/chart.js";
import { DensityLayers } from "../../dashboard/web/charts/density_layers.js";
import { inSlices } from "../../dashboard/web/charts/slices.js";
import { AT_ONCE } from "../../dashboard/web/charts/tally.js";
import { lineOf, logged } from "./chart_lines.js";

const PARTS = ["cells", "n", "upper", "middle", "lower", "top", "bottom", "greatest"];

// Work whose steps are long enough that each is followed by a pause.
function* steps(told, name, count) {
  for (let i = 0; i < count; i++) {
    for (const end = performance.now() + 17; performance.now() < end; );
    told.push(`${name}${i}`);
    yield;
  }
}
const ended = (work) => new Promise((done) => inSlices(work, () => done(undefined)));

test("one piece of work after the other, with pauses in which the page has its turn", async () => {
  const told = [];
  const first = ended(steps(told, "a", 2)),
    second = ended(steps(told, "b", 2));
  assert.deepEqual(told, ["a0"]);
  setImmediate(() => told.push("page"));
  await Promise.all([first, second]);
  assert.deepEqual(
    told.filter((each) => each !== "page"),
    ["a0", "a1", "b0", "b1"],
  );
  assert.notEqual(told.at(-1), "page");
});

test("what is given up does not go on, and what fails stops nothing else", async () => {
  const told = [];
  const stop = inSlices(steps(told, "a", 3), () => told.push("end"));
  stop();
  stop();
  assert.throws(
    () =>
      inSlices(
        // biome-ignore lint/correctness/useYield: it fails before
        (function* () {
          throw new Error("no");
        })(),
        () => told.push("end"),
      ),
    /no/,
  );
  await ended(steps(told, "b", 1));
  assert.deepEqual(told, ["a0", "b0"]);
});

test("a chart of very many lines is counted in slices and is as counted at once, while more come too", async () => {
  const width = 600,
    count = Math.max(Math.ceil(AT_ONCE / width) + 1, 900); // of so many, account is kept of those that come
  const all = Array.from({ length: count + 300 }, (_, i) =>
    lineOf(logged(`run${i}`, [i % 97, ((i * 7) % 101) + (i < count ? 0 : 3), (i * 31) % 89, i % 13])),
  );
  const element = Object.assign(document.createElement("div"), { clientWidth: width, clientHeight: 200 });
  const told = [];
  let resolve = () => {};
  const chart = new Chart(element, {
    onZoom() {},
    onHover() {},
    onDrawn(isBehind) {
      told.push(isBehind);
      resolve();
    },
  });
  const settings = { axis: "step", smoothing: { kind: "ema", weight: 0.9 }, many: "auto", xName: "" };
  const drawn = (lines, again = []) =>
    new Promise((done) => {
      resolve = done;
      chart.draw(lines, settings);
      for (const more of again) chart.draw(more, settings);
      if (!chart.counting) done();
    });
  const same = (lines) => {
    const { view } = chart;
    assert.equal(view.lines.length, lines.length);
    const wanted = { ...view, lines, density: null };
    const layers = new DensityLayers();
    layers.follow(wanted);
    for (const part of PARTS) assert.deepEqual(view.density[part], layers.whole[part], part);
  };
  await drawn(all.slice(0, count));
  assert.equal(chart.counting, null);
  assert.equal(all[0].curve.cache, null);
  same(all.slice(0, count));
  const { y } = chart.view;
  await drawn(all);
  same(all);
  assert.deepEqual([chart.view.y.low, chart.view.y.high], [y.low, y.high]);
  assert.equal(chart.view.density.moved, 300);
  // Of another window all is counted anew; what is asked for meanwhile is told of.
  chart.zoom = [1, 3];
  inSlices(steps([], "", 1), () => {}); // the chart has to wait
  await drawn(all, [all.slice(0, count)]);
  same(all);
  assert.deepEqual(told, [false, false, true]);
  // Given up, it leaves what was there, and goes on with that.
  chart.zoom = null;
  inSlices(steps([], "", 1), () => {});
  chart.draw(all, settings);
  assert.ok(chart.counting);
  chart.forget();
  assert.equal(chart.counting, null);
  await drawn(all);
  same(all);
});
