// A surface as it was logged: heights on a grid, asked for anywhere, told apart evenly, as they are, or by logarithms.
import { parse } from "../../core/dictionary.js";

const MAX_POINTS = 1 << 20;
const SMOOTHINGS = 24; // of what is not known yet: enough for the gaps of a coarse grid

/** @typedef {"even" | "linear" | "log"} Way how heights are told apart */
/** @typedef {[low: number, high: number]} Edges */
/**
 * What both kinds of text say beside their numbers.
 * @typedef {object} Told
 * @property {string} formula
 * @property {string} state
 * @property {string} problem
 * @property {string} scale
 * @property {string[]} labels
 * @property {number} done points
 * @property {number} total
 */
/** @typedef {Told & { x: Edges, values: number[], known: boolean[], broken: number }} Slice losses along a line */

// A number of the JSON texts: null is not known yet; "nan", "inf" and "-inf" are known and not finite.
/** @param {unknown} value */
const numberOf = (value) =>
  typeof value === "number" ? value : value === "inf" ? Infinity : value === "-inf" ? -Infinity : NaN;
/**
 * @param {unknown} pair
 * @returns {pair is Edges}
 */
const isEdges = (pair) => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite) && pair[0] < pair[1];

/**
 * @param {any} plain
 * @returns {Told}
 */
function told(plain) {
  /** @param {unknown} each */
  const text = (each) => (typeof each === "string" ? each : "");
  return {
    formula: text(plain.formula),
    state: text(plain.state),
    problem: text(plain.problem),
    scale: text(plain.scale),
    labels: Array.isArray(plain.labels) ? plain.labels.map(text) : [],
    done: Number(plain.done) || 0,
    total: Number(plain.total) || 0,
  };
}

// How far it is, in words; isLive: whether its run is being written.
/**
 * @param {Told & { broken: number }} told
 * @param {boolean} isLive
 */
export function progress({ state, done, total, problem, broken }, isLive) {
  const of = `${done.toLocaleString("en-US")} of ${total.toLocaleString("en-US")} points`;
  const words = [];
  if (state === "failed") words.push(`failed at ${of}: ${problem}`);
  else if (state === "computing" && isLive) words.push(of);
  else if (total && done < total) words.push(`stopped at ${of}`);
  if (broken) words.push(`${broken.toLocaleString("en-US")} not finite`);
  return words.join(" · ");
}

// A line through weights: {x: [low, high], values}, and what a surface says beside its own; null when it is not one.
/**
 * @param {string | null} text
 * @returns {Slice | null}
 */
export function readSlice(text) {
  let plain;
  try {
    plain = parse(text);
  } catch {
    return null;
  }
  if (
    !plain ||
    !isEdges(plain.x) ||
    !Array.isArray(plain.values) ||
    plain.values.length < 2 ||
    plain.values.length > MAX_POINTS
  )
    return null;
  /** @type {unknown[]} */
  const logged = plain.values;
  const values = logged.map(numberOf),
    known = logged.map((value) => value !== null);
  return {
    ...told(plain),
    x: plain.x,
    values,
    known,
    broken: values.filter((value, i) => known[i] && !Number.isFinite(value)).length,
  };
}

/**
 * @param {unknown} place
 * @returns {place is [x: number, y: number]}
 */
const isPlace = (place) => Array.isArray(place) && place.length === 2 && place.every(Number.isFinite);

export class Surface {
  // plain: {x: [low, high], y: [low, high], shape: [rows, columns], values, minima?, formula?, labels?, scale?, own?}
  // and of one that is computed {state, done, total, problem}; null when it is not one.
  /** @param {string | null} text */
  static read(text) {
    let plain;
    try {
      plain = parse(text);
    } catch {
      return null;
    }
    if (!plain || !isEdges(plain.x) || !isEdges(plain.y) || !Array.isArray(plain.shape) || !Array.isArray(plain.values))
      return null;
    const [rows, columns] = plain.shape;
    if (!(rows >= 2 && columns >= 2 && rows * columns <= MAX_POINTS) || plain.values.length !== rows * columns)
      return null;
    return new Surface(plain, rows, columns);
  }

