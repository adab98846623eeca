// Counting lines in columns of pixels, some columns at a time: what of them lies in each row, where their middles are,
// and their ends.
import { Heights, bundled } from "./bundle.js";
import { goAlong } from "./count_bundle.js";
import { Cover, EDGE } from "./cover.js";
import { OrderStatistics } from "./order_statistics.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./cover.js").Place} Place
 * @typedef {{ settings: import("./chart.js").Settings, full: number }} Manner full: what smoothing is measured by
 * @typedef {{ rows: number, n: Int32Array, top: Float64Array, bottom: Float64Array }} Tally of all columns: how many
 *   lines come there, and their ends
 * @typedef {{ bundles: import("./bundle.js").Bundle[], others: Curve[] }} Sorted lines
 */

export const AT_ONCE = 1 << 18; // places of lines in columns that are counted without a pause: 10 ms of work
const LEAST_COLUMNS = 8; // that are
const SMOOTHED = 500; // lines that are smoothed without a pause
const FEW_COLUMNS = 16; // for which lines are not sorted: that is to go along all of them
// Weights are whole numbers of it: their sums are exact, in whatever order lines are counted.
const GRAIN = 2 ** -38;

// What counting needs while it goes on; let go of then, since a page has many charts.
export class Room {
  /**
   * @param {number} wide columns
   * @param {number} most lines
   * @param {number} deep rows, and one more
   */
  constructor(wide, most, deep) {
    this.most = most;
    this.order = new OrderStatistics();
    this.cover = new Cover(wide);
    this.places = new Float64Array(wide * most); // of lines, column after column
    this.weights = new Float64Array(wide * deep); // of each column what begins and ends in each row
    this.reached = new Int32Array(wide * deep); // the same of lines that do not weigh there
    this.logged = new Float64Array(0); // heights of a bundle
    this.drawn = new Float64Array(0);
    this.edge = new Int32Array(most); // the rows where lines of a bundle come into a column
    this.upper = new Int32Array(most); // and from which to which they go there
    this.lower = new Int32Array(most);
    // What a line weighs in each of the rows that it goes through, by how many there are.
    this.share = Float64Array.from({ length: deep }, (_, rows) => (rows ? Math.round(1 / rows / GRAIN) * GRAIN : 0));
  }
}

/**
 * @param {Curve} curve
 * @param {Manner} how
 */
const smoothedOf = (curve, { settings: { smoothing, axis }, full }) =>
  curve.length > 2 ? curve.smoothed(smoothing, axis, full) : null;

// Lines sorted for the columns that are marked.
/**
 * @param {Curve[]} curves
 * @param {Place} place
 * @param {Uint8Array} isMarked
 * @returns {Sorted}
 */
export function sortedFor(curves, place, isMarked) {
  const count = isMarked.reduce((sum, each) => sum + each, 0);
  return count > FEW_COLUMNS ? bundled(curves, place) : { bundles: [], others: curves };
}

// Calls `act` for parts of some columns, with room for so many lines, and pauses before each.
/**
 * @param {Sorted} lines
 * @param {Place} place
 * @param {Manner} how
 * @param {[from: number, to: number][]} columns
 * @param {(from: number, to: number, room: Room) => void} act
 * @returns {Generator<void>}
 */
export function* inParts({ bundles, others }, { rows }, how, columns, act) {
  if (!columns.length) return;
  const curves = [...bundles.flatMap((bundle) => bundle.curves), ...others];
  const wide = Math.max(LEAST_COLUMNS, Math.floor(AT_ONCE / Math.max(1, curves.length)));
  if (how.settings.smoothing.weight > 0)
    for (let i = 0; i < curves.length; i++) {
      smoothedOf(curves[i], how);
      if (i % SMOOTHED === SMOOTHED - 1) yield;
    }
  const widest = Math.min(wide, Math.max(...columns.map(([from, to]) => to - from)));
  const room = new Room(widest, curves.length, rows + 1);
  yield;
  // The first parts are small: what has not run before takes ten times as long.
  let done = 0,
    most = Math.max(LEAST_COLUMNS, wide >> 3);
  for (const [first, end] of columns)
    for (let from = first, to = first; from < end; from = to) {
      to = Math.min(end, from + most);
      if (done && done + to - from > most) {
        yield;
        done = 0;
        most = Math.min(wide, 2 * most);
      }
      act(from, to, room);
      done += to - from;
    }
}

// Columns from `from` to before `to` of some lines: what begins and ends in their rows, and where the middles of lines
// are, in the room; how many there are and their ends in the tally.
/**
 * @param {Tally} into
 * @param {Sorted} lines
 * @param {Place} place
 * @param {Manner} how
 * @param {number} from
 * @param {number} to
 * @param {Room} room
 */
export function tally(into, { bundles, others }, place, how, from, to, room) {
  const wide = to - from,
    deep = place.rows + 1;
  const { cover, places, weights, reached, share, most } = room;
  const { n, top, bottom, rows } = into;
  weights.fill(0);
  reached.fill(0);
  const smoothed = how.settings.smoothing.weight > 0 ? (/** @type {Curve} */ curve) => smoothedOf(curve, how) : null;
  const rest = [...others];
  for (const bundle of bundles) {
    const lines = new Heights(bundle, place, from, to, smoothed, rest, room);
    if (smoothed) goAlong(into, lines, lines.logged, false, from, room);
    goAlong(into, lines, lines.drawn, true, from, room);
  }
  for (const curve of rest) {
    const values = smoothed?.(curve) ?? null;
    cover.take(curve, values, place, from, to);
    const { least, most: greatest, low, high, middle } = cover;
    for (let i = 0, at = 0; i < wide; i++, at += deep) {
      if (!(least[i] <= greatest[i])) continue;
      const c = from + i;
      places[i * most + n[c]++] = middle[i];
      if (least[i] < top[c]) top[c] = least[i];
      if (greatest[i] > bottom[c]) bottom[c] = greatest[i];
      if (isSeen(low[i], high[i], rows)) {
        const first = rowOf(low[i], rows),
          last = rowOf(high[i], rows),
          weight = share[last - first + 1];
        weights[at + first] += weight;
        weights[at + last + 1] -= weight;
      }
      if (values && isSeen(least[i], greatest[i], rows)) {
        reached[at + rowOf(least[i], rows)]++;
        reached[at + rowOf(greatest[i], rows) + 1]--;
      }
    }
  }
}

/** @param {number} low @param {number} high @param {number} rows */
const isSeen = (low, high, rows) => high >= -EDGE && low <= rows + EDGE;

/** @param {number} px @param {number} rows */
const rowOf = (px, rows) => (px <= 0 ? 0 : px >= rows ? rows - 1 : Math.floor(px));
