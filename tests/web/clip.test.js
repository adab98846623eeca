// Paths cut to a box: what is left lies in it, and what lay in it is left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cut } from "../../dashboard/web/charts/clip.js";
import { Numbers, some } from "./random.js";

const BOX = [0, 0, 100, 80],
  ROOM = 50; // and so far beyond it nothing is cut
const isIn = (x, y) => x >= -ROOM - 1e-6 && x <= 150 + 1e-6 && y >= -ROOM - 1e-6 && y <= 130 + 1e-6;
const ends = (path) => path.filter(([kind]) => kind !== "Z").map(([, x, y]) => [x, y]);

// The parts of a path as segments.
function segments(path) {
  const found = [];
  let at = null;
  for (const [kind, x, y] of path) {
    if (kind === "L") found.push([at, [x, y]]);
    at = [x, y];
  }
  return found;
}

const isOn = ([px, py], [[ax, ay], [bx, by]]) => {
  const length = Math.hypot(bx - ax, by - ay),
    away = length ? Math.abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length : Math.hypot(px - ax, py - ay);
  return (
    away < 1e-4 &&
    px >= Math.min(ax, bx) - 1e-4 &&
    px <= Math.max(ax, bx) + 1e-4 &&
    py >= Math.min(ay, by) - 1e-4 &&
    py <= Math.max(ay, by) + 1e-4
  );
};

test("a line that is cut stays in the box, and each place on it that is in the box stays on it", () => {
  const numbers = new Numbers(81);
  for (let i = 0; i < some(0.2); i++) {
    const wide = numbers.one([100, 1000, 1e5]),
      place = () => [(numbers.random() - 0.5) * wide + 50, (numbers.random() - 0.5) * wide + 40];
    const path = Array.from({ length: 2 + numbers.below(12) }, (_, k) => [
        k && numbers.random() < 0.9 ? "L" : "M",
        ...place(),
      ]),
      found = cut(path, BOX, false);
    for (const [x, y] of ends(found)) assert.ok(isIn(x, y), `${x} ${y}`);
    const left = segments(found);
    for (const [a, b] of segments(path))
      for (let part = 0; part <= 1; part += 0.05) {
        const at = [a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])];
        if (isIn(...at) && isIn(at[0] - 0.01, at[1] - 0.01) && isIn(at[0] + 0.01, at[1] + 0.01))
          assert.ok(
            left.some((each) => isOn(at, each)),
            `${at} of ${JSON.stringify(path)}`,
          );
      }
  }
});

test("a shape that is cut has the area that it has within the box", () => {
  const numbers = new Numbers(82);
  const area = (corners) =>
    Math.abs(
      corners.reduce((all, [x, y], i) => {
        const [bx, by] = corners[(i + 1) % corners.length];
        return all + x * by - bx * y;
      }, 0),
    ) / 2;
  for (let i = 0; i < some(0.1); i++) {
    const [x, y, w, h] = [
      numbers.random() * 400 - 200,
      numbers.random() * 400 - 200,
      numbers.random() * 500,
      numbers.random() * 500,
    ];
    const found = cut([["M", x, y], ["L", x + w, y], ["L", x + w, y + h], ["L", x, y + h], ["Z"]], BOX, true);
    const shared =
      Math.max(0, Math.min(150, x + w) - Math.max(-50, x)) * Math.max(0, Math.min(130, y + h) - Math.max(-50, y));
    assert.ok(Math.abs((found.length ? area(ends(found)) : 0) - shared) < 1e-6 * (1 + shared));
  }
});

test("what is in the box is the same path, circles outside are left out, and a closed line is closed", () => {
  const inside = [["M", 1, 1], ["L", 50, 50], ["O", 3, 3, 2], ["Z"]];
  assert.equal(cut(inside, BOX, false), inside);
  assert.deepEqual(
    cut(
      [
        ["O", 500, 5, 2],
        ["O", 5, 5, 2],
      ],
      BOX,
      false,
    ),
    [["O", 5, 5, 2]],
  );
  assert.deepEqual(
    cut([["M", 10, 10], ["L", 10, 60], ["L", 1000, 60], ["Z"]], BOX, false)
      .at(-1)
      .slice(1),
    [10, 10],
  );
  assert.deepEqual(cut([["M", 500, 500], ["L", 600, 500], ["Z"]], BOX, true), []);
});
