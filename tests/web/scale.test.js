// What part of the data a chart shows: nothing that is in view is out of it, and a pixel is a place and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { domain, leastAbove0, range, scales } from "../../dashboard/web/charts/scale.js";
import { MANY, Numbers, some } from "./random.js";

const line = (steps, values) => ({
  curve: Curve.of("run", { x: Float64Array.from(steps), w: Float64Array.from(steps), mean: Float64Array.from(values) }),
});
const PLAIN = { axis: "step", logx: false, logy: false, robust: false };

function example(numbers, least = -1e6) {
  let at = least + numbers.random() * 10;
  const steps = Array.from({ length: 1 + numbers.below(40) }, () => (at += numbers.random() * 10 ** numbers.below(6)));
  const scale = 10 ** (numbers.below(40) - 20),
    shift = numbers.one([0, 0, 1e3, -5]) * scale;
  return [steps, steps.map(() => numbers.normal() * scale + shift)];
}

test("all of the data are in view, on every axis", () => {
  const numbers = new Numbers(61);
  for (let i = 0; i < some(0.3); i++) {
    const lines = Array.from({ length: 1 + numbers.below(4) }, () =>
      line(...example(numbers, numbers.one([-1e6, 0, 5]))),
    );
    for (const logx of [false, true])
      for (const logy of [false, true]) {
        const settings = { ...PLAIN, logx, logy },
          x = domain(lines, settings),
          y = range(lines, settings, x);
        assert.ok(x.low < x.high && y.low < y.high, JSON.stringify([x, y]));
        assert.equal(y.outside, 0);
        for (const { curve } of lines)
          for (let k = 0; k < curve.length; k++) {
            if (logx && curve.x0[k] <= 0) continue;
            assert.ok(curve.x0[k] >= x.low && curve.x1[k] <= x.high);
            if (!logy || curve.min[k] > 0)
              assert.ok(curve.min[k] >= y.low && curve.max[k] <= y.high, `${curve.min[k]} in ${JSON.stringify(y)}`);
          }
      }
  }
});

test("any two numbers are a range that can be drawn", () => {
  const numbers = new Numbers(62),
    plot = { left: 50, right: 450, top: 10, bottom: 210 };
  for (let i = 0; i < MANY; i++) {
    const [low, high] = numbers.pair(),
      lines = [line([1, 2], [low, high])],
      y = range(lines, PLAIN, { low: 1, high: 2 }),
      across = domain([line([low, high], [1, 1])], PLAIN);
    for (const part of [y, across])
      assert.ok(
        part.low < part.high && Number.isFinite(part.low) && Number.isFinite(part.high),
        `${low} ${high}: ${JSON.stringify(part)}`,
      );
    const to = scales(plot, across, y, PLAIN);
    for (const value of [low, high]) {
      const px = to.x(value),
        py = to.y(value);
      assert.ok(px >= plot.left - 1e-6 && px <= plot.right + 1e-6, `x of ${value}: ${px}`);
      assert.ok(py >= plot.top - 1e-6 && py <= plot.bottom + 1e-6, `y of ${value}: ${py}`);
    }
    assert.ok(to.x(low) < to.x(high) || across.high - across.low > 1e3 * (high - low));
  }
});

test("a pixel is a place and back", () => {
  const numbers = new Numbers(63),
    plot = { left: 50, right: 450, top: 10, bottom: 210 };
  for (let i = 0; i < MANY; i++) {
    const isLog = numbers.random() < 0.5,
      low = 10 ** (numbers.random() * 20 - 10),
      high = low * (1.01 + 10 ** (numbers.random() * 8));
    const to = scales(plot, { low, high }, { low, high }, { logx: isLog, logy: isLog });
    for (let px = plot.left; px <= plot.right; px += 40)
      assert.ok(Math.abs(to.x(to.invert(px)) - px) < 1e-3, `${low} ${high} ${px}`);
    for (let py = plot.top; py <= plot.bottom; py += 20)
      assert.ok(Math.abs(to.y(to.invertY(py)) - py) < 1e-3, `${low} ${high} ${py}`);
  }
  const to = scales(plot, { low: 1, high: 10 }, { low: 1, high: 10 }, { logx: true, logy: true });
  assert.equal(to.x(0), plot.left, "what has no place on a logarithmic axis stands at its edge");
  assert.ok(to.y(0) > 1e6, "and below");
});

