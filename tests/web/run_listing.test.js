// What is said of runs that the server had not looked at gives way to the first curves, and comes without any.
import "./page.js";
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { message, points, tagged } from "./answers.js";

let left = 0; // answers that are still to come when one of the others is asked for
const asked = []; // "GET /address" or "POST /address", in order
let answer = () => {}; // the question for curves
globalThis.fetch = (address, { method = "GET" } = {}) => {
  asked.push(`${method} ${address}`);
  const reply = { ok: true, status: 200, headers: { get: () => null } };
  if (method === "POST")
    return new Promise((done) => {
      answer = (bytes) => done({ ...reply, arrayBuffer: async () => bytes });
    });
  const isMore = address.includes("met="),
    unmet = isMore ? { names: [], began: [] } : { names: ["a"], began: [1] },
    runs = isMore ? [{ name: `${"abc"[left]}`, series: 0 }] : [];
  const list = { runs, tagsets: [{}], headlines: [], news: 0, met: 1, unmet, left };
  if (isMore) left = Math.max(0, left - 1);
  return Promise.resolve({ ...reply, text: async () => JSON.stringify(list) });
};
const { ask } = await import("../../dashboard/web/core/curve_requests.js");
const { listRuns } = await import("../../dashboard/web/core/run_listing.js");

const isAsked = () => asked.some((each) => each.includes("met="));
const settled = () => new Promise((done) => setImmediate(done));

async function listed() {
  asked.length = 0;
  const taken = [];
  await listRuns({ ask() {}, take: (_, runs) => taken.push(...runs.map(({ summary }) => summary.name)) });
  assert.deepEqual(taken, ["a"], "its name is there at once");
  await settled();
  return taken;
}

test("it waits for a moment where nobody asks for curves", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const taken = await listed();
  mock.timers.tick(399);
  await settled();
  assert.ok(!isAsked());
  mock.timers.tick(1);
  await settled();
  assert.ok(isAsked());
  await settled();
  assert.deepEqual(taken, ["a", "a"]);
  mock.timers.reset();
});

test("and until the first are drawn where somebody does, no longer", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  await listed();
  const nothing = () => {};
  const place = { isRest: false, rank: () => 0, take: nothing, fail: nothing, done: nothing };
  ask({ tag: "loss", runs: ["b"], form: { columns: 9 }, ...place });
  await settled();
  mock.timers.tick(100);
  await settled();
  assert.ok(!isAsked(), "not while they are asked for");
  const { head, columns } = tagged("loss", { b: points([0], [1]) });
  answer(message(head, columns));
  await settled();
  assert.ok(!isAsked(), "nor while they are drawn");
  mock.timers.tick(100);
  await settled();
  assert.ok(isAsked());
  mock.timers.reset();
});

test("answers that come soon after one another are taken together, and others as they come", async () => {
  for (const [took, together] of [
    [0, [["c", "b", "a"]]],
    [1000, [["c"], ["b"], ["a"]]],
  ]) {
    let now = 0;
    const clock = mock.method(performance, "now", () => (now += took));
    mock.timers.enable({ apis: ["setTimeout"] });
    left = 2;
    const taken = [];
    let asks = 0;
    await listRuns({ ask: () => asks++, take: (_, runs) => taken.push(runs.map(({ summary }) => summary.name)) });
    mock.timers.tick(400);
    for (let i = 0; i < 9; i++) await settled();
    assert.deepEqual(taken.slice(1), together);
    assert.equal(asks, 1 + together.length, "changes are remembered from the first question of those on");
    mock.timers.reset();
    clock.mock.restore();
  }
});
