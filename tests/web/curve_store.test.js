// One store for all places that show curves: what is asked together is one question, what comes live is kept, and
// whatever comes in whatever order, what is shown is what was asked for last. Only the network is a fake.
import "./page.js";
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { COLUMNS, message, points, tagged } from "./answers.js";

document
  .getElementById("live")
  .append(document.createElement("i"), document.createElement("i"), document.createElement("i"));

// --- the network -------------------------------------------------------------------------------------------

const asked = []; // questions without an answer yet: { body, answer(...tagged), refuse(status, error) }
globalThis.fetch = (address, { body }) => {
  assert.equal(address, "/api/v1/curves");
  return new Promise((done, broken) => {
    const reply = (status, more) => done({ ok: status === 200, status, headers: { get: () => null }, ...more });
    asked.push({
      body: JSON.parse(body),
      answer: (...answers) => {
        const heads = answers.map(({ head }) => head),
          columns = answers.flatMap((each) => each.columns);
        const head = JSON.parse(body).tags ? { answers: heads } : heads[0];
        reply(200, { arrayBuffer: async () => message(head, columns) });
      },
      refuse: (status, error) => reply(status, { text: async () => JSON.stringify({ error }) }),
      breakOff: () => broken(new TypeError("Failed to fetch")),
    });
  });
};
let socket = null;
globalThis.WebSocket = class {
  static OPEN = 1;
  readyState = 1;
  constructor() {
    socket = this;
  }
  send() {}
  close() {}
};
const { CurveStore } = await import("../../dashboard/web/core/curve_store.js");
const { start } = await import("../../dashboard/web/core/live_stores.js");
const { quiet } = await import("../../dashboard/web/core/curve_requests.js");
const { Scope } = await import("../../dashboard/web/core/scope.js");
const live = await import("../../dashboard/web/core/live.js");
const scope = new Scope();
start(scope);
live.start(scope);

// What the server tells: points of one commit, and what else is new.
function tell({ news = [], changed = [], again = [], removed = [] } = {}) {
  const columns = [[], [], []];
  for (const { steps, values } of news) {
    columns[0].push(...steps);
    columns[1].push(...steps.map((step) => 1000 + step));
    columns[2].push(...values);
  }
  const told = news.map(({ run = "a", tag = "loss", segment = "s", n, steps }) => ({
    run,
    segment,
    committed: 0,
    read: 0,
    tags: [tag],
    n: [n],
    counts: [steps.length],
  }));
  assert.ok(told.length <= 1, "one commit at a time");
  socket.onmessage({
    data: message({ points: told, changed, again, removed, answers: [], now: 0, since: 0 }, columns),
  });
}
tell(); // the first message says that the line is there

// Until what waits for nothing has been done.
const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
};

const open = [];
function store(place = {}) {
  const made = new CurveStore({ form: () => ({ columns: 400 }), ...place });
  open.push(made);
  return made;
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  // No question of one test is left to the next: they would be under way there.
  for (let i = 0; i < 10 && asked.length; i++) {
    for (const question of asked.splice(0)) question.refuse(500, "the test is over");
    await settled();
  }
  mock.timers.reset();
});

const upTo = (n, from = 0) => Array.from({ length: n - from }, (_, i) => from + i);
const curveOf = (n) => points(upTo(n), upTo(n));
const shown = (curve) => (curve ? [...curve.last.subarray(0, curve.length)] : null);

// --- asking ------------------------------------------------------------------------------------------------

test("curves are asked for once, and are known by run and tag", async () => {
  const curves = store();
  const done = curves.want("loss", ["a", "b"]);
  curves.want("loss", ["a", "b"]);
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body),
    [{ columns: 400, runs: ["a", "b"], tag: "loss" }],
  );
  assert.equal(curves.isIdle, false);
  assert.equal(quiet(), 0);
  asked.shift().answer(tagged("loss", { a: curveOf(3) }));
  await done;
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2]);
  assert.equal(curves.curve("b", "loss").length, 0, "it has none, and is not asked for again");
  assert.deepEqual(curves.missing("loss", ["a", "b", "c"]), ["c"]);
  curves.want("loss", ["a", "b", "c"]);
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.runs),
    [["c"]],
  );
  assert.equal(curves.curve("a", "acc"), undefined);
});

