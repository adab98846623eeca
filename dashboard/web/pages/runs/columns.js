// The columns of the table of runs: what each is called, what a run has in it, how that is read, sorted and filtered.
import * as format from "../../text/format.js";
import * as metrics from "../../core/run_metrics.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import * as units from "../../text/units.js";
import { lookup } from "../../text/lookup.js";
import * as settings from "../../text/config.js";
import { naturally } from "../../text/name_order.js";
import { isMoreBetter } from "../../text/better.js";
import { keysOf, settingsOf } from "../../text/config.js";

/** @typedef {import("../../core/runs.js").Run} Run */
/** @typedef {string | number | null} Value of a run in a column */
/**
 * @typedef {object} Column
 * @property {string} id
 * @property {string} title
 * @property {string} group of columns, over the title
 * @property {"text" | "number" | "time"} kind
 * @property {(run: Run) => Value} of
 * @property {(value: any) => string} text of a value that is there
 * @property {(value: any) => string} exact and with every digit
 * @property {(run: Run) => string} [tip]
 * @property {number} wide px
 * @property {string} [tag] that it is a metric of
 */
/** @typedef {Omit<Column, "id" | "group" | "kind" | "text" | "exact"> & Partial<Column>} Fixed */

export const WAYS = ["last", "min", "max", "best"];
const METRICS = 4; // tags with columns at first
const SETTINGS = 8; // and configuration keys

/** @param {Run} run */
const took = (run) => (run.started ? (run.ended ?? run.updated ?? run.started) - run.started : null);
/** @type {Record<string, Fixed>} */
const FIXED = lookup({
  name: { title: "Run", of: (run) => run.shown, tip: (run) => run.name, wide: 240 },
  status: { title: "Status", of: runs.standing, wide: 96 },
  started: {
    title: "Started",
    kind: "time",
    of: (run) => run.started ?? null,
    text: (value) => format.ago(value),
    exact: (value) => format.moment(value),
    wide: 104,
  },
  took: {
    title: "Took",
    kind: "number",
    of: took,
    text: (value) => format.duration(value),
    exact: (value) => format.duration(value),
    wide: 96,
  },
  step: {
    title: "Step",
    kind: "number",
    of: (run) => run.step ?? null,
    text: (value) => format.step(value),
    exact: (value) => format.step(value),
    wide: 84,
  },
  size: {
    title: "Size",
    kind: "number",
    of: (run) => run.bytes ?? null,
    text: (value) => units.bytes(value),
    exact: (value) => `${format.step(value)} bytes on disk`,
    wide: 84,
  },
  labels: { title: "Tags", of: (run) => run.labels.join(", "), wide: 110 },
  note: { title: "Note", of: (run) => run.said?.note ?? run.notes ?? "", wide: 150 },
});

/**
 * @param {string} id
 * @returns {Column}
 */
export function column(id) {
  if (FIXED[id]) return { id, group: "", kind: "text", text: String, exact: String, ...FIXED[id] };
  const cut = id.indexOf(":"),
    kind = id.slice(0, cut),
    name = id.slice(cut + 1);
  if (kind === "config") return setting(id, name);
  const part = /** @type {"last" | "min" | "max"} */ (kind === "best" ? (isMoreBetter(name) ? "max" : "min") : kind);
  return {
    id,
    tag: name,
    title: kind,
    group: name,
    kind: "number",
    of: (run) => metrics.value(run.name, name, part),
    text: (value) => format.value(value, 5),
    exact: format.exact,
    wide: 100,
  };
}

/** @type {WeakMap<string[], Map<string, { kind: "text" | "number", longest: number }>>} */
const kinds = new WeakMap(); // of settings by key, by the list of runs that they are of

// A setting is shown as it was logged, and wide enough for it: of a number that is cut not even the size is told. It is
// aligned and filtered by size where all runs that have it have a number.
/**
 * @param {string} id
 * @param {string} key
 * @returns {Column}
 */
function setting(id, key) {
  const known = kinds.get(runs.names()) ?? new Map();
  kinds.set(runs.names(), known);
  let look = known.get(key);
  if (!look) {
    const texts = runs.all().flatMap((run) => settingsOf(run).get(key) ?? []);
    look = {
      kind: texts.length > 0 && texts.every(settings.isNumber) ? "number" : "text",
      longest: texts.reduce((most, text) => Math.max(most, text.length), 0),
    };
    known.set(key, look);
  }
  return {
    id,
    title: key,
    group: "Settings",
    kind: look.kind,
    of: (run) => settingsOf(run).get(key) ?? null,
    text: String,
    exact: String,
    wide: Math.min(216, Math.max(76, key.length * 7.5 + 40, look.longest * 8 + 30)),
  };
}

// What is shown until somebody chooses: who, when, what was set, and of usual metrics the last and the best.
function usual() {
  const all = runs.all(),
    first = runs.headlines.slice(0, METRICS);
  return [
    "status",
    "started",
    ...keysOf(all)
      .slice(0, SETTINGS)
      .map((key) => `config:${key}`),
    ...first.flatMap((tag) => [`last:${tag}`, `${isMoreBetter(tag) ? "max" : "min"}:${tag}`]),
    "step",
    "took",
    ...(all.some((run) => run.labels.length) ? ["labels"] : []),
    ...(all.some((run) => run.said?.note || run.notes) ? ["note"] : []),
    "size",
  ];
}

// An address may name what is no column.
/** @param {string} id */
const isColumn = (id) => Boolean(FIXED[id]) || ["config", ...WAYS].includes(id.slice(0, Math.max(0, id.indexOf(":"))));

export const shown = () => [
  "name",
  ...(state.get("columns").length
    ? state.get("columns").filter((/** @type {string} */ id) => id !== "name" && isColumn(id))
    : usual()),
];

/** The tags whose metrics some column shows. */
export const tags = () => [
  ...new Set(
    shown().flatMap((id) => (WAYS.some((way) => id.startsWith(`${way}:`)) ? [id.slice(id.indexOf(":") + 1)] : [])),
  ),
];

// Every column there could be, in the order in which they are offered.
export const all = () => [
  ...Object.keys(FIXED).filter((id) => id !== "name"),
  ...naturally(new Set(runs.all().flatMap((run) => [...settingsOf(run).keys()]))).map((key) => `config:${key}`),
  ...runs.tags("scalar").flatMap((/** @type {string} */ tag) => WAYS.map((way) => `${way}:${tag}`)),
];

/** @param {unknown} value */
const isNone = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);

// Numbers by size, then words; what has no value is at the end, whichever way.
/**
 * @param {Value | undefined} a
 * @param {Value | undefined} b
 * @param {unknown} _
 * @param {unknown} __
 * @param {boolean} falling
 */
export function compare(a, b, _, __, falling) {
  if (isNone(a) || isNone(b)) return (Number(isNone(a)) - Number(isNone(b))) * (falling ? -1 : 1);
  return typeof a === "number" && typeof b === "number" ? a - b : settings.compare(String(a), String(b));
}
