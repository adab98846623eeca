// Many lines as one picture: how much of them lies in each pixel, and where their middle and their ends are.
//
// A line weighs 1 in every column of pixels, shared out over the rows that it goes through there (Moritz and Fisher
// 2018, "Visualizing a Million Time Series with the Density Line Chart"), so that a steep one is not more than a level
// one. Of every line, never of some: quantiles are of the places of all lines in the middle of a column.
import { bundled } from "./bundle.js";
import { isThere } from "./cover.js";
import { KnownLines } from "./known_lines.js";
import { RankWindows, WINDOW } from "./rank_windows.js";
import { inParts, sortedFor, tally } from "./tally.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./cover.js").Place} Place
 * @typedef {import("./tally.js").Manner} Manner
 * @typedef {import("./tally.js").Sorted} Sorted
 * @typedef {import("./tally.js").Tally} Tally
 * @typedef {import("./tally.js").Room} Room
 */

const MANY = 500; // lines from which on those that come and go are counted without the others
const ALL_ANEW = 1 / 4; // of the columns: when more of them have new points, going along every line is as quick
const NOTHING = 1e-7;
const TOUCHED = 2 ** -40; // the weight of what a line has reached and does not weigh
const SHARES = /** @type {const} */ ([0.1, 0.5, 0.9]); // of rows from the top: the upper is the greater value
const EDGES = /** @type {const} */ (["upper", "middle", "lower", "top", "bottom"]);

export class Density {
  // many: so many lines and more are kept account of, so that those that come and go are counted without the others.
  constructor(many = MANY) {
    this.many = many;
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
    this.moved = 0; // lines that it put in or took out
    /** @type {unknown[]} */
    this.look = [];
    /** @type {KnownLines | null} */
    this.known = null;
    // Of each pixel how many lines have reached it, where lines are smoothed; of many lines only, as the next is.
    /** @type {Int32Array | null} */
    this.reached = null;
    /** @type {RankWindows | null} */
    this.windows = null;
  }

  // As the lines are now, in a place; look: all that decides where a line lies there. What is the same as before is
  // not counted again: a new point of one line costs its own columns, a new line among many what it is itself.
  /**
   * @param {Curve[]} curves
   * @param {Place} place
   * @param {Manner} how
   * @param {unknown[]} look
   */
  update(curves, place, how, look) {
    for (const _ of this.counting(curves, place, how, look));
  }

  // The same with pauses. Who does not come back after one has left a density that is counted anew the next time.
  /**
   * @param {Curve[]} curves
   * @param {Place} place
   * @param {Manner} how
   * @param {unknown[]} look
   * @returns {Generator<void>}
   */
  *counting(curves, place, how, look) {
    this.redone = this.moved = 0;
    const { axis, smoothing } = how.settings;
    const isSame = look.length === this.look.length && look.every((each, i) => Object.is(each, this.look[i]));
    const isBent = smoothing.weight > 0 && smoothing.kind !== "ema";
    const change = (isSame && this.known?.changed(curves, isBent)) || null;
    if (change && !change.added.length && !change.removed.length && !change.grown.length) return;
    const grown = change && this.#grown(change.grown, place, axis);
    const known = new KnownLines(curves, axis, curves.length >= this.many);
    this.look = [];
    yield;
    const moved = change ? change.added.length + change.removed.length : 0;
    if (!change || !grown || moved > curves.length / 2 || (moved && !this.windows))
      yield* this.#whole(curves, place, how, known.arrays !== null);
    else {
      const isAnew = new Uint8Array(this.columns);
      for (const [from, to] of grown) isAnew.fill(1, from, to);
      if (change.removed.length) yield* this.#move(change.removed, -1, place, how, isAnew);
      if (change.added.length) yield* this.#move(change.added, 1, place, how, isAnew);
      if (moved) this.#settle(isAnew);
      yield* this.#count(sortedFor(curves, place, isAnew), place, how, stretches(isAnew));
    }
    // Points that came in the pauses are in some columns and not in others.
    const late = known.changed(curves, isBent);
    const behind = late && !late.added.length ? this.#grown(late.grown, place, axis) : null;
    if (behind?.length) for (const _ of this.#count({ bundles: [], others: curves }, place, how, behind));
    this.known = behind?.length ? new KnownLines(curves, axis, known.arrays !== null) : known;
    if (behind) this.look = look;
    if (!this.redone && !this.moved) return;
    this.greatest = 0;
    for (const weight of this.cells) if (weight > this.greatest) this.greatest = weight;
  }

  /**
   * @param {Curve[]} curves
   * @param {Place} place
   * @param {Manner} how
   * @param {boolean} isKept whether account is kept of lines that come and go
   * @returns {Generator<void>}
   */
  *#whole(curves, place, how, isKept) {
    // What is there can be seen until all of the next is.
    const next = new Density(this.many),
      { columns, rows } = place;
    Object.assign(next, { columns, rows, cells: new Float64Array(columns * rows), n: new Int32Array(columns) });
    for (const edge of EDGES) next[edge] = new Float64Array(columns);
    if (isKept) next.windows = new RankWindows(columns, SHARES);
    if (isKept && how.settings.smoothing.weight > 0) next.reached = new Int32Array(columns * rows);
    const lines = bundled(curves, place);
    yield;
    yield* next.#count(lines, place, how, [[0, columns]]);
    Object.assign(this, next);
    yield;
  }

