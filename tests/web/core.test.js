// The page's core beside a server: how it follows what is new over plain HTTP, and how it is let in again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { packed } from "./packed.js";
import { Server, until } from "./server.js";

const light = document.getElementById("live");
for (let i = 0; i < 3; i++) light.append(document.createElement("span"));
document.getElementById("refused").hidden = true;

const api = await import("../../dashboard/web/core/api.js");
const choice = await import("../../dashboard/web/core/choice.js");
const findings = await import("../../dashboard/web/core/findings.js");
const live = await import("../../dashboard/web/core/live.js");
const marks = await import("../../dashboard/web/core/marks.js");
const runs = await import("../../dashboard/web/core/runs.js");
const session = await import("../../dashboard/web/core/session.js");
const state = await import("../../dashboard/web/core/state.js");
const { Scope } = await import("../../dashboard/web/core/scope.js");
const commands = await import("../../dashboard/web/core/commands.js");

const summary = (name, more = {}) => ({
  name,
  status: "finished",
  started: 1,
  ended: 2,
  ending: null,
  updated: 2,
  step: 9,
  segments: 1,
  group: null,
  tags: [],
  notes: "",
  config: {},
  said: {},
  lost: {},
  problems: [],
  scalars: {},
  ...more,
});

const server = new Server();
const scope = new Scope();
let listed = [];
const sending = []; // messages to the page that it did not fetch yet
let fetching = null; // its question for the next one, while there is none
const said = []; // by the page, on its line

function send(more) {
  const [head, columns] = [
    { answers: [], since: 1, points: [], changed: [], again: [], removed: [], ...more.head },
    more.columns,
  ];
  sending.push(packed({ now: 1, ...head }, columns));
  fetching?.();
}

before(async () => {
  await server.start();
  server
    .on("GET /session", () => ({}))
    .on("GET /api/v1/runs", () => ({
      runs: listed,
      met: 2,
      unmet: { names: [], began: [] },
      tagsets: [{ scalar: ["train/loss", "val/loss", "= odd"] }, { scalar: ["train/loss"], image: ["picture"] }],
      headlines: ["val/loss"],
      news: 1,
    }))
    .on("POST /live", () => ({ tab: "one" }))
    .on("POST /live/one", ({ text }) => {
      said.push(JSON.parse(text));
      return {};
    })
    .on("GET /live/one", next);
});

// The next message to the page, once there is one; woken without one the line has broken.
async function next() {
  if (!sending.length)
    await new Promise((done) => {
      fetching = done;
    });
  fetching = null;
  const body = sending.shift();
  return body ? { status: 200, body } : { status: 503, body: "" };
}

after(() => {
  scope.leave();
  server.close();
});

test("the list of runs has their order, colours, tags and words to search", async () => {
  listed = [
    { ...summary("old", { started: 1, config: { lr: 0.1 }, tags: ["a"] }), series: 0 },
    { ...summary("new", { started: 5, said: { name: "Newest", tags: ["b"], colour: 7 } }), series: 1 },
  ];
  await runs.load();
  assert.deepEqual(runs.names(), ["new", "old"]);
  assert.deepEqual(
    runs.all().map(({ shown, colour, labels }) => [shown, colour, labels]),
    [
      ["Newest", 7, ["b"]],
      ["old", 0, ["a"]],
    ],
  );
  assert.equal(runs.get("constructor"), undefined);
  assert.deepEqual([runs.index("new"), runs.index("none")], [7, 0]);
  assert.deepEqual(runs.tags("scalar"), ["= odd", "train/loss", "val/loss"]);
  assert.deepEqual(runs.tags("image"), ["picture"]);
  assert.deepEqual([runs.headline, runs.loaded], ["val/loss", true]);
  assert.deepEqual(
    [runs.isExpression("= a"), runs.isExpression("= odd"), runs.isExpression("a")],
    [true, false, false],
  );
  assert.deepEqual([runs.titleOf("=  a + b"), runs.titleOf("= odd")], ["a + b", "= odd"]);
  assert.deepEqual([runs.number("NaN"), runs.number("-Infinity"), runs.number(2)], [NaN, -Infinity, 2]);
  assert.equal(runs.partOf("nobody"), null);
  assert.equal(runs.partOf("old").length, 2);
});

