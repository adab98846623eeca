// What runs can be searched and sorted by: settings, metrics, and what each run says of itself. A key names one of
// these, exactly or by its end: lr for optimizer.lr, loss for val/loss. The same as dashboard/choosing/fields.py.
import { isMoreBetter } from "./better.js";
import { compare, isNumber, settingsOf } from "./config.js";
import { lookup } from "./lookup.js";
import { written } from "./run_query.js";

/**
 * @typedef {object} Named a run, as far as it is searched
 * @property {string} name
 * @property {string} shown
 * @property {string} status
 * @property {boolean} paused
 * @property {number | null} started
 * @property {number | null} ended
 * @property {number | null} updated
 * @property {number | null} step
 * @property {number | null} bytes
 * @property {string | null} group
 * @property {string[]} labels
 * @property {string} notes
 * @property {{ note?: string }} said
 * @property {readonly number[] | null} findings
 * @property {import("./config.js").Config} config
 */
/** @typedef {"last" | "min" | "max" | "best"} Aspect of a metric */
/** @typedef {(run: Named, tag: string, part: "last" | "min" | "max") => number | null} Metric null for none */
/**
 * @typedef {object} Field
 * @property {string} id as the table of runs calls its column: config:lr, best:val/loss, took
 * @property {"setting" | "metric" | "own"} kind
 * @property {(run: Named) => string | number | null} of
 * @property {string} [tag] of a metric
 * @property {Aspect} [aspect] of it
 * @property {boolean} isMoreBetter whether the greatest comes first where the best does
 */

/**
 * The key of a field as a search has it, which names that one whatever else runs have.
 * @param {Field} field
 */
export function keyOf({ id, kind }) {
  if (kind === "own") return `run:${id}`;
  const cut = id.indexOf(":") + 1;
  return id.slice(0, cut) + written(id.slice(cut));
}

/** @type {Aspect[]} */
export const ASPECTS = ["last", "min", "max", "best"];

/** @type {Readonly<Record<string, (run: Named, now: number) => string | number | null>>} */
const OWN = lookup({
  name: (run) => run.shown,
  status: (run) => (run.paused ? "paused" : run.status),
  group: (run) => run.group,
  tag: (run) => run.labels.join(","),
  note: (run) => run.said.note ?? run.notes,
  step: (run) => run.step ?? null,
  size: (run) => run.bytes ?? null,
  took: (run) => (run.started === null ? null : (run.ended ?? run.updated ?? run.started) - run.started),
  age: (run, now) => (run.started === null ? null : now - run.started),
  started: (run) => run.started ?? null,
  findings: (run) => (run.findings ? run.findings[0] + run.findings[1] : null),
});

/** @type {WeakMap<import("./config.js").Config, Map<string, Map<string, string> | null>>} */
const ofNames = new WeakMap(); // config -> name -> what the name says beyond it
const PART = /^([^=]+)=(.+)$/s;

/**
 * Settings that a run did not log and its name says: sweep/lr=0.1/seed=0.
 * @param {Named} run
 * @returns {Map<string, string> | null} null for none
 */
function inName(run) {
  if (!run.name.includes("=")) return null;
  const known = ofNames.get(run.config) ?? new Map();
  ofNames.set(run.config, known);
  let found = known.get(run.name);
  if (found !== undefined) return found;
  found = null;
  const logged = settingsOf(run);
  for (const part of run.name.split("/")) {
    const [, key, value] = PART.exec(part) ?? [];
    if (key === undefined || logged.has(key) || hasEnd(logged, `.${key}`)) continue;
    found ??= new Map();
    found.set(key, value);
  }
  known.set(run.name, found);
  return found;
}

/**
 * A setting of a run: as it was logged, or as its name says.
 * @param {Named} run
 * @param {string} key
 */
const settingOf = (run, key) => settingsOf(run).get(key) ?? inName(run)?.get(key) ?? null;

/** All of them. @param {Named} run @returns {[key: string, value: string][]} */
export const searched = (run) => [...settingsOf(run), ...(inName(run) ?? [])];

/**
 * @param {Map<string, string>} settings
 * @param {string} ending
 */
function hasEnd(settings, ending) {
  for (const each of settings.keys()) if (each.endsWith(ending)) return true;
  return false;
}

export class Fields {
  /**
   * @param {Iterable<Named>} runs
   * @param {Iterable<string>} tags of their metrics
   * @param {Metric} metric
   * @param {() => number} now in seconds
   */
  constructor(runs, tags, metric, now) {
    this.runs = runs;
    this.tags = new Set(tags);
    this.metric = metric;
    this.now = now;
    /** @type {Set<string> | null} */
    this.keys = null; // of settings, once they are asked for
    /** @type {Map<string, Field | string | null>} */
    this.known = new Map();
  }

  /** Every key of a setting. */
  settings() {
    if (this.keys) return this.keys;
    this.keys = new Set();
    for (const run of this.runs) {
      for (const key of settingsOf(run).keys()) this.keys.add(key);
      for (const key of inName(run)?.keys() ?? []) this.keys.add(key);
    }
    return this.keys;
  }

  /**
   * What a key names: a field, a sentence where it may be several, null where it names nothing.
   * @param {string} key
   * @returns {Field | string | null}
   */
  find(key) {
    const before = this.known.get(key);
    if (before !== undefined) return before;
    const found = this.#find(key);
    this.known.set(key, found);
    return found;
  }

