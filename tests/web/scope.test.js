// Leaving a scope undoes everything that was made with it.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { frames, nextFrame } from "./page.js";
import { Scope } from "../../dashboard/web/core/scope.js";
import { Watches, watches } from "../../dashboard/web/core/watches.js";

const turn = () =>
  new Promise((done) => {
    setImmediate(done);
  });

// A module whose on() gives what undoes it, as state and live are.
function emitter() {
  const listeners = new Set();
  return {
    listeners,
    on: (names, listener) => {
      const own = { names, listener };
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}

test("what was listened to is heard while the scope lasts, and not after", () => {
  const scope = new Scope(),
    target = new EventTarget(),
    state = emitter(),
    heard = [];
  scope.on(target, ["a", "b"], ({ type }) => heard.push(type));
  scope.on(state, ["bins", "binning"], () => {});
  const undo = scope.on(state, "pace", () => {});
  assert.equal(state.listeners.size, 2);
  undo();
  assert.equal(state.listeners.size, 1, "one may end before the scope");
  target.dispatchEvent(new Event("a"));
  target.dispatchEvent(new Event("b"));
  scope.leave();
  target.dispatchEvent(new Event("a"));
  assert.deepEqual(heard, ["a", "b"]);
  assert.equal(state.listeners.size, 0);
  scope.on(target, "a", () => heard.push("late"));
  target.dispatchEvent(new Event("a"));
  assert.deepEqual(heard, ["a", "b"], "who comes after it was left listens to nothing");
});

test("timers and frames run while the scope lasts, and are forgotten once they ran", () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const scope = new Scope(),
    ran = [];
  scope.setTimeout(() => ran.push("once"), 10);
  scope.setInterval(() => ran.push("often"), 10);
  scope.clearTimeout(scope.setTimeout(() => ran.push("cleared"), 10));
  scope.requestAnimationFrame(() => ran.push("frame"));
  scope.cancelAnimationFrame(scope.requestAnimationFrame(() => ran.push("cancelled")));
  mock.timers.tick(20);
  nextFrame();
  assert.deepEqual(ran, ["once", "often", "often", "frame"]);
  assert.equal(scope.undos.size, 1, "only the interval is left to undo");
  scope.setTimeout(() => ran.push("too late"), 10);
  scope.requestAnimationFrame(() => ran.push("too late"));
  scope.leave();
  mock.timers.tick(100);
  nextFrame();
  assert.deepEqual(ran, ["once", "often", "often", "frame"]);
  assert.equal(
    scope.setTimeout(() => ran.push("after")),
    0,
  );
  assert.equal(
    scope.setInterval(() => ran.push("after"), 1),
    0,
  );
  assert.equal(
    scope.requestAnimationFrame(() => ran.push("after")),
    0,
  );
  mock.timers.tick(100);
  assert.equal(frames.length, 0);
  assert.equal(ran.length, 4);
  mock.timers.reset();
});

test("observers are disconnected, what is fetched is aborted, the latest is undone first and each thing once", () => {
  const scope = new Scope(),
    undone = [];
  const observed = [];
  const made = (name) => ({ observe: (what) => observed.push(what), disconnect: () => undone.push(name) });
  const observer = scope.observer(made("observer"));
  observer.observe("seen");
  assert.ok(observer.disconnect);
  scope.onLeave(() => undone.push("last"));
  scope.onLeave(() => undone.push("taken back"))();
  assert.deepEqual([scope.isOver, scope.signal.aborted], [false, false]);
  scope.leave();
  scope.leave();
  assert.deepEqual([scope.isOver, scope.signal.aborted], [true, true]);
  assert.deepEqual(undone, ["last", "observer"]);
  scope.observer(made("late observer")).observe("late");
  observer.observe("again");
  assert.equal(undone.at(-1), "late observer", "what is made after leaving is undone at once");
  assert.deepEqual(observed, ["seen"], "and observes nothing");
});

test("what throws on leaving is reported, and keeps nothing else from being undone", () => {
  const scope = new Scope(),
    undone = [],
    told = [];
  globalThis.reportError = (error) => told.push(error.message);
  scope.onLeave(() => undone.push("first"));
  scope.onLeave(() => {
    throw new Error("cannot be undone");
  });
  scope.leave();
  assert.deepEqual([undone, told], [["first"], ["cannot be undone"]]);
});

test("a part ends with the whole, or before, and is then forgotten by it", () => {
  const scope = new Scope(),
    ended = [];
  const [early, late] = ["early", "late"].map((name) => {
    const part = scope.child();
    part.onLeave(() => ended.push(name));
    return part;
  });
  assert.equal(scope.undos.size, 2);
  early.leave();
  assert.equal(scope.undos.size, 1, "a page of a thousand cards that came and went holds none of them");
  scope.leave();
  assert.deepEqual(ended, ["early", "late"]);
  assert.ok(late.isOver);
  assert.ok(scope.child().isOver);
});

test("the server is told all that is watched, when it has changed and not too often", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const all = new Watches(50),
    sent = [],
    [one, other] = [{}, {}];
  all.send = (tags) => sent.push(tags.join());
  all.set(one, ["b", "a"]);
  all.set(other, new Set(["b", "c"]));
  await turn();
  assert.deepEqual(sent, ["a,b,c"], "one message for both");
  all.set(one, ["a"]);
  all.set(one, ["a", "c"]);
  await turn();
  assert.equal(sent.length, 1, "the next waits for its turn");
  mock.timers.tick(60);
  assert.equal(sent.length, 1, "and is none where the union is as it was");
  all.delete(other);
  all.set(one, ["d"]);
  mock.timers.tick(60);
  await turn();
  assert.deepEqual(sent.slice(1), ["d"]);
  mock.timers.reset();
});

test("what a scope watches goes when it is left", async () => {
  const [page, card] = [new Scope(), new Scope()];
  page.watch(["loss"]);
  card.watch(["lr"]);
  assert.deepEqual(watches.union(), ["loss", "lr"]);
  page.watch(["accuracy"]);
  assert.deepEqual(watches.union(), ["accuracy", "lr"]);
  page.leave();
  page.watch(["late"]);
  assert.deepEqual(watches.union(), ["lr"]);
  card.leave();
  assert.deepEqual(watches.union(), []);
});