test("runs that the server has not looked at yet are in the list, and filled as it comes to them", async () => {
  const before = server.routes.get("GET /api/v1/runs"),
    row = (name, started) => ({ ...summary(name, { started, config: { seed: started } }), series: 0 });
  const parts = [
    {
      runs: [row("c", 3)],
      unmet: { names: ["a", "b"], began: [1, 2] },
      met: 1,
      news: 1,
    },
    { runs: [row("b", 2)], unmet: { names: [], began: [] }, met: 2, left: 1 },
    { runs: [row("a", 1)], unmet: { names: [], began: [] }, met: 3, left: 0 },
  ];
  const asked = [];
  let go = () => {};
  server.on("GET /api/v1/runs", async ({ url }) => {
    asked.push(url.searchParams.get("met"));
    if (asked.length > 1) await new Promise((done) => (go = done));
    return { tagsets: [{ scalar: ["val/loss"] }], headlines: ["val/loss"], ...parts[asked.length - 1] };
  });
  await runs.load();
  assert.deepEqual(runs.names(), ["c", "b", "a"]);
  assert.deepEqual(
    runs.all().map(({ status, has }) => [status, has.size]),
    [
      ["finished", 1],
      ["unread", 0],
      ["unread", 0],
    ],
  );
  assert.deepEqual(
    runs.having("val/loss").map(({ name }) => name),
    ["c"],
  );
  const colour = runs.index("a");
  for (const number of [2, 3]) {
    await until(() => asked.length === number);
    go();
  }
  for (const name of ["b", "a"]) {
    await until(() => runs.get(name).status === "finished");
    assert.equal(runs.get(name).config.seed, name === "a" ? 1 : 2);
  }
  assert.deepEqual(
    runs.having("val/loss").map(({ name }) => name),
    ["a", "b", "c"],
  );
  assert.deepEqual([runs.index("a"), asked], [colour, [null, "1", "2"]]);
  server.on("GET /api/v1/runs", before);
  await runs.load();
});

test("which runs are shown follows the filter and what is hidden", () => {
  runs.start(scope);
  const visible = () => runs.visible().map(({ name }) => name);
  const changes = [];
  runs.on(["visible", "highlight"], ({ kind, names }) => changes.push([kind, names]));
  assert.deepEqual(visible(), ["old", "new"], "the newest is drawn last, on top");
  state.set("runs", "lr=0.1");
  assert.deepEqual(visible(), ["old"]);
  assert.deepEqual(runs.tagsInSight("image"), []);
  state.set("runs", "/[/");
  assert.match(choice.problem(), /cannot be understood/);
  state.set("runs", "");
  runs.toggle("old");
  assert.deepEqual([visible(), runs.isOff("old"), runs.tagsInSight("scalar")], [["new"], true, ["train/loss"]]);
  runs.toggle("old");
  runs.isolate("old");
  assert.deepEqual(visible(), ["old"]);
  runs.isolate("old");
  assert.deepEqual(visible(), ["old", "new"], "once more shows all");
  runs.showAll(false);
  assert.deepEqual(visible(), []);
  runs.showAll(true);
  assert.equal(runs.tagsInSight("scalar"), runs.tags("scalar"));
  runs.highlight("old");
  assert.deepEqual(changes.at(-1), ["highlight", "old"]);
  assert.equal(changes.filter(([kind]) => kind === "visible").length, 9);
});