test("of what many places ask at once the first goes alone, and the others are one question", async () => {
  const places = ["a", "b", "c", "d", "e"].map((tag) => [tag, store()]);
  const done = places.map(([tag, curves]) => curves.want(tag, ["r1", "r2"]));
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.tag ?? body.tags),
    ["a", ["b", "c", "d", "e"]],
  );
  const [first, rest] = asked.splice(0);
  first.answer(tagged("a", { r1: curveOf(1) }));
  // What is too large for one answer has its turn next.
  rest.answer(tagged("b", { r1: curveOf(2) }), tagged("c", { r1: curveOf(3) }));
  await settled();
  assert.deepEqual(
    asked.flatMap(({ body }) => body.tag ?? body.tags),
    ["d", "e"],
  );
  for (const question of asked.splice(0))
    question.answer(...[question.body.tag ?? question.body.tags].flat().map((tag) => tagged(tag, { r2: curveOf(4) })));
  await Promise.all(done);
  assert.deepEqual(
    places.map(([tag, curves]) => [shown(curves.curve("r1", tag))?.length, shown(curves.curve("r2", tag))?.length]),
    [
      [1, 0],
      [2, 0],
      [3, 0],
      [0, 4],
      [0, 4],
    ],
  );
});

test("other forms, other runs and expressions are questions of their own", async () => {
  store().want("a", ["r"]);
  store().want("b", ["s"]);
  store({ form: () => ({ columns: 800 }) }).want("c", ["r"]);
  store().want("= a + b", ["r"]);
  store({ form: () => ({ columns: 400, axis: "metric", x: "a" }) }).want("d", ["r"]);
  await settled();
  assert.deepEqual(asked.map(({ body }) => body.tag).sort(), ["= a + b", "a", "b", "c", "d"]);
});

test("what is seen first goes first, and of very many runs the newest", async () => {
  const runs = upTo(250).map((i) => `run${i}`);
  const unseen = store({ rank: () => 10 }),
    seen = store();
  unseen.want("unseen", runs);
  seen.want("seen", runs);
  await settled();
  const order = [];
  for (let i = 0; i < 10 && asked.length; i++) {
    for (const question of asked.splice(0)) {
      const tags = [question.body.tag ?? question.body.tags].flat();
      order.push(...tags.map((tag) => [tag, question.body.runs[0], question.body.runs.length]));
      question.answer(...tags.map((tag) => tagged(tag, {})));
    }
    await settled();
  }
  assert.deepEqual(order[0], ["seen", "run150", 100]);
  assert.deepEqual(order.map(([tag, first]) => `${tag} ${first}`).sort(), [
    "seen run0",
    "seen run150",
    "unseen run0",
    "unseen run150",
  ]);
});

test("no question names more runs than the server takes, however many there are", async () => {
  for (const count of [200, 201, 5000, 5001, 7100, 7101, 7685, 8100, 8101, 10_000, 14_000]) {
    const runs = upTo(count).map((i) => `run${i}`),
      named = [];
    store().want("loss", runs);
    await settled();
    for (let i = 0; i < 20 && asked.length; i++) {
      for (const question of asked.splice(0)) {
        assert.ok(question.body.runs.length <= 5000, `${question.body.runs.length} of ${count}`);
        named.push(...question.body.runs);
        question.answer(tagged("loss", {}));
      }
      await settled();
    }
    assert.deepEqual(new Set(named), new Set(runs));
    assert.equal(named.length, count);
  }
});

