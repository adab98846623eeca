// What part of the data a chart shows, and where on the screen it lies.
import { LARGEST, isTooNarrow, unitOf, widened } from "../text/floats.js";

/**
 * @typedef {[low: number, high: number]} Zoom a window that was chosen
 * @typedef {{ low: number, high: number, full: number }} Domain
 * @typedef {{ low: number, high: number, least?: number, most?: number, outside: number }} Range
 * @typedef {{ left: number, right: number, top: number, bottom: number }} Plot in CSS pixels
 * @typedef {(value: number) => number} Mapping
 * @typedef {{
 *   x: Mapping, y: Mapping, invert: Mapping, invertY: Mapping,
 *   line: [base: number, low: number, tall: number] | null,
 * }} Scale from data to pixels, and back; line: where y is base - (value - low) * tall, these
 * @typedef {{ curve: Curve }} Drawn of a line, what a range needs
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./curve.js").Axis} Axis
 */

// The x range of some lines: { low, high, full }; `full` is what smoothing is measured by, on a logarithmic axis the
// logarithm of how many times it reaches.
/**
 * @param {Drawn[]} lines
 * @param {{ axis: Axis, logx: boolean }} settings
 * @param {Zoom | null} zoom
 * @returns {Domain}
 */
export function domain(lines, { axis, logx }, zoom) {
  if (zoom && !(logx && zoom[0] <= 0))
    return { low: zoom[0], high: zoom[1], full: logx ? Math.log(zoom[1] / zoom[0]) : zoom[1] - zoom[0] };
  let low = Infinity,
    high = -Infinity;
  for (const { curve } of lines) {
    if (!curve.length) continue;
    const [begin, end, shift] = curve.ends(axis);
    let first = 0,
      last = curve.length - 1;
    // Where a curve that was worked out has no value it is not; what was logged and is not finite stands on the rail.
    if (!curve.odd) {
      while (first < last && curve.mean[first] !== curve.mean[first]) first++;
      while (last > first && curve.mean[last] !== curve.mean[last]) last--;
      if (curve.mean[first] !== curve.mean[first]) {
        first = 0;
        last = curve.length - 1;
      }
    }
    low = Math.min(low, logx ? leastAbove0(curve, axis, first) : begin[first] - shift);
    high = Math.max(high, end[last] - shift);
  }
  if (zoom) high = zoom[1]; // a window that begins at or below 0, from before the axis was logarithmic
  if (logx && high <= 0) return { low: 1, high: 10, full: 0 };
  const full = Math.max(0, logx ? Math.log(high / low) : high - low);
  if (low > high) return { low: logx ? 1 : 0, high: logx ? 10 : 1, full: 0 };
  if (logx) {
    // Steps of which each is hardly more than the one before, such as nanoseconds since 1970, stand in the middle.
    if (isTooNarrow(low, high, true))
      [low, high] = high > low ? [low / (1 + 1e-8), high * (1 + 1e-8)] : [low / 2, low * 2];
    return { low, high, full };
  }
  [low, high] = low === high ? widened(low - 0.5, high + 0.5) : widened(low, high);
  return { low, high, full };
}

// The least place above 0 of a curve, for a logarithmic axis. A column that begins at or below 0 and ends above may
// have a step at 1; other places within it are not known, and it is shown by its end.
/**
 * @param {Curve} curve
 * @param {Axis} axis
 */
export function leastAbove0(curve, axis, first = 0) {
  const [begin, end, shift] = curve.ends(axis);
  while (first < curve.length && end[first] - shift <= 0) first++;
  if (first === curve.length) return Infinity;
  const from = begin[first] - shift;
  return from > 0 ? from : axis === "step" ? 1 : end[first] - shift;
}

// The y range of what is in view, with room; a constant line is in the middle. Gives { low, high, least, most, outside
// }: least and most are of the values themselves; outside counts the columns that an outlier-robust range leaves out.
/**
 * @param {Drawn[]} lines
 * @param {{ axis: Axis, logy: boolean, robust: boolean }} settings
 * @param {{ low: number, high: number }} x
 * @param {Zoom | null} zoom
 * @param {boolean} [isWindow]
 * @returns {Range}
 */
