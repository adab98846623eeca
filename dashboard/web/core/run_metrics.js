// What runs have of metrics that something asks for: last, least and greatest of each, in columns. Ten thousand runs of
// sixty tags are 15 MB so, and 70 as objects. Read once, then kept up to date by the points that come.
import * as api from "./api.js";
import * as live from "./live.js";
import { Emitter } from "./emitter.js";

const REREAD_MS = 1500; // after something changed that only the server knows
const RETRY_MS = 5000; // after a question that was not answered
const TELL_MS = 250; // between two words of new points

/** @typedef {"last" | "min" | "max"} Part of a metric */
/** @typedef {Record<Part, Float64Array> & { has: Uint8Array }} Columns of a tag, by place */

/** @type {Map<string, number>} */
const places = new Map(); // run -> its place in each column
/** @type {Map<string, Columns>} */
const columns = new Map();
/** @type {Map<object | symbol, string[]>} */
const wanted = new Map(); // who -> tags
/** @type {Set<string>} */
const asked = new Set(); // tags that were asked for of all runs
/** @type {Set<string>} */
let stale = new Set(); // runs of which more is known to the server only
const news = new Emitter(["change", "problem"]);
/** @type {ReturnType<typeof setTimeout> | 0} */
let rereading = 0;
/** @type {ReturnType<typeof setTimeout> | 0} */
let telling = 0;
/** @type {ReturnType<typeof setTimeout> | 0} */
let retrying = 0;
/** @type {Set<string>} */
let fresh = new Set(); // runs that had new points
/** @type {Promise<void>} */
let asking = Promise.resolve();
/** @type {import("./scope.js").Scope | null} */
let app = null;

/**
 * Told "change" with the runs that have other values, null for any; "problem" with a sentence.
 * @param {string | string[]} kinds
 * @param {(what: any) => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

/**
 * A value of a run; null where it has none.
 * @param {string} run
 * @param {string} tag
 * @param {Part} part
 * @returns {number | null}
 */
export function value(run, tag, part) {
  const column = columns.get(tag),
    place = places.get(run);
  if (!column || place === undefined || !column.has[place]) return null;
  const found = column[part][place];
  return part !== "last" && Number.isNaN(found) ? null : found;
}

/** Whether all of these have been read. @param {Iterable<string>} tags */
export const isKnown = (tags) => [...tags].every((tag) => columns.has(tag));

/**
 * What one part of the page wants to know from now on.
 * @param {object | symbol} owner
 * @param {string[]} tags
 */
export function want(owner, tags) {
  const before = wanted.get(owner) ?? [];
  if (before.join("\n") === tags.join("\n")) return;
  if (tags.length) wanted.set(owner, tags);
  else wanted.delete(owner);
  app?.watch(union());
  ask();
}

const union = () => [...new Set([...wanted.values()].flat())];

// One question after the other: each asks for what is missing when its turn comes.
function ask() {
  asking = asking.then(async () => {
    const missing = union().filter((tag) => !asked.has(tag));
    for (const tag of missing) asked.add(tag);
    if (!missing.length || (await answered(missing, null))) return;
    for (const tag of missing) asked.delete(tag);
    retrying ||= setTimeout(() => {
      retrying = 0;
      ask();
    }, RETRY_MS);
  });
}

/**
 * @param {string[]} tags
 * @param {string[] | null} runs null for all
 */
async function answered(tags, runs) {
  try {
    const { head, column } = await api.postPacked("columns", { tags, runs });
    take(head, column);
    news.tell("change", runs && new Set(runs));
    return true;
  } catch (error) {
    news.tell("problem", /** @type {Error} */ (error).message);
    return false;
  }
}

/**
 * @param {{ runs: string[], tags: string[] }} head
 * @param {(count: number) => Float64Array} column
 */
function take({ runs, tags }, column) {
  const at = runs.map(placeOf);
  for (const tag of tags) {
    const [last, min, max, points] = [0, 1, 2, 3].map(() => column(runs.length));
    const own = columnsOf(tag);
    for (let i = 0; i < at.length; i++) {
      const place = at[i];
      own.last[place] = last[i];
      own.min[place] = min[i];
      own.max[place] = max[i];
      own.has[place] = points[i] > 0 ? 1 : 0;
    }
  }
}

/** @param {string} run */
function placeOf(run) {
  let found = places.get(run);
  if (found === undefined) {
    found = places.size;
    places.set(run, found);
  }
  return found;
}

/**
 * Columns with a place for each run.
 * @param {string} tag
 * @returns {Columns}
 */
function columnsOf(tag) {
  const before = columns.get(tag);
  if (before && before.has.length >= places.size) return before;
  const length = Math.ceil(places.size * 1.25) + 16;
  /** @param {Float64Array | undefined} old */
  const longer = (old) => {
    const made = new Float64Array(length).fill(NaN);
    if (old) made.set(old);
    return made;
  };
  const has = new Uint8Array(length);
  if (before) has.set(before.has);
  const made = { last: longer(before?.last), min: longer(before?.min), max: longer(before?.max), has };
  columns.set(tag, made);
  return made;
}

/** @param {import("../charts/curve.js").LivePoints} points */
function takePoints({ run, tag, count, values }) {
  if (!count || !columns.has(tag)) return;
  const place = placeOf(run),
    own = columnsOf(tag);
  if (!own.has[place]) {
    again(run); // its first ones may have come before the tag was watched
    own.min[place] = own.max[place] = NaN;
  }
  own.has[place] = 1;
  own.last[place] = values[count - 1];
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    if (!(value >= own.min[place])) own.min[place] = value;
    if (!(value <= own.max[place])) own.max[place] = value;
  }
  fresh.add(run);
  telling ||= setTimeout(() => {
    telling = 0;
    const told = fresh;
    fresh = new Set();
    news.tell("change", told);
  }, TELL_MS);
}

/**
 * Reads a run again, a little later, with others of which more is known to the server only.
 * @param {string} run
 */
function again(run) {
  if (!columns.size) return;
  stale.add(run);
  rereading ||= setTimeout(() => {
    rereading = 0;
    const runs = [...stale];
    stale = new Set();
    const tags = union().filter((tag) => columns.has(tag));
    for (const tag of columns.keys())
      if (!tags.includes(tag)) {
        columns.delete(tag); // nobody wants it any more
        asked.delete(tag);
      }
    if (tags.length) asking = asking.then(() => answered(tags, runs)).then(() => {});
  }, REREAD_MS);
}

/** Follows what is new, for as long as the scope lasts. @param {import("./scope.js").Scope} scope */
export function start(scope) {
  app = scope.child();
  app.watch(union());
  scope.on(live, "points", takePoints);
  scope.on(live, "again", again);
  scope.on(live, "changed", (/** @type {import("./runs.js").Changed} */ { run, summary }) => {
    if (summary) again(run);
  });
  scope.on(live, "restart", () => {
    asked.clear();
    ask();
  });
  scope.onLeave(() => {
    clearTimeout(rereading);
    clearTimeout(telling);
    clearTimeout(retrying);
  });
}