  // A window without heights, around points that have no surface of their own.
  /**
   * @param {Edges} x
   * @param {Edges} y
   */
  static flat(x, y) {
    return new Surface({ x, y, values: [0, 0, 0, 0] }, 2, 2);
  }

  /**
   * @param {any} plain
   * @param {number} rows
   * @param {number} columns
   */
  constructor(plain, rows, columns) {
    const { formula, state, problem, scale, labels, done, total } = told(plain);
    this.formula = formula;
    this.state = state;
    this.problem = problem;
    this.scale = scale;
    this.labels = labels;
    this.done = done;
    this.total = total;
    /** @type {Edges} */
    this.x = plain.x;
    /** @type {Edges} */
    this.y = plain.y;
    this.rows = rows;
    this.columns = columns;
    this.isOwn = plain.own === true; // of its run's weights alone: paths of others do not lie on it
    /** @type {unknown[]} */
    const minima = Array.isArray(plain.minima) ? plain.minima : [];
    this.minima = minima.filter(isPlace);
    this.values = Float64Array.from(plain.values, numberOf);
    /** @type {unknown[]} */
    const logged = plain.values;
    this.known = Uint8Array.from(logged, (value) => (value === null ? 0 : 1));
    this.broken = this.values.filter((value, i) => this.known[i] && !Number.isFinite(value)).length;
    this.isWhole = this.known.every(Boolean);
    this.sorted = this.values.filter(Number.isFinite).sort();
    this.low = this.sorted[0] ?? 0;
    this.high = this.sorted[this.sorted.length - 1] ?? 0;
    this.isFlat = !(this.high > this.low);
    this.hasHoles = this.broken > 0;
    /** @type {Way | ""} */
    this.way = "";
    this.heights = this.values; // between 0 and 1, NaN for holes
    /** @type {(height: number) => number} */
    this.valueAt = () => this.low;
    this.spread("");
  }

  // Decides how heights are told apart; gives the way, "even", "linear" or "log".
  /**
   * @param {Way | ""} wanted
   * @returns {Way}
   */
  spread(wanted) {
    const { low, high, sorted } = this;
    const least = sorted.find((value) => value > 0) ?? Infinity;
    let way = wanted || (this.scale === "log" ? "log" : "even");
    if (way === "log" && !(high > least)) way = "linear";
    if (this.way === way) return way;
    this.way = way;
    if (this.isFlat) {
      this.heights = this.values.map((value, i) => (this.known[i] && !Number.isFinite(value) ? NaN : 0));
      this.valueAt = () => low;
      return way;
    }
    if (way === "log") {
      const span = Math.log(high / least);
      this.heights = this.values.map((value) =>
        value > least ? Math.log(value / least) / span : Number.isFinite(value) ? 0 : NaN,
      );
      this.valueAt = (t) => least * Math.exp(t * span);
    } else {
      // Even: the power that brings the middle one of all heights to the middle, so that long tails show their valleys.
      const middle = (sorted[sorted.length >> 1] - low) / (high - low);
      const power =
        way === "linear"
          ? 1
          : Math.min(1, Math.max(0.15, Math.log(0.45) / Math.log(Math.min(0.9, Math.max(1e-9, middle)))));
      this.heights = this.values.map((value) => ((value - low) / (high - low)) ** power);
      this.valueAt = (t) => low + (high - low) * t ** (1 / power);
    }
    for (let i = 0; i < this.heights.length; i++) if (!Number.isFinite(this.values[i])) this.heights[i] = NaN;
    if (!this.isWhole) this.#bridge();
    return way;
  }

