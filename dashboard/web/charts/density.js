// Many lines as one picture: how much of them lies in each pixel, and where their middle and their ends are.
//
// A line weighs 1 in every column of pixels, shared out over the rows that it goes through there (Moritz and Fisher
// 2018, "Visualizing a Million Time Series with the Density Line Chart"), so that a steep one is not more than a level
// one. Of every line, never of some: quantiles are of the places of all lines in the middle of a column.
import { Heights, bundled } from "./bundle.js";
import { goAlong } from "./count_bundle.js";
import { Cover, EDGE, isThere } from "./cover.js";
import { OrderStatistics } from "./order_statistics.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./cover.js").Place} Place
 * @typedef {{ settings: import("./chart.js").Settings, full: number }} Manner full: what smoothing is measured by
 * @typedef {{ curve: Curve, epoch: number, length: number }} Known of a line that was counted
 */

const AT_ONCE = 1 << 20; // places of lines in columns that are held at the same time
const ALL_ANEW = 1 / 4; // of the columns: when more of them have new points, going along every line is as quick
const NOTHING = 1e-7;
const TOUCHED = 2 ** -40; // the weight of what a line has reached and does not weigh
const SHARES = /** @type {const} */ ([0.1, 0.5, 0.9]); // of rows from the top: the upper is the greater value
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

export class Density {
  constructor() {
    this.columns = 0;
    this.rows = 0;
    this.cells = new Float64Array(0); // column after column, each from its top: weights; 0 where no line is
    this.greatest = 0; // of the weights
    this.n = new Int32Array(0); // of each column: lines that have a place in it
    // In pixels from the top of the plot; NaN in columns without lines.
    this.upper = new Float64Array(0); // nine tenths are not above it
    this.middle = new Float64Array(0);
    this.lower = new Float64Array(0); // a tenth is not above it
    this.top = new Float64Array(0); // the greatest value of any point
    this.bottom = new Float64Array(0);
    this.redone = 0; // columns that the last update counted anew
    /** @type {unknown[]} */
    this.look = [];
    /** @type {Known[]} */
    this.known = [];
  }

  // As the lines are now, in a place; look: all that decides where a line lies there. What is the same as before is
  // not counted again: a new point of one line costs its own columns.
  /**
   * @param {Curve[]} curves
   * @param {Place} place
   * @param {Manner} how
   * @param {unknown[]} look
   */
  update(curves, place, how, look) {
    this.redone = 0;
    const grown = this.#grown(curves, place, how, look);
    if (!grown) this.#resize(place);
    this.look = look;
    this.known = curves.map((curve) => ({ curve, epoch: curve.epoch, length: curve.length }));
    const most = Math.max(16, Math.floor(AT_ONCE / Math.max(1, curves.length)));
    const parts = (grown ?? [[0, place.columns]]).flatMap(([from, to]) =>
      Array.from({ length: Math.ceil((to - from) / most) }, (_, k) => [
        from + k * most,
        Math.min(to, from + (k + 1) * most),
      ]),
    );
    const widest = Math.max(0, ...parts.map(([from, to]) => to - from));
    const room = new Room(widest, curves.length, this.rows + 1);
    // To find bundles is to go along all lines: not for a new point of one.
    const { bundles, others } = grown ? { bundles: [], others: curves } : bundled(curves, place);
    for (const [from, to] of parts) this.#count(bundles, others, place, how, from, to, room);
    if (!this.redone) return;
    this.greatest = 0;
    for (const weight of this.cells) if (weight > this.greatest) this.greatest = weight;
  }

