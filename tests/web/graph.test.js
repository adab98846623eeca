// Pictures of graphs: boxes do not overlap, lines go from one to the other, and the same graph looks the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "./page.js";
import {
  DeviceScale,
  Scale,
  bytes,
  deviceNames,
  family,
  familyName,
  mix,
  sayDevices,
  si,
} from "../../dashboard/web/pages/graph/colour.js";
import { ramp } from "../../dashboard/web/charts/colour_maps.js";
import { layout } from "../../dashboard/web/pages/graph/layout.js";
import { GraphModel, ROOT } from "../../dashboard/web/pages/graph/model.js";
import { compose } from "../../dashboard/web/pages/graph/place.js";
import { Trace } from "../../dashboard/web/pages/graph/trace.js";
import { Numbers, some } from "./random.js";

function example(numbers, n = 1 + numbers.below(25)) {
  const nodes = Array.from({ length: n }, () => {
    const half = 20 + numbers.below(60);
    return { left: half, right: half, height: 20 + numbers.below(40) };
  });
  const edges = Array.from({ length: numbers.below(2 * n) }, () => ({
    source: numbers.below(n),
    target: numbers.below(n),
    out: 0,
    into: 0,
    weight: numbers.one([0.01, 0.5, 1]),
  })).filter(({ source, target }) => source !== target);
  return [nodes, edges];
}

test("boxes do not overlap, and the picture holds them", () => {
  const numbers = new Numbers(161);
  for (let i = 0; i < some(0.03); i++) {
    const [nodes, edges] = example(numbers),
      made = layout(nodes, edges);
    nodes.forEach((a, k) => {
      assert.ok(
        made.x[k] - a.left >= -1 &&
          made.x[k] + a.right <= made.width + 1 &&
          made.y[k] - a.height / 2 >= -1 &&
          made.y[k] + a.height / 2 <= made.height + 1,
      );
      for (let j = 0; j < k; j++) {
        const b = nodes[j],
          apart =
            Math.abs(made.y[k] - made.y[j]) >= (a.height + b.height) / 2 ||
            made.x[k] - a.left >= made.x[j] + b.right - 1 ||
            made.x[j] - b.left >= made.x[k] + a.right - 1;
        assert.ok(apart, `${j} and ${k}`);
      }
    });
  }
});

test("a line begins below its source and ends above its target, and only those in circles lead up", () => {
  const numbers = new Numbers(162);
  for (let i = 0; i < some(0.03); i++) {
    const [nodes, edges] = example(numbers),
      made = layout(nodes, edges);
    edges.forEach(({ source, target }, k) => {
      const route = made.routes[k],
        [first, last] = [route[0], route.at(-1)];
      const sign = made.back[k] ? -1 : 1;
      assert.ok(Math.abs(first[1] - made.y[source] - (sign * nodes[source].height) / 2) < 1, "it begins at its source");
      assert.ok(Math.abs(last[1] - made.y[target] + (sign * nodes[target].height) / 2) < 1, "it ends at its target");
      for (let j = 1; j < route.length; j++)
        assert.ok(sign * (route[j][1] - route[j - 1][1]) >= -1e-9, "it goes one way");
    });
    const downwards = edges.filter((edge) => edge.source < edge.target);
    assert.ok(!layout(nodes, downwards).back.some(Boolean), "where there is no circle none leads back");
    assert.deepEqual(layout(nodes, edges), made);
  }
});

test("what can be drawn without crossings is, in a chain, a tree and two that change places", () => {
  const node = () => ({ left: 30, right: 30, height: 20 }),
    edge = (source, target) => ({ source, target, out: 0, into: 0, weight: 1 });
  const chain = layout([node(), node(), node()], [edge(0, 1), edge(1, 2)]);
  assert.equal(new Set(chain.x).size, 1, "a chain is one column");
  assert.ok(chain.y[0] < chain.y[1] && chain.y[1] < chain.y[2]);
  const crossed = layout([node(), node(), node(), node()], [edge(0, 3), edge(1, 2)]);
  assert.ok((crossed.x[0] - crossed.x[1]) * (crossed.x[3] - crossed.x[2]) > 0);
  assert.deepEqual(layout([], []), { width: 0, height: 0, x: [], y: [], routes: [], back: [] });
});

