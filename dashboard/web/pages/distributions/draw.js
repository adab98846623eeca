// Pictures of distributions: ridges, overlay, heat map, percentile bands, one step; data in, strokes out.
import * as format from "../../text/format.js";
import * as ticks from "../../charts/ticks.js";
import { bars, shareOf, valueAxis } from "../../charts/histogram.js";
import { css, isDark } from "../../charts/palette.js";
import { lookup } from "../../text/lookup.js";
import { finiteIn, heights, oddIn, peakOf, reaches, ridgeBase, span, stepScale } from "./geometry.js";

/** @typedef {import("../../core/histograms.js").Distribution} Distribution */
/** @typedef {import("../../charts/histogram.js").Box} Box */
/** @typedef {(context: CanvasRenderingContext2D, data: Distribution, box: Box, tint: string) => void} Draw */

const STEPPED = 30; // fewer bins than this are drawn as the steps that they are

const LEAST = 4; // px of what stands alone

// Bins with anything in them that would not be seen, with nothing beside them: an outlier among a thousand is a tick.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} row
 */
function alone(context, data, box, row) {
  const { bins, counts } = data,
    at = (/** @type {number} */ i) => (i < 0 || i >= bins ? 0 : counts[row * bins + i]);
  const height = heights(data, box, row),
    base = ridgeBase(data, box, row),
    wide = (box.right - box.left) / bins;
  for (let i = 0; i < bins; i++) {
    if (at(i) < 0.25 || height(i) >= LEAST || [i - 1, i + 1].some((beside) => at(beside) && height(beside) >= LEAST))
      continue;
    context.fillRect(box.left + i * wide + Math.max(0, wide / 2 - 1.5), base - LEAST, Math.min(3, wide), LEAST);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Distribution} data
 * @param {Box} box
 * @param {number} row
 */
export function outline(context, data, box, row) {
  const { bins } = data;
  const base = ridgeBase(data, box, row);
  const wide = (box.right - box.left) / bins;
  const height = heights(data, box, row);
  context.moveTo(box.left, base);
  for (let i = 0; i < bins; i++) {
    const y = base - height(i);
    if (bins < STEPPED) {
      context.lineTo(box.left + i * wide, y);
      context.lineTo(box.left + (i + 1) * wide, y);
    } else context.lineTo(box.left + (i + 0.5) * wide, y);
  }
  context.lineTo(box.right, base);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Distribution} data
 * @param {Box} box
 */
function stepAxis(context, data, box) {
  const scale = stepScale(data, box);
  context.fillStyle = css("--faint");
  context.textBaseline = "alphabetic";
  const { low, high } = span(data);
  const marks =
    high > low
      ? ticks.linear(low, high, Math.max(2, (box.right - box.left) / 74), true)
      : [{ at: low, text: format.step(low) }];
  for (const { at, text } of marks) {
    const half = context.measureText(text).width / 2;
    context.textAlign = "center";
    context.fillText(text, Math.min(Math.max(scale(at), box.left + half - 4), box.right - half + 6), box.bottom + 15);
  }
}

/** @type {Draw} */
function ridge(context, data, box, tint) {
  valueAxis(context, data, box, "x");
  const card = css("--card");
  context.textAlign = "right";
  context.textBaseline = "middle";
  const labels = new Set([0, data.rows - 1, Math.round((data.rows - 1) / 2)]);
  const bad = css("--bad");
  const gap = data.rows > 1 ? ridgeBase(data, box, 1) - ridgeBase(data, box, 0) : 5;
  for (let row = 0; row < data.rows; row++) {
    const share = data.rows > 1 ? row / (data.rows - 1) : 1;
    if (finiteIn(data, row)) {
      context.beginPath();
      outline(context, data, box, row);
      context.closePath();
      context.globalAlpha = 1;
      context.fillStyle = card;
      context.fill();
      context.globalAlpha = 0.18 + 0.5 * share;
      context.fillStyle = tint;
      context.fill();
      context.globalAlpha = 0.5 + 0.5 * share;
      context.strokeStyle = isDark() ? tint : card;
      context.lineWidth = isDark() ? 0.75 : 1;
      context.stroke();
      context.fillStyle = tint;
      alone(context, data, box, row);
      context.globalAlpha = 1;
    }
    const base = ridgeBase(data, box, row);
    if (oddIn(data, row)) {
      context.fillStyle = bad;
      context.fillRect(box.right + 4, base - 4, 4, Math.max(2, Math.min(4, gap - 1)));
    }
    if (labels.has(row)) {
      context.fillStyle = css("--faint");
      context.fillText(format.step(data.step[row]), box.left - 6, base - 3);
    }
  }
}

// All steps on one ground, as shares of their elements: pale the oldest, strong the newest that has any.
/** @type {Draw} */
function overlay(context, data, box, tint) {
  valueAxis(context, data, box, "x");
  const rows = [...Array(data.rows).keys()].filter((row) => finiteIn(data, row));
  if (!rows.length) {
    nothing(context, box);
    return;
  }
  context.strokeStyle = tint;
  context.lineJoin = "round";
  for (const row of rows) {
    const share = data.rows > 1 ? row / (data.rows - 1) : 1;
    const isLast = row === rows.at(-1);
    context.globalAlpha = isLast ? 1 : 0.18 + 0.62 * share ** 2;
    context.lineWidth = isLast ? 2 : 1;
    context.beginPath();
    outline(context, data, box, row);
    context.stroke();
    context.fillStyle = tint;
    alone(context, data, box, row);
  }
  context.globalAlpha = 1;
}

// Where a picture would be, were there a finite element.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 */
function nothing(context, box) {
  context.fillStyle = css("--dim");
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText("no finite values", (box.left + box.right) / 2, (box.top + box.bottom) / 2);
}

// Steps whose elements are not all finite, above the picture.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Distribution} data
 * @param {Box} box
 */
function rail(context, data, box) {
  context.fillStyle = css("--bad");
  reaches(data, box).forEach(([from, to], row) => {
    if (oddIn(data, row)) context.fillRect(from, box.top - 6, Math.max(1.5, to - from + 0.5), 4);
  });
}

/** @type {Draw} */
function heat(context, data, box, tint) {
  const { rows, bins } = data;
  valueAxis(context, data, box, "y");
  const image = new OffscreenCanvas(rows, bins);
  const pixels = new ImageData(rows, bins);
  const scale = shades(tint);
  for (let row = 0; row < rows; row++) {
    const peak = peakOf(data, row);
    for (let i = 0; i < bins; i++) {
      const count = data.counts[row * bins + i];
      const place = 4 * ((bins - 1 - i) * rows + row);
      if (!count || !peak) continue;
      const [r, g, b] = scale(Math.sqrt(count / peak));
      pixels.data[place] = r;
      pixels.data[place + 1] = g;
      pixels.data[place + 2] = b;
      pixels.data[place + 3] = 255;
    }
  }
  image.getContext("2d")?.putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  // Each row where its steps are: these need not be evenly spaced.
  reaches(data, box).forEach(([from, to], row) => {
    const [left, right] = [from, to].map((px) => Math.round(px * devicePixelRatio) / devicePixelRatio);
    if (right > left) context.drawImage(image, row, 0, 1, bins, left, box.top, right - left, box.bottom - box.top);
  });
  rail(context, data, box);
  stepAxis(context, data, box);
}

// From the card's own colour to the run's.
/** @param {string} tint */
function shades(tint) {
  /** @param {string} hex */
  const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const from = parse(css("--card")),
    to = parse(tint);
  const end = isDark() ? to.map((c) => Math.min(255, c + 40)) : to.map((c) => Math.round(c * 0.75));
  return (/** @type {number} */ share) =>
    from.map((c, i) =>
      share < 0.7 ? c + ((to[i] - c) * share) / 0.7 : to[i] + ((end[i] - to[i]) * (share - 0.7)) / 0.3,
    );
}

/** @type {Draw} */
function bands(context, data, box, tint) {
  valueAxis(context, data, box, "y");
  stepAxis(context, data, box);
  rail(context, data, box);
  const q = data.quantiles.length;
  const scale = stepScale(data, box);
  /** @param {number} value */
  const y = (value) => box.bottom - shareOf(data, value) * (box.bottom - box.top);
  const rows = [...Array(data.rows).keys()].filter((row) => !Number.isNaN(data.quantile[row * q]));
  context.fillStyle = context.strokeStyle = tint;
  for (let i = 0; i < (q - 1) / 2; i++) {
    context.globalAlpha = 0.16;
    context.beginPath();
    for (const row of rows) context.lineTo(scale(data.step[row]), y(data.quantile[row * q + i]));
    for (const row of rows.toReversed()) context.lineTo(scale(data.step[row]), y(data.quantile[row * q + q - 1 - i]));
    context.closePath();
    context.fill();
  }
  context.globalAlpha = 1;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.beginPath();
  for (const row of rows) context.lineTo(scale(data.step[row]), y(data.quantile[row * q + (q - 1) / 2]));
  context.stroke();
  if (rows.length === 1) {
    context.beginPath();
    context.arc(scale(data.step[rows[0]]), y(data.quantile[rows[0] * q + (q - 1) / 2]), 3, 0, 7);
    context.fill();
  }
}

// The counts of one step as bars, its median and quartiles as lines.
/** @type {Draw} */
function one(context, data, box, tint) {
  valueAxis(context, data, box, "x");
  if (!finiteIn(data, data.row)) {
    nothing(context, box);
    return;
  }
  bars(context, box, data.counts.subarray(data.row * data.bins, (data.row + 1) * data.bins), tint);
  const q = data.quantiles.length;
  [0.25, 0.5, 0.75].forEach((wanted) => {
    const value = data.quantile[data.row * q + data.quantiles.indexOf(wanted)];
    if (Number.isNaN(value)) return;
    const x = Math.round(box.left + shareOf(data, value) * (box.right - box.left)) + 0.5;
    context.strokeStyle = css("--text");
    context.globalAlpha = wanted === 0.5 ? 0.9 : 0.4;
    context.setLineDash(wanted === 0.5 ? [] : [3, 3]);
    context.beginPath();
    context.moveTo(x, box.top);
    context.lineTo(x, box.bottom);
    context.stroke();
  });
  context.setLineDash([]);
  context.globalAlpha = 1;
}

export const draw = lookup({ ridge, overlay, heat, bands, one });
