// A histogram as bars over an axis of its values, linear or logarithmic; counts in, strokes out.
import * as ticks from "./ticks.js";
import { css } from "./palette.js";
import { unitOf } from "../text/floats.js";

/** @typedef {"linear" | "log"} Binning */
/**
 * What an axis of values is of.
 * @typedef {object} Bins
 * @property {Binning} scale
 * @property {number} bins how many
 * @property {number} low
 * @property {number} high
 * @property {ArrayLike<number>} edges one more than bins
 */
/** @typedef {{ left: number, right: number, top: number, bottom: number }} Box px; y grows downwards */
/** @typedef {{ share: number, text: string }} Mark share: where between the first and the last edge, 0 to 1 */

// Where a value lies between the first and the last edge, 0 to 1. Logarithmic bins are as wide as one another.
/**
 * @param {Bins} data
 * @param {number} value
 */
export function shareOf(data, value) {
  const { edges, bins, scale } = data;
  if (scale !== "log") {
    const unit = unitOf(data.low, data.high);
    return (value * unit - data.low * unit) / (data.high * unit - data.low * unit);
  }
  let low = 0,
    high = bins;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle + 1] <= value) low = middle + 1;
    else high = middle;
  }
  const at = Math.min(low, bins - 1);
  return Math.max(
    0,
    Math.min(1, (at + Math.max(0, Math.min(1, (value - edges[at]) / (edges[at + 1] - edges[at])))) / bins),
  );
}

/**
 * @param {Bins} data
 * @param {number} count
 * @returns {Mark[]}
 */
export function valueMarks(data, count) {
  if (data.scale !== "log")
    return ticks
      .linear(data.low, data.high, count)
      .map((/** @type {{ at: number, text: string }} */ { at, text }) => ({ share: shareOf(data, at), text }));
  const found = [{ share: shareOf(data, 0), text: "0" }];
  const largest = Math.max(Math.abs(data.edges[0]), Math.abs(data.edges[data.bins]));
  const top = Math.floor(Math.log10(largest));
  for (const power of Number.isFinite(top) ? [top, top - 2, top - 4, top - 6] : []) {
    for (const sign of [1, -1]) {
      const at = sign * 10 ** power;
      const text = power >= -2 && power <= 3 ? String(10 ** power) : `1e${power}`.replace("-", "−");
      if (at >= data.edges[0] && at <= data.edges[data.bins])
        found.push({ share: shareOf(data, at), text: `${sign < 0 ? "−" : ""}${text}` });
    }
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Bins} data
 * @param {Box} box
 * @param {"x" | "y"} along
 */
export function valueAxis(context, data, box, along) {
  context.fillStyle = css("--faint");
  context.strokeStyle = css("--grid");
  context.lineWidth = 1;
  let last = -Infinity;
  const marks = valueMarks(data, along === "x" ? Math.max(2, (box.right - box.left) / 70) : 5);
  for (const { share, text } of marks.sort((a, b) => a.share - b.share)) {
    if (share < 0 || share > 1) continue;
    if (along === "x") {
      const px = box.left + share * (box.right - box.left);
      const half = Math.max(12, context.measureText(text).width / 2);
      if (px - half < last) continue;
      last = px + half + 10;
      context.textAlign = "center";
      context.textBaseline = "alphabetic";
      context.fillText(text, px, box.bottom + 15);
    } else {
      const py = Math.round(box.bottom - share * (box.bottom - box.top)) + 0.5;
      if (py > last - 14 && last > 0) continue;
      last = py;
      context.beginPath();
      context.moveTo(box.left, py);
      context.lineTo(box.right, py);
      context.stroke();
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText(text, box.left - 6, py);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 * @param {ArrayLike<number>} counts
 * @param {string} tint
 */
export function bars(context, box, counts, tint) {
  let peak = 0;
  for (let i = 0; i < counts.length; i++) peak = Math.max(peak, counts[i]);
  const wide = (box.right - box.left) / counts.length;
  context.fillStyle = tint;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i];
    const tall = peak ? (count / peak) * (box.bottom - box.top - 4) : 0;
    // A bin with anything in it is seen, however little that is beside the fullest.
    if (count)
      context.fillRect(
        box.left + i * wide + (wide > 5 ? 0.5 : 0),
        box.bottom - Math.max(1, tall),
        wide - (wide > 5 ? 1 : 0),
        Math.max(1, tall),
      );
  }
}
