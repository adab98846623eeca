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
