// A density whose lines come, go, grow and become others is what counting all of them anew would find, to the last bit.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { Density } from "../../dashboard/web/charts/density.js";
import { AT_ONCE } from "../../dashboard/web/charts/tally.js";
import { points } from "./answers.js";
import { logged } from "./chart_lines.js";
import { Numbers, some } from "./random.js";

function append(curve, step, value) {
  const n = curve.counts.get("s");
  assert.ok(curve.append({ segment: "s", n, steps: [step], times: [1e9 + step], values: [value] }));
}

test("lines that come, go, grow and become others leave what counting all anew would find, to the last bit", () => {
  const numbers = new Numbers(98);
  const place = { axis: "step", logx: false, logy: false, floor: -Infinity, columns: 60, rows: 40 };
  Object.assign(place, { x: (v) => v * (60 / 45), y: (v) => 20 - (v - 0) * 4 - 0, line: [20, 0, 4, 0] });
  let moved = 0,
    alone = 0;
  for (let i = 0; i < some(0.02); i++) {
    const axis = numbers.one(["step", "relative"]);
    place.axis = axis;
    const settings = {
      axis,
      smoothing: { kind: numbers.one(["ema", "gauss"]), weight: numbers.one([0, 0.9]) },
    };
    const of = (number) => {
      const n = numbers.one([40, 40, 40, 1 + numbers.below(45)]);
      const level = numbers.one([numbers.normal(), 0]);
      const start = numbers.one([0, 0, 3]);
      return logged(
        `${number}`,
        Array.from({ length: n }, () => level + numbers.one([0.3 * numbers.normal(), 0])),
        Array.from({ length: n }, (_, step) => start + step),
      );
    };
    let curves = Array.from({ length: numbers.one([3, 30, 300]) }, (_, k) => of(k));
    const density = new Density(0),
      how = { settings, full: 45 };
    density.update(curves, place, how, [i]);
    for (let turn = 0; turn < 8; turn++) {
      for (let k = numbers.below(3); k >= 0; k--) {
        const curve = numbers.one(curves);
        const other = of(0);
        if (curve)
          numbers.one([
            () => curves.splice(numbers.below(curves.length + 1), 0, ...Array.from({ length: numbers.below(30) }, of)),
            () => (curves = curves.filter((each) => each !== curve)),
            () => (curves = curves.filter(() => numbers.below(8))),
            () => curve.length < 45 && append(curve, curve.x1[curve.length - 1] + 1, numbers.normal()),
            () => curve.load(...points([...other.x0], [...other.mean])),
          ])();
      }
      density.update(curves, place, how, [i]);
      moved += density.moved;
      alone += density.moved && density.redone < 60 ? 1 : 0;
      const wanted = new Density();
      wanted.update(curves, place, how, [i]);
      for (const part of ["cells", "n", "upper", "middle", "lower", "top", "bottom", "greatest"])
        assert.deepEqual(density[part], wanted[part], `${part}, turn ${turn} of ${i}`);
    }
  }
  assert.ok(moved > 100 && alone > 20, `${moved} lines were moved, ${alone} times without the others`);
});

test("a line of two points is not smoothed, and becomes another where it was with its third", () => {
  const place = { axis: "step", logx: false, logy: false, floor: -Infinity, columns: 300, rows: 40 };
  Object.assign(place, { x: (v) => v * 20, y: (v) => 20 - (v - 0) * 4 - 0, line: [20, 0, 4, 0] });
  const how = { settings: { axis: "step", smoothing: { kind: "ema", weight: 0.9 } }, full: 3 };
  const curves = Array.from({ length: 12 }, (_, i) => logged(`${i}`, i ? [i % 4, 2, 1, 3] : [-3, 3]));
  const density = new Density(0);
  density.update(curves, place, how, [1]);
  for (const [step, value] of [
    [2, -2],
    [3, 1],
  ]) {
    append(curves[0], step, value);
    density.update(curves, place, how, [1]);
    const wanted = new Density();
    wanted.update(curves, place, how, [1]);
    for (const part of ["cells", "n", "upper", "middle", "lower", "top", "bottom", "greatest"])
      assert.deepEqual(density[part], wanted[part], `${part} at ${step}`);
  }
});

