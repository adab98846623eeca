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

// Quantiles of many values, one time after the other: they are put into bins, and sought in the few where they lie.
export class OrderStatistics {
  constructor() {
    this.ends = new Int32Array(BINS + 1);
    this.bins = new Uint16Array(0); // of each value
    this.binned = new Float64Array(0); // the values, bin after bin
  }

  // Of values from `from` to before `to`, between two of them in a straight line, as NumPy's "linear"; NaN where there
  // is no value. within: where most values are, which decides how long it takes and nothing else.
  /**
   * @param {Float64Array} values
   * @param {number} from
   * @param {number} to
   * @param {readonly number[]} shares from 0 to 1
   * @param {[low: number, high: number]} within
   * @param {(which: number, value: number) => void} tell
   */
  quantiles(values, from, to, shares, within, tell) {
    const n = to - from;
    if (n > 0) this.#bin(values, from, n, within);
    shares.forEach((share, which) => {
      const place = (n - 1) * share,
        k = Math.floor(place);
      if (n <= 0) return tell(which, NaN);
      const below = this.#at(k);
      tell(which, place > k ? below + (this.#at(k + 1) - below) * (place - k) : below);
    });
  }

  /**
   * @param {Float64Array} values
   * @param {number} from
   * @param {number} n
   * @param {[low: number, high: number]} within
   */
  #bin(values, from, n, [low, high]) {
    if (this.bins.length < n) {
      this.bins = new Uint16Array(n);
      this.binned = new Float64Array(n);
    }
    const { bins, binned, ends } = this;
    const scale = high > low ? (BINS - 1) / (high - low) : 0;
    ends.fill(0);
    for (let i = 0; i < n; i++) {
      const place = (values[from + i] - low) * scale;
      const bin = place > 0 ? (place < BINS - 1 ? Math.floor(place) : BINS - 1) : 0;
      bins[i] = bin;
      ends[bin + 1]++;
    }
    for (let bin = 0; bin < BINS; bin++) ends[bin + 1] += ends[bin];
    // Filling a bin moves its beginning to its end, which is where the next one begins.
    for (let i = 0; i < n; i++) binned[ends[bins[i]]++] = values[from + i];
  }

  // The k-th smallest.
  /** @param {number} k */
  #at(k) {
    const { ends } = this;
    let low = 0,
      high = BINS - 1; // the first bin that ends behind k
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] > k) high = middle;
      else low = middle + 1;
    }
    return select(this.binned, low ? ends[low - 1] : 0, ends[low], k);
  }
}
