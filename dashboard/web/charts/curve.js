// One run's curve of one tag: columns of a chart, each exact about the points it stands for, growing live.
//
// A column is a point at first. When there are many more columns than pixels, neighbours are merged in place, so
// that a page open for a week holds no more than one open for a minute, and no spike is lost: minima, maxima,
// counts and means merge exactly.

import { FIELDS, NAMES, columnOf, exactStep, logarithms, mergeNeighbours } from "./columns.js";
import { SegmentCounts } from "./segment_counts.js";
import * as single from "./shared_columns.js";
import { smooth } from "./smoothing.js";

/**
 * @typedef {"step" | "time" | "relative" | "metric"} Axis what x is
 * @typedef {import("./columns.js").Ends} Ends
 * @typedef {import("./columns.js").CurveHead} CurveHead
 * @typedef {import("./smoothing.js").Smoothed} Smoothed
 * @typedef {{ steps: ArrayLike<number>, times: ArrayLike<number>, values: ArrayLike<number> }} Points
 * @typedef {Points & { segment: string, n: number }} NewPoints of a segment, after its first n
 * @typedef {NewPoints & { run: string, tag: string, count: number }} LivePoints as the live feed tells of them
 */

const MAX_COLUMNS = 4096;

export class Curve {
  /** @param {string} run */
  constructor(run) {
    this.run = run;
    /** @type {number | null} */
    this.started = null;
    this.counts = new SegmentCounts(); // points known
    this.length = 0;
    this.version = 0;
    this.epoch = 0; // grows when columns that were there become others; new ones leave it
    this.asked = 0; // questions to the server that are under way
    /** @type {readonly NewPoints[]} */
    this.pending = single.none; // live points that came meanwhile: the answer may be older than they are
    this.loaded = false;
    this.columns = 0; // how many were asked for
    /** @type {readonly Points[]} */
    this.tails = single.none; // what rewinds left behind: points off the live line
    /** @type {readonly (number | string)[]} */
    this.rest = single.none; // what the last step of each column is more than its float64, where steps are beyond 2^53
    this.unplaced = 0; // points that have no place on the axis of a metric
    this.ranks = 1; // how many logged it, where their points are joined
    this.isOutdated = false; // whether it is of another window than the one that is asked for
    /** @type {Float64Array | null} */
    this.m0 = null; // where columns begin and end on the axis of a metric; null where none was asked for
    /** @type {Float64Array | null} */
    this.m1 = null;
    // Of a group of runs: how many it has, how many each place stands for, and its middle in two: where all of them
    // are, and where some are missing.
    /** @type {number | undefined} */
    this.memberCount = undefined;
    /** @type {Float64Array | undefined} */
    this.carried = undefined;
    /** @type {Float64Array | undefined} */
    this.whole = undefined;
    /** @type {Float64Array | undefined} */
    this.part = undefined;
    /** @type {Smoothed | null} */
    this.cache = null;
    this.single = true; // each column is one point
    this.odd = false; // some value is not finite, or columns are told apart from their values
    this.capacity = 0;
    this.x0 = this.x1 = this.minStep = this.maxStep = single.empty();
    this.w0 = this.w1 = single.empty();
    this.first = this.last = this.min = this.max = this.mean = single.empty();
    this.count = single.ones;
    this.nan = this.pinf = this.ninf = single.zeros;
  }

