// Groups of runs that have the same settings: how many, the best of a metric and its mean. The same as
// dashboard/choosing/groups.py.
import { deviation, mean } from "./statistics.js";
import { inOrder } from "./run_fields.js";
import { numberOf } from "./run_choice.js";

/**
 * @typedef {import("./run_fields.js").Named} Named
 * @typedef {import("./run_fields.js").Field} Field
 * @typedef {{ count: number, best: number, mean: number, std: number }} Summary of a field over some runs: how many
 *   have a finite number there, their best, mean and deviation (n - 1); NaN for none
 */
/**
 * @template {Named} T
 * @typedef {{ key: string, values: (string | number | null)[], runs: T[] }} Group values: what they have in the fields
 */

/**
 * Runs by what they have in some fields, in the order of these values; what has nothing is last.
 * @template {Named} T
 * @param {T[]} runs
 * @param {Field[]} fields
 * @returns {Group<T>[]}
 */
export function grouped(runs, fields) {
  /** @type {Map<string, Group<T>>} */
  const found = new Map();
  for (const run of runs) {
    const values = fields.map((field) => field.of(run) ?? null).map((value) => (value === "" ? null : value)),
      key = JSON.stringify(values);
    const known = found.get(key);
    if (known) known.runs.push(run);
    else found.set(key, { key, values, runs: [run] });
  }
  return [...found.values()].sort((a, b) => {
    for (let i = 0; i < fields.length; i++) {
      const apart = inOrder(a.values[i], b.values[i], false);
      if (apart) return apart;
    }
    return 0;
  });
}

/**
 * @param {Named[]} runs
 * @param {Field} field
 * @returns {Summary}
 */
export function summaryOf(runs, field) {
  const values = runs.map((run) => numberOf(field.of(run))).filter(Number.isFinite);
  if (!values.length) return { count: 0, best: NaN, mean: NaN, std: NaN };
  const best = values.reduce((a, b) => (field.isMoreBetter ? Math.max(a, b) : Math.min(a, b)));
  return { count: values.length, best, mean: mean(values), std: values.length > 1 ? deviation(values) : NaN };
}
