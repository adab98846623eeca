// A run's curve, growing live: whatever comes in whatever pieces, what is drawn is what was logged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { COLUMNS, points } from "./answers.js";
import { Numbers, some } from "./random.js";

const live = (segment, n, steps, values) => ({ segment, n, steps, times: steps.map((step) => 1000 + step), values });

function loaded(steps = [], values = []) {
  const curve = new Curve("run");
  assert.equal(curve.load(...points(steps, values)), true);
  return curve;
}

// Values as training makes them, some of them not finite.
const values = (numbers, n) =>
  Array.from({ length: n }, () => {
    const at = numbers.random();
    return at < 0.02 ? NaN : at < 0.03 ? Infinity : at < 0.04 ? -Infinity : numbers.normal();
  });

// What N points are, however they lie in columns.
function summary(curve) {
  const sum = (field) => {
    let all = 0;
    for (let i = 0; i < curve.length; i++) all += curve[field][i];
    return all;
  };
  const least = (field) => {
    let all = Infinity;
    for (let i = 0; i < curve.length; i++) if (curve[field][i] < all) all = curve[field][i];
    return all;
  };
  const most = (field) => {
    let all = -Infinity;
    for (let i = 0; i < curve.length; i++) if (curve[field][i] > all) all = curve[field][i];
    return all;
  };
  let weighed = 0;
  for (let i = 0; i < curve.length; i++) {
    const n = curve.count[i] - curve.nan[i] - curve.pinf[i] - curve.ninf[i];
    if (n) weighed += n * curve.mean[i];
  }
  return {
    count: sum("count"),
    nan: sum("nan"),
    pinf: sum("pinf"),
    ninf: sum("ninf"),
    min: least("min"),
    max: most("max"),
    weighed,
  };
}

test("a curve of any length says the exact extremes, counts and mean of its points", () => {
  const numbers = new Numbers(51);
  for (const n of [0, 1, 2, 63, 64, 65, 4096, 4097, 9001, 20000]) {
    const curve = loaded(),
      all = values(numbers, n);
    for (let from = 0; from < n; ) {
      const size = 1 + numbers.below(900),
        part = all.slice(from, from + size);
      assert.equal(
        curve.append(
          live(
            "s",
            from,
            part.map((_, i) => from + i),
            part,
          ),
        ),
        true,
      );
      from += part.length;
    }
    const finite = all.filter(Number.isFinite),
      found = summary(curve);
    assert.equal(curve.points, n);
    assert.equal(found.count, n);
    assert.equal(curve.notFinite, n - finite.length);
    assert.deepEqual(
      [found.nan, found.pinf, found.ninf],
      [Number.isNaN, (x) => x === Infinity, (x) => x === -Infinity].map((is) => all.filter(is).length),
    );
    assert.equal(found.min, Math.min(...finite));
    assert.equal(found.max, Math.max(...finite));
    assert.ok(Math.abs(found.weighed - finite.reduce((a, b) => a + b, 0)) < 1e-6);
    assert.ok(curve.length <= 4096);
    for (let i = 0; i < curve.length; i++) {
      assert.ok(curve.x0[i] <= curve.x1[i] && (!i || curve.x0[i] > curve.x1[i - 1]));
      // Where the extremes stand, there they are.
      if (curve.min[i] === curve.min[i]) {
        assert.equal(all[curve.minStep[i]], curve.min[i]);
        assert.equal(all[curve.maxStep[i]], curve.max[i]);
      }
      assert.ok(Object.is(curve.first[i], all[curve.x0[i]]) && Object.is(curve.last[i], all[curve.x1[i]]));
    }
  }
});

test("points that came already are left out, and a gap or a step back asks anew", () => {
  const numbers = new Numbers(52);
  for (let i = 0; i < some(0.05); i++) {
    const n = 1 + numbers.below(200),
      all = values(numbers, n),
      known = numbers.below(n + 1),
      curve = loaded(
        all.slice(0, known).map((_, k) => k),
        all.slice(0, known),
      );
    const from = numbers.below(known + 1),
      to = from + numbers.below(n - from + 1);
    assert.equal(
      curve.append(
        live(
          "s",
          from,
          all.slice(from, to).map((_, k) => from + k),
          all.slice(from, to),
        ),
      ),
      true,
    );
    assert.equal(curve.points, Math.max(known, to));
    assert.deepEqual([...curve.first.subarray(0, curve.length)], all.slice(0, Math.max(known, to)));
    assert.equal(curve.holds({ segment: "s", n: 0, count: curve.points }), true);
    assert.equal(curve.holds({ segment: "s", n: 0, count: curve.points + 1 }), false);
    assert.equal(curve.append(live("s", curve.points + 1, [1e9], [1])), false);
    if (curve.length) assert.equal(curve.append(live("s", curve.points, [-1], [1])), false);
  }
});

test("what comes while an answer is under way is added to it, whichever is older", () => {
  for (const known of [2, 3, 4, 5]) {
    const curve = loaded([0, 1], [10, 11]);
    curve.ask();
    curve.append(live("s", 2, [2, 3], [12, 13]));
    curve.append(live("s", 4, [4], [14]));
    const steps = Array.from({ length: known }, (_, i) => i);
    assert.equal(
      curve.load(
        ...points(
          steps,
          steps.map((step) => 10 + step),
        ),
      ),
      true,
    );
    curve.answered();
    assert.deepEqual([...curve.mean.subarray(0, curve.length)], [10, 11, 12, 13, 14]);
    assert.deepEqual(curve.pending, []);
  }
  const behind = loaded();
  behind.ask();
  behind.append(live("s", 3, [3], [1]));
  assert.equal(behind.load(...points([0], [1])), false, "two points between are not known");
});

