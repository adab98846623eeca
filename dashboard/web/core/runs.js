// The runs: what there is, what of it is shown, and in which colour. The list of them is drawn by run_list.js.
import * as api from "./api.js";
import * as choice from "./choice.js";
import * as live from "./live.js";
import * as metrics from "./run_metrics.js";
import * as state from "./state.js";
import { Emitter } from "./emitter.js";
import { dictionary } from "./dictionary.js";
import { Hidden, allBut } from "./hidden.js";
import { listRuns } from "./run_listing.js";
import { runNews } from "./run_news.js";
import { KnownTags, havingOf, tagsOf } from "./run_tags.js";
import { comparing } from "../text/name_order.js";
import { isOfPane } from "../text/pane_tags.js";
import { tellApart } from "../text/ellipsis.js";

/**
 * @typedef {{ step: number, wall_time: number, value: number | string }} Last point of a scalar; NaN and ∞ are words
 * @typedef {{ name?: string, tags?: string[], note?: string, colour?: number }} UserEdits of a run, on the page
 * @typedef {{
 *   name: string, status: string, paused: boolean, started: number | null, ended: number | null, ending: string | null,
 *   updated: number | null, step: number | null, segments: number, ranks: number, bytes: number | null,
 *   group: string | null, tags: string[], notes: string, config: import("../text/config.js").Config, said: UserEdits,
 *   lost: Record<string, number>, problems: string[],
 *   commands: boolean, proposals: number, findings: import("../text/finding_words.js").Counts | null,
 *   scalars: Record<string, Last>, series: Record<string, string[]>,
 * }} Summary what the server says of a run; series: the tags of each kind; ranks: how many processes log; lost: of each
 *   kind; commands: whether it was asked something; proposals: so many wait for an answer; findings: errors, warnings,
 *   infos, null before it was examined
 * @typedef {Summary & {
 *   shown: string, labels: string[], has: Set<string>, index: number, colour: number,
 * }} Run shown: what it is called; has: its scalars; index: by age; colour: its number
 * @typedef {{ run: string, what: string[], summary?: Summary, reach?: Partial<Summary> }} Changed as the live feed says
 */

const RUNS_A_MS = 10; // of which it is told how far they go: a thousand ten times a second

/** @type {Map<string, Run>} */
const byName = new Map();
const news = new Emitter(["runs", "run", "visible", "order", "chosen", "highlight"]);
/** @type {string[]} */
let order = []; // names, newest first
// Until a run, the search or what is off changes: all, and all that are visible.
let everyRun = /** @type {Run[] | null} */ (null);
let inSight = /** @type {Run[] | null} */ (null);
let off = new Hidden(state.get("off"));
/** @type {string[]} */
export let headlines = []; // the tags that runs are judged by, as the server ranks them
/** @type {string | null} */
export let headline = null; // the first of them: what a run is judged by at a glance
export let loaded = false;

/** @param {string[]} some */
const named = (some) => some.flatMap((name) => byName.get(name) ?? []);
export const all = () => (everyRun ??= named(order));
export const names = () => order;
/** @param {string} name */
export const get = (name) => byName.get(name);
/** How a run stands, in a word: one that goes on may wait as it was asked to. @param {Run} run */
export const standing = ({ status, paused }) => (paused ? "paused" : status);
/** @param {string} name */
export const index = (name) => byName.get(name)?.colour ?? 0;
/** @param {string} name */
export const isOff = (name) => off.has(name);
/** @param {string} name */
export const matches = (name) => byName.has(name) && choice.passes(name);
function forget() {
  everyRun = inSight = null;
}
/** @param {string} name */
export const isVisible = (name) => !off.has(name) && matches(name);
// Those that the search lets through, as they are to stand in a list.
export const listed = () => choice.arranged(all().filter((run) => choice.passes(run.name)));
// In the order in which they are drawn: the newest last, on top.
export const visible = () =>
  (inSight ??= all()
    .filter((run) => isVisible(run.name))
    .reverse());
/** Those that have a curve. @param {string} tag @returns {Run[]} */
export const having = (tag) => havingOf(visible(), tag);
/** Everything but what the pointer is at. */
export const CHANGES = ["runs", "run", "visible", "chosen"];

