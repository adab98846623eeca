// A live chart: its axes grow in steps, and between two steps only what is new of its lines is drawn.
//
// Stroking all lines anew is nearly all that a frame costs in a browser without a GPU (12 charts of 10 lines: 45 ms).
// An axis that ends exactly at the newest point moves every pixel with each point; one with a little room to grow
// stands still for seconds, which is calmer to look at as well.
import { drawLines } from "./draw_lines.js";
import { isDark } from "./palette.js";

export const ROOM = 0.06; // of what there is, beyond the newest point
const LOOSE = 1.25; // how many times wider than need be a y range may stay

// Everything but new points that a chart's picture depends on.
export function lookOf({ width, height, zoom, zoomY }, lines, settings, marks, isLive) {
  const { axis, smoothing, logx, logy, robust, xName, yName } = settings;
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

export const isSame = (a, b) => a?.length === b.length && a.every((each, i) => each === b[i]);

// Of that, what decides where things lie: while it is the same the axes stand still, whatever else is drawn in another way.
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
export function steady({ x, y }, before, zoom, { logx, logy }) {
  if (zoom) {
    if (before && before.x.low === x.low && before.x.high === x.high) x = before.x;
  } else if (x.full > 0 && !logx) {
    const span = x.high - x.low,
      room = before ? before.x.high - x.high : -1;
    x =
      room >= 0 && room <= 1.5 * ROOM * span && before.x.low === x.low
        ? before.x
        : { ...x, high: x.high + ROOM * span };
  }
  if (before && y.least >= before.y.low && y.most <= before.y.high) {
    const map = logy ? Math.log : (v) => v;
    if (map(before.y.high) - map(before.y.low) <= LOOSE * (map(y.high) - map(y.low)))
      y = { ...y, low: before.y.low, high: before.y.high };
  }
  return { x, y };
}

// Draws what lines have beyond the columns that were drawn, on a chart of the same look; false where all has to be
// drawn anew. drawn: how many columns each line had.
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