test("inputs stand at the top in their order, outputs at the bottom", () => {
  const port = (at, turn) => ({ left: 1, right: 1, height: 0, at, turn }),
    node = { left: 30, right: 30, height: 20 };
  const made = layout(
    [port("top", 1), port("top", 0), node, port("bottom")],
    [
      [0, 2],
      [1, 2],
      [2, 3],
    ].map(([source, target]) => ({ source, target, out: 0, into: 0, weight: 0.5 })),
  );
  assert.ok(made.x[1] < made.x[0]);
  assert.ok(made.y[0] < made.y[2] && made.y[2] < made.y[3]);
});

const item = (id, label, kind = "op", more = {}) => ({ id, label, kind, op: "linear", ...more });

// A model of a scope in a scope: 1 → (2: 3 → 4) → 5, and a parameter 6 that is set aside.
function model() {
  const leaf = {
    nodes: 2,
    ops: [
      ["linear", 1],
      ["relu", 1],
    ],
  };
  const scopes = [
    {
      id: ROOT,
      form: "scope",
      path: "",
      children: [
        item(1, "input", "input"),
        item(2, "block", "scope", leaf),
        item(5, "loss"),
        item(6, "step", "parameter"),
      ],
      rail: [6],
      edges: [
        [1, 2, 1, ["8×4"]],
        [2, 5, 1, []],
        [6, 5, 1, []],
      ],
      enters: [],
      leaves: [],
      others: {},
    },
    {
      id: 2,
      form: "scope",
      path: "block",
      children: [item(3, "fc"), item(4, "relu")],
      rail: [],
      edges: [[3, 4, 1, []]],
      enters: [[1, 3, 1, ["8×4"]]],
      leaves: [[4, 5, 1, []]],
      others: { 1: { label: "input" }, 5: { label: "loss" } },
    },
  ];
  return new GraphModel("run", { hash: "h", scopes, open: { [ROOT]: "scope", 2: "scope" } });
}

test("an open scope is a box with what it holds in it, and lines go on through its border", () => {
  const scene = compose(model()),
    box = (id) => scene.byId.get(id),
    within = (a, b) => a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w + 1 && a.y + a.h <= b.y + b.h + 1;
  assert.deepEqual([...scene.byId.keys()].sort(), [1, 2, 3, 4, 5, 6]);
  assert.ok(box(2).open && within(box(3), box(2)) && within(box(4), box(2)) && !within(box(1), box(2)));
  assert.ok(box(1).y < box(2).y && box(3).y < box(4).y && box(2).y + box(2).h <= box(5).y);
  assert.equal(scene.rails.length, 1);
  assert.equal(scene.ghosts.length, 1);
  assert.deepEqual([scene.ghosts[0].from, scene.ghosts[0].to], [6, 5]);
  const trace = new Trace(scene),
    items = (...how) => [...trace.follow(...how).items].sort();
  assert.deepEqual(
    items(1, true),
    [2, 3, 4, 5].filter((id) => items(1, true).includes(id)),
  );
  for (const id of [3, 4, 5]) assert.ok(items(1, true).includes(id), `${id} depends on 1`);
  for (const id of [1, 3, 4, 6]) assert.ok(items(5, false).includes(id), `5 depends on ${id}`);
  assert.ok(!items(3, true, true).includes(5));
  assert.equal(trace.follow(6, true).ghosts.size, 1);
  assert.equal(trace.neighbour(3, "ArrowDown"), 4);
  assert.equal(trace.neighbour(4, "ArrowUp"), 3);
  assert.equal(trace.neighbour(2, "ArrowDown"), 3, "into what is open");
  assert.equal(trace.neighbour(6, "ArrowLeft"), 1, "what is beside it at its height");
  assert.equal(trace.neighbour(99, "ArrowDown"), scene.boxes[0].id);
});

test("what is closed is one box, and is laid out again only where something changed", () => {
  const known = model(),
    open = compose(known);
  known.hide(2);
  const closed = compose(known);
  assert.ok(!closed.byId.has(3) && !closed.byId.get(2).open && closed.height < open.height);
  known.hide(ROOT);
  assert.ok(known.content(ROOT), "the whole stays open");
  known.open.set(2, "scope");
  assert.deepEqual(compose(known), open);
});