export function range(lines, settings, x, zoom, isWindow = false) {
  if (zoom && !(settings.logy && zoom[0] <= 0))
    return { low: zoom[0], high: zoom[1], least: zoom[0], most: zoom[1], outside: 0 };
  let low = Infinity,
    high = -Infinity,
    positive = Infinity;
  /** @type {number[] | null} */
  const seen = settings.robust ? [] : null;
  for (const { curve } of lines) {
    const [begin, end, shift] = curve.ends(settings.axis);
    const stride = seen ? Math.max(1, Math.floor((curve.length * lines.length) / 20000)) : 1;
    for (let i = 0; i < curve.length; i++) {
      if (end[i] - shift < x.low || begin[i] - shift > x.high) continue;
      const below = curve.min[i],
        above = curve.max[i];
      if (below < low) low = below;
      if (above > high) high = above;
      if (below > 0 && below < positive) positive = below;
      else if (above > 0 && above < positive) positive = above;
      if (seen && i % stride === 0 && below === below) {
        seen.push(below);
        if (above !== below) seen.push(above);
      }
    }
    // Where a line crosses an edge of the window, on its way from or to a point outside.
    for (const edge of isWindow ? [x.low, x.high] : []) {
      const at = crossing(curve, begin, end, shift, edge);
      if (at < low) low = at;
      if (at > high) high = at;
      if (at > 0 && at < positive) positive = at;
    }
  }
  if (low > high) return { low: settings.logy ? 0.1 : 0, high: 1, outside: 0 };
  let outside = 0;
  if (seen && seen.length > 20) {
    // Twice the span of the middle nine tenths: a single spike no longer flattens the rest, a trend is kept whole.
    seen.sort((a, b) => a - b);
    const [a, b] = [seen[Math.floor(0.05 * (seen.length - 1))], seen[Math.ceil(0.95 * (seen.length - 1))]];
    const room = (b - a) * 0.5 || Math.abs(b) * 0.1 || 1;
    const [least, most] = [Math.max(low, a - room), Math.min(high, b + room)];
    if (most > least) {
      for (const { curve } of lines) {
        const [begin, end, shift] = curve.ends(settings.axis);
        for (let i = 0; i < curve.length; i++)
          if ((curve.min[i] < least || curve.max[i] > most) && end[i] - shift >= x.low && begin[i] - shift <= x.high)
            outside++;
      }
      [low, high] = [least, most];
      if (low > positive) positive = low;
    }
  }
  const [least, most] = [settings.logy ? positive : low, high];
  if (settings.logy) {
    if (zoom && zoom[1] > positive) high = zoom[1];
    if (positive === Infinity) return { low: 0.1, high: 1, outside };
    const times = positive >= high ? 2 : 1.15;
    return {
      low: Math.max(Number.MIN_VALUE, positive / times),
      high: Math.min(LARGEST, high * times),
      least,
      most,
      outside,
    };
  }
  if (low === high) {
    const margin = Math.abs(low) * 0.1 || 1;
    [low, high] = widened(low - margin, high + margin);
    return { low, high, least, most, outside };
  }
  const room = (high - low) * 0.06;
  // Curves that stay at one side of zero and come near it are shown with zero.
  [low, high] = widened(low >= 0 && low < room * 4 ? Math.min(0, low) : low - room, high + room);
  return { low, high, least, most, outside };
}

// The height at which the line between two columns crosses x; NaN where none does.
/**
 * @param {Curve} curve
 * @param {Float64Array} begin
 * @param {Float64Array} end
 * @param {number} shift
 * @param {number} x
 */
function crossing(curve, begin, end, shift, x) {
  let low = 0,
    high = curve.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end[middle] - shift < x) low = middle + 1;
    else high = middle;
  }
  if (low === 0 || end[low] - shift < x || begin[low] - shift <= x) return NaN;
  const before = end[low - 1] - shift,
    gap = begin[low] - shift - before;
  return curve.last[low - 1] + ((curve.first[low] - curve.last[low - 1]) * (x - before)) / gap;
}

// Between data and pixels, both ways.
/**
 * @param {Plot} plot
 * @param {{ low: number, high: number }} x
 * @param {{ low: number, high: number }} y
 * @param {{ logx: boolean, logy: boolean }} settings
 * @returns {Scale}
 */
export function scales(plot, x, y, { logx, logy }) {
  // A range of which the length or its inverse is no number is measured in other units.
  const unitX = logx ? 1 : unitOf(x.low, x.high),
    unitY = logy ? 1 : unitOf(y.low, y.high);
  /** @type {Mapping} */
  const mapX = logx ? (v) => Math.log(v) : unitX === 1 ? (v) => v : (v) => v * unitX;
  /** @type {Mapping} */
  const mapY = logy ? (v) => Math.log(v) : unitY === 1 ? (v) => v : (v) => v * unitY;
  const left = mapX(x.low),
    bottom = mapY(y.low);
  const wide = (plot.right - plot.left) / (mapX(x.high) - left),
    tall = (plot.bottom - plot.top) / (mapY(y.high) - bottom);
  /**
   * @param {boolean} isLog
   * @returns {Mapping}
   */
  const back = (isLog) => (isLog ? Math.exp : (v) => v);
  return {
    // What lies at or below 0 has no place; a column that reaches above it begins at the edge.
    x: logx
      ? (v) => (v > 0 ? plot.left + (Math.log(v) - left) * wide : plot.left)
      : unitX === 1
        ? (v) => plot.left + (v - left) * wide
        : (v) => plot.left + (v * unitX - left) * wide,
    y: logy
      ? (v) => plot.bottom - ((v > 0 ? Math.log(v) : -1e9) - bottom) * tall
      : unitY === 1
        ? (v) => plot.bottom - (v - bottom) * tall
        : (v) => plot.bottom - (v * unitY - bottom) * tall,
    line: logy || unitY !== 1 ? null : [plot.bottom, bottom, tall],
    invert: (px) => back(logx)(left + (px - plot.left) / wide) / unitX,
    invertY: (py) => back(logy)(bottom + (plot.bottom - py) / tall) / unitY,
  };
}