  // Single points are kept as three numbers each: the other columns are the same arrays by other names.
  /**
   * @param {Float64Array} steps
   * @param {Float64Array} times
   * @param {Float64Array} values
   * @param {number} length
   */
  #points(steps, times, values, length) {
    this.single = true;
    this.length = length;
    this.capacity = values.length;
    this.x0 = this.x1 = this.minStep = this.maxStep = steps;
    this.w0 = this.w1 = times;
    this.first = this.last = this.min = this.max = this.mean = values;
    single.shared(this.capacity);
    this.count = single.ones;
    this.nan = this.pinf = this.ninf = single.zeros;
    this.odd = false;
    for (let i = 0; i < length; i++)
      if (!Number.isFinite(values[i])) {
        this.#separate();
        break;
      }
  }

  // Once a value is not finite, what is drawn and what was logged are no longer the same.
  #separate() {
    this.odd = true;
    const finite = new Float64Array(this.capacity);
    this.nan = new Float64Array(this.capacity);
    this.pinf = new Float64Array(this.capacity);
    this.ninf = new Float64Array(this.capacity);
    this.min = this.max = this.mean = finite;
    for (let i = 0; i < this.length; i++) this.#classify(i, this.first[i]);
  }

  /**
   * @param {number} i
   * @param {number} value
   */
  #classify(i, value) {
    this.mean[i] = Number.isFinite(value) ? value : NaN;
    if (!this.odd) return;
    this.nan[i] = Number.isNaN(value) ? 1 : 0;
    this.pinf[i] = value === Infinity ? 1 : 0;
    this.ninf[i] = value === -Infinity ? 1 : 0;
  }

  #grow() {
    const capacity = Math.max(64, this.capacity * 2);
    const grown = new Map();
    for (const field of FIELDS) {
      const old = this[field];
      if (old === single.ones || old === single.zeros) continue;
      if (!grown.has(old)) {
        const made = new Float64Array(capacity);
        made.set(old.subarray(0, this.length));
        grown.set(old, made);
      }
      this[field] = grown.get(old);
    }
    single.shared(capacity);
    if (this.single) {
      this.count = single.ones;
      if (!this.odd) this.nan = this.pinf = this.ninf = single.zeros;
    }
    this.capacity = capacity;
  }

  // From single points to columns of their own, which can be merged.
  #widen() {
    if (!this.single) return;
    for (const field of FIELDS) {
      const own = new Float64Array(this.capacity);
      own.set(this[field].subarray(0, this.length));
      this[field] = own;
    }
    this.single = false;
    this.odd = true;
  }

  ask() {
    this.asked++;
  }

  // A question has come to its end, with an answer or without one.
  answered() {
    this.asked--;
    if (!this.asked) this.pending = single.none;
  }

  // Takes an answer of the server in place of what was known. False when live points do not follow it: ask again.
  /**
   * @param {CurveHead} head
   * @param {Map<string, Float64Array>} columns by their names in the head; see named in core/wire.js
   */
  load(head, columns) {
    this.length = 0;
    this.tails = single.none;
    this.rest = head.rest ?? single.none;
    this.started = head.started;
    this.unplaced = head.unplaced ?? 0;
    this.ranks = head.ranks ?? 1;
    this.counts = new SegmentCounts(head.counts);
    if (head.form === "points") {
      // Views of the answer: as they came, in order.
      this.#points(columnOf(columns, "step"), columnOf(columns, "wall_time"), columnOf(columns, "value"), head.length);
      this.m0 = this.m1 = columns.get("x") ?? null;
    } else {
      for (const [field, name] of NAMES) this[field] = columnOf(columns, name);
      this.m0 = columns.get("x_first") ?? null;
      this.m1 = columns.get("x_last") ?? null;
      this.single = false;
      this.odd = true;
      this.capacity = this.length = head.length;
    }
    this.loaded = true;
    this.version++;
    this.epoch++;
    return this.pending.every((points) => this.#follow(points));
  }

  // Adds live points. False when they do not follow what is known (a gap, or steps that went back): ask again.
  /** @param {NewPoints} points */
  append(points) {
    if (this.asked) this.pending = [...this.pending, points];
    return !this.loaded || this.#follow(points);
  }

  /** @param {NewPoints} points */
  #follow({ segment, n, steps, times, values }) {
    const known = this.counts.get(segment) ?? 0;
    const skip = known - n;
    if (skip < 0) return false;
    if (skip >= steps.length) return true;
    for (let i = skip; i < steps.length; i++) {
      if (this.length && steps[i] < this.x1[this.length - 1]) return false;
      this.#push(steps[i], times[i], values[i]);
    }
    this.counts.set(segment, n + steps.length);
    this.version++;
    if (this.length > MAX_COLUMNS) this.#merge();
    return true;
  }

  // Whether points that came live are part of it by now.
  /** @param {{ segment: string, n: number, count: number }} points */
  holds({ segment, n, count }) {
    return this.loaded && (this.counts.get(segment) ?? 0) >= n + count;
  }

  /**
   * @param {number} step
   * @param {number} time
   * @param {number} value
   */
  #push(step, time, value) {
    if (this.length === this.capacity) this.#grow();
    const finite = Number.isFinite(value);
    if (this.single && !finite && !this.odd) this.#separate();
    const i = this.length++;
    this.x0[i] = this.x1[i] = step;
    this.w0[i] = this.w1[i] = time;
    this.first[i] = this.last[i] = value;
    if (!this.single) {
      this.count[i] = 1;
      this.minStep[i] = this.maxStep[i] = step;
      this.min[i] = this.max[i] = finite ? value : NaN;
    }
    this.#classify(i, value);
  }

  #merge() {
    this.epoch++;
    this.rest = single.none;
    this.#widen();
    this.length = mergeNeighbours(this, this.length);
  }

  get points() {
    if (this.single) return this.length;
    let total = 0;
    for (let i = 0; i < this.length; i++) total += this.count[i];
    return total;
  }

  get notFinite() {
    if (!this.odd) return 0;
    let total = 0;
    for (let i = 0; i < this.length; i++) total += this.nan[i] + this.pinf[i] + this.ninf[i];
    return total;
  }

  // The smoothed mean at each column, kept until something changes.
  /**
   * @param {import("./smoothing.js").Smoothing} smoothing
   * @param {Axis} axis
   * @param {number} range
   * @returns {Float64Array}
   */
  smoothed({ kind, weight, isLog = false }, axis, range) {
    const known = this.cache;
    if (
      known?.version === this.version &&
      known.kind === kind &&
      known.weight === weight &&
      known.isLog === isLog &&
      known.axis === axis &&
      known.range === range
    )
      return known.values;
    const [begin, end] = isLog ? logarithms(this.ends(axis), this.length) : this.ends(axis);
    const values = smooth(kind, weight, begin, end, this.mean, this.length, range, known?.values);
    this.cache = { version: this.version, kind, weight, isLog, axis, range, values };
    return values;
  }

  // A curve of columns that were worked out here; those that are not given are as of single points.
  /**
   * @param {string} run
   * @param {{ x: Float64Array, w: Float64Array, mean: Float64Array, min?: Float64Array, max?: Float64Array,
   *   m?: Float64Array | null }} columns
   */
  static of(run, columns) {
    const curve = new Curve(run);
    const { x, w, mean } = columns;
    curve.#points(x, w, mean, mean.length);
    // A place without a value is a gap here, not a NaN that somebody logged.
    curve.odd = false;
    curve.nan = curve.pinf = curve.ninf = single.zeros;
    curve.first = curve.last = curve.mean = mean;
    curve.min = columns.min ?? mean;
    curve.max = columns.max ?? mean;
    curve.m0 = curve.m1 = columns.m ?? null;
    curve.loaded = true;
    return curve;
  }

  // Where columns begin and end on an axis.
  /**
   * @param {Axis} axis
   * @returns {Ends}
   */
  ends(axis) {
    if (axis === "step") return [this.x0, this.x1, 0];
    if (axis === "metric") return [this.m0 ?? this.#nowhere(), this.m1 ?? this.#nowhere(), 0];
    return [this.w0, this.w1, axis === "relative" ? (this.started ?? (this.length ? this.w0[0] : 0)) : 0];
  }

  // Places on an axis of which nothing was asked.
  #nowhere() {
    return new Float64Array(this.length).fill(NaN);
  }

  // The last step of a column with all its digits, or null.
  /** @param {number} i */
  stepOf(i) {
    return exactStep(this.x1[i], this.rest[i]);
  }

  // The column nearest to x on an axis; -1 without any.
  /**
   * @param {number} x
   * @param {Axis} axis
   */
  at(x, axis) {
    const [begin, end, shift] = this.ends(axis);
    let low = 0,
      high = this.length - 1;
    if (high < 0) return -1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (end[middle] - shift < x) low = middle + 1;
      else high = middle;
    }
    const inside = begin[low] - shift <= x;
    return !inside && low > 0 && x - (end[low - 1] - shift) < begin[low] - shift - x ? low - 1 : low;
  }
}
