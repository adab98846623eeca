// Curves made of curves: the middle and spread of a group of runs, and the difference to another run.
import { deviation, mean as meanOf } from "../text/statistics.js";
import { Curve } from "./curve.js";
import { leastAbove0 } from "./scale.js";

/**
 * @typedef {import("./curve.js").Axis} Axis
 * @typedef {{ centre: string, band: string }} Manner of a group: mean or median; std, sem, range, boot or none
 */

const GRID = 800; // places at which a group is looked at, at the most: half of them are about a card's width
const RESAMPLES = 200;

// What a line shows at x: its mean, or what was smoothed, between neighbours in a straight line. NaN before its first
// point and after its last: a run that has not begun has no value yet, and its first would bend a group's mean.
/**
 * @param {Curve} curve
 * @param {Axis} axis
 * @param {Float64Array} values
 * @returns {(x: number) => [value: number, column: number]}
 */
function sampler(curve, axis, values) {
  const [begin, end, shift] = curve.ends(axis);
  const n = curve.length;
  /** @param {number} i */
  const at = (i) => (begin[i] + end[i]) / 2 - shift;
  let i = 0;
  // Asked in rising order: the place is walked to, not searched.
  return (x) => {
    while (i < n - 1 && end[i] - shift < x) i++;
    if (x < begin[0] - shift || x > end[n - 1] - shift) return [NaN, i];
    const centre = at(i),
      other = x < centre ? i - 1 : i + 1;
    if (other < 0 || other >= n || values[other] !== values[other]) return [values[i], i];
    const gap = at(other) - centre;
    return [gap ? values[i] + ((values[other] - values[i]) * (x - centre)) / gap : values[i], i];
  };
}

// Goes along a curve: the extremes of its columns from where it stood up to x.
/**
 * @param {Curve} curve
 * @param {Axis} axis
 * @returns {(x: number) => [least: number, most: number]}
 */
function walker(curve, axis) {
  const [begin, end, shift] = curve.ends(axis);
  let i = 0;
  return (x) => {
    let least = Infinity,
      most = -Infinity;
    for (; i < curve.length && (begin[i] + end[i]) / 2 - shift <= x; i++) {
      if (curve.min[i] < least) least = curve.min[i];
      if (curve.max[i] > most) most = curve.max[i];
    }
    return [least, most];
  };
}

// Where the members of a group are looked at: the places of the longest where it has few, else evenly (as the axis is),
// at multiples of a power of two: what is there stays where it is while new points come.
/**
 * @param {Curve[]} curves
 * @param {Axis} axis
 * @param {boolean} isLog
 */
function gridOf(curves, axis, isLog) {
  let low = Infinity,
    high = -Infinity,
    longest = curves[0];
  for (const curve of curves) {
    const [begin, end, shift] = curve.ends(axis);
    low = Math.min(low, isLog ? leastAbove0(curve, axis) : begin[0] - shift);
    high = Math.max(high, end[curve.length - 1] - shift);
    if (curve.length > longest.length) longest = curve;
  }
  if (low === Infinity) return Float64Array.of(1); // nothing has a place on a logarithmic axis
  if (longest.length <= GRID && longest.single) {
    const [begin, , shift] = longest.ends(axis);
    const places = [];
    for (let i = 0; i < longest.length; i++) if (!isLog || begin[i] > shift) places.push(begin[i] - shift);
    if (!(places[0] <= low)) places.unshift(low);
    if (places[places.length - 1] < high) places.push(high);
    return Float64Array.from(places);
  }
  if (!(high > low)) return Float64Array.of(low);
  const [from, to] = isLog ? [Math.log2(low), Math.log2(high)] : [low, high];
  const gap = 2 ** Math.ceil(Math.log2((to - from) / (GRID - 2)));
  const first = Math.floor(from / gap) + 1,
    inner = Math.max(0, Math.ceil(to / gap) - first);
  /** @param {number} at */
  const place = (at) => (isLog ? 2 ** at : at);
  return Float64Array.from({ length: inner + 2 }, (_, i) =>
    i === 0 ? low : i > inner ? high : place((first + i - 1) * gap),
  );
}

// A group as one curve: its middle, and its spread as the curve's min and max.
// how: { centre: mean | median, band: std | sem | range | boot | none }; smoothing is done on each member, before.
/**
 * @param {string} name
 * @param {Curve[]} curves
 * @param {Axis} axis
 * @param {Manner} how
 * @param {import("./smoothing.js").Smoothing} smoothing
 * @param {number} range
 */
