// The runs: what there is, what of it is shown, and in which colour. The list of them is drawn by run_list.js.
import * as api from "./api.js";
import * as live from "./live.js";
import * as state from "./state.js";
import { Emitter } from "./emitter.js";
import { settingsOf } from "../text/config.js";
import { query } from "../text/query.js";
import { tellApart } from "../text/ellipsis.js";

const byName = new Map();
const news = new Emitter(["runs", "run", "visible", "chosen", "highlight"]);
let order = []; // names, newest first
let filter = query(state.get("runs"));
let off = new Set(state.get("off"));
export let headline = null; // the tag that a run is judged by at a glance
export let loaded = false;
export let problem = "";

export const all = () => order.map((name) => byName.get(name));
export const names = () => order;
export const get = (name) => byName.get(name);
export const index = (name) => byName.get(name)?.colour ?? 0;
export const isOff = (name) => off.has(name);
export const matches = (name) => byName.has(name) && filter.test(byName.get(name).texts);
export const isVisible = (name) => !off.has(name) && matches(name);
export const filterProblem = () => filter.problem;
// In the order in which they are drawn: the newest last, on top.
export const visible = () =>
  order
    .filter(isVisible)
    .reverse()
    .map((name) => byName.get(name));
/** Everything but what the pointer is at. */
export const CHANGES = ["runs", "run", "visible", "chosen"];

/**
 * What has changed: "runs" (which there are, or what they have logged), "run" (something of one), "visible", "chosen",
 * or "highlight", with the names of what the pointer is at, null for nothing.
 * @typedef {{ kind: string, names: string | string[] | null }} Change
 */

/**
 * @param {string | string[]} kinds
 * @param {(change: Change) => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

/** @param {string} kind @param {string | string[] | null} names */
const tell = (kind, names = null) => news.tell(kind, { kind, names });

// The pointer is at some runs, in the list or in a legend, or at none any more.
/** @param {string | string[] | null} names */
export const highlight = (names) => tell("highlight", names);

// Every tag of a kind that some run has.
const known = new Map(); // kind -> sorted tags, until a run changes
export function tags(kind) {
  if (!known.has(kind)) {
    const found = new Set();
    const seen = new Set(); // runs of one sweep share the list itself
    for (const { series } of byName.values()) {
      const own = series[kind];
      if (!own || seen.has(own)) continue;
      seen.add(own);
      for (const tag of own) found.add(tag);
    }
    known.set(
      kind,
      [...found].sort((a, b) => (a < b ? -1 : 1)),
    );
  }
  return known.get(kind);
}

// Whether a text is an expression, and not the name of a curve that begins so.
export const isExpression = (tag) => tag[0] === "=" && !tags("scalar").includes(tag);

// What a card or a line is called: an expression without its sign, a tag as it is.
export const titleOf = (tag) => (isExpression(tag) ? tag.replace(/^=\s*/, "") : tag);

// Those that some run that is shown has.
export function tagsInSight(kind) {
  const some = visible();
  if (some.length === byName.size) return tags(kind);
  const found = new Set(),
    seen = new Set();
  for (const { series } of some) {
    if (!series[kind] || seen.has(series[kind])) continue;
    seen.add(series[kind]);
    for (const tag of series[kind]) found.add(tag);
  }
  return tags(kind).filter((tag) => found.has(tag));
}

// What tells the names of all runs apart: [from, to] in each, for places that are too small for all of it.
let parts = null;
export function partOf(shown) {
  parts ??= tellApart(all().map((run) => run.shown));
  return parts.get(shown) ?? null;
}

// What the search over runs looks through, and what the page calls the run.
function dress(run) {
  run.shown = run.said?.name || run.name;
  run.labels = [...run.tags, ...(run.said?.tags ?? [])];
  run.texts = [
    ...new Set([run.name, run.shown, ...run.labels, ...[...settingsOf(run)].map(([key, value]) => `${key}=${value}`)]),
  ];
  run.has = new Set(run.series.scalar ?? []);
  return run;
}

// What the list that we have was made after, and what the line has told since, both in numbers of news. What fell between
// the two was told to nobody.
let asOf = null,
  greeting = null;

function catchUp() {
  if (asOf === null || greeting === null || greeting <= asOf) return;
  asOf = greeting;
  live.restart();
}
let meanwhile = []; // changes that came while the list was asked for, which may be older than they are

