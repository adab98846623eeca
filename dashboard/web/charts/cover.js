// What one line covers of each column of pixels: from where to where it goes there, and where it is in the middle.

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {{
 *   x: import("./scale.js").Mapping, y: import("./scale.js").Mapping, axis: import("./curve.js").Axis,
 *   logx: boolean, logy: boolean, floor: number, columns: number, rows: number,
 *   line?: [base: number, low: number, tall: number, top: number] | null,
 * }} Place x, y: from data to pixels from the left and the top of a plot, which has so many columns and rows of them;
 *   floor: the least y on a logarithmic axis; line: where y is base - (value - low) * tall - top, these four
 */

export const EDGE = 1e-6; // pixels: what is at the edge of the plot is in it, however it was rounded
export const FAR = 1e12; // pixels: as far beyond the plot as is told apart

/** @param {number} px */
const near = (px) => Math.max(-FAR, Math.min(FAR, px));

export class Cover {
  // columns: of pixels, the most that are asked for at once.
  /** @param {number} columns */
  constructor(columns) {
    this.from = 0; // the column that the first place of each array is of
    this.to = 0;
    this.last = 0; // of all columns: what lies at its right edge is in it
    // From where to where all that was logged goes; nothing where the first is greater than the second.
    this.least = new Float64Array(columns);
    this.most = new Float64Array(columns);
    // The same of what is drawn as the line: a smoothed one, where lines are smoothed.
    this.low = this.least;
    this.high = this.most;
    this.smooth = [new Float64Array(columns), new Float64Array(columns)];
    this.middle = new Float64Array(columns); // where the line is in the middle of the column
  }

  // Columns from `from` to before `to`. smoothed: the values of its columns, where the line is smoothed.
  /**
   * @param {Curve} curve
   * @param {Float64Array | null} smoothed
   * @param {Place} place
   * @param {number} from
   * @param {number} to
   */
  take(curve, smoothed, place, from, to) {
    this.from = from;
    this.to = to;
    this.last = place.columns - 1;
    this.least.fill(Infinity, 0, to - from);
    this.most.fill(-Infinity, 0, to - from);
    const [, end, shift] = curve.ends(place.axis);
    let start = firstBefore(curve, place, from);
    while (start > 0 && !isThere(curve, end[start] - shift, start, place)) start--;
    this.#logged(curve, smoothed ?? curve.mean, place, start);
    this.low = smoothed ? this.smooth[0] : this.least;
    this.high = smoothed ? this.smooth[1] : this.most;
    if (!smoothed) return;
    this.low.fill(Infinity, 0, to - from);
    this.high.fill(-Infinity, 0, to - from);
    this.#smoothed(curve, smoothed, place, start);
  }

