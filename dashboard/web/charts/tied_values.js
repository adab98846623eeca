// Values of which there are few, told apart and counted, however many there are of each.

const NEAR = 8; // of those that were found last, among which one is sought

/** @typedef {{ values: Float64Array, times: Int32Array }} Tied values in their order, and how often each is there */

export class TiedValues {
  /** @param {number} most of them */
  constructor(most) {
    this.most = most;
    this.values = new Float64Array(most);
    this.times = new Int32Array(most);
  }

  /**
   * Some values; null where there are too many that differ, which is found out as soon as so many were seen. Equal ones
   * are to lie near each other, as those of a bin do: of others it may be null as well.
   * @param {Float64Array} all
   * @param {number} begin
   * @param {number} end
   * @returns {Tied | null}
   */
  of(all, begin, end) {
    const { values, times, most } = this;
    let found = 0;
    for (let i = begin; i < end; i++) {
      const value = all[i],
        last = Math.max(0, found - NEAR);
      let at = found - 1;
      while (at >= last && values[at] !== value) at--;
      if (at >= last) times[at]++;
      else if (found === most) return null;
      else {
        values[found] = value;
        times[found++] = 1;
      }
    }
    const order = Array.from({ length: found }, (_, i) => i).sort((a, b) => values[a] - values[b]);
    const own = { values: new Float64Array(found), times: new Int32Array(found) };
    let to = 0;
    for (const i of order) {
      if (!to || own.values[to - 1] !== values[i]) own.values[to++] = values[i];
      own.times[to - 1] += times[i];
    }
    return { values: own.values.subarray(0, to), times: own.times.subarray(0, to) };
  }
}