test("a window is asked for with a little beyond it, and by whole steps", async () => {
  const zoomed = (axis) => store({ form: () => ({ columns: 400, axis }), window: () => [100, 200.5] });
  for (const axis of ["step", "relative"]) zoomed(axis).want("loss", [axis]);
  await settled();
  assert.deepEqual(
    asked.map(({ body: { start, stop } }) => [start, stop]),
    [
      [97, 203],
      [100 - 2.01, 200.5 + 2.01],
    ],
  );
});

test("a curve of few columns is asked for again where more are shown, single points are not", async () => {
  let columns = 100;
  const curves = store({ form: () => ({ columns }) });
  curves.want("loss", ["wide", "points"]);
  await settled();
  const wide = [
    { form: "columns", length: 1, counts: { s: 9 }, started: 0 },
    new Map(COLUMNS.map((name, i) => [name, [i]])),
  ];
  asked.shift().answer(tagged("loss", { wide, points: curveOf(3) }));
  await settled();
  columns = 140;
  curves.want("loss", ["wide", "points"]);
  await settled();
  assert.equal(asked.length, 0);
  columns = 150;
  curves.want("loss", ["wide", "points"]);
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.runs),
    [["wide"]],
  );
});

// --- decoding ----------------------------------------------------------------------------------------------

test("columns are found by their names, in whatever order they come, and a metric has its own", async () => {
  const names = { points: ["value", "x", "wall_time", "step"], columns: [...COLUMNS, "x_first", "x_last"].reverse() };
  const curves = store({ form: () => ({ columns: 400, axis: "metric", x: "tokens" }) });
  curves.want("loss", ["a", "b"]);
  await settled();
  const a = points([1, 2], [5, 6], { x: [0.1, 0.2], unplaced: 4 });
  const b = [
    { form: "columns", length: 1, counts: {}, started: 0 },
    new Map(names.columns.map((name, i) => [name, [i]])),
  ];
  asked.shift().answer(tagged("loss", { a, b }, { names, needs: ["loss", "tokens"] }));
  await settled();
  const [placed, wide] = [curves.curve("a", "loss"), curves.curve("b", "loss")];
  assert.deepEqual(
    [[...placed.x0], [...placed.w0], [...placed.last], placed.ends("metric")[0]],
    [[1, 2], [1001, 1002], [5, 6], Float64Array.of(0.1, 0.2)],
  );
  assert.equal(placed.unplaced, 4);
  assert.deepEqual(
    [wide.x0[0], wide.min[0], wide.ends("metric")[1][0]],
    ["step_first", "min", "x_last"].map((name) => names.columns.indexOf(name)),
  );
  assert.deepEqual([...curves.tags], ["loss", "tokens"]);
});

test("what rewinds left behind lies off the line", async () => {
  const curves = store();
  curves.want("loss", ["a"]);
  await settled();
  asked.shift().answer(tagged("loss", { a: curveOf(2) }, { tails: [{ run: "a", steps: [2, 3], values: [7, 8] }] }));
  await settled();
  assert.deepEqual(curves.curve("a", "loss").tails, [
    { steps: Float64Array.of(2, 3), times: Float64Array.of(1002, 1003), values: Float64Array.of(7, 8) },
  ]);
});

// --- live --------------------------------------------------------------------------------------------------

async function known(place, n = 3) {
  const curves = store(place);
  curves.want("loss", ["a"]);
  await settled();
  asked.shift().answer(tagged("loss", { a: curveOf(n) }));
  await settled();
  return curves;
}

test("points that follow are appended without a question, and told", async () => {
  const told = [];
  const curves = await known({ onPoints: (curve, { count }) => told.push([curve.run, count]) });
  tell({ news: [{ n: 3, steps: [3, 4], values: [3, 4] }] });
  tell({ news: [{ tag: "other", n: 0, steps: [9], values: [9] }] });
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2, 3, 4]);
  assert.deepEqual(told, [["a", 2]]);
  mock.timers.tick(60_000);
  await settled();
  assert.equal(asked.length, 0);
});