test("where no WebSocket gets through the page asks, and takes what is new", async () => {
  marks.start(scope);
  live.start(scope);
  await until(() => server.asked.includes("POST /live"), "the question over HTTP");
  const heard = [];
  live.on("points", (points) => heard.push(points));
  live.on(["again", "removed"], (...what) => heard.push(what));
  send({ head: { answers: [{ pong: performance.now(), time: Date.now() / 1000, trouble: null }] } });
  await until(() => light.dataset.state === "idle");
  assert.match(light.title, /No WebSocket gets through/);
  assert.deepEqual(said[0].watch, []);
  const points = {
    run: "old",
    segment: "s",
    committed: 1,
    read: 1,
    tags: ["val/loss", "lr"],
    n: [0, 5],
    counts: [2, 1],
  };
  send({
    head: { points: [points] },
    columns: [
      [10, 11, 12],
      [100, 101, 102],
      [0.5, 0.25, 1e-3],
    ],
  });
  await until(() => heard.length === 2);
  assert.deepEqual(
    [heard[0].tag, [...heard[0].values], heard[1].n, [...heard[1].steps]],
    ["val/loss", [0.5, 0.25], 5, [12]],
  );
  assert.equal(runs.get("old").step, 12);
  assert.deepEqual(runs.get("old").scalars["val/loss"], { step: 11, wall_time: 101, value: 0.25 });
  live.drawn([heard[0]], live.now());
  send({ head: { answers: [{ pong: performance.now(), time: Date.now() / 1000, trouble: "disk" }] } });
  await until(() => light.dataset.state === "stopped");
  assert.match(light.title, /stopped reading the logdir: disk/);
  const more = summary("third", { started: 9, status: "running", series: { scalar: ["val/loss"] } });
  send({
    head: {
      answers: [{ pong: performance.now(), time: Date.now() / 1000, trouble: null }],
      changed: [
        { run: "third", what: [], summary: more },
        { run: "old", what: [], reach: { step: 99 } },
      ],
      again: [["old", "val/loss"]],
      removed: ["new"],
    },
  });
  await until(() => runs.names()[0] === "third");
  assert.deepEqual([runs.names(), runs.get("old").step], [["third", "old"], 99]);
  assert.deepEqual(heard.slice(2), [["old", "val/loss"], ["new"]]);
  await until(() => light.dataset.state === "live");
});

test("marks of runs are asked for once, and again when there are new ones", async () => {
  const asked = [];
  server.on("POST /api/v1/marks", ({ text }) => {
    asked.push(JSON.parse(text).runs);
    return { marks: { old: [{ step: asked.length, wall_time: 1, kind: "note", text: "" }] } };
  });
  let changes = 0;
  marks.on("change", () => {
    changes++;
  });
  assert.equal(marks.known(["old", "third"]).size, 0);
  marks.known(["old"]);
  await until(() => changes === 1);
  assert.deepEqual(asked, [["old", "third"]]);
  assert.equal(marks.known(["old"]).get("old")[0].step, 1);
  send({ head: { changed: [{ run: "old", what: ["marks"] }] } });
  await until(() => changes === 2);
  assert.equal(marks.known(["old"]).get("old")[0].step, 2);

  // Of two answers the older could come last: one question waits for the other.
  let going = 0,
    most = 0,
    news = 0,
    answer = () => {};
  const held = new Promise((done) => {
    answer = done;
  });
  server.on("POST /api/v1/marks", async () => {
    most = Math.max(most, ++going);
    const mark = { step: asked.push([]), wall_time: 1, kind: "note", text: "" };
    await held;
    going--;
    return { marks: { old: [mark] } };
  });
  const stop = live.on("changed", () => {
    news++;
  });
  for (const count of [1, 2]) {
    send({ head: { changed: [{ run: "old", what: ["marks"] }] } });
    await until(() => news === count && going > 0);
  }
  await new Promise((done) => setTimeout(done, 150)); // in which a second question would have been asked
  answer();
  await until(() => marks.known(["old"]).get("old")[0].step === 4);
  stop();
  assert.equal(most, 1);
});