export function group(name, curves, axis, how, smoothing, range) {
  const members = curves.filter((curve) => curve.length);
  const isLog = Boolean(smoothing.isLog),
    grid = gridOf(members, axis, isLog);
  const samplers = members.map((curve) =>
    sampler(
      curve,
      axis,
      smoothing.weight > 0 && curve.length > 2 ? curve.smoothed(smoothing, axis, range) : curve.mean,
    ),
  );
  const mean = new Float64Array(grid.length),
    min = new Float64Array(grid.length),
    max = new Float64Array(grid.length);
  const found = new Float64Array(members.length),
    carried = new Float64Array(grid.length);
  const spikes = members.map((curve) => walker(curve, axis));
  if (isLog) for (const walk of spikes) walk(0); // what has no place on the axis is not in its band
  const raw = how.band === "range" && !(smoothing.weight > 0);
  const random = generator(1);
  for (let g = 0; g < grid.length; g++) {
    let n = 0,
      low = Infinity,
      high = -Infinity;
    for (let k = 0; k < samplers.length; k++) {
      const [value, i] = samplers[k](grid[g]);
      if (value !== value) continue;
      found[n++] = value;
      // The range of a group hides no spike of a member: the extremes of its columns count.
      if (raw) {
        const curve = members[k];
        if (curve.min[i] < low) low = curve.min[i];
        if (curve.max[i] > high) high = curve.max[i];
      }
    }
    // Also of those that lie between two places.
    if (raw)
      for (const walk of spikes) {
        const [least, most] = walk(g + 1 < grid.length ? (grid[g] + grid[g + 1]) / 2 : Infinity);
        if (least < low) low = least;
        if (most > high) high = most;
      }
    carried[g] = n;
    const values = found.subarray(0, n);
    mean[g] = n ? middle(values, how.centre) : NaN;
    const [below, above] = raw && n ? [low, high] : spread(values, mean[g], how, random);
    min[g] = below;
    max[g] = above;
  }
  const shift = axis === "step" ? 0 : axis === "relative" ? members[0].ends(axis)[2] : 0;
  const places = shift ? grid.map((x) => x + shift) : grid;
  const curve = Curve.of(name, {
    x: axis === "step" ? grid : stepsAt(members[0], axis, grid),
    w: axis === "step" || axis === "metric" ? timesAt(members[0], axis, grid) : places,
    m: axis === "metric" ? grid : null,
    mean,
    min,
    max,
  });
  curve.started = shift || null;
  curve.memberCount = members.length;
  // How many runs each place stands for, and the line in two: where all of them are, and where some are missing.
  curve.carried = carried;
  /** @param {number} g */
  const isWhole = (g) => carried[g] === members.length;
  if (!carried.every((n) => n === members.length)) {
    curve.whole = mean.map((value, g) => (isWhole(g) ? value : NaN));
    curve.part = mean.map((value, g) =>
      isWhole(g) && (g === 0 || isWhole(g - 1)) && (g === grid.length - 1 || isWhole(g + 1)) ? NaN : value,
    );
  }
  return curve;
}

/**
 * @param {Curve} curve
 * @param {Axis} axis
 * @param {Float64Array} grid
 */
const stepsAt = (curve, axis, grid) => grid.map((x) => curve.x1[Math.max(0, curve.at(x, axis))]);
/**
 * @param {Curve} curve
 * @param {Axis} axis
 * @param {Float64Array} grid
 */
const timesAt = (curve, axis, grid) => grid.map((x) => curve.w1[Math.max(0, curve.at(x, axis))]);

/**
 * @param {Float64Array} values
 * @param {string} centre
 */
function middle(values, centre) {
  if (centre === "median") return median(Float64Array.from(values).sort());
  return meanOf(values);
}

/** @param {Float64Array} sorted */
const median = (sorted) =>
  sorted.length % 2 ? sorted[sorted.length >> 1] : sorted[sorted.length / 2 - 1] / 2 + sorted[sorted.length / 2] / 2;

// Lower and upper edge. Of one value it has no width. Bootstrap: the middle 95 % of the resampled middles (Efron 1979).
/**
 * @param {Float64Array} values
 * @param {number} at
 * @param {Manner} how
 * @param {() => number} random
 * @returns {[below: number, above: number]}
 */
function spread(values, at, { centre, band }, random) {
  const n = values.length;
  if (!n || band === "none") return [at, at];
  if (n === 1) return [values[0], values[0]];
  if (band === "range") {
    let low = Infinity,
      high = -Infinity;
    for (const v of values) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
    return [low, high];
  }
  if (band === "boot") {
    const middles = new Float64Array(RESAMPLES),
      drawn = new Float64Array(n);
    for (let r = 0; r < RESAMPLES; r++) {
      for (let i = 0; i < n; i++) drawn[i] = values[Math.floor(random() * n)];
      middles[r] = middle(drawn, centre);
    }
    middles.sort();
    return [middles[Math.floor(0.025 * (RESAMPLES - 1))], middles[Math.ceil(0.975 * (RESAMPLES - 1))]];
  }
  const half = band === "sem" ? deviation(values) / Math.sqrt(n) : deviation(values);
  return [at - half, at + half];
}

// The same numbers every time: a band must not shiver when the page is drawn again. (mulberry32, public domain.)
/** @param {number} seed */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// A curve less another at the same place; where the other has nothing there is nothing.
/**
 * @param {Curve} curve
 * @param {Curve} base
 * @param {Axis} axis
 */
export function difference(curve, base, axis) {
  const sample = sampler(base, axis, base.mean);
  const [begin, end, shift] = curve.ends(axis);
  const n = curve.length;
  const mean = new Float64Array(n),
    min = new Float64Array(n),
    max = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [other] = sample((begin[i] + end[i]) / 2 - shift);
    mean[i] = curve.mean[i] - other;
    min[i] = curve.min[i] - other;
    max[i] = curve.max[i] - other;
  }
  /** @param {Float64Array} column */
  const part = (column) => column.subarray(0, n);
  const m = curve.m1 && part(curve.m1);
  const made = Curve.of(curve.run, { x: part(curve.x1), w: part(curve.w1), m, mean, min, max });
  made.started = curve.started;
  return made;
}