  /** @param {string} key */
  #find(key) {
    const cut = key.indexOf(":"),
      kind = key.slice(0, Math.max(0, cut)),
      rest = key.slice(cut + 1);
    if (kind === "config") return this.#setting(rest);
    if (kind === "run") return this.#own(rest);
    const aspect = ASPECTS.find((each) => each === kind);
    if (aspect) return this.#metric(rest, aspect);
    if (this.settings().has(key)) return this.setting(key);
    if (key in OWN) return this.#own(key);
    if (this.tags.has(key)) return this.metricOf(key, "last");
    return this.#setting(key) ?? this.#metric(key, "last");
  }

  /** @param {string} key @returns {Field | null} */
  #own(key) {
    const of = OWN[key];
    return of ? { id: key, kind: "own", of: (run) => of(run, this.now()), isMoreBetter: false } : null;
  }

  /** @param {string} key */
  #setting(key) {
    const found = named(this.settings(), key, ".");
    return typeof found === "string" || !found ? found : this.setting(found[0]);
  }

  /** @param {string} tag @param {Aspect} aspect */
  #metric(tag, aspect) {
    const found = named(this.tags, tag, "/");
    return typeof found === "string" || !found ? found : this.metricOf(found[0], aspect);
  }

  /** @param {string} key of a setting, exactly @returns {Field} */
  setting(key) {
    return { id: `config:${key}`, kind: "setting", of: (run) => settingOf(run, key), isMoreBetter: false };
  }

  /** @param {string} tag exactly @param {Aspect} aspect @returns {Field} */
  metricOf(tag, aspect) {
    const better = isMoreBetter(tag),
      way = aspect === "best" ? (better ? "max" : "min") : aspect;
    const { metric } = this;
    return {
      id: `${aspect}:${tag}`,
      kind: "metric",
      tag,
      aspect,
      of: (run) => metric(run, tag, way),
      isMoreBetter: better,
    };
  }

  /** What is called most like a key that names nothing; null where nothing is. @param {string} key */
  nearest(key) {
    const rest = key.slice(key.indexOf(":") + 1).toLowerCase();
    /** @type {[string, number] | null} */
    let best = null;
    for (const each of [...Object.keys(OWN), ...this.settings(), ...this.tags]) {
      const away = Math.min(distance(rest, each.toLowerCase()), distance(rest, ending(each).toLowerCase()) + 0.5);
      if (!best || away < best[1]) best = [each, away];
    }
    return best && best[1] <= Math.max(1, rest.length / 3) + 0.5 ? best[0] : null;
  }
}

/** @param {string} name */
const ending = (name) => name.slice(Math.max(name.lastIndexOf("."), name.lastIndexOf("/")) + 1);

/**
 * The one name of some that a key is, or ends: a list of it, or a sentence where there are several, or null.
 * @param {Set<string>} names
 * @param {string} key
 * @param {string} sign between the parts of a name
 * @returns {[string] | string | null}
 */
function named(names, key, sign) {
  if (names.has(key)) return [key];
  const small = key.toLowerCase();
  const found = [...names].filter((each) => {
    const lower = each.toLowerCase();
    return lower === small || lower.endsWith(sign + small);
  });
  if (found.length < 2) return found.length ? [found[0]] : null;
  const exact = found.filter((each) => each.endsWith(sign + key));
  if (exact.length === 1) return [exact[0]];
  const some = found.sort().slice(0, 3).map(written);
  return `“${key}” may be ${some.join(", ")}${found.length > 3 ? ", …" : ""}: say which.`;
}

/**
 * How many letters have to change to make one text the other (Levenshtein).
 * @param {string} a
 * @param {string} b
 */
function distance(a, b) {
  if (Math.abs(a.length - b.length) > 4) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++)
      next[k] = Math.min(row[k] + 1, next[k - 1] + 1, row[k - 1] + (a[i - 1] === b[k - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

/**
 * Numbers by size, then words; what is missing, or no number, is last, whichever way.
 * @param {string | number | null | undefined} a
 * @param {string | number | null | undefined} b
 * @param {boolean} isFalling
 */
export function inOrder(a, b, isFalling) {
  const noA = isNone(a),
    noB = isNone(b);
  if (noA || noB) return Number(noA) - Number(noB);
  const apart = typeof a === "string" && typeof b === "string" ? compare(a, b) : byNumber(a, b);
  return isFalling ? -apart : apart;
}

// Where one of two is a number and no text.
/** @param {any} a @param {any} b */
function byNumber(a, b) {
  const [ours, theirs] = [a, b].map((each) => typeof each === "number" || isNumber(each));
  if (ours !== theirs) return ours ? -1 : 1;
  const [x, y] = [Number(a), Number(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** @param {unknown} value */
const isNone = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);

/**
 * Whether a value is the one that is wanted: as a number, or as a text in which * stands for anything.
 * @param {string | number} value
 * @param {import("./run_query.js").Wanted} wanted
 */
export function isWanted(value, { text, number, pattern, isQuoted }) {
  if (typeof value === "number") return number !== null && (value === number || (value !== value && number !== number));
  const lower = value.toLowerCase();
  if (lower === text) return true;
  if (number !== null && isNumber(value))
    return isNumber(text) ? compare(value, text) === 0 : !isQuoted && Number(value) === number;
  return pattern?.test(lower) ?? false;
}