test("what is dismissed stays so, though an answer from before comes later", async () => {
  const listed = (dismissed) => ({ id: "spike", kind: "loss_spike", severity: "error", dismissed });
  let kept = null,
    asked = 0,
    hold = Promise.resolve(),
    answer = () => {};
  server
    .on("GET /api/v1/findings", async () => {
      const findings = [listed(kept)];
      asked++;
      await hold;
      return { findings };
    })
    .on("POST /api/v1/findings/dismiss", ({ text }) => {
      kept = { reason: JSON.parse(text).reason, author: null, wall_time: 1 };
      return {};
    });
  findings.start(scope);
  findings.want(["old"]);
  await until(() => findings.known("old") && findings.isIdle());
  hold = new Promise((done) => {
    answer = done;
  });
  send({ head: { changed: [{ run: "old", what: ["findings"] }] } });
  await until(() => asked === 2);
  const seen = [];
  const stop = findings.on("change", () => seen.push(findings.known("old")[0].dismissed?.reason));
  await findings.dismiss("old", "spike", "meant");
  answer();
  await until(() => asked === 3 && findings.isIdle());
  stop();
  assert.deepEqual([...new Set(seen)], ["meant"]);
  assert.equal(findings.known("old")[0].dismissed.wall_time, 1, "as the server has it");
});

test("after a line that broke all is asked for anew", async () => {
  const lists = () => server.asked.filter((each) => each.startsWith("GET /api/v1/runs")).length;
  const count = lists();
  await until(() => fetching !== null);
  fetching();
  await until(() => light.dataset.state === "reconnecting");
  server.on("POST /live", () => ({ tab: "two" })).on("POST /live/two", () => ({}));
  server.on("GET /live/two", next);
  await until(() => fetching !== null && server.asked.includes("GET /live/two"));
  send({ head: { since: 7 } });
  await until(() => lists() > count);
  await until(() => light.dataset.state === "idle");
});

test("a page that the server does not know any more is asked for its token, once, and goes on", async () => {
  let letIn = 0;
  session.onLetIn(() => {
    letIn++;
  });
  server.on("GET /session", ({ headers }) =>
    headers.authorization === "Bearer right" ? { key: "k2" } : { status: 401, body: { error: "no" } },
  );
  assert.equal(await session.standing(), "out");
  assert.equal(await session.standing(), "out");
  assert.equal(session.isOut(), true);
  const dialogs = document.body.children.filter(({ localName }) => localName === "dialog");
  assert.equal(dialogs.length, 1);
  const form = dialogs[0].children.find(({ localName }) => localName === "form");
  const [, field, wrong] = form.children;
  const submit = (text) => {
    field.value = text;
    return form.listeners.get("submit")({ preventDefault() {} });
  };
  await submit("wrong");
  assert.match(wrong.textContent, /not the token/);
  await submit(`${location.origin}/?token=right`);
  assert.deepEqual([session.isOut(), letIn, session.headers()], [false, 1, { "x-everystep-key": "k2" }]);
  assert.deepEqual(session.protocols(), ["everystep", "k2"]);
  server.on("GET /session", () => ({ status: 200, headers: { "content-type": "text/html" }, body: "<p>log in" }));
  assert.equal(await session.standing(), "away", "a proxy's own page is no answer");
  server.on("GET /session", () => ({}));
  assert.equal(await session.standing(), "in");
});

test("a question that was asked with the key of before does not bring the asking for a token back", async () => {
  server.on("GET /session", ({ headers }) => (headers["x-everystep-key"] === "k2" ? {} : { status: 401, body: {} }));
  const asked = () => document.body.children.filter(({ localName }) => localName === "dialog").length;
  const before = asked();
  session.heard(new Response("{}", { status: 401 }));
  assert.equal(session.isOut(), false);
  assert.equal(await session.standing(), "in");
  assert.equal(asked(), before);
});

test("why a page may not ask is said where it can be seen", async () => {
  server.on("POST /api/v1/closed", () => ({ status: 403, body: { allow: "x", error: "Start viz with --allow x." } }));
  await assert.rejects(api.post("closed", {}), /--allow x/);
  await until(session.isRefused);
  assert.equal(document.getElementById("refused").textContent, "Start viz with --allow x.");
  session.forgetRefusal();
  assert.equal(session.isRefused(), false);
});

