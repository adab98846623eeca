// What stands in space: clouds, cameras, surfaces and walks over them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../../dashboard/web/gl/camera.js";
import { Surface, progress, ramp, readSlice } from "../../dashboard/web/pages/paths/surface.js";
import { Walk, axisOf } from "../../dashboard/web/pages/paths/walk.js";
import { Points, fitted } from "../../dashboard/web/gl/points.js";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { points } from "./answers.js";
import { Numbers, some } from "./random.js";

test("a cloud is centred in the unit ball, distances stay true, what is not finite is out of sight", () => {
  const numbers = new Numbers(171),
    n = 500,
    columns = [5, 0, -3].map((shift) => Float64Array.from({ length: n }, () => shift + numbers.normal())),
    odd = 7;
  columns[0][odd] = NaN;
  const places = fitted(columns, n),
    far = (i, j, from) => Math.hypot(...[0, 1, 2].map((k) => from(i, k) - from(j, k)));
  const sizes = Array.from({ length: n }, (_, i) => Math.hypot(...places.subarray(3 * i, 3 * i + 3)));
  assert.equal(sizes.filter((size) => size > 1 + 1e-6).length, 1 + Math.floor(n * 0.01) - 1);
  assert.ok(places[3 * odd] > 1e8);
  const scale = far(0, 1, (i, k) => columns[k][i]) / far(0, 1, (i, k) => places[3 * i + k]);
  for (let i = 8; i < 50; i++)
    assert.ok(Math.abs(far(0, i, (a, k) => columns[k][a]) / far(0, i, (a, k) => places[3 * a + k]) / scale - 1) < 1e-4);
  // Of some alone, the others are out of sight and have no part in where the middle is.
  const only = fitted([columns[1], columns[2], null], n, [1, 2, 3]);
  assert.equal([...only].filter((value) => value > 1e8).length, 3 * (n - 3));
  assert.ok(Math.abs(only[3] + only[6] + only[9]) < 1e-5);
});

test("a point is picked where the camera shows it", () => {
  const camera = new Camera(),
    points = Object.create(Points.prototype);
  Object.assign(points, {
    canvas: { clientWidth: 400, clientHeight: 300 },
    places: Float32Array.of(0, 0, 0, 0.5, 0, 0, 0, 0.5, 0, 0, 0, 100),
    count: 4,
    matrix: camera.matrix(4 / 3),
  });
  assert.deepEqual(points.project(0).slice(0, 2).map(Math.round), [200, 150], "what is in the middle is seen there");
  for (const i of [0, 1, 2]) {
    const [x, y] = points.project(i);
    assert.equal(points.nearest(x + 2, y - 2), i);
  }
  assert.equal(points.project(3), null, "behind the eye");
  assert.equal(points.nearest(5, 5), -1);
  assert.deepEqual(points.within(0, 0, 400, 300), [0, 1, 2]);
  const [x, y] = points.project(1);
  assert.deepEqual(points.within(x - 1, y - 1, x + 1, y + 1), [1]);
});

