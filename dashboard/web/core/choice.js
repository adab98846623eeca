// Which runs the search lets through, and in which order they stand; both may rest on metrics, and then change with
// them. Of runs it knows what core/runs.js hands to it.
import * as metrics from "./run_metrics.js";
import * as state from "./state.js";
import { choose, bestOf, sorted } from "../text/run_choice.js";
import { Fields } from "../text/run_fields.js";
import { parse } from "../text/run_query.js";

/**
 * @typedef {import("./runs.js").Run} Run
 * @typedef {import("../text/run_fields.js").Field} Field
 * @typedef {{ all: () => Run[], tags: () => string[], headline: () => string | null }} Known runs, the newest first
 */

const owner = Symbol("the search over runs"); // in whose name metrics are wanted
const NOTHING = /** @type {import("../text/run_choice.js").Choice} */ ({
  names: null,
  problem: "",
  tags: [],
  isLive: false,
});

/** @type {Known} */
let known = { all: () => [], tags: () => [], headline: () => null };
/** @type {Fields | null} */
let fields = null; // of the runs as they are now
let query = parse(state.get("runs"));
// Nothing passes before it is known what does.
let choice = query.terms.length || query.pick ? { ...NOTHING, names: new Set() } : NOTHING;
/** @type {Field | null} */
let by = null; // what runs are sorted by; null for their age
let isFalling = false;
let orderProblem = "";
let changes = 0;

/** @param {Known} runs */
export function begin(runs) {
  known = runs;
}

/** @param {string} name */
export const passes = (name) => choice.names === null || choice.names.has(name);
/** A sentence where the search, or what runs are sorted by, is not understood. */
export const problem = () => choice.problem || orderProblem;
/** How many times other runs have passed. */
export const version = () => changes;
/** Whether metrics that it rests on are being read. */
export const isWaiting = () => !metrics.isKnown(wanted());
/** What runs are sorted by. */
export const sortedBy = () => by;
/** What they can be sorted and searched by, as of now. */
export function fieldsNow() {
  fields ??= new Fields(
    known.all(),
    known.tags(),
    (run, tag, part) => metrics.value(run.name, tag, part),
    () => Date.now() / 1000,
  );
  return fields;
}

/** @type {string[]} */
let tags = []; // that the search rests on
const wanted = () => [...new Set([...tags, ...(by?.tag ? [by.tag] : [])])];

/** The search is another one. @param {string} text */
export function search(text) {
  query = parse(text);
  return renew();
}

/**
 * Runs, or what is known of them, are others; whether others pass now.
 * @param {boolean} [isOfMetrics] whether metrics alone have changed
 */
export function renew(isOfMetrics = false) {
  if (!isOfMetrics) fields = null;
  order();
  const isAsked = query.terms.length > 0 || query.pick !== null;
  const found = isAsked
    ? choose(query, known.all(), fieldsNow(), known.headline())
    : { ...NOTHING, problem: query.problem };
  if (isAsked && !known.all().length) found.problem = query.problem; // nothing is known of nobody yet
  ({ tags } = found);
  metrics.want(owner, wanted());
  if (!metrics.isKnown(tags)) {
    choice = { ...choice, problem: found.problem }; // as before, until they are there
    return false;
  }
  const isSame = found.problem === choice.problem && same(found.names, choice.names);
  choice = found;
  if (!isSame) changes++;
  return !isSame;
}

/** Whether a change of metrics alone may change it. */
export const restsOnMetrics = () => wanted().length > 0;

/** @param {Set<string> | null} a @param {Set<string> | null} b */
function same(a, b) {
  if (a === null || b === null) return a === b;
  if (a.size !== b.size) return false;
  for (const each of a) if (!b.has(each)) return false;
  return true;
}

function order() {
  const text = state.get("order"),
    key = text.replace(/^-/, "");
  const found = key ? bestOf(key, fieldsNow()) : null;
  by = found && typeof found !== "string" ? found : null;
  orderProblem =
    typeof found === "string"
      ? found
      : key && !found && known.all().length
        ? `Nothing to sort by is called “${key}”.`
        : "";
  isFalling = (by?.aspect === "best" && by.isMoreBetter) !== text.startsWith("-");
}

/**
 * Runs, the newest first, as they are to stand.
 * @param {Run[]} runs
 * @returns {Run[]}
 */
export function arranged(runs) {
  if (by) return sorted(runs, by, isFalling);
  return state.get("order") === "-" ? [...runs].reverse() : runs;
}