test("after a gap it is asked once, however many points find it, and what came meanwhile is kept", async () => {
  const curves = await known();
  for (let n = 5; n < 9; n++) {
    tell({ news: [{ n, steps: [n], values: [n] }] });
    mock.timers.tick(20);
  }
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2]);
  mock.timers.tick(20);
  await settled();
  assert.equal(asked.length, 1);
  tell({ news: [{ n: 9, steps: [9], values: [9] }] });
  asked.shift().answer(tagged("loss", { a: curveOf(9) })); // as it was before the last point
  await settled();
  assert.deepEqual(shown(curves.curve("a", "loss")), upTo(10));
  mock.timers.tick(60_000);
  await settled();
  assert.equal(asked.length, 0, "nothing is missing any more");
});

test("what is not seen is asked for again when it is wanted", async () => {
  let isSeen = true;
  const curves = await known({ isSeen: () => isSeen });
  isSeen = false;
  tell({ news: [{ n: 5, steps: [5], values: [5] }] });
  tell({ again: [["a", "loss"]] });
  tell({ changed: [{ run: "a", what: ["line"], summary: null }] });
  mock.timers.tick(60_000);
  await settled();
  assert.equal(asked.length, 0);
  assert.deepEqual(curves.missing("loss", ["a"]), ["a"]);
});

test("a sketch skips what was not sent", async () => {
  const curves = await known({ isSketch: true, isSeen: () => false });
  tell({ news: [{ n: 40, steps: [40], values: [4] }] });
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2, 4]);
  assert.deepEqual(curves.missing("loss", ["a"]), []);
});

test("a window holds its points and the first beyond it", async () => {
  const curves = await known({ window: () => [0, 4] });
  tell({ news: [{ n: 3, steps: [3, 4, 5, 6], values: [3, 4, 5, 6] }] });
  tell({ news: [{ n: 7, steps: [7], values: [7] }] });
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2, 3, 4, 5]);
  assert.ok(curves.curve("a", "loss").holds({ segment: "s", n: 3, count: 4 }), "what lies beyond is told, too");
  mock.timers.tick(60_000);
  await settled();
  assert.equal(asked.length, 0, "what lies beyond is no gap");
});

test("what the server works out is asked for again, once a second, when a tag that it needs has more", async () => {
  const curves = store();
  curves.want("= loss / acc", ["a"]);
  await settled();
  asked.shift().answer(tagged("= loss / acc", { a: curveOf(2) }, { needs: ["loss", "acc"] }));
  await settled();
  for (let n = 0; n < 30; n++) {
    tell({ news: [{ tag: n % 2 ? "loss" : "acc", n, steps: [n], values: [n] }] });
    mock.timers.tick(50);
  }
  await settled();
  assert.equal(asked.length, 1);
  assert.deepEqual(shown(curves.curve("a", "= loss / acc")), [0, 1], "points of another tag are not its own");
});

test("a run that was cut or joined is asked for anew; one that was removed is forgotten", async () => {
  const curves = await known();
  tell({ changed: [{ run: "b", what: ["line"], summary: null }] });
  tell({ changed: [{ run: "a", what: ["image"], tags: { image: ["x"] }, summary: null }] });
  mock.timers.tick(1000);
  await settled();
  assert.equal(asked.length, 0);
  tell({ changed: [{ run: "a", what: ["line"], summary: null }] });
  mock.timers.tick(1000);
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.runs),
    [["a"]],
  );
  asked.shift().answer(tagged("loss", { a: curveOf(1) }));
  await settled();
  assert.deepEqual(shown(curves.curve("a", "loss")), [0]);
  tell({ removed: ["a"] });
  assert.equal(curves.curve("a", "loss"), undefined);
});

test("after a line that broke all that is shown is asked for anew", async () => {
  const curves = await known();
  live.restart();
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.runs),
    [["a"]],
  );
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2], "what is known is shown meanwhile");
});

// --- out of order, and failing -----------------------------------------------------------------------------

