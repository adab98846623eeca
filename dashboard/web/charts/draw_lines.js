// Drawing curves: raw lines, smoothed lines, envelopes and bands.
//
// In a browser without a GPU the cost of a chart is the stroking of wide lines with soft edges. So no line has more
// corners than there are pixels to see them in, many lines are drawn thin, and behind many smoothed lines the raw
// values are one band, from the least to the greatest, instead of a hundred lines nobody could tell apart.
import * as format from "../text/format.js";
import { css } from "./palette.js";
import { abandoned, band, raw, through } from "./line_paths.js";

/**
 * @typedef {import("./record.js").Context} Context
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./line_paths.js").Span} Span
 */

const MANY = 24;
const FEW = 12;

// drawn: how many columns of each line are on the canvas already, when only the rest is wanted; then false where that
// cannot be told from the whole.
/**
 * @param {Context} context
 * @param {View} view
 * @param {number[] | null} [drawn]
 */
export function drawLines(context, view, drawn = null) {
  const { lines } = view;
  const many = lines.length > MANY;
  const smooth = view.settings.smoothing.weight > 0;
  if (many && smooth) {
    if (drawn) return false;
    rawRange(context, view);
  }
  // The value beside a lone point comes and goes with there being one.
  const few = lines.length <= FEW;
  if (drawn && few && lines.some(({ curve }, i) => drawn[i] !== curve.length && (drawn[i] === 1 || curve.length === 1)))
    return false;
  for (const isStrong of [false, true]) {
    lines.forEach((line, i) => {
      if (Boolean(line.strong) === isStrong && drawn?.[i] !== line.curve.length)
        drawLine(context, line, view, many && !isStrong, drawn ? drawn[i] - 1 : 0);
    });
  }
  if (few && !drawn) nameAlone(context, view);
  return true;
}

// A line of one point is a dot: with its value beside it, where there is room for that.
/**
 * @param {Context} context
 * @param {View} view
 */
function nameAlone(context, { lines, settings, scale, plot }) {
  /** @type {[number, number][]} */
  const taken = [];
  context.font = `11px ${css("--font")}`;
  context.textBaseline = "middle";
  for (const { curve, colour, faded } of lines) {
    const value = curve.mean[0];
    if (curve.length !== 1 || faded || !Number.isFinite(value) || (settings.logy && value <= 0)) continue;
    const [begin, , shift] = curve.ends(settings.axis);
    if (settings.logx && begin[0] - shift <= 0) continue;
    const px = scale.x(begin[0] - shift),
      py = scale.y(value);
    if (taken.some(([x, y]) => Math.abs(x - px) < 60 && Math.abs(y - py) < 13)) continue;
    taken.push([px, py]);
    const left = px > (plot.left + plot.right * 2) / 3;
    context.textAlign = left ? "right" : "left";
    context.fillStyle = colour;
    context.fillText(format.value(value, 5), px + (left ? -7 : 7), py);
  }
}

// The columns of a line that are in view, with one more at each side; on a logarithmic axis those that reach above 0.
/**
 * @param {Curve} curve
 * @param {{ axis: import("./curve.js").Axis, logx: boolean }} settings
 * @param {{ low: number, high: number }} x
 * @returns {Span}
 */
function within(curve, { axis, logx }, x) {
  const [begin, end, shift] = curve.ends(axis);
  let from = 0,
    to = curve.length - 1;
  if (logx) while (from <= to && end[from] - shift <= 0) from++;
  while (from < to && end[from + 1] - shift < x.low) from++;
  while (to > from && begin[to - 1] - shift > x.high) to--;
  return { begin, end, shift, from, to };
}

/**
 * @param {Context} context
 * @param {import("./line_set.js").Line} line
 * @param {View} view
 * @param {boolean} many
 * @param {number} start
 */
function drawLine(context, line, view, many, start) {
  const { curve } = line;
  if (!curve.length) return;
  const { settings } = view;
  const span = within(curve, settings, view.x);
  if (span.from > span.to) return;
  span.from = Math.max(span.from, Math.min(start, span.to));
  context.strokeStyle = context.fillStyle = line.colour;
  context.setLineDash(line.dash);
  const opacity = line.faded ? 0.16 : 1;
  const smooth = settings.smoothing.weight > 0 && curve.length > 2 && !line.band;
  const dense =
    !curve.single &&
    (curve.count[span.from] > 1 || curve.count[span.to] > 1 || curve.count[(span.from + span.to) >> 1] > 1);
  context.lineJoin = "bevel"; // at such widths round ones look the same and cost more
  const others = Math.sqrt(Math.min(12, view.lines.length));
  for (const tail of line.band || start ? [] : curve.tails) abandoned(context, tail, span.shift, view, opacity);
  context.setLineDash(line.dash);
  const isJoined = curve.ranks > 1; // the mean over ranks, with the least and the greatest of any
  if (line.band || isJoined) {
    context.globalAlpha = 0.18 * opacity;
    band(context, curve, span, view);
  } else if (dense && !(many && smooth)) {
    // The envelope: no extreme of any point lies outside of it.
    context.globalAlpha = (0.16 / others) * opacity;
    band(context, curve, span, view);
  }
  if (!(many && smooth) && !line.band) {
    // Behind the smoothed line the raw one is faint, and the fainter the more of them lie over each other.
    context.globalAlpha = (smooth ? 0.28 / others : 1) * opacity;
    context.lineWidth = smooth ? 1 / (view.ratio || 1) : many ? 1 : 1.5;
    if (isJoined) through(context, curve.mean, span, view, curve.mean);
    else raw(context, curve, span, view);
  }
  if (smooth || line.band) {
    context.globalAlpha = opacity;
    context.lineWidth = line.strong ? 2.25 : many ? 1 : 1.75;
    if (line.band) {
      through(context, curve.whole ?? curve.mean, span, view, curve.mean);
      context.globalAlpha = 0.7 * opacity;
      context.lineWidth = line.strong ? 1.25 : 0.75;
      if (curve.part) through(context, curve.part, span, view);
    } else through(context, curve.smoothed(settings.smoothing, settings.axis, view.x.full), span, view);
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

// From the least to the greatest raw value of all lines at each pixel, as one quiet band.
/**
 * @param {Context} context
 * @param {View} view
 */
function rawRange(context, view) {
  const { plot, scale, settings, y, lines } = view;
  const width = Math.ceil(plot.right - plot.left) + 1;
  const low = new Float64Array(width).fill(Infinity),
    high = new Float64Array(width).fill(-Infinity);
  for (const { curve } of lines) {
    const { begin, end, shift, from, to } = within(curve, settings, view.x);
    const { min, max } = curve;
    for (let i = from; i <= to; i++) {
      if (min[i] !== min[i]) continue;
      const a = Math.max(0, Math.floor(scale.x(begin[i] - shift) - plot.left)),
        b = Math.min(width - 1, Math.floor(scale.x(end[i] - shift) - plot.left));
      for (let px = a; px <= b; px++) {
        if (min[i] < low[px]) low[px] = min[i];
        if (max[i] > high[px]) high[px] = max[i];
      }
    }
  }
  const floor = settings.logy ? y.low : -Infinity;
  context.fillStyle = view.quiet;
  context.globalAlpha = 0.1;
  context.beginPath();
  const filled = [];
  for (let px = 0; px < width; px++) if (low[px] <= high[px]) filled.push(px);
  for (const px of filled) context.lineTo(plot.left + px, scale.y(Math.max(floor, high[px])));
  for (const px of filled.reverse()) context.lineTo(plot.left + px, scale.y(Math.max(floor, low[px])));
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}