test("a camera keeps angles, turns with the arrows and tells who listens", () => {
  const camera = new Camera(),
    acts = new Map();
  let told = 0;
  camera.listeners.add(() => {
    told += 1;
  });
  camera.attach({ addEventListener: (name, act) => acts.set(name, act), setPointerCapture() {}, clientHeight: 100 });
  const event = (more) => ({ preventDefault() {}, stopPropagation() {}, buttons: 1, clientX: 0, clientY: 0, ...more });
  acts.get("pointerdown")(event());
  acts.get("pointermove")(event({ clientX: 10, clientY: 1000 }));
  assert.ok(camera.yaw > 0.6 && camera.pitch <= 1.57 && told === 1);
  acts.get("pointermove")(event({ clientX: 20, clientY: 1000, shiftKey: true }));
  assert.ok(camera.panX > 0);
  acts.get("pointerup")();
  acts.get("pointermove")(event({ clientX: 500 }));
  assert.equal(told, 2, "a pointer that is up turns nothing");
  for (const key of ["ArrowLeft", "+", "-", "ArrowDown"]) acts.get("keydown")(event({ key }));
  acts.get("keydown")(event({ key: "x" }));
  acts.get("keydown")(event({ key: "+", ctrlKey: true }));
  assert.equal(told, 6);
  for (let i = 0; i < 100; i++) acts.get("wheel")(event({ deltaY: -500 }));
  assert.equal(camera.distance, 0.05);
  camera.flat = true;
  acts.get("keydown")(event({ key: "ArrowUp" }));
  acts.get("contextmenu")(event());
  // Lengths are kept by a turn: columns of the view are at right angles.
  const m = new Camera().matrix(1),
    dot = [0, 1, 2].reduce((all, k) => all + m[4 * k] * m[4 * k + 1], 0);
  assert.ok(Math.abs(dot) < 1e-5);
  camera.reset();
  assert.deepEqual([camera.flat, camera.distance], [false, 3.2]);
});

const surface = (values, more = {}) =>
  Surface.read(JSON.stringify({ x: [0, 2], y: [0, 1], shape: [2, 3], values, ...more }));

test("heights are between 0 and 1, in the order of the values, and read back as them", () => {
  const numbers = new Numbers(172);
  for (let i = 0; i < some(0.1); i++) {
    const values = Array.from({ length: 6 }, () => numbers.one([numbers.normal(), 10 ** (numbers.random() * 6)])),
      made = surface(values);
    for (const way of ["even", "linear", "log"]) {
      made.spread(way);
      values.forEach((value, k) => {
        const height = made.heights[k];
        assert.ok(height >= 0 && height <= 1 + 1e-12);
        if (made.way !== "log" || height > 0)
          assert.ok(
            Math.abs(made.valueAt(height) - value) <= 1e-6 * (1 + Math.abs(value)),
            `${way}: ${value} at ${height}`,
          );
        for (let j = 0; j < k; j++) assert.ok((values[j] - value) * (made.heights[j] - height) >= 0);
      });
      for (let k = 0; k < 6; k++) assert.equal(made.at((k % 3) / 2, Math.floor(k / 3)), made.heights[k]);
      const [least, most] = [Math.min(...made.heights), Math.max(...made.heights)],
        between = made.at(numbers.random(), numbers.random());
      assert.ok(between >= least - 1e-12 && between <= most + 1e-12);
    }
  }
});

test("what is not known lies between what is, and what is not finite is a hole", () => {
  const made = surface([0, null, 1, 0, "nan", 1]);
  assert.ok(made.heights[1] > 0 && made.heights[1] < 1);
  assert.ok(made.isHole(0.5, 1) && !made.isHole(0.5, 0) && made.broken === 1 && !made.isWhole);
  assert.ok(Number.isFinite(made.at(0.5, 0.9)));
  assert.equal(surface([1, null, null, null, null, null]).at(1, 1), 0, "one height is flat");
  assert.equal(surface([1, 1, 1, 1, "inf", 1]).at(0.5, 1), 1, "a hole by itself is a peak");
  assert.equal(surface(Array(6).fill(null)).isFlat, true);
  assert.equal(Surface.flat([0, 1], [0, 1]).valueAt(0.3), 0);
  assert.deepEqual([made.u(1), made.v(0.25), made.index(9, -9)], [0.5, 0.25, 2]);
  assert.equal(surface([1, 2, 3, 4, 5, 6], { scale: "log", own: true }).way, "log");
  assert.equal(surface([-1, -2, -3, -4, -5, -6], { scale: "log" }).way, "linear", "nothing positive has no logarithm");
});