export async function load() {
  asOf = null;
  meanwhile = [];
  const found = await api.json("runs", { form: "page" });
  byName.clear();
  const has = found.tagsets.map((set) => new Set(set.scalar ?? []));
  for (const run of found.runs) {
    const number = run.series;
    run.series = found.tagsets[number];
    byName.set(run.name, dress(run));
    run.has = has[number];
  }
  headline = found.headline;
  for (const { run, summary } of meanwhile)
    if (summary) take(run, summary);
    else byName.delete(run);
  loaded = true;
  arrange();
  tell("runs");
  asOf = found.news;
  catchUp();
}

function arrange() {
  known.clear();
  parts = null;
  const sorted = [...byName.values()].sort((a, b) => (a.started ?? 0) - (b.started ?? 0) || (a.name < b.name ? -1 : 1));
  // By age: a run keeps its colour when newer ones come; unless it was given one.
  sorted.forEach((run, i) => {
    run.index = i;
    run.colour = run.said?.colour ?? i;
  });
  order = sorted.reverse().map((run) => run.name);
  if (!headline || !tags("scalar").includes(headline)) {
    const scalars = tags("scalar");
    headline =
      ["val/loss", "train/loss", "loss", "eval/loss", "test/loss"].find((tag) => scalars.includes(tag)) ??
      scalars.find((tag) => /loss/i.test(tag)) ??
      scalars.find((tag) => !tag.startsWith("machine/")) ??
      null;
  }
  live.setRunning(
    sorted.some((run) => run.status === "running"),
    sorted.reduce((last, run) => Math.max(last, run.updated ?? 0), 0),
  );
}

export const number = (value) =>
  typeof value === "string" ? { __proto__: null, NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity }[value] : value;

// --- what the user does -----------------------------------------------------------------------------------

export function toggle(name) {
  state.set("off", off.has(name) ? state.get("off").filter((each) => each !== name) : [...state.get("off"), name]);
}

export function isolate(name) {
  const others = order.filter((each) => each !== name);
  state.set("off", others.every((each) => off.has(each)) ? [] : others);
}

export function showAll(show) {
  state.set("off", show ? [] : [...order]);
}

// Says something of runs that is kept beside them: name, tags, note, colour.
export const say = (runs, key, value) => api.post("runs/said", { runs, key, value });

// --- live -------------------------------------------------------------------------------------------------

// Follows what the page's state and the server say, for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  scope.on(state, "runs", (text) => {
    filter = query(text);
    problem = filter.problem;
    tell("visible");
  });
  scope.on(state, "off", (names) => {
    off = new Set(names);
    tell("visible");
  });
  scope.on(state, "chosen", () => tell("chosen"));
  scope.on(live, "greeting", (since) => {
    greeting = since;
    catchUp();
  });
  scope.on(live, "points", takePoints);
  scope.on(live, "changed", takeChange);
  scope.on(live, "removed", (run) => {
    if (asOf === null) meanwhile.push({ run });
    byName.delete(run);
    soon("runs");
  });
  // The line that broke is opened again soon, and this asked again.
  scope.on(live, "restart", () => load().catch(() => {}));
}

function takePoints(points) {
  const run = byName.get(points.run);
  if (!run || !points.count) return;
  const last = points.count - 1;
  run.step = Math.max(run.step ?? -Infinity, points.steps[last]);
  run.updated = points.times[last];
  if (run.scalars[points.tag] || points.tag === headline)
    run.scalars[points.tag] = { step: points.steps[last], wall_time: points.times[last], value: points.values[last] };
}

function takeChange({ run, summary, reach }) {
  // The first look at a large logdir was a glance: how far a run goes comes after it.
  if (reach && byName.has(run)) {
    Object.assign(byName.get(run), reach);
    soon("run");
  }
  if (!summary) return;
  if (asOf === null) meanwhile.push({ run, summary });
  soon(take(run, summary) ? "run" : "runs");
}

// Takes in what a run is like now; whether it has the same series as before.
function take(run, summary) {
  const before = byName.get(run);
  summary.step = Math.max(before?.step ?? -Infinity, ...Object.values(summary.scalars).map((last) => last.step));
  if (!Number.isFinite(summary.step)) summary.step = null;
  const same = before && JSON.stringify(before.series) === JSON.stringify(summary.series);
  if (same) summary.series = before.series;
  byName.set(run, dress(summary));
  return same;
}

// A message may tell of a thousand runs: they are put in order once, after the last of them.
let pending = null;
function soon(what) {
  if (!pending)
    queueMicrotask(() => {
      const told = pending;
      pending = null;
      arrange();
      tell(told);
    });
  pending = pending === "runs" ? "runs" : what;
}
