// The settings of a run: its configuration as texts under flat keys, exactly as they were logged, and their order.

import { compareNames } from "./name_order.js";

/** @typedef {Record<string, unknown>} Config a run's settings as JSON has them: values, lists, and more of the kind */

/** @type {WeakMap<Config, Map<string, string>>} */
const flat = new WeakMap(); // config -> key -> text

// A run's configuration as one level: "optimizer.lr" -> "0.1".
/**
 * @param {{ config: Config }} run
 * @returns {Map<string, string>}
 */
export function settingsOf(run) {
  const known = flat.get(run.config);
  if (known) return known;
  /** @type {Map<string, string>} */
  const found = new Map();
  /**
   * @param {unknown} value
   * @param {string} path
   */
  const walk = (value, path) => {
    if (value && typeof value === "object" && !Array.isArray(value))
      for (const [key, each] of Object.entries(value)) walk(each, path ? `${path}.${key}` : key);
    else found.set(path, typeof value === "string" ? value : JSON.stringify(value));
  };
  walk(run.config, "");
  flat.set(run.config, found);
  return found;
}

// Every key of some runs' configurations that is not the same in all of them.
/** @param {{ config: Config }[]} runs */
export function keysOf(runs) {
  /** @type {Map<string, Set<string>>} */
  const values = new Map();
  for (const run of runs)
    for (const [key, value] of settingsOf(run)) {
      const found = values.get(key) ?? new Set();
      values.set(key, found.add(value));
    }
  return [...values]
    .filter(([, found]) => found.size > 1)
    .map(([key]) => key)
    .sort(compareNames);
}

// Whether a text is a number as one writes it. "0x1f", "01234" and "1_000" are words: read as numbers they would be
// others than were logged.
/** @param {string} text */
export const isNumber = (text) => /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text);

/** @param {string} text */
const isInteger = (text) => /^-?\d+$/.test(text);

// Numbers by size, before all words; words as names are. Integers beyond 2^53 are told apart.
/**
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
export function compare(a, b) {
  const ours = isNumber(a),
    theirs = isNumber(b);
  if (ours !== theirs) return ours ? -1 : 1;
  if (!ours) return compareNames(a, b);
  const apart = Number(a) - Number(b);
  if (apart || !isInteger(a) || !isInteger(b)) return apart || 0; // two infinities are NaN apart
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
