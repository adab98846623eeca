// Lines of single points that lie at the same places of x, as the runs of a sweep do: which parts of lines a column of
// pixels has is worked out once for all of them, and of each line only its heights are left to look at.
//
// What is counted is what `cover.js` finds of each line by itself, to the last bit: a line may be counted here at one
// time and there at another.
import { FAR, height } from "./cover.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./cover.js").Place} Place
 * @typedef {{ a: number, b: number, t: number }} Spot between two points: where their heights begin, and how far
 * @typedef {{ first: number, end: number, right: Spot | null, middle: Spot }} Way what lines do in a column: where the
 *   heights of its own points are, where lines go on into the next column, and where they are in its middle
 */

const TOGETHER = 8; // lines whose heights are worked out at once
const FEWEST = 8; // lines for which it is worth it
const MOST_KINDS = 32; // of places of x that are told apart; lines of others are counted by themselves
const MOST_HEIGHTS = 1 << 22; // that are held at once

export class Bundle {
  /** @param {Curve} curve @param {Place} place */
  constructor(curve, place) {
    this.curves = [curve];
    this.longest = curve;
    this.axis = place.axis;
    /** @type {Float64Array | null} */
    this.px = null; // of the points of the longest line; null where one of them has no place
    // Of the lines, as they were then: to ask each of thousands in each part of the columns is half of what that costs.
    this.lengths = new Int32Array(0);
    /** @type {Float64Array[]} */
    this.means = [];
    /** @type {(Float64Array | null)[] | null} */
    this.smooth = null; // what is drawn of them, where lines are smoothed; once it was asked for
  }

  // Takes a line that lies at the same places, as far as the shorter of the two goes.
  /** @param {Curve} curve */
  takes(curve) {
    const [own, , shift] = this.longest.ends(this.axis),
      [others, , otherShift] = curve.ends(this.axis);
    if (own !== others || shift !== otherShift)
      for (let i = Math.min(this.longest.length, curve.length) - 1; i >= 0; i--)
        if (own[i] - shift !== others[i] - otherShift) return false;
    this.curves.push(curve);
    if (curve.length > this.longest.length) this.longest = curve;
    return true;
  }

  /** @param {Place} place */
  settle({ x, logx }) {
    const [begin, , shift] = this.longest.ends(this.axis);
    const px = new Float64Array(this.longest.length);
    for (let i = 0; i < px.length; i++) {
      const at = begin[i] - shift;
      px[i] = at === at && !(logx && at <= 0) ? x(at) : NaN;
      if (!(px[i] >= (i ? px[i - 1] : -Infinity))) return;
    }
    this.px = px;
    this.lengths = Int32Array.from(this.curves, ({ length }) => length);
    this.means = this.curves.map(({ mean }) => mean);
  }

  /** @param {((curve: Curve) => Float64Array | null) | null} smoothed */
  drawn(smoothed) {
    return smoothed ? (this.smooth ??= this.curves.map(smoothed)) : this.means;
  }
}

// Lines by the places of their points; the others are those that are not of single points, or alone in where they lie.
/**
 * @param {Curve[]} curves
 * @param {Place} place
 * @returns {{ bundles: Bundle[], others: Curve[] }}
 */
export function bundled(curves, place) {
  /** @type {Bundle[]} */
  const found = [];
  /** @type {Curve[]} */
  const others = [];
  for (const curve of curves) {
    if (!isPlain(curve, place)) others.push(curve);
    else if (!found.some((bundle) => bundle.takes(curve)))
      if (found.length < MOST_KINDS) found.push(new Bundle(curve, place));
      else others.push(curve);
  }
  const bundles = found.filter((bundle) => {
    if (bundle.curves.length >= FEWEST) bundle.settle(place);
    if (!bundle.px) others.push(...bundle.curves);
    return bundle.px;
  });
  return { bundles, others };
}

/** @param {Curve} curve @param {Place} place */
function isPlain(curve, { axis }) {
  const [begin, end] = curve.ends(axis);
  const { mean, min, max, first, last } = curve;
  return curve.length > 0 && begin === end && min === mean && max === mean && first === mean && last === mean;
}

