// One run's walk over a surface: where it was at each step, joined from its curves of x, y and value, growing live.
/** @typedef {import("../../charts/curve.js").Curve} Curve */
/**
 * A walk as it is shown.
 * @typedef {{ walk: Walk, colour: string, faint: boolean }} Shown
 */
/**
 * Where it is at a moment.
 * @typedef {object} Place
 * @property {number} x
 * @property {number} y
 * @property {number} value
 * @property {number} step the last that was logged
 * @property {number} index of that step
 * @property {boolean} hasEnded
 */

export const AXES = ["x", "y", "value"];
const COLUMNS = /** @type {const} */ (["steps", "x", "y", "value"]);

export class Walk {
  /**
   * @param {string} run
   * @param {(axis: string) => Curve | undefined} curve gives its curve of an axis, once it is asked for
   */
  constructor(run, curve) {
    this.run = run;
    this.curve = curve;
    this.version = -1;
    this.steps = this.x = this.y = this.value = new Float64Array(0);
  }

  // Joins what has come. Only steps at which both x and y are known are places.
  join() {
    const [x, y, value] = AXES.map((axis) => this.curve(axis));
    if (!x || !y || !value) return;
    const version = x.version + y.version + value.version;
    if (version === this.version) return;
    this.version = version;
    const room = Math.min(x.length, y.length);
    for (const name of COLUMNS) this[name] = new Float64Array(room);
    let n = 0;
    for (let i = 0, j = 0, k = 0; i < x.length && j < y.length; ) {
      const a = x.x1[i],
        b = y.x1[j];
      if (a < b) {
        i++;
        continue;
      }
      if (b < a) {
        j++;
        continue;
      }
      while (k < value.length && value.x1[k] < a) k++;
      this.steps[n] = a;
      this.x[n] = x.last[i];
      this.y[n] = y.last[j];
      this.value[n++] = k < value.length && value.x1[k] === a ? value.last[k] : NaN;
      i++;
      j++;
    }
    for (const name of COLUMNS) this[name] = this[name].subarray(0, n);
  }

  get length() {
    return this.steps.length;
  }
  get end() {
    return this.length ? this.steps[this.length - 1] : -Infinity;
  }

  // The last place at or before a step; -1 before the first.
  /** @param {number} step */
  index(step) {
    let low = 0,
      high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // Where it is at a moment between two steps.
  /**
   * @param {number} step
   * @returns {Place | null}
   */
  place(step) {
    const i = this.index(step);
    if (i < 0) return null;
    const next = i + 1 < this.length ? i + 1 : i;
    const part = next > i ? Math.min(1, (step - this.steps[i]) / (this.steps[next] - this.steps[i])) : 0;
    /** @param {Float64Array} values */
    const between = (values) => values[i] + (values[next] - values[i]) * part;
    return {
      x: between(this.x),
      y: between(this.y),
      value: this.value[i],
      step: this.steps[i],
      index: i,
      hasEnded: step >= this.end,
    };
  }
}

/** @param {string} tag */
export const axisOf = (tag) => tag.slice(tag.lastIndexOf("/") + 1);