/**
 * What has changed: "runs" (which there are, or what they logged), "run" (something of one), "visible", "order",
 * "chosen", or "highlight", with the names of what the pointer is at, null for nothing.
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

/** Whether several processes log into some run. */
export const haveRanks = () => severalRanks;
let severalRanks = false;

const known = new KnownTags(() => byName.values());
/** Every tag of a kind that some run has. @param {string} kind */
export const tags = (kind) => known.of(kind);

// Whether a text is an expression, and not the name of a curve that begins so.
/** @param {string} tag */
export const isExpression = (tag) => tag[0] === "=" && !tags("scalar").includes(tag);

// What a card or a line is called: an expression without its sign, a tag as it is.
/** @param {string} tag */
export const titleOf = (tag) => (isExpression(tag) ? tag.replace(/^=\s*/, "") : tag);

// Those that some run that is shown has.
/** @param {string} kind */
export function tagsInSight(kind) {
  const some = visible();
  if (some.length === byName.size) return tags(kind);
  const found = tagsOf(some, kind);
  return tags(kind).filter((tag) => found.has(tag));
}

// What tells the names of all runs apart: [from, to] in each, for places that are too small for all of it.
/** @type {Map<string, import("../text/ellipsis.js").Part> | null} */
let parts = null;
/** @param {string} shown */
export function partOf(shown) {
  parts ??= tellApart(all().map((run) => run.shown));
  return parts.get(shown) ?? null;
}

// What the page calls a run, and what it asks of it often.
/**
 * @param {Summary} summary
 * @param {Set<string>} has the scalars
 * @returns {Run}
 */
function dress(summary, has = new Set(summary.series.scalar ?? [])) {
  const { name, said } = summary;
  const shown = said.name || name,
    labels = said.tags?.length ? [...summary.tags, ...said.tags] : summary.tags;
  return Object.assign(summary, { shown, labels, has, index: 0, colour: 0 });
}

// What the list that we have was made after, and what the line has told since, both in numbers of news. What fell
// between the two was told to nobody.
/** @type {number | null} */
let asOf = null;
/** @type {number | null} */
let greeting = null;
function catchUp() {
  if (asOf === null || greeting === null || greeting <= asOf) return;
  asOf = greeting;
  live.restart();
}
/** @type {({ run: string, summary?: Summary, headlines?: undefined } | { run?: undefined, headlines: string[] })[]} */
let meanwhile = []; // changes that came while the list was asked for, which may be older than they are

let isAsking = false;

export function load() {
  asOf = null;
  return listRuns({
    ask() {
      meanwhile = [];
      isAsking = true;
    },
    take(found, listed, isFirst) {
      isAsking = false;
      if (isFirst) byName.clear();
      for (const { summary, has } of listed) put(dress(summary, has));
      headlines = found.headlines;
      for (const change of meanwhile)
        if (change.headlines) headlines = change.headlines;
        else if (change.summary) take(change.run, change.summary);
        else byName.delete(change.run);
      if (!isFirst) {
        soon("runs");
        return;
      }
      loaded = true;
      parts = null;
      arrange();
      tell("runs");
      asOf = found.news;
      catchUp();
    },
  });
}

/** @param {Run} run */
function put(run) {
  const before = byName.get(run.name);
  if (before?.shown !== run.shown) parts = null;
  if (before) run.colour = run.said.colour ?? (run.index = before.index);
  byName.set(run.name, run);
}

function arrange() {
  forget();
  known.forget();
  const compareNames = comparing();
  const sorted = [...byName.values()].sort(
    (a, b) => (a.started ?? 0) - (b.started ?? 0) || compareNames(a.name, b.name),
  );
  // By age: a run keeps its colour when newer ones come; unless it was given one.
  sorted.forEach((run, i) => {
    run.index = i;
    run.colour = run.said.colour ?? i;
  });
  everyRun = [...sorted].reverse();
  order = everyRun.map((run) => run.name);
  headline = headlines[0] ?? null;
  severalRanks = sorted.some((run) => run.ranks > 1);
  if (choice.renew()) {
    forget();
    tell("visible");
  }
  live.setRunning(
    sorted.some((run) => run.status === "running"),
    sorted.reduce((last, run) => Math.max(last, run.updated ?? 0), 0),
  );
}
// A value as a number: in JSON those that are not finite are words, as Number reads them.
/** @param {number | string} value */
export const number = (value) => (typeof value === "string" ? Number(value) : value);

