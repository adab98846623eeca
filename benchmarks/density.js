// Counts the density of many runs in Node, for density.py: from a file of values, run after run, into files of results.
//
//     node density.js FOLDER RUNS COLUMNS ROWS TURNS
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Curve } from "../dashboard/web/charts/curve.js";
import { Density } from "../dashboard/web/charts/density.js";

const [folder, ...words] = process.argv.slice(2);
const [runs, columns, rows, turns] = words.map(Number);
const bytes = readFileSync(join(folder, "values"));
const all = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
const points = all.length / runs;

// All but the last point, as envelopes hold them: that one comes live.
function curves() {
  const x = Float64Array.from({ length: points - 1 }, (_, i) => i),
    w = x.slice();
  return Array.from({ length: runs }, (_, r) => {
    const made = Curve.of(`${r}`, { x, w, mean: all.slice(r * points, (r + 1) * points - 1) });
    made.counts.set("s", points - 1);
    return made;
  });
}

const wide = columns / (points - 1);
const place = {
  ...{ axis: "step", logx: false, logy: false, floor: -Infinity, columns, rows },
  x: (step) => step * wide,
  y: (value) => rows / 2 - (value - 0) * (rows / 16) - 0,
  line: [rows / 2, 0, rows / 16, 0],
};
const how = { settings: { axis: "step", smoothing: { kind: "ema", weight: 0 } }, full: points - 1 };
// As they come from the server: see partsOf in core/curve_store.js.
const PARTS = [0.01, 0.05, 0.21, 0.51, 0.81, 1];
function inParts(lines) {
  const some = new Density(),
    began = performance.now();
  for (const share of PARTS) some.update(lines.slice(Math.floor((1 - share) * runs)), place, how, [1]);
  return performance.now() - began;
}

const first = [],
  slices = [],
  parts = [],
  next = [],
  smoothed = [];
let density;
for (let turn = 0; turn < turns; turn++) {
  const bent = new Density(),
    others = curves();
  const begin = performance.now();
  bent.update(others, place, { ...how, settings: { axis: "step", smoothing: { kind: "ema", weight: 0.9 } } }, [1]);
  smoothed.push(performance.now() - begin);
  const lines = curves();
  density = new Density();
  let began = performance.now(),
    paused = began,
    longest = 0;
  for (const _ of density.counting(lines, place, how, [1])) {
    longest = Math.max(longest, performance.now() - paused);
    paused = performance.now();
  }
  slices.push(Math.max(longest, performance.now() - paused));
  first.push(performance.now() - began);
  parts.push(inParts(lines));
  for (let r = 0; r < runs; r++) {
    const point = { segment: "s", n: points - 1, steps: [points - 1], times: [0], values: [all[(r + 1) * points - 1]] };
    if (!lines[r].append(point)) throw new Error(`run ${r} did not take its point`);
    if (r >= 20) continue; // the rest at once, so that all of it can be compared
    began = performance.now();
    density.update(lines, place, how, [1]);
    next.push(performance.now() - began);
  }
  density.update(lines, place, how, [1]);
}
for (const part of ["cells", "upper", "middle", "lower"])
  writeFileSync(join(folder, part), new Uint8Array(density[part].buffer));
console.log(JSON.stringify({ first, slices, parts, next, smoothed, redone: density.redone }));
