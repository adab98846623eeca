// Answers that were on their way take back nothing that was done, logged or hidden meanwhile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "./server.js";
import { message } from "./answers.js";

const alerts = await import("../../dashboard/web/core/alerts.js");
const { Answers } = await import("../../dashboard/web/pages/quality/answers.js");
const { Environments } = await import("../../dashboard/web/pages/machines/environments.js");
const { Scope } = await import("../../dashboard/web/core/scope.js");

const server = new Server();

before(() => server.start());

after(() => server.close());

// A route whose answers are made when it is asked and leave when they are let go: held[0]() lets the first one go.
function held(route, answer) {
  const waiting = [];
  server.on(route, async (request) => {
    const made = answer(request);
    await new Promise((done) => waiting.push(done));
    return made;
  });
  return waiting;
}

const rule = (id, paused) => ({ id, paused, rule: id, last: null });
const rules = (paused) => ({ rules: ["a", "b"].map((id) => rule(id, paused.has(id))), crossings: [] });

test("a rule that was paused stays so, whatever answer comes after that", async () => {
  const paused = new Set();
  const reads = held("GET /api/v1/alerts", () => rules(paused));
  const acts = held("POST /api/v1/alerts/pause", ({ text }) => {
    paused.add(JSON.parse(text).id);
    return rules(paused);
  });
  const seen = [];
  const over = alerts.on("change", () =>
    seen.push(alerts.known().rules.flatMap((each) => (each.paused ? each.id : []))),
  );
  const reading = alerts.read();
  await until(() => reads.length === 1);
  const pausing = alerts.pause({ id: "a" }, true);
  await until(() => acts.length === 1);
  acts[0]();
  await pausing;
  reads[0](); // it was asked for before
  await reading;
  assert.deepEqual(seen, [["a"]]);
  await until(() => reads.length === 2); // and is asked for again
  reads[1]();
  await until(() => seen.length === 2);
  // Of two at once the answer of the first comes last.
  paused.clear();
  const first = alerts.pause({ id: "a" }, true);
  await until(() => acts.length === 2);
  const second = alerts.pause({ id: "b" }, true);
  await until(() => acts.length === 3);
  acts[2]();
  await second;
  acts[1]();
  await first;
  assert.deepEqual(seen.at(-1), ["a", "b"]);
  await until(() => reads.length === 3);
  reads[2]();
  await until(() => seen.length === 4);
  over();
  assert.deepEqual(seen, [["a"], ["a"], ["a", "b"], ["a", "b"]]);
});

const matrix = (step) => ({ step, size: 1, classes: ["x"] });

test("quality that is logged while an answer is on its way is asked for again, and a hidden run does not come back", async () => {
  let newest = 1;
  const asked = held("GET /api/v1/confusion", () => {
    const body = message({ matrices: [matrix(newest)] }, [Float64Array.of(newest)]);
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body };
  });
  const scope = new Scope(),
    drawn = [];
  const answers = new Answers("confusion", "c", scope, () => drawn.push([...answers.series.keys()]));
  answers.show(["run"]);
  await until(() => asked.length === 1);
  newest = 2;
  answers.ask("run"); // news come while the answer of before is on its way
  asked[0]();
  await until(() => asked.length === 2);
  asked[1]();
  await until(() => drawn.length === 2);
  assert.deepEqual(answers.steps(), [2]);
  // Hidden while it is asked for: neither its steps nor why it could not be had are shown.
  answers.ask("run");
  await until(() => asked.length === 3);
  answers.show([]);
  asked[2]();
  await until(() => !answers.asking.size);
  assert.deepEqual([answers.steps(), drawn.length, answers.problem], [[], 2, ""]);
  // Shown again it is as it is then.
  newest = 5;
  answers.later("run");
  answers.show(["run"]);
  await until(() => asked.length === 4);
  asked[3]();
  await until(() => drawn.length === 3);
  assert.deepEqual(answers.steps(), [5]);
  // An answer that cannot be had takes nothing away.
  server.on("GET /api/v1/confusion", () => ({ status: 503, body: { error: "busy" } }));
  await answers.ask("run");
  assert.deepEqual(answers.steps(), [5]);
  assert.match(answers.problem, /^run: /);
  answers.show([]);
  assert.equal(answers.problem, "");
  scope.leave();
});

test("of environments the newest answer counts, of runs that are hidden as well", async () => {
  let host = "one";
  const asked = held("GET /api/v1/environment", () => ({ environments: [{ reason: "start", host }] }));
  const scope = new Scope();
  const environments = new Environments(document.createElement("div"), scope);
  environments.draw = () => {};
  const shown = environments.show([{ name: "run" }]);
  await until(() => asked.length === 1);
  host = "two";
  environments.again("run");
  await until(() => asked.length === 2);
  asked[1]();
  await until(() => environments.known.get("run")?.host === "two");
  asked[0](); // it was asked for before
  await shown;
  assert.equal(environments.known.get("run").host, "two");
  // What is told of a run that is hidden is known when it is shown again.
  environments.again("run");
  await until(() => asked.length === 3);
  await environments.show([]);
  host = "three";
  environments.again("run");
  asked[2]();
  await new Promise((done) => setTimeout(done, 20));
  const back = environments.show([{ name: "run" }]);
  await until(() => asked.length === 4);
  asked[3]();
  await back;
  assert.equal(environments.known.get("run").host, "three");
  server.on("GET /api/v1/environment", () => ({ status: 503, body: { error: "busy" } }));
  environments.again("run");
  await until(() => server.asked.filter((each) => each.includes("environment")).length === 5);
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(environments.known.get("run").host, "three");
  scope.leave();
});

test("what was told while the line was away is asked for when it is there again", async () => {
  const live = await import("../../dashboard/web/core/live.js"),
    marks = await import("../../dashboard/web/core/marks.js");
  let text = "before";
  server.on("POST /api/v1/marks", () => ({ marks: { run: [{ step: 1, wall_time: 0, kind: "note", text }] } }));
  const scope = new Scope();
  marks.start(scope);
  marks.known(["run"]);
  await until(() => marks.known(["run"]).get("run")?.[0].text === "before");
  text = "meanwhile";
  live.restart();
  await until(() => marks.known(["run"]).get("run")?.[0].text === "meanwhile");
  scope.leave();
});