  // Every column from its least to its greatest value, and the lines from one to the next. And where the line through
  // the middles of columns is in the middle of each column of pixels: before the first and behind the last it is there,
  // and across a gap it goes straight on.
  /**
   * @param {Curve} curve
   * @param {Float64Array} values of the middles
   * @param {Place} place
   * @param {number} start
   */
  #logged(curve, values, place, start) {
    const [begin, end, shift] = curve.ends(place.axis);
    const { least, most, middle, from } = this;
    const { mean, min, max, first, last } = curve;
    const wide = this.to - from;
    // Most curves hold single points: of such a column one height is all there is.
    const isPlain = begin === end && min === mean && max === mean && first === mean && last === mean;
    let isDown = false,
      x = 0,
      y = 0;
    let isBefore = false, // whether there is a middle before
      px = 0,
      py = 0,
      next = 0; // the first column of pixels whose middle is not known
    for (let i = start; i < curve.length; i++) {
      if (!isThere(curve, end[i] - shift, i, place)) {
        isDown = false;
        continue;
      }
      const a = place.x(begin[i] - shift);
      const own = height(mean[i], place);
      const at = isPlain ? a : place.x((begin[i] + end[i]) / 2 - shift),
        value = values === mean ? own : height(values[i], place);
      for (; next < wide && from + next + 0.5 < at; next++)
        middle[next] = isBefore ? py + (value - py) * ((from + next + 0.5 - px) / (at - px)) : value;
      isBefore = true;
      px = at;
      py = value;
      if (isDown)
        this.#line(least, most, x, y, a, isPlain || !Number.isFinite(first[i]) ? own : height(first[i], place));
      if (a > this.to) break;
      if (isPlain) {
        if (!isDown) this.#box(least, most, a, a, own, own);
        x = a;
        y = own;
      } else {
        x = end[i] === begin[i] ? a : place.x(end[i] - shift);
        this.#box(least, most, a, x, height(max[i], place), height(min[i], place));
        y = Number.isFinite(last[i]) ? height(last[i], place) : own;
      }
      isDown = true;
    }
    if (isBefore) middle.fill(py, next, wide);
  }

  // A line through the middles of columns, level before the first and behind the last.
  /**
   * @param {Curve} curve
   * @param {Float64Array} values
   * @param {Place} place
   * @param {number} start
   */
  #smoothed(curve, values, place, start) {
    const [begin, end, shift] = curve.ends(place.axis);
    const { low, high } = this;
    let isDown = false,
      x = 0,
      y = 0,
      edge = 0; // where the last one's column ends
    for (let i = start; i < curve.length; i++) {
      const a = place.x(begin[i] - shift);
      const isOver = a > this.to;
      if (!isThere(curve, end[i] - shift, i, place)) {
        if (isDown) this.#line(low, high, x, y, edge, y);
        isDown = false;
        if (isOver) break;
        continue;
      }
      const middle = place.x((begin[i] + end[i]) / 2 - shift),
        at = height(values[i], place);
      if (isDown) this.#line(low, high, x, y, middle, at);
      else this.#line(low, high, a, at, middle, at);
      if (isOver) {
        isDown = false;
        break;
      }
      x = middle;
      y = at;
      edge = place.x(end[i] - shift);
      isDown = true;
    }
    if (isDown) this.#line(low, high, x, y, edge, y);
  }

  /** @param {number} px */
  #column(px) {
    const column = Math.floor(px);
    return column === this.last + 1 && px === column ? this.last : column;
  }

  /**
   * @param {Float64Array} low
   * @param {Float64Array} high
   * @param {number} from
   * @param {number} to
   * @param {number} top
   * @param {number} bottom
   */
  #box(low, high, from, to, top, bottom) {
    const last = Math.min(this.to - 1, this.#column(to)) - this.from;
    for (let i = Math.max(0, this.#column(from) - this.from); i <= last; i++) {
      if (top < low[i]) low[i] = top;
      if (bottom > high[i]) high[i] = bottom;
    }
  }

  // Of a straight line each column has the part between its edges.
  /**
   * @param {Float64Array} low
   * @param {Float64Array} high
   * @param {number} ax
   * @param {number} ay
   * @param {number} bx
   * @param {number} by
   */
  #line(low, high, ax, ay, bx, by) {
    const first = this.#column(ax),
      last = this.#column(bx);
    if (first === last && first >= this.from && first < this.to) {
      const i = first - this.from;
      low[i] = Math.min(low[i], ay, by);
      high[i] = Math.max(high[i], ay, by);
      return;
    }
    const wide = bx > ax ? bx - ax : Infinity;
    const end = Math.min(this.to - 1, last);
    for (let c = Math.max(this.from, first); c <= end; c++) {
      const a = ax >= c ? ay : bx <= c ? by : ay + (by - ay) * ((c - ax) / wide),
        b = bx <= c + 1 ? by : ay + (by - ay) * ((c + 1 - ax) / wide);
      const i = c - this.from;
      low[i] = Math.min(low[i], a, b);
      high[i] = Math.max(high[i], a, b);
    }
  }
}

/**
 * @param {number} value
 * @param {Place} place
 */
export const height = (value, { y, floor }) => near(y(Math.max(floor, value)));

// Whether a column of a curve has a place on both axes.
/**
 * @param {Curve} curve
 * @param {number} end
 * @param {number} i
 * @param {Place} place
 */
export const isThere = (curve, end, i, { logx, logy }) =>
  curve.mean[i] === curve.mean[i] && end === end && !(logx && end <= 0) && !(logy && !(curve.max[i] > 0));

// The last column of a curve that ends before a column of pixels, 0 where none does.
/**
 * @param {Curve} curve
 * @param {Place} place
 * @param {number} px
 */
function firstBefore(curve, place, px) {
  const [, end, shift] = curve.ends(place.axis);
  let low = 0,
    high = curve.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (place.x(end[middle] - shift) < px) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
