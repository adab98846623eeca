// Marks of runs, asked of a server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "./server.js";

const marks = await import("../../dashboard/web/core/marks.js");

const server = new Server();

before(() => server.start());

after(() => server.close());

test("marks of more runs than a question may have are asked for in several", async () => {
  const names = Array.from({ length: 12_001 }, (_, k) => `run ${k}`),
    told = [];
  server.on("POST /api/v1/marks", ({ text }) => {
    const { runs } = JSON.parse(text);
    told.push(runs);
    if (runs.length > 5_000) return { status: 400, body: { error: "a list of at most 5,000" } };
    return { marks: { [runs[0]]: [{ step: 1, wall_time: 0, kind: "note", text: runs[0] }] }, problems: [] };
  });
  assert.equal(marks.known(names).size, 0);
  await until(() => told.flat().length >= names.length && marks.known(names).size === 3);
  assert.deepEqual(told.flat(), names);
});
