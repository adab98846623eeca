// Where the parts of a picture of distributions lie: values, steps and rows on the screen, and back from the pointer.
import * as format from "../../text/format.js";
import { valueMarks } from "../../charts/histogram.js";

/** @typedef {import("../../core/histograms.js").Distribution} Distribution */
/** @typedef {import("../../charts/histogram.js").Box} Box */

const PAD = { top: 10, right: 12, bottom: 22, left: 46 };

// The least and the greatest step; steps may have gone back.
/** @param {Distribution} data */
export function span(data) {
  if (data.reach?.of === data.step) return data.reach;
  let low = Infinity,
    high = -Infinity;
  for (let row = 0; row < data.rows; row++) {
    low = Math.min(low, data.first[row]);
    high = Math.max(high, data.step[row]);
  }
  data.reach = { of: data.step, low, high };
  return data.reach;
}

/**
 * @param {Distribution} data
 * @param {Box} box
 */
export function stepScale(data, box) {
  const { low, high } = span(data);
  return (/** @type {number} */ step) =>
    high > low ? box.left + ((step - low) / (high - low)) * (box.right - box.left) : (box.left + box.right) / 2;
}

/**
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} px
 */
export function stepAt(data, box, px) {
  const { low, high } = span(data);
  return low + Math.max(0, Math.min(1, (px - box.left) / (box.right - box.left))) * (high - low);
}

// From where to where each row of a map reaches: half way to its neighbours, so that it stands at its own steps.
/**
 * @param {Distribution} data
 * @param {Box} box
 * @returns {[from: number, to: number][]}
 */
export function reaches(data, box) {
  const scale = stepScale(data, box);
  if (data.rows === 1) return [[box.left, box.right]];
  return Array.from({ length: data.rows }, (_, row) => [
    row ? (scale(data.step[row - 1]) + scale(data.first[row])) / 2 : box.left,
    row < data.rows - 1 ? (scale(data.step[row]) + scale(data.first[row + 1])) / 2 : box.right,
  ]);
}

// The room of the picture within a card: what stands beside its axes fits.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Distribution} data
 * @param {number} width
 * @param {number} height
 * @returns {Box}
 */
export function boxOf(context, data, width, height) {
  const bare = ["overlay", "one"].includes(data.mode);
  const words = bare
    ? []
    : data.mode === "ridge"
      ? Array.from(data.step, format.step)
      : valueMarks(data, 5).map(({ text }) => text);
  const widest = Math.max(0, ...words.map((text) => context.measureText(text).width));
  return {
    left: bare ? 12 : Math.max(PAD.left, Math.ceil(widest) + 14),
    right: width - PAD.right,
    top: PAD.top,
    bottom: height - PAD.bottom,
  };
}

// What is not finite in a row.
/**
 * @param {Distribution} data
 * @param {number} row
 */
export const oddIn = (data, row) => data.nan[row] + data.pinf[row] + data.ninf[row];
/**
 * @param {Distribution} data
 * @param {number} row
 */
export const finiteIn = (data, row) => data.total[row] - oddIn(data, row);

// Where a ridge stands: rows from the back to the front, the newest in front.
/**
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} row
 */
export function ridgeBase(data, box, row) {
  if (data.mode === "overlay") return box.bottom;
  const depth = Math.min(box.bottom - box.top - 40, 16 * (data.rows - 1), (box.bottom - box.top) * 0.62);
  return data.rows > 1 ? box.bottom - depth + (depth * row) / (data.rows - 1) : box.bottom;
}

/**
 * @param {Distribution} data
 * @param {number} row
 */
export function peakOf(data, row) {
  let peak = 0;
  for (let i = 0; i < data.bins; i++) peak = Math.max(peak, data.counts[row * data.bins + i]);
  return peak;
}

// The most that any step has in a bin, as a share of its elements: overlaid steps are measured by it.
/** @param {Distribution} data */
function overlayPeak(data) {
  let peak = 0;
  for (let row = 0; row < data.rows; row++)
    if (finiteIn(data, row)) peak = Math.max(peak, peakOf(data, row) / finiteIn(data, row));
  return peak;
}

// How tall a row of so many elements in a bin stands: a ridge by its own fullest bin, overlaid steps all by the same.
/**
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} row
 */
export function heights(data, box, row) {
  const [tall, peak] =
    data.mode === "overlay"
      ? [box.bottom - box.top - 4, overlayPeak(data) * finiteIn(data, row)]
      : [Math.max(34, ridgeBase(data, box, 0) - box.top - 2), peakOf(data, row)];
  return (/** @type {number} */ bin) => (peak ? (data.counts[row * data.bins + bin] / peak) * tall : 0);
}

// The bin under the mouse; null where values do not lie along an axis of their own.
/**
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} px
 * @param {number} py
 */
export function binAt(data, box, px, py) {
  const share =
    data.mode === "heat"
      ? (box.bottom - py) / (box.bottom - box.top)
      : data.mode === "bands"
        ? null
        : (px - box.left) / (box.right - box.left);
  return share === null || share < 0 || share >= 1 ? null : Math.floor(share * data.bins);
}

// What a bin holds: of whole numbers one, or from the first to the last of them.
/**
 * @param {Pick<Distribution, "edges" | "whole">} data
 * @param {number} bin
 */
export function binName({ edges, whole }, bin) {
  const [from, to] = [edges[bin] + (whole ? 0.5 : 0), edges[bin + 1] - (whole ? 0.5 : 0)];
  const [first, last] = whole
    ? [from, to].map((each) => format.exact(each))
    : [from, to].map((each) => format.value(each, 3));
  return whole && from === to ? first : `${first} to ${last}`;
}

// The row under the mouse; null beside the picture.
/**
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} px
 * @param {number} py
 * @returns {number | null}
 */
export function rowAt(data, box, px, py) {
  if (px < box.left - 8 || px > box.right + 8 || py < box.top - 8 || py > box.bottom + 8 || !data.rows) return null;
  if (data.mode === "one") return data.row;
  if (data.mode === "overlay") {
    const bin = binAt(data, box, Math.max(box.left, Math.min(box.right - 1, px)), py) ?? 0;
    const rows = [...Array(data.rows).keys()].filter((row) => finiteIn(data, row));
    // Of several at one height the newest, which lies on top.
    return leastOf(rows.reverse(), (row) => Math.abs(box.bottom - heights(data, box, row)(bin) - py));
  }
  const x = stepScale(data, box);
  return leastOf([...Array(data.rows).keys()], (row) =>
    data.mode === "ridge" ? Math.abs(ridgeBase(data, box, row) - py) : Math.abs(x(data.step[row]) - px),
  );
}

/**
 * The first of the rows for which something is least; null without any.
 * @param {number[]} rows
 * @param {(row: number) => number} of
 */
function leastOf(rows, of) {
  let found = null,
    least = Infinity;
  for (const row of rows) {
    const here = of(row);
    if (found === null || here < least) [found, least] = [row, here];
  }
  return found;
}

// The place of the step nearest to one.
/**
 * @param {ArrayLike<number>} steps
 * @param {number} step
 */
export function nearest(steps, step) {
  let best = steps.length - 1;
  for (let i = 0; i < steps.length; i++) if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
  return best;
}
