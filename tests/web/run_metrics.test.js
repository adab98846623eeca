// What runs have of metrics: asked for once, in columns, and kept up to date by the points that come.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { packed } from "./packed.js";
import { Server, until } from "./server.js";

const light = document.getElementById("live");
for (let i = 0; i < 3; i++) light.append(document.createElement("span"));
document.getElementById("refused").hidden = true;
const metrics = await import("../../dashboard/web/core/run_metrics.js");
const { Scope } = await import("../../dashboard/web/core/scope.js");
const { watches } = await import("../../dashboard/web/core/watches.js");

/** A scope that has what listens to the live feed at hand. */
class Told extends Scope {
  heard = new Map();
  on(_, name, listener) {
    this.heard.set(name, listener);
    return () => {};
  }
}

const server = new Server(),
  scope = new Told(),
  asked = [],
  stored = new Map([
    ["a", { loss: [3, 1, 5, 9], acc: [0.5, 0.1, 0.9, 9] }],
    ["b", { loss: [NaN, NaN, NaN, 2] }],
    ["c", {}],
  ]);

before(async () => {
  await server.start();
  server
    .on("GET /session", () => ({}))
    .on("POST /api/v1/columns", ({ text }) => {
      const { tags, runs } = JSON.parse(text);
      asked.push([tags.join(), runs]);
      const names = runs ?? [...stored.keys()];
      const cells = tags.flatMap((tag) =>
        [0, 1, 2, 3].map((part) => names.map((name) => stored.get(name)[tag]?.[part] ?? (part === 3 ? 0 : NaN))),
      );
      return { status: 200, body: packed({ runs: names, tags, problems: [] }, cells) };
    });
  metrics.start(scope);
});
after(() => {
  scope.leave();
  server.close();
});

test("what is wanted is asked for once, and what has no value has none", async () => {
  const [owner, other] = [{}, {}];
  metrics.want(owner, ["loss"]);
  assert.ok(!metrics.isKnown(["loss"]));
  await until(() => metrics.isKnown(["loss"]));
  metrics.want(other, ["loss", "acc"]);
  await until(() => metrics.isKnown(["loss", "acc"]));
  assert.deepEqual(asked, [
    ["loss", null],
    ["acc", null],
  ]);
  const parts = (run, tag) => ["last", "min", "max"].map((part) => metrics.value(run, tag, part));
  assert.deepEqual(parts("a", "loss"), [3, 1, 5]);
  assert.deepEqual(parts("b", "loss"), [NaN, null, null], "NaN was logged last, and nothing finite ever");
  assert.deepEqual(parts("c", "loss"), [null, null, null]);
  assert.deepEqual(parts("nobody", "loss"), [null, null, null]);
  assert.deepEqual(watches.union(), ["acc", "loss"], "its points are sent");
});

test("points that come are taken in, and told", async () => {
  const told = [];
  const stop = metrics.on("change", (runs) => told.push(runs));
  const points = (run, tag, ...values) =>
    scope.heard.get("points")({ run, tag, count: values.length, values: Float64Array.from(values) });
  points("a", "loss", 0.5, NaN, 7);
  points("a", "other", 1);
  assert.deepEqual(
    ["last", "min", "max"].map((part) => metrics.value("a", "loss", part)),
    [7, 0.5, 7],
  );
  await until(() => told.length === 1);
  assert.deepEqual([...told[0]], ["a"]);
  stop();
});

test("a run of which the server alone knows more is read again, it alone", async () => {
  stored.set("d", { loss: [0.1, 0.1, 0.2, 5] });
  asked.length = 0;
  scope.heard.get("changed")({ run: "d", summary: {}, what: [] });
  await until(() => metrics.value("d", "loss", "last") === 0.1);
  assert.deepEqual(asked, [["loss,acc", ["d"]]]);
  assert.equal(metrics.value("a", "loss", "last"), 7);
});