// Some columns of a bundle, of all lines that have a value at each of the points that lie there.
export class Heights {
  // from, to: the columns. smoothed: the values that are drawn of a line, where lines are smoothed. others: takes the
  // lines that have not. room: where the heights lie, from one part to the next.
  /**
   * @param {Bundle} bundle
   * @param {Place} place
   * @param {number} from
   * @param {number} to
   * @param {((curve: Curve) => Float64Array | null) | null} smoothed
   * @param {Curve[]} others
   * @param {{ logged: Float64Array, drawn: Float64Array }} room
   */
  constructor(bundle, place, from, to, smoothed, others, room) {
    const px = /** @type {Float64Array} */ (bundle.px);
    const first = Math.max(0, firstFrom(px, from) - 1),
      last = Math.min(px.length - 1, firstBehind(px, to)),
      rows = last - first + 1;
    // An odd number of cache lines apart, so that what is written for one line does not fall into one place of a cache.
    this.apart = 8 * (((bundle.curves.length + 7) >> 3) | 1);
    const isTooMuch = rows * this.apart > MOST_HEIGHTS;
    this.count = 0; // of lines
    const size = isTooMuch ? 0 : rows * this.apart;
    if (room.logged.length < size) room.logged = new Float64Array(size);
    if (smoothed && room.drawn.length < size) room.drawn = new Float64Array(size);
    this.logged = room.logged; // heights of the lines at one point, then of those at the next
    this.drawn = smoothed ? room.drawn : room.logged; // the same of what is drawn as lines
    const { left, ways } = waysOf(px, first, last, from, to, place.columns, this.apart);
    this.left = left; // where lines come into the first column; null where they begin there or behind
    this.ways = ways; // null where no line is
    const { curves, lengths, means } = bundle,
      values = bundle.drawn(smoothed);
    const waiting = new Int32Array(TOGETHER);
    let some = 0;
    const fill = () => {
      if (some === TOGETHER && this.#fillMany(means, values, waiting, place, first, last)) this.count += TOGETHER;
      else
        for (const i of waiting.subarray(0, some))
          if (!this.#fill(means[i], values[i] ?? means[i], place, first, last)) others.push(curves[i]);
      some = 0;
    };
    for (let i = 0; i < curves.length; i++) {
      const isWhole = lengths[i] > last; // it goes on behind these columns, or ends as the longest does
      if (isTooMuch || !isWhole || !values[i]) others.push(curves[i]);
      else {
        waiting[some++] = i;
        if (some === TOGETHER) fill();
      }
    }
    fill();
  }

  // The next lines, as many as fill a line of the cache; false where one of them has no value at some point.
  /**
   * @param {Float64Array[]} means of all lines
   * @param {(Float64Array | null)[]} values
   * @param {Int32Array} which of them are the next
   * @param {Place} place
   * @param {number} first
   * @param {number} last
   */
  #fillMany(means, values, which, { line }, first, last) {
    const { logged, drawn, apart, count } = this;
    return (
      line !== null &&
      line !== undefined &&
      heightsOf(means, which, logged, line, first, last, count, apart) &&
      (drawn === logged ||
        heightsOf(/** @type {Float64Array[]} */ (values), which, drawn, line, first, last, count, apart))
    );
  }

  // The next line, where it has a value at each point.
  /**
   * @param {Float64Array} mean
   * @param {Float64Array} values that are drawn
   * @param {Place} place
   * @param {number} first
   * @param {number} last
   */
  #fill(mean, values, place, first, last) {
    const { logged, drawn, apart } = this,
      { logy } = place,
      isSmooth = drawn !== logged;
    for (let i = first, at = this.count; i <= last; i++, at += apart) {
      const value = mean[i];
      if (value !== value || (logy && !(value > 0))) return false;
      logged[at] = height(value, place);
      if (isSmooth) {
        const smooth = values[i];
        if (smooth !== smooth) return false;
        drawn[at] = height(smooth, place);
      }
    }
    this.count++;
    return true;
  }
}