test("an answer that was overtaken changes nothing", async () => {
  let window = [0, 10];
  const curves = store({ window: () => window });
  curves.want("loss", ["a"]);
  await settled();
  window = [5, 7];
  curves.outdate();
  await settled();
  const [old, newer] = asked.splice(0);
  assert.deepEqual([old.body.stop, newer.body.stop], [11, 8]);
  newer.answer(tagged("loss", { a: points([5, 6, 7], [5, 6, 7]) }));
  await settled();
  old.answer(tagged("loss", { a: curveOf(11) }));
  await settled();
  assert.deepEqual(shown(curves.curve("a", "loss")), [5, 6, 7]);
  assert.equal(curves.isIdle, true);
});

test("points wait for the answer to a window that is asked for: no line leads to them from another one", async () => {
  const curves = await known({ window: () => null });
  curves.outdate();
  tell({ news: [{ n: 3, steps: [3], values: [3] }] });
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2]);
  await settled();
  asked.shift().answer(tagged("loss", { a: curveOf(3) }));
  await settled();
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2, 3]);
});

test("an answer to what was forgotten or closed is nobody's", async () => {
  const told = [];
  const cleared = store({ onAnswer: (tag) => told.push(tag) }),
    closed = store({ onAnswer: (tag) => told.push(tag) });
  cleared.want("loss", ["a"]);
  closed.want("acc", ["a"]);
  await settled();
  cleared.clear();
  closed.close();
  for (const question of asked.splice(0))
    question.answer(...[question.body.tag ?? question.body.tags].flat().map((tag) => tagged(tag, { a: curveOf(2) })));
  await settled();
  assert.deepEqual([told, [...cleared.curves()], [...closed.curves()]], [[], [], []]);
  tell({ again: [["a", "acc"]] });
  mock.timers.tick(1000);
  await settled();
  assert.equal(asked.length, 0);
});

test("a tag that fails says why, is asked for again a moment later, and keeps the others", async () => {
  const curves = await known();
  curves.want("acc", ["a"]);
  await settled();
  asked.shift().refuse(500, "the disk is gone");
  await settled();
  assert.equal(curves.problem, "These curves could not be read: the disk is gone");
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1, 2]);
  assert.equal(curves.isIdle, true);
  curves.want("loss", ["a"]);
  curves.want("acc", ["a"]); // as a card does that is drawn anew, as soon as the answer is there
  await settled();
  assert.equal(asked.length, 0, "a server in trouble is not asked as fast as it answers");
  mock.timers.tick(2000);
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.tag),
    ["acc"],
  );
  asked.shift().answer(tagged("acc", { a: curveOf(1) }));
  await settled();
  assert.equal(curves.problem, null);
});

test("an expression that cannot be understood says so, and is not asked for again", async () => {
  const curves = store();
  curves.want("= loss *", ["a"]);
  await settled();
  asked.shift().refuse(400, "The expression 'loss *' cannot be understood.");
  await settled();
  assert.equal(curves.problem, "The expression 'loss *' cannot be understood.");
  curves.want("= loss *", ["a"]);
  await settled();
  assert.equal(asked.length, 0);
});

test("a network that fails ends the question, and the next one goes out", async () => {
  const curves = store();
  const done = curves.want("loss", ["a"]);
  await settled();
  asked.shift().breakOff();
  await done;
  assert.match(curves.problem, /Failed to fetch/);
  store().want("acc", ["b"]);
  await settled();
  assert.deepEqual(
    asked.map(({ body }) => body.tag),
    ["acc"],
  );
});

test("a store is closed when its scope is left, and a closed one keeps nothing of its scope", async () => {
  const place = { form: () => ({ columns: 400 }) },
    visit = new Scope();
  const curves = new CurveStore(place, visit);
  curves.want("loss", ["a"]);
  await settled();
  asked[0].answer(tagged("loss", { a: curveOf(2) }));
  await settled();
  assert.deepEqual(shown(curves.curve("a", "loss")), [0, 1]);
  visit.leave();
  assert.equal(curves.curve("a", "loss"), undefined);
  const other = new Scope();
  new CurveStore(place, other).close();
  assert.equal(other.undos.size, 0);
});