  // The columns in which lines have grown, null where all have to be counted.
  /**
   * @param {import("./known_lines.js").Grown[]} grown
   * @param {Place} place
   * @param {import("./curve.js").Axis} axis
   * @returns {[from: number, to: number][] | null}
   */
  #grown(grown, place, axis) {
    const { columns } = place;
    const isNew = new Uint8Array(columns);
    for (const { curve, length } of grown) {
      const [begin, end, shift] = curve.ends(axis);
      let last = length - 1; // the last that the line through the middles was at
      while (last > 0 && !isThere(curve, end[last] - shift, last, place)) last--;
      const from = Math.max(0, Math.floor(place.x(begin[last] - shift))),
        to = Math.min(columns - 1, Math.floor(place.x(end[curve.length - 1] - shift)));
      for (let c = Math.min(from, columns - 1); c <= to; c++) isNew[c] = 1;
    }
    return isNew.reduce((sum, each) => sum + each, 0) > ALL_ANEW * columns ? null : stretches(isNew);
  }

  // Some columns, of every line.
  /**
   * @param {Sorted} lines
   * @param {Place} place
   * @param {Manner} how
   * @param {[from: number, to: number][]} columns
   * @returns {Generator<void>}
   */
  *#count(lines, place, how, columns) {
    yield* inParts(lines, place, how, columns, (from, to, room) => {
      this.n.fill(0, from, to);
      this.top.fill(Infinity, from, to);
      this.bottom.fill(-Infinity, from, to);
      tally(this, lines, place, how, from, to, room);
      for (let c = from; c < to; c++) this.#finish(c, c - from, room);
      this.redone += to - from;
    });
  }

  // Puts lines in (sign 1), or takes them out as they were put in (-1). lost: takes the columns in which that leaves
  // something unknown.
  /**
   * @param {Curve[]} moved
   * @param {number} sign
   * @param {Place} place
   * @param {Manner} how
   * @param {Uint8Array} lost
   * @returns {Generator<void>}
   */
  *#move(moved, sign, place, how, lost) {
    const lines = bundled(moved, place),
      { columns, rows } = this;
    const own = {
      ...{ rows, n: new Int32Array(columns) },
      top: new Float64Array(columns).fill(Infinity),
      bottom: new Float64Array(columns).fill(-Infinity),
    };
    this.moved += moved.length;
    yield* inParts(lines, place, how, [[0, columns]], (from, to, room) => {
      tally(own, lines, place, how, from, to, room);
      for (let c = from; c < to; c++) if (own.n[c]) this.#take(own, c, c - from, sign, room, lost);
    });
  }

  /**
   * @param {Tally} own
   * @param {number} c
   * @param {number} i of the columns that are counted now
   * @param {number} sign
   * @param {Room} room
   * @param {Uint8Array} lost
   */
  #take(own, c, i, sign, { weights, reached, places, most }, lost) {
    const { rows, cells, n, top, bottom, windows } = this;
    let weight = 0,
      lines = 0;
    for (let r = 0, at = i * (rows + 1), cell = c * rows; r < rows; r++, at++, cell++) {
      weight += weights[at];
      lines += reached[at];
      if (!weight && !lines) continue;
      if (this.reached) this.reached[cell] += sign * lines;
      const sum = (cells[cell] > NOTHING ? cells[cell] : 0) + sign * weight;
      cells[cell] = sum > NOTHING ? sum : this.reached?.[cell] ? TOUCHED : 0;
    }
    if (!n[c]) lost[c] = 1;
    // Where the outermost line goes it is not known which is the next.
    else if (sign < 0 && (own.top[c] <= top[c] || own.bottom[c] >= bottom[c])) lost[c] = 1;
    else if (sign > 0) {
      top[c] = Math.min(top[c], own.top[c]);
      bottom[c] = Math.max(bottom[c], own.bottom[c]);
    }
    let count = n[c];
    n[c] += sign * own.n[c];
    if (!windows || lost[c]) return;
    for (let k = i * most, end = k + own.n[c]; k < end; k++)
      if (sign > 0) windows.add(c, places[k], ++count);
      else windows.remove(c, places[k]);
  }

  // The quantiles after lines have come and gone.
  /** @param {Uint8Array} lost takes the columns in which they are not known any more */
  #settle(lost) {
    const { upper, middle, lower, windows, n } = this;
    for (let c = 0; c < this.columns; c++) {
      if (lost[c] || !n[c]) continue;
      [upper, middle, lower].forEach((edge, which) => {
        edge[c] = windows?.quantile(c, which, n[c]) ?? NaN;
        if (edge[c] !== edge[c]) lost[c] = 1;
      });
    }
  }

  /**
   * @param {number} c
   * @param {number} i of the columns that are counted now
   * @param {Room} room
   */
  #finish(c, i, { order, places, weights, reached, most }) {
    const { rows, cells, windows } = this;
    let weight = 0,
      lines = 0;
    for (let r = 0, at = i * (rows + 1); r < rows; r++, at++) {
      weight += weights[at];
      lines += reached[at];
      if (this.reached) this.reached[c * rows + r] = lines;
      // What is left of sums that end at nothing is far below what one line weighs in one row of many.
      cells[c * rows + r] = weight > NOTHING ? weight : lines ? TOUCHED : 0;
    }
    if (!this.n[c]) this.top[c] = this.bottom[c] = NaN;
    const edges = [this.upper, this.middle, this.lower];
    /** @type {[number, number]} */
    const within = [Math.max(this.top[c], -rows), Math.min(this.bottom[c], 2 * rows)]; // near the plot
    order.quantiles(
      ...[places, i * most, i * most + this.n[c], SHARES, within],
      (which, value, around) => {
        edges[which][c] = value;
        windows?.keep(c, which, around);
      },
      windows ? WINDOW * 0.75 : 0,
    );
  }
}

// The stretches of columns that are marked.
/** @param {Uint8Array} isMarked */
function stretches(isMarked) {
  /** @type {[from: number, to: number][]} */
  const parts = [];
  for (let c = 0; c < isMarked.length; c++) {
    if (!isMarked[c]) continue;
    if (c && isMarked[c - 1]) parts[parts.length - 1][1] = c + 1;
    else parts.push([c, c + 1]);
  }
  return parts;
}
