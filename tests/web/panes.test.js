// Panes: where windows lie, which there are, the tree of environments, what a training is told, and what figures may say.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { Curve } from "../../dashboard/web/charts/curve.js";
import { query } from "../../dashboard/web/text/query.js";
import { harmless, lookOnly } from "../../dashboard/web/ui/figure_words.js";
import { entriesOf } from "../../dashboard/web/pages/panes/entries.js";
import { placed } from "../../dashboard/web/pages/panes/forces.js";
import { ImageCamera } from "../../dashboard/web/pages/panes/image_camera.js";
import { figureOf, from, lookOf, place, tracesOf } from "../../dashboard/web/pages/panes/line_look.js";
import { networkOf } from "../../dashboard/web/pages/panes/network.js";
import { changeOf, keyOf, pixelOf, pointOf } from "../../dashboard/web/pages/panes/pane_events.js";
import { changesOf } from "../../dashboard/web/pages/panes/places.js";
import { moved, resized } from "../../dashboard/web/pages/panes/snapping.js";
import { columnsOf, GAP, overlap, roomFor, SMALLEST, tiled, within } from "../../dashboard/web/pages/panes/tiling.js";
import { treeOf } from "../../dashboard/web/pages/panes/tree.js";
import { colourOf } from "../../dashboard/web/pages/panes/view.js";
import { generator } from "./random.js";

const apart = (places) => {
  const all = [...places];
  for (let i = 0; i < all.length; i++)
    for (let j = 0; j < i; j++) assert.ok(!overlap(all[i], all[j]), JSON.stringify([all[i], all[j]]));
};

test("windows lie side by side in their order, none over another, none beyond the board", () => {
  const unit = generator(17);
  for (const width of [320, 390, 760, 1140, 2560, 3600])
    for (let turn = 0; turn < 20; turn++) {
      const tiles = Array.from({ length: 40 }, (_, i) => ({
        key: `p${i}`,
        width: unit() < 0.3 ? 100 + 1500 * unit() : undefined,
        height: unit() < 0.3 ? 50 + 900 * unit() : undefined,
        group: unit() < 0.4 ? "g" : undefined,
      }));
      const places = tiled(tiles, width);
      assert.deepEqual(
        [...places.keys()],
        tiles.map(({ key }) => key),
      ); // prettier-ignore
      apart(places.values());
      for (const { x, y, w, h } of places.values())
        assert.ok(x >= 0 && y >= 0 && x + w <= width && w > 0 && h > 0, JSON.stringify([width, x, y, w, h]));
    }
});

test("windows of one size fill rows without a hole, in the order of reading", () => {
  const { count } = columnsOf(1140);
  assert.equal(count, 3);
  const places = [
    ...tiled(
      Array.from({ length: 7 }, (_, i) => ({ key: String(i) })),
      1140,
    ).values(),
  ]; // prettier-ignore
  const order = places.toSorted((a, b) => a.y - b.y || a.x - b.x);
  assert.deepEqual(order, places);
  assert.equal(new Set(places.map(({ y }) => y)).size, 3);
  assert.deepEqual([...tiled([], 1140)], []);
  // More never moves those that were there.
  const more = tiled(
    Array.from({ length: 9 }, (_, i) => ({ key: String(i) })),
    1140,
  ); // prettier-ignore
  assert.deepEqual([...more.values()].slice(0, 7), places);
});

test("windows of a group stand in one row where that is wide enough, and rows are as wide as they", () => {
  const tiles = ["a", "b", "b2", "b3", "c"].map((key) => ({ key, group: key[0] }));
  const places = tiled(tiles, 1140);
  assert.equal(new Set(["b", "b2", "b3"].map((key) => places.get(key).y)).size, 1);
  assert.equal(places.get("c").y, places.get("a").y); // the room beside the first is not lost
  assert.deepEqual(
    [1, 2, 3, 4].map((abreast) => columnsOf(1140, abreast).count),
    [3, 2, 3, 3],
  );
  assert.deepEqual(
    [2, 3, 4].map((abreast) => columnsOf(3576, abreast).count),
    [10, 9, 8],
  );
  const pairs = tiled(
    ["a1", "a2", "b1", "b2"].map((key) => ({ key, group: key[0] })),
    1140,
  );
  assert.deepEqual(
    [...pairs.values()].map(({ x }) => x > 0),
    [false, true, false, true],
  );
});

