// What the page shows is in its address: what is written there is what is read from it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { frames, nextFrame, tell, visited } from "./page.js";
import { Scope } from "../../dashboard/web/core/scope.js";

// As if the page had been opened at an address.
globalThis.location.search = "?s=0.5&sk=constructor&x=relative&off=a%0Ab&lx=y&at=12&token=secret&unknown=1";
const state = await import("../../dashboard/web/core/state.js");
state.start(new Scope());

test("an address is read, and what it says wrongly is as usual", () => {
  assert.deepEqual(["smooth", "kind", "x", "off", "logx", "pace", "page"].map(state.get), [
    0.5,
    "ema",
    "relative",
    ["a", "b"],
    true,
    12,
    "curves",
  ]);
  nextFrame();
  assert.ok(
    visited.every(([, address]) => !address.includes("secret")),
    "a token need not stay on the screen",
  );
});

test("any setting is the same after its words were read", () => {
  const settings = {
    smooth: 0.125,
    kind: "gauss",
    x: "time",
    logy: true,
    marks: false,
    off: ["a b", "c&d=e", "ü"],
    chosen: [],
    group: "lr, -seed",
    cards: ['["a","= b / c"]'],
    pace: 0,
    runs: "/lr=0\\.1$/",
    columns: ["last:a/b"],
    columnFilter: '{"a":1}',
  };
  for (const [key, value] of Object.entries(settings)) state.set(key, value);
  const words = state.words();
  state.show("");
  assert.equal(state.words(), "");
  state.show(words);
  assert.deepEqual(Object.fromEntries(Object.keys(settings).map((key) => [key, state.get(key)])), settings);
  assert.equal(state.words(), words);
});

test("words that an address may hold are kept within bounds", () => {
  for (const [text, key, wanted] of [
    ["s=7", "smooth", 0.999],
    ["s=x", "smooth", 0],
    ["s=-1", "smooth", 0],
    ["at=x", "pace", null],
    ["gc=mode", "centre", "mean"],
    ["off=", "off", []],
    ["lx=1", "logx", false],
  ]) {
    state.show(text);
    assert.deepEqual(state.get(key), wanted, text);
  }
});

test("who listens is told once of each change, until it lets go", () => {
  const heard = [],
    stop = state.on(["tags", "runs"], (value) => heard.push(value));
  state.set("tags", "a");
  state.set("tags", "a");
  state.set("runs", "b");
  state.set("page", "media");
  stop();
  state.set("tags", "c");
  assert.deepEqual(heard, ["a", "b"]);
});

test("a page that is turned to is an entry of the history, other changes are none", () => {
  nextFrame();
  visited.length = 0;
  state.set("page", "graph");
  state.set("tags", "x");
  assert.ok(frames.filter(Boolean).length === 1, "one address for all changes of a frame");
  nextFrame();
  state.set("tags", "y");
  nextFrame();
  assert.deepEqual(
    visited.map(([how]) => how),
    ["pushState", "replaceState"],
  );
  globalThis.location.search = "?p=media";
  tell("popstate");
  assert.equal(state.get("page"), "media");
  nextFrame();
  assert.equal(visited.at(-1)[0], "replaceState", "going back makes no entry");
  tell("popstate");
});

test("without a storage there is a fallback", () => {
  assert.equal(state.local.get("key", 5), 5);
  state.local.set("key", 6);
});