  /** @param {Place} place */
  #resize({ columns, rows }) {
    this.columns = columns;
    this.rows = rows;
    this.cells = new Float64Array(columns * rows);
    this.n = new Int32Array(columns);
    [this.upper, this.middle, this.lower, this.top, this.bottom] = Array.from(
      { length: 5 },
      () => new Float64Array(columns),
    );
  }

  // The columns in which a line has grown since the last time, null where all have to be counted.
  /**
   * @param {Curve[]} curves
   * @param {Place} place
   * @param {Manner} how
   * @param {unknown[]} look
   * @returns {[from: number, to: number][] | null}
   */
  #grown(curves, place, { settings }, look) {
    const { known } = this;
    if (look.length !== this.look.length || !look.every((each, i) => Object.is(each, this.look[i]))) return null;
    if (known.length !== curves.length) return null;
    const { columns } = place;
    const isNew = new Uint8Array(columns);
    const isTwoSided = settings.smoothing.weight > 0 && settings.smoothing.kind !== "ema";
    for (let i = 0; i < curves.length; i++) {
      const curve = curves[i],
        { epoch, length } = known[i];
      if (known[i].curve !== curve || epoch !== curve.epoch || length > curve.length) return null;
      if (length === curve.length) continue;
      if (isTwoSided || length < 3) return null; // what was there is bent; of a few points nothing is smoothed
      const [begin, end, shift] = curve.ends(settings.axis);
      let last = length - 1; // the last that the line through the middles was at
      while (last > 0 && !isThere(curve, end[last] - shift, last, place)) last--;
      const from = Math.max(0, Math.floor(place.x(begin[last] - shift))),
        to = Math.min(columns - 1, Math.floor(place.x(end[curve.length - 1] - shift)));
      for (let c = Math.min(from, columns - 1); c <= to; c++) isNew[c] = 1;
    }
    let count = 0;
    /** @type {[number, number][]} */
    const parts = [];
    for (let c = 0; c < columns; c++) {
      if (!isNew[c]) continue;
      count++;
      if (c && isNew[c - 1]) parts[parts.length - 1][1] = c + 1;
      else parts.push([c, c + 1]);
    }
    return count > ALL_ANEW * columns ? null : parts;
  }

  // Some columns, of every line.
  /**
   * @param {import("./bundle.js").Bundle[]} bundles
   * @param {Curve[]} others
   * @param {Place} place
   * @param {Manner} how
   * @param {number} from
   * @param {number} to
   * @param {Room} room
   */
  #count(bundles, others, place, { settings, full }, from, to, room) {
    const wide = to - from,
      deep = this.rows + 1;
    const { cover, places, weights, reached, share, most } = room;
    weights.fill(0);
    reached.fill(0);
    this.n.fill(0, from, to);
    this.top.fill(Infinity, from, to);
    this.bottom.fill(-Infinity, from, to);
    const { n, top, bottom } = this;
    const isSmooth = settings.smoothing.weight > 0;
    /** @param {Curve} curve */
    const smoothedOf = (curve) => (curve.length > 2 ? curve.smoothed(settings.smoothing, settings.axis, full) : null);
    const rest = [...others];
    for (const bundle of bundles) {
      const lines = new Heights(bundle, place, from, to, isSmooth ? smoothedOf : null, rest, room);
      if (isSmooth) goAlong(this, lines, lines.logged, false, from, room);
      goAlong(this, lines, lines.drawn, true, from, room);
    }
    for (const curve of rest) {
      const smoothed = isSmooth ? smoothedOf(curve) : null;
      cover.take(curve, smoothed, place, from, to);
      const { least, most: greatest, low, high, middle } = cover;
      for (let i = 0, at = 0; i < wide; i++, at += deep) {
        if (!(least[i] <= greatest[i])) continue;
        const c = from + i;
        places[i * most + n[c]++] = middle[i];
        if (least[i] < top[c]) top[c] = least[i];
        if (greatest[i] > bottom[c]) bottom[c] = greatest[i];
        if (low[i] <= high[i] && this.#isSeen(low[i], high[i])) {
          const first = this.#row(low[i]),
            last = this.#row(high[i]),
            weight = share[last - first + 1];
          weights[at + first] += weight;
          weights[at + last + 1] -= weight;
        }
        if (smoothed && this.#isSeen(least[i], greatest[i])) {
          reached[at + this.#row(least[i])]++;
          reached[at + this.#row(greatest[i]) + 1]--;
        }
      }
    }
    for (let c = from; c < to; c++) this.#finish(c, c - from, room);
    this.redone += wide;
  }

  /** @param {number} low @param {number} high */
  #isSeen(low, high) {
    return high >= -EDGE && low <= this.rows + EDGE;
  }

  /** @param {number} px */
  #row(px) {
    return px <= 0 ? 0 : px >= this.rows ? this.rows - 1 : Math.floor(px);
  }

  /**
   * @param {number} c
   * @param {number} i of the columns that are counted now
   * @param {Room} room
   */
  #finish(c, i, { order, places, weights, reached, most }) {
    const { rows, cells } = this;
    let weight = 0,
      lines = 0;
    for (let r = 0, at = i * (rows + 1); r < rows; r++, at++) {
      weight += weights[at];
      lines += reached[at];
      // What is left of sums that end at nothing is far below what one line weighs in one row of many.
      cells[c * rows + r] = weight > NOTHING ? weight : lines ? TOUCHED : 0;
    }
    if (!this.n[c]) this.top[c] = this.bottom[c] = NaN;
    const [upper, middle, lower] = [this.upper, this.middle, this.lower];
    /** @type {[number, number]} */
    const within = [Math.max(this.top[c], -rows), Math.min(this.bottom[c], 2 * rows)]; // near the plot
    order.quantiles(places, i * most, i * most + this.n[c], SHARES, within, (which, value) => {
      (which === 0 ? upper : which === 1 ? middle : lower)[c] = value;
    });
  }
}
