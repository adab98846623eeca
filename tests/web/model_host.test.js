// The page's side of the worker that runs networks: what is opened once, let go of, begun anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelHost } from "../../dashboard/web/pages/try/model_host.js";

/** A worker that answers all as a test says; what it was told is in `heard`. */
class Worker {
  constructor(answers = {}) {
    this.answers = { ask: { outputs: [["y", { shape: [1], values: [1] }]], ms: 2 }, ...answers };
    this.heard = [];
    this.isOver = false;
  }

  addEventListener(name, listener) {
    if (name === "message") this.listener = listener;
    else this.failed = listener;
  }

  postMessage(message) {
    this.heard.push(message);
    const answer = this.answers[message.do];
    const said = answer?.error ? answer : { answer };
    queueMicrotask(() => this.isOver || this.listener({ data: { number: message.number, ...said } }));
  }

  terminate() {
    this.isOver = true;
  }
}

const hosted = (...workers) => {
  const left = [...workers];
  let brought = 0;
  const host = new ModelHost(
    async () => {
      brought += 1;
      return { script: "s", wasm: new ArrayBuffer(1) };
    },
    () => left.shift(),
  );
  return { host, brought: () => brought };
};

const inputs = new Map([["x", { dtype: "int64", shape: [1, 2], values: [1, 2] }]]);
const file = async () => new ArrayBuffer(1);

test("a network is fetched and opened once, what runs it is brought once", async () => {
  const worker = new Worker();
  const { host, brought } = hosted(worker);
  let fetched = 0;
  const fetch = async () => {
    fetched += 1;
    return new ArrayBuffer(1);
  };
  await Promise.all([host.ask("a", fetch, inputs), host.ask("a", fetch, inputs)]);
  const { outputs, ms } = await host.ask("a", fetch, inputs);
  assert.deepEqual([fetched, brought(), ms, outputs.get("y").values], [1, 1, 2, [1]]);
  assert.deepEqual(
    worker.heard.map((each) => each.do),
    ["begin", "open", "ask", "ask", "ask"],
  );
  assert.deepEqual(worker.heard[2].inputs[0][1].values, BigInt64Array.of(1n, 2n));
});

test("the one that was asked longest ago is let go of", async () => {
  const worker = new Worker();
  const { host } = hosted(worker);
  for (const key of ["a", "b", "c", "d", "e", "f", "g", "h", "a", "i"]) await host.ask(key, file, inputs);
  assert.deepEqual(
    worker.heard.filter((each) => each.do === "close").map((each) => each.key),
    ["b"],
  );
});

test("what cannot be opened is said, and tried again", async () => {
  const worker = new Worker({ open: { error: "no such operation" } });
  const { host } = hosted(worker);
  await assert.rejects(host.ask("a", file, inputs), /no such operation/);
  worker.answers.open = undefined;
  assert.equal((await host.ask("a", file, inputs)).ms, 2);
  await assert.rejects(
    host.ask("b", () => Promise.reject(new Error("404")), inputs),
    /404/,
  );
});

test("after an abort all begins anew", async () => {
  const broken = new Worker({ ask: { error: "unreachable", isBroken: true } });
  const { host, brought } = hosted(broken, new Worker());
  await assert.rejects(host.ask("a", file, inputs), /unreachable/);
  assert.equal(broken.isOver, true);
  assert.equal((await host.ask("a", file, inputs)).ms, 2);
  assert.equal(brought(), 2);
});

test("a worker that does not start is said", async () => {
  const worker = new Worker();
  worker.postMessage = () => worker.failed({ message: "", preventDefault() {} });
  const { host } = hosted(worker);
  await assert.rejects(host.ask("a", file, inputs), /its worker does not start/);
});

test("what ends meanwhile starts no worker and answers nobody", async () => {
  const worker = new Worker();
  const { host } = hosted(worker);
  const asked = host.ask("a", file, inputs);
  host.end();
  await assert.rejects(asked, /Nobody waits/);
  assert.deepEqual(worker.heard, []);
});

test("a dtype that no array of the browser has is refused", async () => {
  const { host } = hosted(new Worker());
  const odd = new Map([["x", { dtype: "float16", shape: [1], values: [1] }]]);
  await assert.rejects(host.ask("a", file, odd), /float16; ask the server/);
});
