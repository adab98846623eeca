// Quantiles of many columns that follow values which come and go, without all of the others: of each quantile the
// values about it are kept, and how many are less than they. It is exact as long as it lies among them, and else says
// so.
import { select } from "./order_statistics.js";

export const WINDOW = 128; // values about a quantile
const NARROWED = 96; // that are left of a full window

export class RankWindows {
  /**
   * @param {number} columns
   * @param {readonly number[]} shares from 0 to 1
   */
  constructor(columns, shares) {
    this.shares = shares;
    const windows = columns * shares.length;
    this.values = new Float64Array(windows * WINDOW);
    this.least = new Float64Array(windows);
    this.most = new Float64Array(windows);
    this.counts = new Int32Array(windows); // of values; 0 where nothing is known
    this.below = new Int32Array(windows);
  }

  // What is known of all values of a column.
  /**
   * @param {number} column
   * @param {number} which of the shares
   * @param {import("./order_statistics.js").Around} around
   */
  keep(column, which, { values, begin, end, below }) {
    const window = column * this.shares.length + which,
      count = end - begin;
    this.counts[window] = count <= WINDOW ? count : 0;
    if (count <= WINDOW) this.#fill(window, values.subarray(begin, end), below);
  }

  /**
   * @param {number} window
   * @param {Float64Array} values
   * @param {number} below
   */
  #fill(window, values, below) {
    this.values.set(values, window * WINDOW);
    this.counts[window] = values.length;
    this.below[window] = below;
    let least = Infinity,
      most = -Infinity;
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    this.least[window] = least;
    this.most[window] = most;
  }

  // n: how many values there are with it.
  /** @param {number} column @param {number} value @param {number} n */
  add(column, value, n) {
    const { shares, counts } = this;
    for (let which = 0, window = column * shares.length; which < shares.length; which++, window++) {
      if (!counts[window] || value > this.most[window]) continue;
      if (value < this.least[window]) this.below[window]++;
      else {
        if (counts[window] === WINDOW) this.#narrow(window, Math.floor((n - 1) * shares[which]));
        // What lies outside of it by now is counted there.
        if (value < this.least[window]) this.below[window]++;
        else if (value <= this.most[window]) this.values[window * WINDOW + counts[window]++] = value;
      }
    }
  }

  /** @param {number} column @param {number} value */
  remove(column, value) {
    const { shares, counts, values } = this;
    for (let which = 0, window = column * shares.length; which < shares.length; which++, window++) {
      if (!counts[window] || value > this.most[window]) continue;
      if (value < this.least[window]) {
        this.below[window]--;
        continue;
      }
      const begin = window * WINDOW,
        last = begin + counts[window] - 1;
      let at = begin;
      while (at < last && values[at] !== value) at++;
      if (values[at] !== value) throw new Error("A density was to lose what it never had.");
      values[at] = values[last];
      counts[window]--;
    }
  }

  // Those about a rank are kept; of equal values all or none, so that what lies outside is less or greater.
  /** @param {number} window @param {number} rank */
  #narrow(window, rank) {
    const begin = window * WINDOW;
    const sorted = this.values.slice(begin, begin + WINDOW).sort();
    let from = Math.max(0, Math.min(WINDOW - NARROWED, rank - this.below[window] - NARROWED / 2)),
      to = from + NARROWED;
    while (from < to && sorted[from] === sorted[from - 1]) from++;
    while (to > from && sorted[to - 1] === sorted[to]) to--;
    this.#fill(window, sorted.subarray(from, to), this.below[window] + from);
  }

  // A quantile of so many values of a column, between two in a straight line; NaN where it is not known any more.
  /**
   * @param {number} column
   * @param {number} which
   * @param {number} n
   */
  quantile(column, which, n) {
    const window = column * this.shares.length + which,
      place = (n - 1) * this.shares[which],
      k = Math.floor(place) - this.below[window],
      count = this.counts[window];
    if (!count || k < 0 || (place % 1 ? k + 1 : k) >= count) return NaN;
    const begin = window * WINDOW,
      below = select(this.values, begin, begin + count, begin + k);
    if (!(place % 1)) return below;
    return below + (select(this.values, begin, begin + count, begin + k + 1) - below) * (place % 1);
  }
}