test("what is no surface is none", () => {
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"x": [0, 1]}',
    '{"x": [1, 0], "y": [0, 1], "shape": [2, 2], "values": [1, 2, 3, 4]}',
    '{"x": [0, 1], "y": [0, 1], "shape": [2, 3], "values": [1, 2, 3, 4]}',
    '{"x": [0, 1], "y": [0, 1], "shape": [1, 4], "values": [1, 2, 3, 4]}',
  ])
    assert.equal(Surface.read(text), null, text);
  for (const text of ["{", "null", '{"x": [0, 1], "values": [1]}', '{"x": [0, 0], "values": [1, 2]}'])
    assert.equal(readSlice(text), null, text);
  const slice = readSlice(
    '{"x": [0, 1], "values": [1, null, "inf", "-inf"], "formula": 5, "labels": ["a", 3], "done": "2"}',
  );
  assert.deepEqual(
    [slice.values, slice.known, slice.broken, slice.formula, slice.labels, slice.done],
    [[1, NaN, Infinity, -Infinity], [true, false, true, true], 2, "", ["a", ""], 2],
  );
  assert.deepEqual(surface([1, 2, 3, 4, 5, 6], { minima: [[1, 2], [3], ["a", 1]] }).minima, [[1, 2]]);
});

test("how far a surface is", () => {
  const at = { state: "computing", done: 5, total: 1000, problem: "", broken: 0 };
  assert.deepEqual(
    [
      progress(at, true),
      progress(at, false),
      progress({ ...at, state: "failed", problem: "no memory", broken: 2 }, false),
      progress({ ...at, done: 1000, state: "done" }, false),
    ],
    ["5 of 1,000 points", "stopped at 5 of 1,000 points", "failed at 5 of 1,000 points: no memory · 2 not finite", ""],
  );
});

test("colours of heights go from one end of the ramp to the other", () => {
  for (const dark of [false, true]) {
    assert.deepEqual(ramp(-1, dark), ramp(0, dark));
    assert.deepEqual(ramp(2, dark), ramp(1, dark));
    for (let t = 0; t < 1; t += 0.01)
      ramp(t, dark).forEach((channel, k) =>
        assert.ok(Math.abs(channel - ramp(t + 0.01, dark)[k]) < 4, "without a jump"),
      );
  }
});

test("a walk has a place at each step that both of its axes know", () => {
  const numbers = new Numbers(173);
  for (let i = 0; i < some(0.05); i++) {
    const curves = { x: new Curve("run"), y: new Curve("run"), value: new Curve("run") },
      walk = new Walk("run", (axis) => curves[axis]),
      given = { x: new Map(), y: new Map(), value: new Map() };
    for (const axis of ["x", "y", "value"]) {
      for (let step = 0; step < 30; step++) if (numbers.random() < 0.7) given[axis].set(step, numbers.normal());
      curves[axis].load(...points([...given[axis].keys()], [...given[axis].values()]));
    }
    walk.join();
    const wanted = [...given.x.keys()].filter((step) => given.y.has(step));
    assert.deepEqual([...walk.steps], wanted);
    wanted.forEach((step, k) => {
      assert.deepEqual(
        [walk.x[k], walk.y[k], walk.value[k]],
        [given.x.get(step), given.y.get(step), given.value.get(step) ?? NaN],
      );
      assert.equal(walk.index(step), k);
      assert.equal(walk.place(step).x, given.x.get(step));
      if (k) {
        const [a, b] = [wanted[k - 1], step],
          middle = walk.place((a + b) / 2);
        assert.ok(Math.abs(middle.x - (given.x.get(a) + given.x.get(b)) / 2) < 1e-12 && !middle.hasEnded);
      }
    });
    assert.equal(walk.place(-1), null);
    assert.equal(walk.end, wanted.at(-1) ?? -Infinity);
    if (wanted.length) assert.ok(walk.place(99).hasEnded);
    const before = walk.steps;
    walk.join();
    assert.equal(walk.steps, before, "what has not changed is not joined again");
  }
  assert.equal(axisOf("path/a/x"), "x");
});
