// What stands around and behind curves: grid, ticks, marks, and the rail of values that are not finite.
import * as ticks from "./ticks.js";
import { css } from "./palette.js";
import { shortened } from "./shorten.js";
import { partsOf } from "./told.js";

export const RAIL = 10; // height of the rail

export function yTicksOf(y, height, { logy }) {
  const count = Math.min(10, Math.max(2, Math.floor(height / 44)));
  return logy ? ticks.logarithmic(y.low, y.high, count) : ticks.linear(y.low, y.high, count);
}

// Whether it is to be said what the x axis is.
export const isNamed = ({ axis, xName }) => axis === "metric" && Boolean(xName);

export function drawAxes(context, { plot, x, scale, settings, rail }, yTicks) {
  context.lineWidth = 1;
  context.strokeStyle = css("--grid");
  context.fillStyle = css("--faint");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const { at, text } of yTicks) {
    const y = Math.round(scale.y(at)) + 0.5;
    if (y < plot.top - 1 || y > plot.bottom + 1) continue;
    segment(context, plot.left, y, plot.right, y);
    context.fillText(text, plot.left - 6, y);
  }
  const wide = settings.axis === "step" ? 74 : 84;
  const count = Math.max(2, Math.floor((plot.right - plot.left) / wide));
  const make = settings.logx ? ticks.logarithmic : { __proto__: null, step: ticks.linear, relative: ticks.relative, time: ticks.clock, metric: ticks.linear }[settings.axis];
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  let free = -Infinity;
  for (const { at, text } of make(x.low, x.high, count)) {
    if (settings.axis === "step" && !settings.logx && !Number.isInteger(at)) continue;
    const half = context.measureText(text).width / 2;
    const middle = Math.min(Math.max(scale.x(at), plot.left + half - 4), plot.right - half + 6);
    if (middle - half < free) continue;
    free = middle + half + 10;
    context.fillText(text, middle, plot.bottom + rail + 15);
  }
  context.fillStyle = css("--dim");
  if (isNamed(settings)) {
    context.textAlign = "right";
    context.fillText(shortened(context, settings.xName, plot.right - plot.left), plot.right, plot.bottom + rail + 30);
  }
  if (settings.yName) {
    context.textAlign = "left";
    context.fillText(shortened(context, settings.yName, plot.right - 4), 4, plot.top - 11);
  }
  context.strokeStyle = css("--line-strong");
  segment(context, plot.left, plot.bottom + rail + 0.5, plot.right, plot.bottom + rail + 0.5);
}

function segment(context, ax, ay, bx, by) {
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  context.stroke();
}

// Marks as hairlines with a letter. Gives where they stand, for the pointer: [{ px, mark, line }].
export function drawMarks(context, { plot, scale, x, settings, lines, marks }) {
  const placed = [];
  for (const line of lines) {
    for (const mark of marks?.get(line.name) ?? []) {
      const at = placeOf(mark, line.curve, settings.axis);
      if (at === null || at < x.low || at > x.high) continue;
      placed.push({ px: Math.round(scale.x(at)) + 0.5, mark, line });
    }
  }
  if (!placed.length) return placed;
  placed.sort((a, b) => a.px - b.px);
  const one = lines.length === 1;
  context.lineWidth = 1;
  context.textAlign = "left";
  context.textBaseline = "top";
  let free = -Infinity;
  for (const { px, mark, line } of placed) {
    context.globalAlpha = 0.55;
    context.strokeStyle = one ? css("--faint") : line.colour;
    context.setLineDash([2, 3]);
    segment(context, px, plot.top, px, plot.bottom);
    context.setLineDash([]);
    context.globalAlpha = 1;
    if (px < free) continue;
    free = px + 12;
    context.fillStyle = css("--dim");
    // At the right edge the letter stands before its line.
    const before = px + 12 > plot.right;
    context.textAlign = before ? "right" : "left";
    context.fillText((mark.kind || "note").slice(0, 1).toUpperCase(), before ? px - 3 : px + 3, plot.top);
  }
  return placed;
}

function placeOf(mark, curve, axis) {
  if (axis === "time") return mark.wall_time;
  if (axis === "relative") return mark.wall_time - (curve.started ?? 0);
  if (axis === "metric") return null;
  if (mark.step !== null && mark.step !== undefined) return mark.step;
  const i = curve.at(mark.wall_time, "time");
  return i < 0 ? null : curve.x1[i];
}

export function drawRail(context, { plot, scale, lines, settings, x }) {
  const top = plot.bottom + 2, bottom = plot.bottom + RAIL - 1;
  context.fillStyle = css("--hover");
  context.fillRect(plot.left, top - 1, plot.right - plot.left, RAIL);
  context.strokeStyle = css("--bad");
  context.lineWidth = 1.5;
  context.beginPath();
  for (const { raw: curve } of lines.flatMap(partsOf)) {
    if (!curve.odd) continue;
    const [begin, end, shift] = curve.ends(settings.axis);
    for (let i = 0; i < curve.length; i++) {
      if (!curve.nan[i] && !curve.pinf[i] && !curve.ninf[i]) continue;
      const at = (begin[i] + end[i]) / 2 - shift;
      if (at < x.low || at > x.high) continue;
      const px = scale.x(at);
      if (curve.nan[i]) { context.moveTo(px, top + 1); context.lineTo(px, bottom - 1); }
      if (curve.pinf[i]) { context.moveTo(px - 3, bottom - 1); context.lineTo(px, top + 1); context.lineTo(px + 3, bottom - 1); }
      if (curve.ninf[i]) { context.moveTo(px - 3, top + 1); context.lineTo(px, bottom - 1); context.lineTo(px + 3, top + 1); }
    }
  }
  context.stroke();
}