test("a new window finds room beside those that were put somewhere", () => {
  const unit = generator(5);
  for (let turn = 0; turn < 50; turn++) {
    const others = Array.from({ length: 12 }, () => ({
      x: Math.floor(700 * unit()),
      y: Math.floor(900 * unit()),
      w: 180 + Math.floor(300 * unit()),
      h: 96 + Math.floor(300 * unit()),
    }));
    const found = roomFor(others, { key: "new" }, 1140);
    for (const other of others) assert.ok(!overlap(found, other));
    assert.ok(found.x >= 0 && found.x + found.w <= 1140);
  }
  assert.deepEqual([roomFor([], { key: "new" }, 1140).x, roomFor([], { key: "new" }, 1140).y], [0, 0]);
});

test("a window is caught by the edges of others, and stays on the board", () => {
  const other = { x: 400, y: 0, w: 300, h: 200 },
    own = { x: 0, y: 300, w: 200, h: 150 };
  assert.deepEqual(moved(own, 184, -95, [other], 1000), { ...own, x: 188, y: 200 + GAP }); // beside it, below it
  assert.deepEqual(moved(own, 150, 60, [other], 1000), { ...own, x: 150, y: 360 }); // near nothing
  assert.deepEqual(moved(own, -500, -500, [], 1000), { ...own, x: 0, y: 0 });
  assert.deepEqual(moved(own, 5000, 0, [], 1000), { ...own, x: 800 });
  assert.equal(resized(own, 195, 0, [other], 1000).w, 400 - GAP); // as far as the gap before it
  assert.equal(resized(own, 5000, -5000, [], 1000).w, 1000);
  assert.equal(resized(own, 0, -5000, [], 1000).h, SMALLEST.h);
  assert.deepEqual(within({ x: 900, y: -5, w: 5000, h: 1 }, 600), { x: 0, y: 0, w: 600, h: SMALLEST.h });
});

const listed = (id, more = {}) => ({ id, type: "text", title: null, opts: {}, n: 1, step: 0, wall_time: 0, ...more });

test("a filter looks at the names, titles and types of panes", () => {
  const environment = { run: "a", panes: [listed("loss", { type: "lines" }), listed("w", { title: "Words 12" })] };
  const shown = (text) => {
    const { entries, hidden } = entriesOf([environment], query(text), (run) => run);
    return [entries.map(({ key }) => key), hidden];
  };
  assert.deepEqual(shown(""), [["loss", "w"], 0]);
  assert.deepEqual(shown("words"), [["w"], 1]);
  assert.deepEqual(shown("/^Words \\d+$/"), [["w"], 1]);
  assert.deepEqual(shown("lines"), [["loss"], 1]);
  assert.deepEqual(shown("-words"), [["loss"], 1]);
  assert.deepEqual(shown("nothing"), [[], 2]);
});

test("several environments stand side by side, and their lines lie over each other", () => {
  const environments = ["a", "b"].map((run) => ({
    run,
    panes: [listed("loss", { type: "lines" }), listed("words"), ...(run === "b" ? [listed("only")] : [])],
  }));
  const { entries } = entriesOf(environments, query(""), (run) => run);
  assert.deepEqual(
    entries.map(({ id, of }) => [id, ...of.map(({ run }) => run)]),
    [
      ["loss", "a", "b"],
      ["words", "a"],
      ["words", "b"],
      ["only", "b"],
    ],
  ); // prettier-ignore
  assert.equal(new Set(entries.map(({ key }) => key)).size, 4);
  assert.ok(entries.every(({ isCompared, group, id }) => isCompared && group === id));
  // A pane that is lines in one and a text in the other is two windows.
  environments[1].panes[0] = listed("loss");
  assert.equal(entriesOf(environments, query(""), String).entries.filter(({ id }) => id === "loss").length, 2);
});