test("columns as the server sends them are taken as they are", () => {
  const names = [
    "x0",
    "x1",
    "w0",
    "w1",
    "count",
    "first",
    "last",
    "min",
    "minStep",
    "max",
    "maxStep",
    "mean",
    "nan",
    "pinf",
    "ninf",
  ];
  // By what they are called, in whatever order they come.
  const given = new Map(COLUMNS.map((name, i) => [name, Float64Array.of(i, i + 100)]).reverse()),
    curve = new Curve("run");
  curve.load({ form: "columns", length: 2, counts: { s: 7 }, started: 5, rest: [0, 3] }, given);
  names.forEach((name, i) => assert.deepEqual(curve[name], given.get(COLUMNS[i]), name));
  assert.equal(curve.points, 4 + 104);
  // One more has a place of its own.
  curve.append({ segment: "s", n: 7, steps: [500], times: [9], values: [NaN] });
  assert.equal(curve.length, 3);
  assert.deepEqual([curve.count[2], curve.nan[2], curve.min[2]], [1, 1, NaN]);
});

test("the column nearest to a place is the one that a search through all finds", () => {
  const numbers = new Numbers(53);
  for (let i = 0; i < some(0.1); i++) {
    let at = 0;
    const steps = Array.from({ length: 1 + numbers.below(30) }, () => (at += 1 + numbers.below(9))),
      curve = loaded(
        steps,
        steps.map(() => 1),
      ),
      x = numbers.random() * (at + 20) - 5;
    const far = steps.map((step) => Math.abs(step - x)),
      found = curve.at(x, "step");
    assert.equal(far[found], Math.min(...far), `${x} in ${steps}`);
  }
  assert.equal(loaded().at(3, "step"), -1);
});

test("places on each axis", () => {
  const curve = loaded([1, 2, 3], [5, 6, 7]);
  assert.deepEqual(
    curve.ends("step").map((each) => each[0] ?? each),
    [1, 1, 0],
  );
  assert.deepEqual(
    curve.ends("time").map((each) => each[0] ?? each),
    [1001, 1001, 0],
  );
  assert.deepEqual(
    curve.ends("relative").map((each) => each[0] ?? each),
    [1001, 1001, 1000],
  );
  assert.deepEqual(curve.ends("metric"), [Float64Array.of(NaN, NaN, NaN), Float64Array.of(NaN, NaN, NaN), 0]);
});

test("a metric as x has places of its own, and times stay times", () => {
  const curve = new Curve("run");
  curve.load(...points([3, 1, 2], [5, 6, 7], { x: [0.1, 0.2, 0.4] }));
  const places = Float64Array.of(0.1, 0.2, 0.4);
  assert.deepEqual(curve.ends("metric"), [places, places, 0]);
  assert.deepEqual([...curve.w0], [1003, 1001, 1002]);
  assert.equal(curve.at(0.35, "metric"), 2);
  const wide = new Curve("run"),
    names = [...COLUMNS, "x_first", "x_last"];
  wide.load(
    { form: "columns", length: 1, counts: {}, started: 5 },
    new Map(names.map((name, i) => [name, Float64Array.of(i)])),
  );
  assert.deepEqual(wide.ends("metric"), [Float64Array.of(15), Float64Array.of(16), 0]);
  assert.deepEqual(wide.ends("time"), [Float64Array.of(2), Float64Array.of(3), 0]);
  // Asked for over another axis, it has places no more.
  wide.load(...points([1], [1]));
  assert.deepEqual(wide.ends("metric"), [Float64Array.of(NaN), Float64Array.of(NaN), 0]);
});

test("a step beyond 2^53 has all its digits where they are known", () => {
  const curve = new Curve("run"),
    step = 1691234567890123456n;
  curve.load(...points([Number(step)], [1], { rest: [Number(step - BigInt(Number(step)))] }));
  assert.equal(curve.stepOf(0), step);
  curve.append({ segment: "s", n: 1, steps: [Number(step) + 1024], times: [1], values: [1] });
  assert.equal(curve.stepOf(1), null);
  assert.equal(loaded([5], [1]).stepOf(0), 5);
});

test("what was smoothed is kept until something changes", () => {
  const curve = loaded([1, 2, 3, 4], [1, 5, 2, 8]),
    how = { kind: "ema", weight: 0.9 },
    first = curve.smoothed(how, "step", 3),
    before = [...first];
  assert.equal(curve.smoothed(how, "step", 3), first);
  curve.append(live("s", 4, [5], [100]));
  assert.deepEqual([...curve.smoothed(how, "step", 3)].slice(0, 4), before);
  assert.equal(curve.smoothed(how, "step", 3).length, 5);
  assert.notDeepEqual(
    [...curve.smoothed({ ...how, isLog: true }, "step", Math.log(5))],
    [...curve.smoothed(how, "step", 3)],
  );
});

test("a curve that was worked out has gaps where it has no value, and counts none of them", () => {
  const curve = Curve.of("a − b", {
    x: Float64Array.of(1, 2, 3),
    w: Float64Array.of(1, 2, 3),
    mean: Float64Array.of(1, NaN, 3),
  });
  assert.equal(curve.notFinite, 0);
  assert.equal(curve.points, 3);
  assert.equal(curve.min, curve.mean);
});
