// Quantiles of many columns that follow values which come and go, without all of the others: of each quantile the
// values about it are kept, and how many are less than they. It is exact as long as it lies among them, and else says
// so. What many lines have in common, as accuracies of a few cases and rates of a sweep are, is one value and how often
// it is there.
import { TiedValues } from "./tied_values.js";

export const WINDOW = 128; // values about a quantile that are told apart
const NARROWED = 96; // that are left of a full window

export class RankWindows {
  /**
   * @param {number} columns
   * @param {readonly number[]} shares from 0 to 1
   */
  constructor(columns, shares) {
    this.shares = shares;
    const windows = columns * shares.length;
    this.values = new Float64Array(windows * WINDOW); // of each window in their order
    this.times = new Int32Array(windows * WINDOW); // how often each is there
    // From where to where a window reaches, whatever is left in it.
    this.least = new Float64Array(windows);
    this.most = new Float64Array(windows);
    this.counts = new Int32Array(windows); // of values that are told apart; 0 where nothing is known
    this.below = new Int32Array(windows);
    this.tied = new TiedValues(WINDOW);
    this.isSorted = new Uint8Array(windows); // until then they lie there as they came, each of them once
  }

  // What is known of all values of a column.
  /**
   * @param {number} column
   * @param {number} which of the shares
   * @param {import("./order_statistics.js").Around} around
   */
  keep(column, which, { values, begin, end, below }) {
    const window = column * this.shares.length + which;
    this.counts[window] = this.isSorted[window] = 0;
    const isFew = end - begin <= WINDOW,
      few = isFew ? null : this.tied.of(values, begin, end);
    if (!isFew && !few) return;
    const own = few ? few.values : values.subarray(begin, end);
    this.values.set(own, window * WINDOW);
    if (few) this.times.set(few.times, window * WINDOW);
    this.counts[window] = own.length;
    this.below[window] = below;
    this.isSorted[window] = few ? 1 : 0;
    let least = Infinity,
      most = -Infinity;
    for (const value of own) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    this.least[window] = least;
    this.most[window] = most;
  }

  // Once values come and go: most windows of a picture that is counted once are never asked.
  /** @param {number} window */
  #sort(window) {
    if (this.isSorted[window]) return;
    const { values, times, counts } = this,
      begin = window * WINDOW,
      end = begin + counts[window];
    values.subarray(begin, end).sort();
    let to = begin;
    for (let i = begin; i < end; i++)
      if (i > begin && values[i] === values[to - 1]) times[to - 1]++;
      else {
        values[to] = values[i];
        times[to++] = 1;
      }
    counts[window] = to - begin;
    this.isSorted[window] = 1;
  }

  // Where a value is, or would be.
  /** @param {number} window @param {number} value */
  #placeOf(window, value) {
    let low = window * WINDOW,
      high = low + this.counts[window];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.values[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // n: how many values there are with it.
  /** @param {number} column @param {number} value @param {number} n */
  add(column, value, n) {
    const { shares, counts } = this;
    for (let which = 0, window = column * shares.length; which < shares.length; which++, window++) {
      if (!counts[window] || value > this.most[window]) continue;
      if (value < this.least[window]) this.below[window]++;
      else this.#put(window, value, Math.floor((n - 1) * shares[which]));
    }
  }

  /** @param {number} window @param {number} value @param {number} rank of the quantile */
  #put(window, value, rank) {
    const { values, times, counts } = this;
    this.#sort(window);
    let at = this.#placeOf(window, value);
    const isThere = () => at < window * WINDOW + counts[window] && values[at] === value;
    if (!isThere() && counts[window] === WINDOW) {
      this.#narrow(window, rank);
      // What lies outside of it by now is counted there.
      if (value < this.least[window]) this.below[window]++;
      if (!(value >= this.least[window] && value <= this.most[window])) return;
      at = this.#placeOf(window, value);
    }
    if (isThere()) {
      times[at]++;
      return;
    }
    const end = window * WINDOW + counts[window]++;
    for (let i = end; i > at; i--) {
      values[i] = values[i - 1];
      times[i] = times[i - 1];
    }
    values[at] = value;
    times[at] = 1;
  }

  /** @param {number} column @param {number} value */
  remove(column, value) {
    const { shares, counts, values, times } = this;
    for (let which = 0, window = column * shares.length; which < shares.length; which++, window++) {
      if (!counts[window] || value > this.most[window]) continue;
      if (value < this.least[window]) {
        this.below[window]--;
        continue;
      }
      this.#sort(window);
      const at = this.#placeOf(window, value),
        end = window * WINDOW + counts[window];
      if (at >= end || values[at] !== value) throw new Error("A density was to lose what it never had.");
      if (--times[at]) continue;
      values.copyWithin(at, at + 1, end);
      times.copyWithin(at, at + 1, end);
      counts[window]--;
    }
  }

  // Those about a rank are kept.
  /** @param {number} window @param {number} rank */
  #narrow(window, rank) {
    const { values, times, counts, below } = this,
      begin = window * WINDOW;
    let from = begin,
      less = below[window];
    while (from < begin + counts[window] - 1 && less + times[from] <= rank) less += times[from++];
    from = Math.max(begin, Math.min(begin + WINDOW - NARROWED, from - NARROWED / 2));
    for (let i = begin; i < from; i++) below[window] += times[i];
    values.copyWithin(begin, from, from + NARROWED);
    times.copyWithin(begin, from, from + NARROWED);
    counts[window] = NARROWED;
    this.least[window] = values[begin];
    this.most[window] = values[begin + NARROWED - 1];
  }

  // A quantile of so many values of a column, between two in a straight line; NaN where it is not known any more.
  /**
   * @param {number} column
   * @param {number} which
   * @param {number} n
   */
  quantile(column, which, n) {
    const window = column * this.shares.length + which,
      place = (n - 1) * this.shares[which];
    if (!this.counts[window]) return NaN;
    this.#sort(window);
    const k = Math.floor(place) - this.below[window],
      below = this.#at(window, k);
    return place % 1 ? below + (this.#at(window, k + 1) - below) * (place % 1) : below;
  }

  // The value that has k others of the window before it; NaN where the window has none.
  /** @param {number} window @param {number} k */
  #at(window, k) {
    const begin = window * WINDOW,
      end = begin + this.counts[window];
    if (k < 0) return NaN;
    for (let i = begin; i < end; i++) {
      k -= this.times[i];
      if (k < 0) return this.values[i];
    }
    return NaN;
  }
}