/** @param {string} name of a run, or of a folder with its slash @param {boolean} [hide] */
export const toggle = (name, hide = !off.has(name)) => state.set("off", off.with([name], hide));
/** @param {string} name */
export function isolate(name) {
  const isAlone = order.every((each) => off.has(each) === (each !== name));
  state.set("off", isAlone ? [] : allBut([name]));
}

/** @param {string[]} some */
export const showOnly = (some) => state.set("off", allBut(some));
/** @param {boolean} show */
export const showAll = (show) => state.set("off", show ? [] : allBut([]));

// Says something of runs that is kept beside them: name, tags, note, colour.
/**
 * @param {string[]} runs
 * @param {string} key
 * @param {string | string[] | number | null} value
 */
export const say = (runs, key, value) => api.post("runs/said", { runs, key, value });

// --- live -------------------------------------------------------------------------------------------------

// Follows what the page's state and the server say, for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  choice.begin({ all, tags: () => tags("scalar"), headline: () => headline });
  scope.on(state, "runs", (text) => {
    choice.search(text);
    forget();
    tell("visible");
  });
  scope.on(state, "order", () => {
    choice.renew();
    forget();
    tell("order");
  });
  scope.on(metrics, "change", () => {
    if (!choice.restsOnMetrics()) return;
    const others = choice.renew(true);
    forget();
    tell(others ? "visible" : "order");
  });
  scope.on(state, "off", (words) => {
    off = new Hidden(words);
    forget();
    tell("visible");
  });
  scope.on(state, "chosen", () => tell("chosen"));
  scope.on(live, "greeting", (since) => {
    greeting = since;
    catchUp();
  });
  scope.on(live, "points", takePoints);
  scope.on(live, "changed", takeChange);
  scope.on(live, "headlines", (tags) => {
    if (isAsking) meanwhile.push({ headlines: tags });
    const isNew = String(tags) !== String(headlines);
    headlines = tags;
    if (isNew) soon("run");
  });
  scope.on(live, "removed", (run) => {
    if (isAsking) meanwhile.push({ run });
    byName.delete(run);
    parts = null;
    forget();
    soon("runs");
  });
  // The line that broke is opened again soon, and this asked again.
  scope.on(live, "restart", () => load().catch(() => {}));
}

/** @param {import("../charts/curve.js").LivePoints} points */
function takePoints(points) {
  const run = byName.get(points.run);
  if (!run || !points.count) return;
  const last = points.count - 1;
  // Points of panes are counted by their steps.
  if (!isOfPane(points.tag)) run.step = Math.max(run.step ?? -Infinity, points.steps[last]);
  run.updated = points.times[last];
  if (Object.isFrozen(run.scalars)) run.scalars = dictionary(); // those of runs that were not looked at are shared
  if (run.scalars[points.tag] || points.tag === headline)
    run.scalars[points.tag] = { step: points.steps[last], wall_time: points.times[last], value: points.values[last] };
}

/** @param {Changed} change */
function takeChange({ run, summary, reach }) {
  // The first look at a large logdir was a glance: how far a run goes comes after it.
  const known = byName.get(run);
  if (reach && known) {
    Object.assign(known, reach);
    later(byName.size / RUNS_A_MS);
  }
  if (!summary) return;
  if (isAsking) meanwhile.push({ run, summary });
  soon(take(run, summary) ? "run" : "runs");
}

const { soon, later } = runNews(arrange, tell);

// Takes in what a run is like now; whether it has the same series as before.
/**
 * @param {string} run
 * @param {Summary} summary
 */
function take(run, summary) {
  const before = byName.get(run);
  summary.step = Math.max(before?.step ?? -Infinity, ...Object.values(summary.scalars).map((last) => last.step));
  if (!Number.isFinite(summary.step)) summary.step = null;
  const isSame = before !== undefined && JSON.stringify(before.series) === JSON.stringify(summary.series);
  if (isSame) summary.series = before.series;
  put(dress(summary));
  forget();
  return isSame;
}