test("what runs were asked is asked for with each news of those that are followed, and a lost answer once more", async () => {
  const told = [];
  const nonces = [];
  server
    .on("GET /api/v1/controls", ({ url }) => ({ run: url.searchParams.get("run"), live: true, controls: [], more: 0 }))
    .on("GET /api/v1/proposals", () => ({ proposals: [] }))
    .on("GET /api/v1/commands", () => ({ commands: told, earlier: 0 }))
    .on("POST /api/v1/commands", ({ text }) => {
      const said = JSON.parse(text);
      nonces.push(said.nonce);
      if (said.name === "no") return { status: 409, body: { error: "There is no control no." } };
      return { command: { ...said, outcome: "pending" } };
    });
  commands.start(scope);
  const changes = [];
  commands.on("change", (run) => changes.push(run));
  const own = new Scope();
  commands.follow("old", own);
  await until(() => changes.length > 0); // news that come meanwhile are a change more
  assert.equal(commands.known("old").live, true);
  assert.equal(commands.isReadOnly(), false);

  const command = await commands.send("old", "lr", 0.5, 0.1);
  assert.deepEqual([command.name, command.value, command.expected, command.author], ["lr", 0.5, 0.1, null]);
  assert.match(command.nonce, /^[0-9a-f]{32}$/);
  assert.equal(commands.known("old").commands.length, 1, "there at once");
  await assert.rejects(commands.send("old", "no", 1), /There is no control no/);

  const fetching = globalThis.fetch;
  let lost = 1;
  globalThis.fetch = async (...how) => {
    const answer = await fetching(...how);
    const isCommand = how[1]?.method === "POST" && `${how[0]}`.includes("commands"); // news are asked for, too
    if (isCommand && lost-- > 0) throw new TypeError("Failed to fetch");
    return answer;
  };
  await commands.send("old", "lr", 0.25);
  globalThis.fetch = fetching;
  assert.equal(nonces.at(-1), nonces.at(-2), "the same nonce is the same command");

  // An answer that is on its way while something is asked does not take it back.
  let answerControls = () => {};
  const held = new Promise((done) => {
    answerControls = done;
  });
  server.on("GET /api/v1/controls", async () => {
    await held;
    return { run: "old", live: true, controls: [], more: 0 };
  });
  const asked = () => server.asked.filter((each) => each.startsWith("GET /api/v1/controls")).length;
  const times = asked();
  const late = commands.ask("old"); // the commands are read, and then the controls
  await until(() => asked() === times + 1);
  const third = await commands.send("old", "lr", 0.125);
  const seen = [];
  const stop = commands.on("change", () => seen.push(commands.known("old").commands.at(-1)?.nonce));
  told.push(third);
  answerControls();
  await late;
  await until(() => seen.length > 0);
  stop();
  assert.ok(asked() >= times + 2, "asked once more");
  assert.deepEqual([...new Set(seen)], [third.nonce]);

  const before = changes.length;
  send({
    head: {
      changed: [
        { run: "old", what: ["receipts"] },
        { run: "third", what: ["receipts"] },
      ],
    },
  });
  await until(() => changes.length > before);
  assert.ok(!changes.includes("third"), "nobody follows it");
  own.leave();
  assert.equal(commands.known("old"), undefined);
});

test("a point of a run that was not looked at is of that run alone", async () => {
  const before = server.routes.get("GET /api/v1/runs");
  server.on("GET /api/v1/runs", ({ url }) =>
    url.searchParams.get("met")
      ? new Promise(() => {})
      : {
          ...{ runs: [], tagsets: [], headlines: ["val/loss"], met: 0, news: 1e9 },
          unmet: { names: ["a", "b"], began: [1, 2] },
        },
  );
  await runs.load();
  const points = { run: "a", segment: "s", committed: 1, read: 1, tags: ["val/loss"], n: [0], counts: [1] };
  send({ head: { points: [points] }, columns: [[3], [4], [0.5]] });
  await until(() => runs.get("a").step === 3);
  assert.deepEqual(runs.get("a").scalars["val/loss"], { step: 3, wall_time: 4, value: 0.5 });
  assert.deepEqual([runs.get("b").scalars["val/loss"], runs.get("b").step], [undefined, null]);
  server.on("GET /api/v1/runs", before);
});