  // What is not known yet lies between what is: first as the nearest known, then evened out.
  #bridge() {
    const { heights, known, rows, columns } = this;
    /** @param {number} i */
    const beside = (i) => {
      const c = i % columns;
      const found = [];
      if (c > 0) found.push(i - 1);
      if (c < columns - 1) found.push(i + 1);
      if (i >= columns) found.push(i - columns);
      if (i < (rows - 1) * columns) found.push(i + columns);
      return found;
    };
    /** @param {number} i */
    const mean = (i) => {
      let sum = 0,
        n = 0;
      for (const k of beside(i))
        if (!Number.isNaN(heights[k])) {
          sum += heights[k];
          n += 1;
        }
      return n ? sum / n : NaN;
    };
    const open = [...heights.keys()].filter((i) => !known[i]);
    for (let waiting = open; waiting.length; ) {
      const means = waiting.map((i) => ({ i, height: mean(i) }));
      const reached = means.filter(({ height }) => !Number.isNaN(height));
      if (!reached.length) {
        for (const i of waiting) heights[i] = 0.5;
        break;
      }
      for (const { i, height } of reached) heights[i] = height;
      waiting = waiting.filter((i) => Number.isNaN(heights[i]));
    }
    for (let k = 0; k < SMOOTHINGS; k++) for (const i of open) heights[i] = mean(i);
  }

  // Height between 0 and 1 at a place given in parts of the window; outside, that of the nearest edge. What is not
  // finite has no part in its neighbours' heights.
  /**
   * @param {number} u
   * @param {number} v
   */
  at(u, v) {
    const c = Math.min(1, Math.max(0, u)) * (this.columns - 1),
      r = Math.min(1, Math.max(0, v)) * (this.rows - 1);
    const c0 = Math.min(this.columns - 2, Math.floor(c)),
      r0 = Math.min(this.rows - 2, Math.floor(r));
    const i = r0 * this.columns + c0,
      dc = c - c0,
      dr = r - r0,
      h = this.heights;
    if (!this.hasHoles)
      return (
        (h[i] * (1 - dc) + h[i + 1] * dc) * (1 - dr) +
        (h[i + this.columns] * (1 - dc) + h[i + this.columns + 1] * dc) * dr
      );
    let sum = 0,
      weight = 0;
    for (const [k, part] of [
      [i, (1 - dc) * (1 - dr)],
      [i + 1, dc * (1 - dr)],
      [i + this.columns, (1 - dc) * dr],
      [i + this.columns + 1, dc * dr],
    ]) {
      if (!Number.isNaN(h[k])) {
        sum += h[k] * part;
        weight += part;
      }
    }
    return weight ? sum / weight : 1;
  }

  // The point of the grid nearest to a place in parts of the window.
  /**
   * @param {number} u
   * @param {number} v
   */
  index(u, v) {
    const c = Math.min(this.columns - 1, Math.max(0, Math.round(u * (this.columns - 1))));
    return Math.min(this.rows - 1, Math.max(0, Math.round(v * (this.rows - 1)))) * this.columns + c;
  }

  // Whether the nearest point is known and not finite.
  /**
   * @param {number} u
   * @param {number} v
   */
  isHole(u, v) {
    return this.hasHoles && Number.isNaN(this.heights[this.index(u, v)]);
  }

  /** @param {number} x */
  u(x) {
    return (x - this.x[0]) / (this.x[1] - this.x[0]);
  }
  /** @param {number} y */
  v(y) {
    return (y - this.y[0]) / (this.y[1] - this.y[0]);
  }
}

/** @typedef {[at: number, colour: number[]]} Stop */

/** @type {{ light: Stop[], dark: Stop[] }} */
const RAMPS = {
  light: [
    [0, [150, 173, 240]],
    [0.25, [189, 205, 246]],
    [0.6, [226, 232, 248]],
    [1, [249, 249, 251]],
  ],
  dark: [
    [0, [62, 84, 168]],
    [0.25, [46, 60, 116]],
    [0.6, [33, 40, 66]],
    [1, [25, 28, 37]],
  ],
};

// The colour of a height: deep in the valleys, where the walks are, and near the page's own on the peaks.
/**
 * @param {number} t
 * @param {boolean} dark
 */
export function ramp(t, dark) {
  const stops = dark ? RAMPS.dark : RAMPS.light;
  let k = 1;
  while (k < stops.length - 1 && t > stops[k][0]) k++;
  const [[t0, a], [t1, b]] = [stops[k - 1], stops[k]];
  const part = Math.min(1, Math.max(0, (t - t0) / (t1 - t0)));
  return [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * part);
}
