// What stands around and behind curves: grid, ticks, marks, and the rail of values that are not finite.
import * as ticks from "./ticks.js";
import { css } from "./palette.js";
import { shortened } from "../text/ellipsis.js";
import { partsOf } from "./point_counts.js";

/**
 * @typedef {import("./number_ticks.js").Ticks} Ticks
 * @typedef {import("./number_ticks.js").Tick} Tick
 * @typedef {import("./record.js").Context} Context
 * @typedef {import("./chart.js").Settings} Settings
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./line_set.js").Line} Line
 * @typedef {import("../core/marks.js").Mark} Mark
 * @typedef {{ px: number, mark: Mark, line: Line }} Placed a mark, and where it stands
 */

export const RAIL = 10; // height of the rail

/**
 * @param {{ low: number, high: number }} y
 * @param {number} height
 * @param {Pick<Settings, "logy">} settings
 */
export function yTicksOf(y, height, { logy }) {
  const count = Math.min(10, Math.max(2, Math.floor(height / 44)));
  return logy ? ticks.logarithmic(y.low, y.high, count) : ticks.linear(y.low, y.high, count);
}

/**
 * @param {{ low: number, high: number }} x
 * @param {number} width
 * @param {Pick<Settings, "axis" | "logx">} settings
 */
export function xTicksOf(x, width, { axis, logx }) {
  const count = Math.max(2, Math.floor(width / (axis === "step" ? 74 : 84)));
  if (logx) return ticks.logarithmic(x.low, x.high, count);
  return axis === "relative"
    ? ticks.relative(x.low, x.high, count)
    : axis === "time"
      ? ticks.clock(x.low, x.high, count)
      : ticks.linear(x.low, x.high, count, axis === "step");
}

// What is said of an axis as a whole: what its marks are to be added to, and what it is. "" where that is nothing.
/**
 * @param {Ticks} marks
 * @param {Pick<Settings, "axis" | "xName">} settings
 */
export const captionX = (marks, { axis, xName }) =>
  [marks.base, axis === "metric" ? xName : ""].filter(Boolean).join(" · ");
/**
 * @param {Ticks} marks
 * @param {Pick<Settings, "yName">} settings
 */
export const captionY = (marks, { yName }) => [marks.base, yName].filter(Boolean).join(" · ");

// What stands at a mark; of marks that have a caption only what they add to it.
/**
 * @param {Ticks} marks
 * @param {Tick} mark
 */
export const textAt = (marks, mark) => (marks.base && mark.rest) || mark.text;

/**
 * @param {Context} context
 * @param {View} view
 * @param {Ticks} xTicks
 * @param {Ticks} yTicks
 */
export function drawAxes(context, { plot, x, scale, settings, rail }, xTicks, yTicks) {
  context.lineWidth = 1;
  context.strokeStyle = css("--grid");
  context.fillStyle = css("--faint");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const mark of yTicks) {
    const y = Math.round(scale.y(mark.at)) + 0.5;
    if (y < plot.top - 1 || y > plot.bottom + 1) continue;
    segment(context, plot.left, y, plot.right, y);
    context.fillText(textAt(yTicks, mark), plot.left - 6, y);
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  let free = -Infinity;
  for (const mark of xTicks) {
    if (mark.at < x.low || mark.at > x.high) continue;
    const text = textAt(xTicks, mark),
      half = context.measureText(text).width / 2;
    const middle = Math.min(Math.max(scale.x(mark.at), plot.left + half - 4), plot.right - half + 6);
    if (middle - half < free) continue;
    free = middle + half + 10;
    context.fillText(text, middle, plot.bottom + rail + 15);
  }
  context.fillStyle = css("--dim");
  const [ofX, ofY] = [captionX(xTicks, settings), captionY(yTicks, settings)];
  if (ofX) {
    context.textAlign = "right";
    context.fillText(shortened(context, ofX, plot.right - plot.left), plot.right, plot.bottom + rail + 30);
  }
  if (ofY) {
    context.textAlign = "left";
    context.fillText(shortened(context, ofY, plot.right - 4), 4, plot.top - 11);
  }
  context.strokeStyle = css("--line-strong");
  segment(context, plot.left, plot.bottom + rail + 0.5, plot.right, plot.bottom + rail + 0.5);
}

/**
 * @param {Context} context
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 */
function segment(context, ax, ay, bx, by) {
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  context.stroke();
}

// Marks as hairlines with a letter. Gives where they stand, for the pointer: [{ px, mark, line }].
/**
 * @param {Context} context
 * @param {View} view
 * @returns {Placed[]}
 */
export function drawMarks(context, { plot, scale, x, settings, lines, marks }) {
  /** @type {Placed[]} */
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

/**
 * @param {Mark} mark
 * @param {import("./curve.js").Curve} curve
 * @param {import("./curve.js").Axis} axis
 */
function placeOf(mark, curve, axis) {
  if (axis === "time") return mark.wall_time;
  if (axis === "relative") return mark.wall_time - (curve.started ?? 0);
  if (axis === "metric") return null;
  if (mark.step !== null && mark.step !== undefined) return mark.step;
  const i = curve.at(mark.wall_time, "time");
  return i < 0 ? null : curve.x1[i];
}

/**
 * @param {Context} context
 * @param {View} view
 */
export function drawRail(context, { plot, scale, lines, settings, x }) {
  const top = plot.bottom + 2,
    bottom = plot.bottom + RAIL - 1;
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
      if (curve.nan[i]) {
        context.moveTo(px, top + 1);
        context.lineTo(px, bottom - 1);
      }
      if (curve.pinf[i]) {
        context.moveTo(px - 3, bottom - 1);
        context.lineTo(px, top + 1);
        context.lineTo(px + 3, bottom - 1);
      }
      if (curve.ninf[i]) {
        context.moveTo(px - 3, top + 1);
        context.lineTo(px, bottom - 1);
        context.lineTo(px + 3, top + 1);
      }
    }
  }
  context.stroke();
}
