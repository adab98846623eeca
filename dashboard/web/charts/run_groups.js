// Groups of runs by the values of their settings: which settings a wish names, and which group a run is in.
import { compare, keysOf, settingsOf } from "../text/config.js";

/** @typedef {{ config: import("../text/config.js").Config }} Run */

export const ALL = "*"; // the group of all runs

// The keys that a wish for groups names: "lr, width" those, "-seed" all others that differ between the runs; "*" none.
/**
 * @param {string} text
 * @param {Run[]} runs
 */
export function groupKeys(text, runs) {
  const named = text
    .replace(ALL, "")
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  const without = named.filter((word) => word[0] === "-").map((word) => word.slice(1));
  const within = named.filter((word) => word[0] !== "-");
  return within.length
    ? within.filter((key) => !without.includes(key))
    : without.length
      ? keysOf(runs).filter((key) => !without.includes(key))
      : [];
}

/**
 * @param {Run} run
 * @param {string[]} keys
 */
export const labelOf = (run, keys) =>
  keys.map((key) => `${key}=${settingsOf(run).get(key) ?? "–"}`).join(", ") || "all runs";

// The group of each of some runs, in the order of the values of the keys in turn.
/**
 * @param {Run[]} runs
 * @param {string[]} keys
 * @returns {(run: Run) => import("./setting_values.js").Value}
 */
export function groupsIn(runs, keys) {
  const found = new Map(runs.map((run) => [labelOf(run, keys), run]));
  /**
   * @param {[string, Run]} a
   * @param {[string, Run]} b
   */
  const order = ([, a], [, b]) => {
    for (const key of keys) {
      const sign = compare(settingsOf(a).get(key) ?? "", settingsOf(b).get(key) ?? "");
      if (sign) return sign;
    }
    return 0;
  };
  // Of one key its name stands beside its values.
  const from = keys.length === 1 ? keys[0].length + 1 : 0;
  const values = new Map([...found].sort(order).map(([label], number) => [label, { number, text: label.slice(from) }]));
  return (run) => /** @type {import("./setting_values.js").Value} */ (values.get(labelOf(run, keys)));
}
