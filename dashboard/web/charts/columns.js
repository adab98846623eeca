// The columns of a curve: their names, where they lie, and how two neighbours become one.

/**
 * @typedef {[begin: Float64Array, end: Float64Array, shift: number]} Ends where columns lie, each less the shift
 * @typedef {{
 *   run: string, length: number, form?: string, started: number | null, counts: Record<string, number>,
 *   rest?: (number | string)[], unplaced?: number, ranks?: number,
 * }} CurveHead what the server says of a curve, beside its columns
 * @typedef {Record<typeof FIELDS[number], Float64Array>} Columns by what they are called here
 */

// What is kept of each column, by what it is called on the wire; see COLUMNS in dashboard/curves/query.py.
export const NAMES = /** @type {const} */ ([
  ["x0", "step_first"],
  ["x1", "step_last"],
  ["w0", "wall_time_first"],
  ["w1", "wall_time_last"],
  ["count", "count"],
  ["first", "first"],
  ["last", "last"],
  ["min", "min"],
  ["minStep", "min_step"],
  ["max", "max"],
  ["maxStep", "max_step"],
  ["mean", "mean"],
  ["nan", "nan_count"],
  ["pinf", "posinf_count"],
  ["ninf", "neginf_count"],
]);
export const FIELDS = NAMES.map(([field]) => field);
const BEFORE_ALL = -1e6; // as a logarithm: that of the least number there is is -745

/**
 * @param {Map<string, Float64Array>} columns
 * @param {string} name
 */
export function columnOf(columns, name) {
  const found = columns.get(name);
  if (!found) throw new Error(`The answer has no column ${name}, but ${[...columns.keys()].join(", ")}.`);
  return found;
}

// Makes each two neighbours one, in place; gives how many columns are left.
/**
 * @param {Columns} columns
 * @param {number} length
 */
export function mergeNeighbours(columns, length) {
  let to = 0;
  for (let i = 0; i < length; i += 2, to++) {
    const j = Math.min(i + 1, length - 1);
    if (j === i) {
      for (const field of FIELDS) columns[field][to] = columns[field][i];
      continue;
    }
    const a = columns.count[i] - columns.nan[i] - columns.pinf[i] - columns.ninf[i];
    const b = columns.count[j] - columns.nan[j] - columns.pinf[j] - columns.ninf[j];
    const mean = a + b ? ((a ? a * columns.mean[i] : 0) + (b ? b * columns.mean[j] : 0)) / (a + b) : NaN;
    const lower = !(columns.min[j] < columns.min[i]) && !Number.isNaN(columns.min[i]) ? i : j;
    const upper = !(columns.max[j] > columns.max[i]) && !Number.isNaN(columns.max[i]) ? i : j;
    const [min, minStep, max, maxStep] = [
      columns.min[lower],
      columns.minStep[lower],
      columns.max[upper],
      columns.maxStep[upper],
    ];
    columns.x0[to] = columns.x0[i];
    columns.w0[to] = Math.min(columns.w0[i], columns.w0[j]);
    columns.first[to] = columns.first[i];
    columns.x1[to] = columns.x1[j];
    columns.w1[to] = Math.max(columns.w1[i], columns.w1[j]);
    columns.last[to] = columns.last[j];
    for (const field of /** @type {const} */ (["count", "nan", "pinf", "ninf"]))
      columns[field][to] = columns[field][i] + columns[field][j];
    columns.min[to] = min;
    columns.minStep[to] = minStep;
    columns.max[to] = max;
    columns.maxStep[to] = maxStep;
    columns.mean[to] = mean;
  }
  return to;
}

// Where columns begin and end on a logarithmic axis; those without a place there lie so far before it that they change
// nothing.
/**
 * @param {Ends} ends
 * @param {number} n how many there are
 * @returns {[Float64Array, Float64Array]}
 */
export function logarithms([begin, end, shift], n) {
  const stops = Float64Array.from({ length: n }, (_, i) => (end[i] > shift ? Math.log(end[i] - shift) : BEFORE_ALL));
  return [stops.map((stop, i) => (begin[i] > shift ? Math.log(begin[i] - shift) : stop)), stops];
}

// A step with all its digits: a float64 has them up to 2^53. rest: what it is more than that; null where that is not
// known, as of a live point of nanoseconds.
/**
 * @param {number} step
 * @param {number | string | undefined} rest
 */
export function exactStep(step, rest) {
  if (Math.abs(step) <= 2 ** 53 || !Number.isInteger(step)) return step;
  return rest === undefined ? null : BigInt(step) + BigInt(rest);
}