test("a model knows what it was told, what is open, and the way to an item", () => {
  const known = model();
  assert.deepEqual(known.visible(), [ROOT, 2]);
  assert.deepEqual(known.opened(), [["scope", "block"]]);
  assert.deepEqual(known.way(3), ["block", "fc"]);
  assert.deepEqual([known.canOpen(2), known.canOpen(3), known.canOpen(77)], [true, false, false]);
  assert.equal(known.usualForm(2), "scope");
  assert.equal(known.nameOf(5, known.content(2)), "loss");
  assert.equal(known.nameOf(77, known.content(2)), "");
  assert.equal(known.resolve("5", known.content(2)), 5);
  assert.equal(known.resolve("8", { others: { 8: { parent: 2 } } }), 8);
  known.open.set(2, "one");
  assert.equal(known.resolve("8", { others: { 8: { parent: 2 } } }), 2);
  assert.equal(known.content(2), undefined, "of another form nothing has come yet");
});

test("operations of a kind have one family, whoever names them", () => {
  const cases = [
    ["aten::conv2d", "conv"],
    ["Conv2D", "conv"],
    ["onnx::Gemm", "matmul"],
    ["addmm", "matmul"],
    ["BatchNorm", "norm"],
    ["ReLU", "activation"],
    ["cross_entropy", "loss"],
    ["MaxPool", "reduce"],
    ["Embedding", "lookup"],
    ["reshape", "shape"],
    ["add", "math"],
    ["Const", "data"],
    ["Quux", "other"],
    ["", "other"],
    [null, "other"],
  ];
  for (const [op, wanted] of cases) assert.equal(family(op), wanted, op);
  assert.equal(familyName("matmul"), "matrix product");
  assert.deepEqual(
    mix({
      ops: [
        ["conv", 2],
        ["relu", 1],
        ["conv1d", 5],
        ["const", 9],
      ],
    }),
    [
      ["conv", 7],
      ["activation", 1],
    ],
  );
  assert.deepEqual(mix({}), []);
});

test("counts and sizes as people say them", () => {
  assert.deepEqual([0, 840, 1234567, 25.6e6, 1e12].map(si), ["0", "840", "1.23M", "25.6M", "1T"]);
  assert.deepEqual([12, 2048, 3 * 2 ** 20].map(bytes), ["12 B", "2 KiB", "3 MiB"]);
});

test("more is a colour farther along, none is none, and words on it can be read", () => {
  for (const theme of ["light", "dark"]) {
    root.dataset.theme = theme;
    const items = [{ n: 0 }, { n: 1 }, { n: 50 }, { n: 100 }],
      scale = new Scale(items, ({ n }) => n || null);
    assert.deepEqual(
      items.map((each) => scale.at(each)),
      [null, 0.1, Math.sqrt(0.5), 1],
    );
    assert.equal(scale.colour(items[0]), null);
    const [last] = ramp().slice(-1),
      channels = scale.colour(items[3]).fill.match(/\d+/g).map(Number);
    assert.equal(`#${channels.map((each) => each.toString(16).padStart(2, "0")).join("")}`, last);
    assert.equal(new Scale([{ n: NaN }], ({ n }) => n).odd, true);
    assert.deepEqual(scale.colour({ n: Infinity }), scale.oddly);
    const devices = new DeviceScale(["/job:a/device:GPU:0", "/job:a/device:GPU:1"]);
    assert.deepEqual(
      [devices.colour({}), devices.colour({ devices: [1] }), devices.colour({ devices: [0, 1] })],
      [null, devices.fill(1), devices.mixed],
    );
  }
  root.dataset.theme = "light";
  assert.deepEqual(deviceNames(["/job:a/device:GPU:0", "/job:b/device:GPU:0", "CPU:0"]), [
    "/job:a/device:GPU:0",
    "/job:b/device:GPU:0",
    "CPU:0",
  ]);
  assert.deepEqual(
    [[], [0], [0, 1], undefined].map((devices) => sayDevices(devices, ["GPU:0"])),
    ["", "GPU:0", "2 devices", ""],
  );
});
