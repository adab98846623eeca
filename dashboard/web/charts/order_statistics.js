// Quantiles without sorting.

// Puts the value that would stand at k if values from `from` to before `to` were sorted into its place: what is before
// it is no greater, what is behind it no less (Hoare 1961).
/**
 * @param {Float64Array} values
 * @param {number} from
 * @param {number} to
 * @param {number} k
 * @returns {number}
 */
export function select(values, from, to, k) {
  let low = from,
    high = to - 1;
  while (low < high) {
    const pivot = middleOf(values[low], values[(low + high) >> 1], values[high]);
    let i = low,
      j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k];
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} c
 */
const middleOf = (a, b, c) => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

const BINS = 1024;
const TIED = 32; // bins with values that are gathered on either side, where one of them holds more than is asked for

/**
 * The neighbours of a quantile, in no order: from `begin` to before `end`; below: how many values are less than they.
 * @typedef {{ values: Float64Array, begin: number, end: number, below: number }} Around
 */

/** @type {Around} */
const NOBODY = { values: new Float64Array(0), begin: 0, end: 0, below: 0 };

// Quantiles of many values, one time after the other: they are counted by bins, and sought in the few where they lie.
export class OrderStatistics {
  constructor() {
    this.begins = new Int32Array(BINS + 1); // how many values lie in the bins before
    this.ends = new Int32Array(BINS); // of the bins that are sought in: the end of their values in `chosen`; else -1
    this.bins = new Int32Array(0); // of each value
    this.chosen = new Float64Array(0); // the values of these bins, bin after bin
  }

  // Of values from `from` to before `to`, between two of them in a straight line, as NumPy's "linear"; NaN where there
  // is no value. within: where most values are, which decides how long it takes and nothing else. most: about each
  // quantile as many of its neighbours as that are gathered; more where the bins there hold more, as equal values do.
  /**
   * @param {Float64Array} values
   * @param {number} from
   * @param {number} to
   * @param {readonly number[]} shares from 0 to 1
   * @param {[low: number, high: number]} within
   * @param {(which: number, value: number, around: Around) => void} tell
   * @param {number} [most]
   */
  quantiles(values, from, to, shares, within, tell, most = 0) {
    const n = to - from;
    if (n <= 0) {
      for (let which = 0; which < shares.length; which++) tell(which, NaN, NOBODY);
      return;
    }
    const places = shares.map((share) => (n - 1) * share);
    this.#bin(values, from, n, within);
    const parts = places.map((place) => this.#about(place, most));
    this.#choose(values, from, n, parts);
    places.forEach((place, which) => {
      const k = Math.floor(place),
        below = this.#at(k);
      const [first, last] = parts[which];
      const around = {
        values: this.chosen,
        begin: this.ends[first] - (this.begins[first + 1] - this.begins[first]),
        end: this.ends[last],
        below: this.begins[first],
      };
      tell(which, place > k ? below + (this.#at(k + 1) - below) * (place - k) : below, around);
    });
  }

  // The first and the last of the bins about a place.
  /**
   * @param {number} place
   * @param {number} most values in them, but for those where the place itself is
   * @returns {[first: number, last: number]}
   */
  #about(place, most) {
    const { begins } = this;
    let first = this.#binOf(Math.floor(place)),
      last = this.#binOf(Math.ceil(place));
    for (let isMore = true; isMore; ) {
      isMore = false;
      if (first > 0 && begins[last + 1] - begins[first - 1] <= most) {
        first--;
        isMore = true;
      }
      if (last < BINS - 1 && begins[last + 2] - begins[first] <= most) {
        last++;
        isMore = true;
      }
    }
    // Values that many have in common lie in few bins.
    if (most && begins[last + 1] - begins[first] > most) {
      for (let left = TIED; first > 0 && left > 0; first--) if (begins[first] > begins[first - 1]) left--;
      for (let left = TIED; last < BINS - 1 && left > 0; last++) if (begins[last + 2] > begins[last + 1]) left--;
    }
    return [first, last];
  }

  /**
   * @param {Float64Array} values
   * @param {number} from
   * @param {number} n
   * @param {[low: number, high: number]} within
   */
  #bin(values, from, n, [low, high]) {
    if (this.bins.length < n) {
      this.bins = new Int32Array(n);
      this.chosen = new Float64Array(n);
    }
    const { bins, begins } = this;
    const scale = high > low ? (BINS - 1) / (high - low) : 0;
    begins.fill(0);
    for (let i = 0; i < n; i++) {
      const place = (values[from + i] - low) * scale;
      bins[i] = place > 0 ? (place < BINS - 1 ? place | 0 : BINS - 1) : 0;
    }
    // By itself: a count that waits for no other store takes a third of the time.
    for (let i = 0; i < n; i++) begins[bins[i] + 1]++;
    for (let bin = 0; bin < BINS; bin++) begins[bin + 1] += begins[bin];
  }

  // The values of some bins, each bin's together and in the order of bins.
  /**
   * @param {Float64Array} values
   * @param {number} from
   * @param {number} n
   * @param {[first: number, last: number][]} parts
   */
  #choose(values, from, n, parts) {
    const { bins, begins, ends, chosen } = this;
    ends.fill(-1);
    for (const [first, last] of parts) ends.fill(0, first, last + 1);
    for (let bin = 0, end = 0; bin < BINS; bin++) {
      if (ends[bin] < 0) continue;
      ends[bin] = end;
      end += begins[bin + 1] - begins[bin];
    }
    for (let i = 0; i < n; i++) {
      const at = ends[bins[i]];
      if (at < 0) continue;
      chosen[at] = values[from + i];
      ends[bins[i]] = at + 1;
    }
  }

  // The bin of the k-th smallest: the first one that ends behind k.
  /** @param {number} k */
  #binOf(k) {
    const { begins } = this;
    let low = 0,
      high = BINS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (begins[middle + 1] > k) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // The k-th smallest, of a bin that was chosen.
  /** @param {number} k */
  #at(k) {
    const bin = this.#binOf(k),
      end = this.ends[bin],
      begin = end - (this.begins[bin + 1] - this.begins[bin]);
    return select(this.chosen, begin, end, begin + k - this.begins[bin]);
  }
}
