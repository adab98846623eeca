// A live chart: its axes grow in steps, and between two steps only what is new of its lines is drawn.
//
// Stroking all lines anew is nearly all that a frame costs in a browser without a GPU (12 charts of 10 lines: 45 ms).
// An axis that ends exactly at the newest point moves every pixel with each point; one with a little room to grow
// stands still for seconds, which is calmer to look at as well.
import { drawLines } from "./draw_lines.js";
import { isDark } from "./palette.js";

/**
 * @typedef {import("./chart.js").Settings} Settings
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./line_set.js").Line} Line
 * @typedef {import("./scale.js").Zoom} Zoom
 * @typedef {{ x: import("./scale.js").Domain, y: import("./scale.js").Range }} Ranges
 * @typedef {{ width: number, height: number, zoom: Zoom | null, zoomY: Zoom | null }} Frame of a chart
 */

export const ROOM = 0.06; // of what there is, beyond the newest point
const LOOSE = 1.25; // how many times wider than need be a y range may stay

// Everything but new points that a chart's picture depends on.
/**
 * @param {Frame} chart
 * @param {Line[]} lines
 * @param {Settings} settings
 * @param {import("./chart.js").Marks | null} marks
 * @param {boolean} isLive
 * @returns {unknown[]}
 */
export function lookOf({ width, height, zoom, zoomY }, lines, settings, marks, isLive) {
  const { axis, smoothing, logx, logy, robust, xName, yName, many } = settings;
  /** @type {unknown[]} */
  const look = [
    isLive,
    width,
    height,
    devicePixelRatio,
    isDark(),
    zoom,
    zoomY,
    axis,
    smoothing.kind,
    smoothing.weight,
    logx,
    logy,
    robust,
    xName,
    yName,
    many,
  ];
  for (const line of lines)
    look.push(
      line.curve,
      line.curve.epoch,
      line.colour,
      line.dash.length,
      line.strong,
      line.faded,
      line.band,
      marks?.get(line.name),
    );
  return look;
}

/**
 * @param {unknown[] | null} a
 * @param {unknown[]} b
 */
export const isSame = (a, b) => a !== null && a.length === b.length && a.every((each, i) => each === b[i]);

// Of that, what decides where things lie: while it is the same the axes stand still, whatever else is drawn in another
// way.
/**
 * @param {Frame} chart
 * @param {Line[]} lines
 * @param {Settings} settings
 * @returns {unknown[]}
 */
export function frameOf({ width, height, zoom, zoomY }, lines, { axis, logx, logy, robust, xName }) {
  return [
    width,
    height,
    zoom,
    zoomY,
    axis,
    logx,
    logy,
    robust,
    xName,
    ...lines.map(({ name, tag }) => `${name}\n${tag}`),
  ];
}

// The ranges of a live chart: those it had while they will do, else new ones with room. A window is as it was chosen.
/**
 * @param {Ranges} ranges
 * @param {Ranges | null} before
 * @param {Zoom | null} zoom
 * @param {{ logx: boolean, logy: boolean }} settings
 * @returns {Ranges}
 */
export function steady({ x, y }, before, zoom, { logx, logy }) {
  if (zoom) {
    if (before && before.x.low === x.low && before.x.high === x.high) x = before.x;
  } else if (x.full > 0 && !logx) {
    const span = x.high - x.low,
      room = before?.x.low === x.low ? before.x.high - x.high : -1;
    x = before && room >= 0 && room <= 1.5 * ROOM * span ? before.x : { ...x, high: x.high + ROOM * span };
  }
  const { least = NaN, most = NaN } = y;
  if (before && least >= before.y.low && most <= before.y.high) {
    /** @param {number} v */
    const map = (v) => (logy ? Math.log(v) : v);
    const { low, high } = before.y;
    if (map(high) - map(low) <= LOOSE * (map(y.high) - map(y.low))) y = { ...y, low, high };
  }
  return { x, y };
}

// Draws what lines have beyond the columns that were drawn, on a chart of the same look; false where all has to be
// drawn anew. drawn: how many columns each line had.
/**
 * @param {import("./record.js").Context} context
 * @param {View} view
 * @param {Ranges} ranges
 * @param {number[]} drawn
 */
export function drawMore(context, view, ranges, drawn) {
  const { lines, settings, plot } = view;
  const { x, y } = ranges;
  if (x !== view.x || y.low !== view.y.low || y.high !== view.y.high) return false;
  // Two-sided smoothing bends what is drawn already; dashes and see-through lines show where they were joined.
  if (settings.smoothing.weight > 0 && settings.smoothing.kind !== "ema") return false;
  for (let i = 0; i < lines.length; i++) {
    const { curve, dash, faded, band } = lines[i];
    if (dash.length || faded || band || drawn[i] < 3) return false;
    for (let j = drawn[i]; j < curve.length; j++) if (!Number.isFinite(curve.mean[j])) return false;
  }
  context.save();
  context.beginPath();
  context.rect(plot.left - 1, plot.top - 2, plot.right - plot.left + 2, plot.bottom - plot.top + 4);
  context.clip();
  const isDrawn = drawLines(context, { ...view, y }, drawn);
  context.restore();
  return isDrawn;
}
