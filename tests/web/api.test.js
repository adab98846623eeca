// Questions to the server: how they are asked, and what is made of its answers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { packed } from "./packed.js";
import { Server } from "./server.js";

const api = await import("../../dashboard/web/core/api.js");
const { ask } = await import("../../dashboard/web/core/study_api.js");

const server = new Server();
before(() => server.start());
after(() => server.close());

test("questions are answered in JSON or packed, and a mistake in the server's words", async () => {
  server
    .on("GET /api/v1/some", ({ url }) => ({ q: [...url.searchParams] }))
    .on("GET /api/v1/columns", () => ({ status: 200, body: packed({ n: 2 }, [[1, 2]]) }))
    .on("POST /api/v1/echo", ({ text, headers }) => ({ said: JSON.parse(text), type: headers["content-type"] }))
    .on("POST /api/v1/export", () => ({ status: 200, headers: { "x-left-out": '{"count":1}' }, body: "a,b" }))
    .on("POST /api/v1/wrong", () => ({ status: 422, body: { error: "There is no such tag." } }))
    .on("POST /api/v1/broken", () => ({ status: 502, body: "<html>" }));
  assert.deepEqual(
    (
      await api.json("some", { a: 1, b: null, c: undefined, d: false }, [
        ["t", "x"],
        ["t", "y"],
      ])
    ).q,
    [
      ["a", "1"],
      ["d", "false"],
      ["t", "x"],
      ["t", "y"],
    ],
  );
  const { head, column } = await api.packed("columns");
  assert.deepEqual([head.n, ...column(2)], [2, 1, 2]);
  assert.equal((await api.bytes("columns", {})).byteLength % 8, 0);
  assert.equal(JSON.stringify(await api.post("echo", { a: [1] })), '{"said":{"a":[1]},"type":"application/json"}');
  const { blob, leftOut } = await api.file("export", {});
  assert.deepEqual([await blob.text(), leftOut.count], ["a,b", 1]);
  await assert.rejects(api.post("wrong", {}), /^Error: There is no such tag\.$/);
  await assert.rejects(api.post("broken", {}), /the server answered 502/);
  assert.equal(api.blobAddress("a b", "ff"), "/api/v1/blobs/ff?run=a+b");
  assert.equal((await ask("echo", { a: 1 })).said.a, 1);
  assert.equal((await ask("echo", '{"a":2}')).said.a, 2);
  await assert.rejects(ask("wrong", {}), /There is no such tag/);
  await assert.rejects(ask("broken", {}), /answered 502/);
});
