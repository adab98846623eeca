// The paths of one line on a canvas: through its points, through what changes slowly, its envelope, what was left
// behind.

/**
 * @typedef {import("./record.js").Context} Context
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./chart.js").View} View
 * @typedef {{ begin: Float64Array, end: Float64Array, shift: number, from: number, to: number }} Span columns in view
 */

// What a rewind left behind: kept, and dimmed.
/**
 * @param {Context} context
 * @param {import("./curve.js").Points} tail
 * @param {number} shift
 * @param {View} view
 * @param {number} opacity
 */
export function abandoned(context, { steps, times, values }, shift, { scale, settings }, opacity) {
  const places = settings.axis === "step" ? steps : times;
  context.globalAlpha = 0.55 * opacity;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  context.beginPath();
  let down = false;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]) || (settings.logy && values[i] <= 0)) {
      down = false;
      continue;
    }
    if (down) context.lineTo(scale.x(places[i] - shift), scale.y(values[i]));
    else context.moveTo(scale.x(places[i] - shift), scale.y(values[i]));
    down = true;
  }
  context.stroke();
}

// A line through values that change slowly: a corner for each pixel is enough. whole: values of which one without
// neighbours is a dot.
/**
 * @param {Context} context
 * @param {Float64Array} values
 * @param {Span} span
 * @param {View} view
 * @param {Float64Array | null} [whole]
 */
export function through(context, values, { begin, end, shift, from, to }, { scale, settings }, whole = null) {
  /**
   * @param {Float64Array} values
   * @param {number} i
   */
  const has = (values, i) => i >= from && i <= to && values[i] === values[i] && !(settings.logy && values[i] <= 0);
  /** @type {[number, number][]} */
  const alone = [];
  let down = false,
    last = -Infinity;
  context.beginPath();
  for (let i = from; i <= to; i++) {
    const value = values[i];
    if (!has(values, i)) {
      down = false;
      continue;
    }
    const px = scale.x((begin[i] + end[i]) / 2 - shift);
    if (down && px - last < 1.2 && i < to) continue;
    if (down) context.lineTo(px, scale.y(value));
    else {
      context.moveTo(px, scale.y(value));
      down = true;
      if (whole && !has(whole, i - 1) && !has(whole, i + 1)) alone.push([px, scale.y(value)]);
    }
    last = px;
  }
  context.stroke();
  for (const [px, py] of alone) {
    context.beginPath();
    context.arc(px, py, 3, 0, 2 * Math.PI);
    context.fill();
  }
}

/**
 * @param {Context} context
 * @param {Curve} curve
 * @param {Span} span
 * @param {View} view
 */
export function band(context, curve, { begin, end, shift, from, to }, { scale, settings, y }) {
  const floor = settings.logy ? y.low : -Infinity;
  const { min, max } = curve;
  let i = from;
  while (i <= to) {
    while (i <= to && max[i] !== max[i]) i++;
    const first = i;
    while (i <= to && max[i] === max[i]) i++;
    if (i === first) break;
    context.beginPath();
    for (let j = first; j < i; j++) {
      const py = scale.y(Math.max(floor, max[j]));
      context.lineTo(scale.x(begin[j] - shift), py);
      if (end[j] !== begin[j]) context.lineTo(scale.x(end[j] - shift), py);
    }
    for (let j = i - 1; j >= first; j--) {
      const py = scale.y(Math.max(floor, min[j]));
      context.lineTo(scale.x(end[j] - shift), py);
      if (end[j] !== begin[j]) context.lineTo(scale.x(begin[j] - shift), py);
    }
    context.closePath();
    context.fill();
  }
}

// The line through all points: within a column from its first by its extremes to its last, and where points lie closer
// than pixels the same within a pixel. On the screen these are the pixels of the line through every point.
/**
 * @param {Context} context
 * @param {Curve} curve
 * @param {Span} span
 * @param {View} view
 */
export function raw(context, curve, { begin, end, shift, from, to }, { scale, settings, y }) {
  const floor = settings.logy ? y.low : -Infinity;
  /** @param {number} v */
  const place = (v) => scale.y(Math.max(floor, v));
  /** @type {[number, number][]} */
  const alone = [];
  const bottom = scale.y(y.low);
  const close =
    curve.single &&
    to - from > 2 &&
    Math.abs(scale.x(end[to] - shift) - scale.x(begin[from] - shift)) / (to - from) < 0.5;
  let down = false;
  /** @type {number | null} */
  let below = null;
  context.beginPath();
  for (let i = from; i <= to; i++) {
    if (curve.mean[i] !== curve.mean[i]) {
      down = false;
      below = null;
      continue;
    }
    const px = scale.x(begin[i] - shift);
    if (settings.logy && !(curve.max[i] > 0)) {
      // No place on a logarithmic axis: the line leaves it at its bottom, and comes back from there.
      if (down) context.lineTo(px, bottom);
      down = false;
      below = px;
      continue;
    }
    if (below !== null) {
      context.moveTo(below, bottom);
      down = true;
      below = null;
    }
    if (curve.count[i] === 1 && !close) {
      const py = place(curve.mean[i]);
      if (down) context.lineTo(px, py);
      else {
        context.moveTo(px, py);
        if (i === to || curve.mean[i + 1] !== curve.mean[i + 1]) alone.push([px, py]);
      }
    } else if (close) {
      let low = curve.mean[i],
        high = low,
        last = low,
        lowFirst = true,
        j = i + 1;
      for (; j <= to; j++) {
        const value = curve.mean[j];
        if (value !== value || scale.x(begin[j] - shift) - px > 1) break;
        if (value < low) {
          low = value;
          lowFirst = false;
        }
        if (value > high) {
          high = value;
          lowFirst = true;
        }
        last = value;
      }
      if (down) context.lineTo(px, place(curve.mean[i]));
      else context.moveTo(px, place(curve.mean[i]));
      if (low !== high) {
        context.lineTo(px, place(lowFirst ? low : high));
        context.lineTo(px, place(lowFirst ? high : low));
        context.lineTo(px, place(last));
      }
      i = j - 1;
    } else {
      const qx = scale.x(end[i] - shift),
        middle = (px + qx) / 2;
      const start = Number.isFinite(curve.first[i]) ? curve.first[i] : curve.mean[i];
      const stop = Number.isFinite(curve.last[i]) ? curve.last[i] : curve.mean[i];
      if (down) context.lineTo(px, place(start));
      else context.moveTo(px, place(start));
      const rising = curve.minStep[i] <= curve.maxStep[i];
      context.lineTo(middle, place(rising ? curve.min[i] : curve.max[i]));
      context.lineTo(middle, place(rising ? curve.max[i] : curve.min[i]));
      context.lineTo(qx, place(stop));
    }
    down = true;
  }
  context.stroke();
  // A point between gaps, or the only one, has no line to be seen by.
  const opacity = context.globalAlpha;
  context.globalAlpha = Math.max(opacity, 0.6);
  for (const [px, py] of alone) {
    context.beginPath();
    context.arc(px, py, 3, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = opacity;
}