/**
 * @param {Float64Array[]} columns
 * @param {Int32Array} which of them, TOGETHER
 * @param {Float64Array} to
 * @param {[base: number, low: number, tall: number, top: number]} line
 * @param {number} first
 * @param {number} last
 * @param {number} count
 * @param {number} apart
 * @returns {boolean} whether each is a number
 */
function heightsOf(columns, which, to, [base, low, tall, top], first, last, count, apart) {
  const [a, b, c, d] = [columns[which[0]], columns[which[1]], columns[which[2]], columns[which[3]]],
    [e, f, g, h] = [columns[which[4]], columns[which[5]], columns[which[6]], columns[which[7]]];
  for (let i = first, at = count; i <= last; i++, at += apart) {
    const p = base - (a[i] - low) * tall - top,
      q = base - (b[i] - low) * tall - top,
      r = base - (c[i] - low) * tall - top,
      s = base - (d[i] - low) * tall - top,
      t = base - (e[i] - low) * tall - top,
      u = base - (f[i] - low) * tall - top,
      v = base - (g[i] - low) * tall - top,
      w = base - (h[i] - low) * tall - top;
    // A sum of squares is no number where one of them is none, and too great where one is too far away.
    if (!(p * p + q * q + r * r + s * s + t * t + u * u + v * v + w * w <= FAR)) return false;
    to[at] = p;
    to[at + 1] = q;
    to[at + 2] = r;
    to[at + 3] = s;
    to[at + 4] = t;
    to[at + 5] = u;
    to[at + 6] = v;
    to[at + 7] = w;
  }
  return true;
}

// Of columns from `from` to before `to` what lines do there.
/**
 * @param {Float64Array} px
 * @param {number} first the points that decide it: the last one before
 * @param {number} last the first one behind
 * @param {number} from
 * @param {number} to
 * @param {number} columns
 * @param {number} apart
 * @returns {{ left: Spot | null, ways: (Way | null)[] }}
 */
function waysOf(px, first, last, from, to, columns, apart) {
  /** @param {number} i */
  const column = (i) => (px[i] === columns ? columns - 1 : Math.floor(px[i]));
  /** @param {number} i @returns {Spot} */
  const at = (i) => ({ a: (i - first) * apart, b: (i - first) * apart, t: 0 });
  /** @param {number} i @param {number} x @returns {Spot} */
  const between = (i, x) => ({
    a: (i - first) * apart,
    b: (i + 1 - first) * apart,
    t: (x - px[i]) / (px[i + 1] - px[i]),
  });
  /** @type {(Way | null)[]} */
  const ways = [];
  let next = first; // the first point that is not before the column
  while (next <= last && column(next) < from) next++;
  const left = next === first || next > last ? null : px[next] <= from ? at(next) : between(next - 1, from);
  let before = first - 1; // the last point that is not behind its middle
  for (let c = from; c < to; c++) {
    const begin = next;
    while (next <= last && column(next) === c) next++;
    while (before < last && px[before + 1] <= c + 0.5) before++;
    // A line comes in where a point lies before and another one here or behind, and goes on likewise.
    const isIn = begin > first && begin <= last,
      isOn = next > first && next <= last;
    if (!isIn && begin === next) {
      ways.push(null);
      continue;
    }
    ways.push({
      ...{ first: (begin - first) * apart, end: (next - first) * apart },
      right: !isOn ? null : px[next] <= c + 1 ? at(next) : between(next - 1, c + 1),
      middle: before < first ? at(first) : before === last ? at(last) : between(before, c + 0.5),
    });
  }
  return { left, ways };
}

// The first place in a row of them that is at `x` or behind it.
/** @param {Float64Array} px @param {number} x */
const firstFrom = (px, x) => search(px, (at) => at < x);

/** @param {Float64Array} px @param {number} x */
const firstBehind = (px, x) => search(px, (at) => at <= x);

/** @param {Float64Array} px @param {(at: number) => boolean} isBefore */
function search(px, isBefore) {
  let low = 0,
    high = px.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(px[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