test("environments are a tree by their names", () => {
  const rows = (names) => treeOf(names).map(({ label, depth, name }) => [depth, label, name]);
  assert.deepEqual(rows(["main"]), [[0, "main", "main"]]);
  assert.deepEqual(rows(["mnist_adam_2", "mnist_adam_10", "mnist_sgd", "main"]), [
    [0, "main", "main"],
    [0, "mnist", null],
    [1, "adam", null],
    [2, "2", "mnist_adam_2"],
    [2, "10", "mnist_adam_10"],
    [1, "sgd", "mnist_sgd"],
  ]);
  assert.deepEqual(rows(["a", "a/b", "a_c"]), [
    [0, "a", "a"],
    [1, "b", "a/b"],
    [1, "c", "a_c"],
  ]);
  assert.deepEqual(rows(["one_long_name"]), [[0, "one_long_name", "one_long_name"]]);
  assert.deepEqual(treeOf(["a_b", "a_c"])[0].names, ["a_b", "a_c"]);
  assert.deepEqual(treeOf([]), []);
});

test("every environment is in the tree once, whatever it is called", () => {
  const unit = generator(3),
    signs = ["a", "b", "_", "/", "__proto__", " "];
  for (let turn = 0; turn < 200; turn++) {
    const names = [
      ...new Set(
        Array.from({ length: 8 }, () =>
          Array.from({ length: 1 + Math.floor(6 * unit()) }, () => signs[Math.floor(signs.length * unit())]).join(""),
        ),
      ),
    ]; // prettier-ignore
    const found = treeOf(names).flatMap(({ name }) => name ?? []);
    assert.deepEqual(found.toSorted(), names.toSorted());
  }
});

test("a training is told of keys, points, pixels and properties", () => {
  const key = (name, more = {}) =>
    keyOf({ key: name, keyCode: 65, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more }); // prettier-ignore
  assert.deepEqual(key("a"), { kind: "key", key: "a", key_code: 65 });
  assert.deepEqual(key("ArrowLeft").key, "ArrowLeft");
  for (const name of ["Tab", "Escape", "Shift"]) assert.equal(key(name), null);
  assert.equal(key("c", { ctrlKey: true }), null);
  assert.deepEqual(
    { ...pointOf({ x: 1, y: NaN, curveNumber: 2, pointNumber: 3, data: { name: "fit" } }) },
    { kind: "click", x: 1, y: "NaN", curve: 2, point: 3, name: "fit" },
  ); // prettier-ignore
  assert.deepEqual(
    { ...pointOf({ label: "pie", value: 3, pointNumber: [1, 2] }) },
    { kind: "click", x: "pie", y: 3, point: [1, 2] },
  ); // prettier-ignore
  assert.deepEqual(pixelOf(3.9, 0.2, 4, 4), { kind: "click", image_x: 3, image_y: 0 });
  for (const [x, y] of [
    [-0.1, 0],
    [4, 0],
    [0, 4],
  ])
    assert.equal(pixelOf(x, y, 4, 4), null); // prettier-ignore
  const change = (property, given) => changeOf(1, { name: "p", ...property }, given)?.value;
  assert.equal(change({ type: "text", value: "x" }, "y"), "y");
  assert.equal(change({ type: "number", value: 1 }, "2.5"), 2.5);
  assert.equal(change({ type: "number", value: "12" }, "13"), "13"); // as it was written, as Visdom's are
  for (const wrong of ["", " ", "x", "Infinity"])
    assert.equal(changeOf(0, { type: "number", name: "p", value: 1 }, wrong), null); // prettier-ignore
  assert.equal(change({ type: "checkbox", value: true }, false), false);
  assert.equal(change({ type: "select", value: "sgd", values: ["sgd", "adam"] }, "1"), "adam");
  assert.equal(change({ type: "select", value: 0, values: ["Red", "Green"] }, "1"), 1);
  assert.equal(changeOf(0, { type: "select", name: "p", value: 0, values: ["Red"] }, "7"), null);
  assert.equal(change({ type: "button", value: "Start" }, "clicked"), "clicked");
});

test("lines look as Visdom's options or a layout say", () => {
  const traces = tracesOf({ traces: [{ y: "t" }, { y: 5 }, null, { y: "u", name: "u", x: 3, start: -1 }] });
  assert.deepEqual(
    traces.map(({ name, x, start }) => [name, x, start]),
    [
      ["1", null, undefined],
      ["u", null, undefined],
    ],
  ); // prettier-ignore
  for (const odd of [null, {}, { traces: "x" }]) assert.deepEqual(tracesOf(odd), []);
  const layout = { xaxis: { title: { text: "<b>t</b>" }, type: "log" }, yaxis: { title: "v" } };
  assert.deepEqual(lookOf({ traces, layout }, {}), { xName: "t", yName: "v", logx: true, logy: false, legend: true });
  assert.equal(lookOf({ traces, layout }, { xtype: "linear", ylabel: "w", ytype: "log" }).yName, "w");
  assert.equal(lookOf({ traces: traces.slice(0, 1) }, {}).legend, false);
});

