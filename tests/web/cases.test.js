// The cases that a model is tried on, beside a server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "./server.js";

const { Scope } = await import("../../dashboard/web/core/scope.js");
const { Cases } = await import("../../dashboard/web/pages/try/cases.js");

const server = new Server();

before(() => server.start());

after(() => server.close());

test("a case that is let go of does not come back with an answer from before", async () => {
  let kept = [{ id: "one" }],
    asked = 0,
    hold = Promise.resolve(),
    answer = () => {};
  server
    .on("GET /api/v1/cases", async () => {
      const cases = kept;
      asked++;
      await hold;
      return { cases, read_only: false };
    })
    .on("GET /api/v1/cases/row", () => ({ p: [], more: 0 }))
    .on("POST /api/v1/cases", () => {
      kept = [];
      return { cases: kept, read_only: false };
    });
  const own = new Scope(),
    cases = new Cases(own);
  cases.follow(["old"]);
  await until(() => cases.of("old").length === 1 && !cases.asking.has("old"));
  hold = new Promise((done) => {
    answer = done;
  });
  cases.ask("old");
  await until(() => asked === 2);
  const seen = [];
  cases.on("change", () => seen.push(cases.of("old").length));
  await cases.letGo("old", "one");
  answer();
  await until(() => asked === 3 && !cases.asking.has("old"));
  own.leave();
  assert.deepEqual([...new Set(seen)], [0]);
});
