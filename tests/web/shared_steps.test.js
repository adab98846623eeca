// What curves of a large answer keep of it: the steps that they have in common once, and nothing else of the answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { SharedSteps } from "../../dashboard/web/core/shared_steps.js";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { points } from "./answers.js";
import { Numbers } from "./random.js";

const numbers = new Numbers(99);
const STEPS = [
  [0, 1, 2],
  [0, 1, 3],
  [0, 1],
];

function answers(count) {
  return Array.from({ length: count }, (_, i) => {
    const steps = STEPS[i % STEPS.length];
    const [curve, columns] = points(
      steps,
      steps.map(() => numbers.one([numbers.normal(), NaN, -0, Infinity])),
    );
    return { curve: { run: `${i}`, ...curve }, columns };
  });
}

test("curves of a large answer are what they were, share their steps, and hold nothing of the answer", () => {
  const shared = new SharedSteps();
  for (const found of [answers(90), answers(70)]) {
    const before = found.map(({ columns }) => [...columns].map(([name, column]) => [name, column, [...column]]));
    const kept = shared.kept(found);
    kept.forEach(({ columns }, i) => {
      assert.deepEqual([...columns.keys()], ["step", "wall_time", "value"]);
      for (const [name, column, values] of before[i]) {
        assert.deepEqual([...columns.get(name)], values);
        assert.notEqual(columns.get(name).buffer, column.buffer);
      }
      assert.equal(columns.get("step"), kept[i % 3].columns.get("step"));
    });
  }
  const few = answers(3),
    { columns } = few[0];
  assert.equal(shared.kept(few)[0].columns, columns);
});

test("a run's times are there once for all of its curves, those of others and other times are their own", () => {
  const times = (run) => Array.from({ length: 3 }, (_, i) => 1e9 + run + i / 7);
  const answer = (first, later = 0) =>
    Array.from({ length: 70 }, (_, i) => {
      const own = times(first + i).map((time, k) => (i === 5 && k === 1 ? time + later : time));
      const [curve, columns] = points([0, 1, 2], [0, 1, 2].map(numbers.normal.bind(numbers)), { times: own });
      return { curve: { run: `timed${first + i}`, ...curve }, columns };
    });
  const timesIn = (found) => found.map(({ columns }) => columns.get("wall_time"));
  // Of two cards: each has what is common to its runs by itself.
  const [one, other, third] = [answer(0), answer(0, 1e-6), answer(35)].map((found) => new SharedSteps().kept(found));
  timesIn(one).forEach((column, i) => {
    assert.deepEqual([...column], times(i));
    assert.equal(timesIn(other)[i] === column, i !== 5, `run ${i}`);
    if (i >= 40) assert.equal(timesIn(third)[i - 35], column);
    // Values lie elsewhere, and go when their card does.
    assert.notEqual(column.buffer, one[i].columns.get("value").buffer);
  });
  assert.equal(timesIn(other)[5][1], times(5)[1] + 1e-6);
  assert.deepEqual([...timesIn(third)[69]], times(104));
  // A curve that grows leaves those of the others as they are.
  const [grown, still] = [one, other].map((found) => {
    const made = new Curve("timed9");
    made.load(found[9].curve, found[9].columns);
    return made;
  });
  assert.equal(grown.w0, still.w0);
  assert.ok(grown.append({ segment: "s", n: 3, steps: [3], times: [2e9], values: [1] }));
  assert.deepEqual([...still.w0], times(9));
});

test("a curve that grows or is merged leaves the others that share its steps as they are", () => {
  const kept = new SharedSteps().kept(answers(66));
  const [one, other] = [kept[0], kept[3]].map(({ curve, columns }) => {
    const made = new Curve(curve.run);
    made.load(curve, columns);
    return made;
  });
  assert.equal(one.x0, other.x0);
  for (let n = 3; n < 5000; n++) one.append({ segment: "s", n, steps: [n], times: [n], values: [n] });
  assert.ok(!one.single);
  assert.deepEqual([...other.x0], STEPS[0]);
});

test("of kinds of steps that keep changing the oldest are let go of", () => {
  const found = Array.from({ length: 80 }, (_, i) => {
    const [curve, columns] = points([i, i + 1], [1, 2]);
    return { curve: { run: `${i}`, ...curve }, columns };
  });
  new SharedSteps().kept(found).forEach(({ columns }, i) => assert.deepEqual([...columns.get("step")], [i, i + 1]));
});