const curve = (values, steps = values.map((_, i) => i)) =>
  Curve.of("r", { x: Float64Array.from(steps), w: Float64Array.from(steps), mean: Float64Array.from(values) });

test("points lie where their x says, exactly where both are points, between where they are columns", () => {
  const y = curve([1, 2, 3]);
  assert.ok(place(y, curve([10, 10, 30])));
  assert.deepEqual([...y.m0], [10, 10, 30]);
  assert.ok(!place(y, curve([10, 5, 30]))); // it goes back: no curve
  assert.ok(place(y, null, 0));
  assert.deepEqual([...y.m0], [0, 1, 2]);
  const late = curve([1, 2], [100, 101]);
  place(late, null, 100); // what took the place of the first hundred begins at 0
  assert.deepEqual([...late.m0], [0, 1]);
  // A column of steps 0 to 10 that goes from 0 to 20.
  const wide = curve([0]);
  Object.assign(wide, { x1: Float64Array.of(10), first: Float64Array.of(0), last: Float64Array.of(20) });
  const few = curve([7, 7], [0, 5]);
  place(few, wide);
  assert.deepEqual([...few.m1], [0, 10]);
  const figure = figureOf(
    [{ trace: { name: "n", y: "t", mode: "markers" }, label: "n", colour: "red", dash: [6, 3], curve: y }],
    lookOf({ traces: [] }, {}),
  ); // prettier-ignore
  assert.deepEqual([figure.data[0].x, figure.data[0].y, figure.data[0].mode], [[0, 1, 2], [1, 2, 3], "markers"]);
});

test("a colour is a colour and no address", () => {
  for (const text of ["#fff", "#3b6fe0", "red", "rgb(1, 2, 3)", "rgba(1,2,3,0.5)", "hsl(120, 50%, 50%)"])
    assert.equal(colourOf(text), text);
  for (const text of ["url(//x)", "red;background:url(x)", "var(--x)", "image-set('x')", 5, null, "expression(1)"])
    assert.equal(colourOf(text), null);
});

test("a network lies in the same way each time, within its square, neighbours nearer than others", () => {
  const edges = [];
  for (let i = 0; i < 30; i++) edges.push([i, (i + 1) % 30]);
  const a = placed(30, edges),
    b = placed(30, edges);
  assert.deepEqual(a, b);
  for (const axis of [a.x, a.y]) assert.ok(axis.every((value) => value >= 0 && value <= 1));
  const far = (i, j) => Math.hypot(a.x[i] - a.x[j], a.y[i] - a.y[j]);
  const mean = (pairs) => pairs.reduce((sum, [i, j]) => sum + far(i, j), 0) / pairs.length;
  assert.ok(mean(edges) < 0.5 * mean(edges.map(([i]) => [i, (i + 15) % 30])));
  for (let i = 0; i < 30; i++) for (let j = 0; j < i; j++) assert.ok(far(i, j) > 0.01);
  assert.deepEqual(placed(0, []), { x: new Float64Array(0), y: new Float64Array(0) });
  assert.deepEqual([...placed(1, []).x], [0.5]);
});

test("a network is read from what names its nodes or numbers them", () => {
  const { nodes, edges } = networkOf({
    nodes: [{ name: "a" }, { name: "b", color: "url(x)" }, "c"],
    edges: [{ source: "a", target: 1 }, [1, 2], [0, 9], null],
  }); // prettier-ignore
  assert.deepEqual(
    nodes.map(({ name, colour }) => [name, colour]),
    [
      ["a", null],
      ["b", null],
      ["c", null],
    ],
  ); // prettier-ignore
  assert.deepEqual(
    edges.map(({ from, to }) => [from, to]),
    [
      [0, 1],
      [1, 2],
    ],
  ); // prettier-ignore
  assert.equal(
    networkOf({
      edges: [
        [0, 3],
        [1, 2],
      ],
    }).nodes.length,
    4,
  ); // prettier-ignore
  for (const odd of [null, 5, { nodes: "x", edges: {} }]) assert.equal(networkOf(odd).nodes.length, 0);
});

