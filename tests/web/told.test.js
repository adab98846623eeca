// What is said below a chart: every point is counted once, as shown, hidden with its reason, or not finite.
import assert from "node:assert/strict";
import { test } from "node:test";
import { points } from "./answers.js";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { count, nothing, words } from "../../dashboard/web/charts/point_counts.js";
import { Numbers, some } from "./random.js";

function logged(steps, values) {
  const curve = new Curve("run");
  curve.load(...points(steps, values, { started: 0, times: steps, x: steps }));
  return curve;
}

const PLAIN = { axis: "step", logx: false, logy: false, xName: "step" };

test("each point is counted as what it is on each axis", () => {
  const numbers = new Numbers(101);
  for (let i = 0; i < some(0.05); i++) {
    const n = numbers.below(60),
      steps = Array.from({ length: n }, (_, k) => k - 10),
      values = steps.map(() => numbers.one([NaN, Infinity, -1, 0, 1, 2])),
      lines = [{ curve: logged(steps, values) }];
    for (const logx of [false, true])
      for (const logy of [false, true])
        for (const zoom of [null, [-5, 20]]) {
          const found = count(lines, { ...PLAIN, logx, logy }, zoom),
            seen = steps
              .map((step, k) => [step, values[k]])
              .filter(([step]) => !zoom || (step >= zoom[0] && step <= zoom[1]));
          const left = logx ? seen.filter(([step]) => step <= 0).length : 0,
            low = logy
              ? seen.filter(([step, value]) => (!logx || step > 0) && Number.isFinite(value) && value <= 0).length
              : 0;
          assert.equal(found.points, seen.length);
          assert.equal(found.odd, seen.filter(([, value]) => !Number.isFinite(value)).length);
          assert.equal(found.hidden, left + low);
          assert.deepEqual(
            found.why,
            [
              { count: left, where: "at x ≤ 0", log: "x" },
              { count: low, where: "at y ≤ 0", log: "y" },
            ].filter(({ count: many }) => many),
          );
          assert.ok(found.isAll);
        }
  }
});

test("columns of which a part can be seen make a count that is a least one", () => {
  const curve = logged([0, 1], [1, 1]);
  const column = Object.assign(Object.create(curve), {
    length: 1,
    x0: [-1],
    x1: [5],
    count: [7],
    nan: [0],
    pinf: [0],
    ninf: [0],
    min: [-1],
    max: [3],
    mean: [1],
    ends: () => [[-1], [5], 0],
  });
  const lines = [{ curve: column, parts: [{ curve: column, raw: column }] }];
  const left = count(lines, { ...PLAIN, logx: true });
  assert.equal(left.isAll, false);
  assert.equal(words(left), "7 points, at least 1 hidden at x ≤ 0");
  assert.equal(count(lines, { ...PLAIN, logy: true }).isAll, false);
});

test("points without a baseline, and without a metric to stand at, are told apart", () => {
  const raw = logged([1, 2, 3], [1, 2, 3]),
    alone = Curve.of("d", { x: raw.x0, w: raw.w0, mean: Float64Array.of(NaN, 1, NaN) });
  const found = count([{ parts: [{ curve: alone, raw }] }], PLAIN);
  assert.deepEqual(found.why, [{ count: 2, where: "where the baseline has no value", log: "" }]);
  const metric = Object.assign(logged([1], [1]), { unplaced: 4 });
  assert.equal(
    words(count([{ curve: metric }], { ...PLAIN, axis: "metric", xName: "tokens" })),
    "5 points, 4 hidden where tokens has no value",
  );
});

test("what is said", () => {
  const all = { points: 220, odd: 0, hidden: 0, isAll: true, why: [] };
  assert.equal(words(all), "220 points, 0 hidden");
  assert.equal(words({ ...all, points: 1 }), "1 point, 0 hidden");
  assert.equal(
    words({
      ...all,
      hidden: 45,
      why: [
        { count: 40, where: "at y ≤ 0", log: "y" },
        { count: 5, where: "at x ≤ 0", log: "x" },
      ],
    }),
    "220 points, 45 hidden: 40 at y ≤ 0, 5 at x ≤ 0",
  );
  assert.equal(nothing(all), "");
  assert.equal(nothing({ ...all, odd: 220 }), "No value is finite.");
  assert.equal(
    nothing({ ...all, hidden: 220, why: [{ count: 220, where: "at y ≤ 0", log: "y" }] }),
    "All points are at y ≤ 0: log y cannot show that.",
  );
  assert.equal(
    nothing({ ...all, points: 1, hidden: 1, why: [{ count: 1, where: "at x ≤ 0", log: "x" }] }),
    "The point is at x ≤ 0: log x cannot show that.",
  );
  assert.equal(
    nothing({
      ...all,
      odd: 20,
      hidden: 200,
      why: [
        { count: 150, where: "at x ≤ 0", log: "x" },
        { count: 50, where: "at y ≤ 0", log: "y" },
      ],
    }),
    "Most points are at x ≤ 0: log x cannot show that.",
  );
  assert.equal(
    nothing({ ...all, points: 3, hidden: 3, why: [{ count: 3, where: "where the baseline has no value", log: "" }] }),
    "All points are where the baseline has no value.",
  );
});

test("a metric whose name ends as the words of an axis do is not taken for one", () => {
  const metric = Object.assign(logged([], []), { unplaced: 2 });
  const found = count([{ curve: metric }], { ...PLAIN, axis: "metric", xName: "steps at y ≤ 0" });
  assert.equal(nothing(found), "All points are where steps at y ≤ 0 has no value.");
  assert.equal(nothing({ ...found, why: [{ ...found.why[0], where: "at level 0" }] }), "All points are at level 0.");
});