test("a line that was merged where it lay since, and one that is there twice, are told from what was counted", () => {
  const numbers = new Numbers(105);
  const place = { axis: "step", logx: false, logy: false, floor: -Infinity, columns: 200, rows: 40 };
  Object.assign(place, { x: (v) => v / 25, y: (v) => 20 - (v - 0) * 4 - 0, line: [20, 0, 4, 0] });
  const how = { settings: { axis: "step", smoothing: { kind: "ema", weight: 0 } }, full: 5000 };
  const of = (name, n) =>
    logged(
      name,
      Array.from({ length: n }, () => numbers.normal()),
    );
  const others = Array.from({ length: 20 }, (_, i) => of(`${i}`, 90)),
    long = of("long", 4090);
  while (long.single) append(long, long.x1[long.length - 1] + 1, numbers.normal());
  while (long.length < 4095) append(long, long.x1[long.length - 1] + 1 / 4, numbers.normal());
  const density = new Density(0);
  const same = (curves, what) => {
    density.update(curves, place, how, [1]);
    const wanted = new Density();
    wanted.update(curves, place, how, [1]);
    for (const part of ["cells", "n", "upper", "middle", "lower", "top", "bottom", "greatest"])
      assert.deepEqual(density[part], wanted[part], `${part}, ${what}`);
  };
  same([...others, long], "all");
  const { mean } = long;
  while (long.length > 4000) append(long, long.x1[long.length - 1] + 1 / 4, 3);
  if (long.length < 4000) assert.equal(long.mean, mean);
  for (let k = 0; k < 3; k++) append(long, long.x1[long.length - 1] + 1, numbers.normal());
  same(others, "without it");
  same([...others, long], "with it again");
  same([...others, others[0]], "one twice");
  same([...others, others[0], of("new", 90)], "one twice, and another");
});

test("what comes in a pause is counted as well, or all is counted anew", () => {
  const place = { axis: "step", logx: false, logy: false, floor: -Infinity, columns: 300, rows: 40 };
  Object.assign(place, { x: (v) => v * 6, y: (v) => 20 - (v - 0) * 4 - 0, line: [20, 0, 4, 0] });
  const how = { settings: { axis: "step", smoothing: { kind: "ema", weight: 0 } }, full: 50 };
  const same = (density, curves, what) => {
    const wanted = new Density();
    wanted.update(curves, place, how, [1]);
    for (const part of ["cells", "n", "upper", "middle", "lower", "top", "bottom", "greatest"])
      assert.deepEqual(density[part], wanted[part], `${part}, ${what}`);
  };
  const numbers = new Numbers(106);
  const walk = (name, n) =>
    logged(
      name,
      Array.from({ length: n }, () => numbers.normal()),
    );
  const curves = Array.from({ length: 2000 }, (_, i) => walk(`${i}`, i % 9 ? 51 : 3));
  const density = new Density();
  let pauses = 0;
  for (const _ of density.counting(curves, place, how, [1])) if (++pauses === 6) append(curves[0], 3, 2);
  assert.ok(pauses > 6 + (curves.length * place.columns) / AT_ONCE / 2, `${pauses} pauses`);
  same(density, curves, "a point");
  // One that became another may be in some columns as it was, and in others as it is.
  const other = new Density();
  pauses = 0;
  for (const _ of other.counting(curves, place, how, [1]))
    if (++pauses === 6) curves[9].load(...points([0, 1, 2, 40], [3, -3, 3, -3]));
  other.update(curves, place, how, [1]);
  same(other, curves, "another line");
});

test("where no line is nothing is counted, and of columns that are counted anew no quantile is asked before", () => {
  const place = { axis: "step", logx: false, logy: false, floor: -Infinity, columns: 60, rows: 40 };
  Object.assign(place, { x: (v) => v, y: (v) => 20 - (v - 0) * 4 - 0, line: [20, 0, 4, 0] });
  const how = { settings: { axis: "step", smoothing: { kind: "ema", weight: 0 } }, full: 60 };
  const level = (name, value) => logged(name, [value, value], [0, 29]);
  const curves = [-3, -2, -1, 0, 1, 2, 3].map((value) => level(`${value}`, value));
  const outer = logged("outer", [4, 4], [10, 19]);
  const density = new Density(0);
  density.update([...curves, outer], place, how, [1]);
  const asked = new Set(),
    { windows } = density;
  windows.quantile = (column, ...more) => {
    asked.add(column);
    return Object.getPrototypeOf(windows).quantile.call(windows, column, ...more);
  };
  density.update([...curves, outer, level("more", 0.5)], place, how, [1]);
  assert.deepEqual([density.moved, density.redone, asked.size], [1, 0, 30]);
  asked.clear();
  density.update([...curves, level("another", 0.5)], place, how, [1]);
  // Where the outermost line went it is not known which is the next.
  assert.equal(density.redone, 10);
  assert.deepEqual(
    [...asked],
    Array.from({ length: 30 }, (_, c) => c).filter((c) => c < 10 || c > 19),
  );
});