test("one spike does not flatten the rest of a chart that is asked to leave it out, and is counted", () => {
  const steps = Array.from({ length: 100 }, (_, i) => i),
    values = steps.map((i) => Math.sin(i)),
    lines = [
      line(
        steps,
        values.map((value, i) => (i === 50 ? 1e6 : value)),
      ),
    ];
  const plain = range(lines, PLAIN, { low: 0, high: 99 }),
    robust = range(lines, { ...PLAIN, robust: true }, { low: 0, high: 99 });
  assert.ok(plain.high > 1e6);
  assert.ok(robust.high < 5);
  assert.equal(robust.outside, 1);
  assert.equal(range([line(steps, values)], { ...PLAIN, robust: true }, { low: 0, high: 99 }).outside, 0);
  // On a logarithmic axis it begins with what is positive.
  assert.ok(range(lines, { ...PLAIN, robust: true, logy: true }, { low: 0, high: 99 }).low > 0);
});

test("a window without a point shows the line that crosses it", () => {
  const lines = [line([0, 10], [0, 100])],
    y = range(lines, PLAIN, { low: 4, high: 6 }, null, true);
  assert.deepEqual([y.least, y.most], [40, 60]);
  assert.deepEqual(range(lines, PLAIN, { low: 4, high: 6 }, null, false), { low: 0, high: 1, outside: 0 });
});

test("a zoom is what was chosen, but on a logarithmic axis never reaches 0", () => {
  const lines = [line([1, 100], [1, 100])],
    log = { ...PLAIN, logx: true, logy: true };
  assert.deepEqual(domain(lines, PLAIN, [3, 7]), { low: 3, high: 7, full: 4 });
  assert.deepEqual(range(lines, PLAIN, { low: 1, high: 100 }, [3, 7]), {
    low: 3,
    high: 7,
    least: 3,
    most: 7,
    outside: 0,
  });
  assert.deepEqual(domain(lines, log, [-5, 50]), { low: 1, high: 50, full: Math.log(50) });
  const y = range(lines, log, { low: 1, high: 100 }, [-5, 50]);
  assert.ok(y.low > 0 && y.low < 1 && y.high >= 50);
});

test("what cannot be on an axis leaves an axis all the same", () => {
  const log = { ...PLAIN, logx: true, logy: true };
  assert.deepEqual(domain([], PLAIN), { low: 0, high: 1, full: 0 });
  assert.deepEqual(domain([], log), { low: 1, high: 10, full: 0 });
  assert.deepEqual(domain([line([-3, 0], [1, 1])], log), { low: 1, high: 10, full: 0 });
  assert.deepEqual(range([line([1, 2], [-1, 0])], log, { low: 1, high: 2 }), { low: 0.1, high: 1, outside: 0 });
  assert.deepEqual(range([line([1], [NaN])], PLAIN, { low: 1, high: 2 }), { low: 0, high: 1, outside: 0 });
  const narrow = domain([line([1.7e18, 1.7e18 + 1024], [1, 1])], log);
  assert.ok(narrow.low < 1.7e18 && narrow.high > 1.7e18 + 1024);
});

test("curves near zero are shown with it, constant ones in the middle", () => {
  assert.equal(range([line([0, 1], [0.1, 5])], PLAIN, { low: 0, high: 1 }).low, 0);
  const constant = range([line([0, 1], [7, 7])], PLAIN, { low: 0, high: 1 });
  assert.ok(Math.abs((constant.low + constant.high) / 2 - 7) < 1e-9);
  assert.equal(leastAbove0(line([-1, 0, 3], [1, 1, 1]).curve, "step"), 3);
  assert.equal(leastAbove0(line([-1, 0], [1, 1]).curve, "step"), Infinity);
});

test("gaps at the ends of a curve that was worked out take no room", () => {
  assert.deepEqual(domain([line([0, 1, 2, 3], [NaN, 5, 6, NaN])], PLAIN), { low: 1, high: 2, full: 1 });
  assert.deepEqual(domain([line([0, 1], [NaN, NaN])], PLAIN), { low: 0, high: 1, full: 1 });
});