test("a picture is fitted, zoomed around the pointer and kept in its window", () => {
  const camera = new ImageCamera();
  camera.within(200, 100);
  camera.of(400, 100);
  assert.deepEqual([camera.k, camera.x, camera.y], [0.5, 0, 25]);
  const before = camera.at(150, 50);
  camera.zoom(4, 150, 50);
  camera.at(150, 50).forEach((value, i) => assert.ok(Math.abs(value - before[i]) < 1e-9));
  camera.move(1e6, 1e6);
  assert.deepEqual([camera.x, camera.y], [0, 0]);
  camera.move(-1e6, -1e6);
  assert.deepEqual([camera.x, camera.y], [200 - 400 * camera.k, 100 - 100 * camera.k]);
  camera.zoom(1e-9, 0, 0);
  assert.ok(camera.isFitted);
});

test("what a figure says only changes how it looks", () => {
  for (const [said, kept] of [
    ["plain < 5", "plain < 5"],
    ["<b>bold</b> x<sub>2</sub><br>", "<b>bold</b> x<sub>2</sub><br>"],
    ['<a href="javascript:x">t</a>', "t"],
    ["<a\nhref='//h'>t", "t"],
    ["<<a>a href='javascript:x'>t", "t"],
    ["<<b>a href='x'>t", "<<b>a href='x'>t"],
    ['<span style="color: #f00">r</span>', '<span style="color: #f00">r</span>'],
    ['<span style="fill:url(//h)">r</span>', "<span>r</span>"],
    ["<b onclick=x style='background:url(//h)'>r</b>", "<b>r</b>"],
    ["<img src=x onerror=y>z", "z"],
    ["</>", ""],
  ])
    assert.equal(lookOnly(said), kept, said);
  const figure = harmless({
    data: [{ type: "image", source: "https://h/x.png", name: "<a href='//h'>n</a>", x: [1, "<a>"] }],
    layout: {
      images: [{ source: "//h/x" }, { source: "data:image/png;base64,AA" }],
      updatemenus: [{ buttons: [{ args: [{ "images[0].source": "//h" }] }] }],
      title: { text: "<a href='//h'>t</a>" },
    },
  });
  assert.ok(!JSON.stringify(figure).includes("//h"));
  assert.equal(figure.layout.images[1].source, "data:image/png;base64,AA");
  assert.deepEqual(figure.data[0].x, [1, ""]);
  for (const type of ["heatmap", "treemap", "scatter"]) assert.ok(harmless({ data: [{ type }] }));
  for (const type of ["scattermapbox", "scattergeo", "choropleth", "densitymap"])
    assert.throws(() => harmless({ data: [{ type }] }), /another host/);
  const sankey = { data: [{ type: "sankey", link: { source: [0, 1] } }] };
  assert.deepEqual(harmless(structuredClone(sankey)), sankey);
});

test("only what has changed of places is said", () => {
  const place = { x: 1, y: 2, w: 3, h: 4 };
  const before = new Map([
    ["a", place],
    ["b", place],
    ["c", place],
  ]); // prettier-ignore
  const now = new Map([
    ["a", { ...place }],
    ["b", { ...place, x: 9 }],
    ["__proto__", place],
  ]); // prettier-ignore
  const changes = changesOf(before, now);
  assert.deepEqual(Object.keys(changes).sort(), ["__proto__", "b", "c"]);
  assert.deepEqual([changes.b.x, changes.c], [9, { x: null, y: null, w: null, h: null }]);
  assert.equal(changesOf(before, new Map(before)), null);
});

test("what was replaced is none of a line, also where the server gives a point before it", () => {
  const whole = curve([9, 1, 2, 3], [99, 100, 101, 102]);
  const part = from(whole, 100);
  assert.deepEqual([part.length, ...part.mean], [3, 1, 2, 3]);
  assert.equal(from(whole, 100), part); // the same until more is known
  assert.equal(from(whole, undefined), whole);
  assert.equal(from(whole, 99), whole);
  place(part, curve([7, 0, 0.5, 1], [99, 100, 101, 102]), 100);
  assert.deepEqual([...part.m0], [0, 0.5, 1]);
});
