// Which lines were counted, and what they were like then: what has come, gone, grown or become another since.
import { Curve } from "./curve.js";

/**
 * @typedef {import("./curve.js").Axis} Axis
 * @typedef {{
 *   begin: Float64Array, end: Float64Array, shift: number, mean: Float64Array, min: Float64Array, max: Float64Array,
 *   first: Float64Array, last: Float64Array,
 * }} Arrays of a line, which go on to hold what they held when more is appended
 * @typedef {{ curve: Curve, length: number }} Grown a line, and how long it was
 * @typedef {{ added: Curve[], removed: Curve[], grown: Grown[] }} Change
 */

export class KnownLines {
  /**
   * @param {Curve[]} curves
   * @param {Axis} axis
   * @param {boolean} isKept whether it can be told what lines were that are others now
   */
  constructor(curves, axis, isKept) {
    this.curves = curves;
    this.axis = axis;
    this.epochs = Int32Array.from(curves, ({ epoch }) => epoch);
    this.lengths = Int32Array.from(curves, ({ length }) => length);
    this.arrays = isKept ? curves.map((curve) => arraysOf(curve, axis)) : null;
  }

  // What is different now; null where that cannot be told.
  /**
   * @param {Curve[]} curves
   * @param {boolean} isBent whether a line that grows is another where it was
   * @returns {Change | null}
   */
  changed(curves, isBent) {
    /** @type {Change} */
    const found = { added: [], removed: [], grown: [] };
    const before = this.#places(curves);
    if (!before) return null;
    const stays = new Uint8Array(this.curves.length);
    for (let k = 0; k < curves.length; k++) {
      const i = before[k],
        curve = curves[k];
      if (i < 0) {
        found.added.push(curve);
        continue;
      }
      if (stays[i]) return null; // it is there twice by now
      stays[i] = 1;
      const isOther = curve.epoch !== this.epochs[i]; // as it is as well when it has become shorter
      const isLonger = curve.length > this.lengths[i];
      // Of a few points nothing is smoothed, and a line of them may become another.
      if (isOther || (isLonger && (isBent || this.lengths[i] < 3))) {
        const was = this.#was(i);
        if (!was) return null;
        found.removed.push(was);
        found.added.push(curve);
      } else if (isLonger) found.grown.push({ curve, length: this.lengths[i] });
    }
    for (let i = 0; i < stays.length; i++) {
      if (stays[i]) continue;
      const was = this.#was(i);
      if (!was) return null;
      found.removed.push(was);
    }
    return found;
  }

  // Where each line was before, -1 where it was not.
  /** @param {Curve[]} curves */
  #places(curves) {
    const { curves: known } = this;
    if (known.length === curves.length && known.every((curve, i) => curve === curves[i]))
      return Int32Array.from(curves, (_, i) => i);
    if (!this.arrays) return null;
    const at = new Map(known.map((curve, i) => [curve, i]));
    return Int32Array.from(curves, (curve) => at.get(curve) ?? -1);
  }

  // A line as it was counted; null where its columns were merged in place since.
  /** @param {number} i */
  #was(i) {
    const arrays = this.arrays?.[i],
      curve = this.curves[i];
    if (!arrays || (curve.epoch !== this.epochs[i] && curve.mean === arrays.mean)) return null;
    const was = new Curve(curve.run),
      { begin, end, shift, mean, min, max, first, last } = arrays;
    was.x0 = was.w0 = was.m0 = begin;
    was.x1 = was.w1 = was.m1 = end;
    was.started = shift;
    was.length = this.lengths[i];
    return Object.assign(was, { mean, min, max, first, last });
  }
}

/**
 * @param {Curve} curve
 * @param {Axis} axis
 * @returns {Arrays}
 */
function arraysOf(curve, axis) {
  const [begin, end, shift] = curve.ends(axis);
  const { mean, min, max, first, last } = curve;
  return { begin, end, shift, mean, min, max, first, last };
}
