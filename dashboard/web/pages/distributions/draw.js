// Pictures of distributions: ridges, overlay, heat map, percentile bands, one step; data in, strokes out.
import * as format from "../../text/format.js";
import * as ticks from "../../charts/ticks.js";
import { unitOf } from "../../text/floats.js";
import { css, isDark } from "../../charts/palette.js";

const PAD = { top: 10, right: 12, bottom: 22, left: 46 };
const STEPPED = 30; // fewer bins than this are drawn as the steps that they are

// Where a value lies between the first and the last edge, 0 to 1. Logarithmic bins are as wide as one another.
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

// The least and the greatest step; steps may have gone back.
export function span(data) {
  if (data.reach?.of !== data.step) {
    let low = Infinity,
      high = -Infinity;
    for (let row = 0; row < data.rows; row++) {
      low = Math.min(low, data.first[row]);
      high = Math.max(high, data.step[row]);
    }
    data.reach = { of: data.step, low, high };
  }
  return data.reach;
}

export function stepScale(data, box) {
  const { low, high } = span(data);
  return (step) =>
    high > low ? box.left + ((step - low) / (high - low)) * (box.right - box.left) : (box.left + box.right) / 2;
}

export function stepAt(data, box, px) {
  const { low, high } = span(data);
  return low + Math.max(0, Math.min(1, (px - box.left) / (box.right - box.left))) * (high - low);
}

// From where to where each row of a map reaches: half way to its neighbours, so that it stands at its own steps.
function reaches(data, box) {
  const scale = stepScale(data, box);
  if (data.rows === 1) return [[box.left, box.right]];
  return Array.from({ length: data.rows }, (_, row) => [
    row ? (scale(data.step[row - 1]) + scale(data.first[row])) / 2 : box.left,
    row < data.rows - 1 ? (scale(data.step[row]) + scale(data.first[row + 1])) / 2 : box.right,
  ]);
}

// The room of the picture within a card: what stands beside its axes fits.
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
const oddIn = (data, row) => data.nan[row] + data.pinf[row] + data.ninf[row];
const finiteIn = (data, row) => data.total[row] - oddIn(data, row);

// Where a ridge stands: rows from the back to the front, the newest in front.
function ridgeBase(data, box, row) {
  if (data.mode === "overlay") return box.bottom;
  const depth = Math.min(box.bottom - box.top - 40, 16 * (data.rows - 1), (box.bottom - box.top) * 0.62);
  return data.rows > 1 ? box.bottom - depth + (depth * row) / (data.rows - 1) : box.bottom;
}

function peakOf(data, row) {
  let peak = 0;
  for (let i = 0; i < data.bins; i++) peak = Math.max(peak, data.counts[row * data.bins + i]);
  return peak;
}

// The most that any step has in a bin, as a share of its elements: overlaid steps are measured by it.
function overlayPeak(data) {
  let peak = 0;
  for (let row = 0; row < data.rows; row++)
    if (finiteIn(data, row)) peak = Math.max(peak, peakOf(data, row) / finiteIn(data, row));
  return peak;
}

// How tall a row of so many elements in a bin stands: a ridge by its own fullest bin, overlaid steps all by the same.
function heights(data, box, row) {
  const [tall, peak] =
    data.mode === "overlay"
      ? [box.bottom - box.top - 4, overlayPeak(data) * finiteIn(data, row)]
      : [Math.max(34, ridgeBase(data, box, 0) - box.top - 2), peakOf(data, row)];
  return (bin) => (peak ? (data.counts[row * data.bins + bin] / peak) * tall : 0);
}

const LEAST = 4; // px of what stands alone

// Bins with anything in them that would not be seen, with nothing beside them: an outlier among a thousand is a tick.
function alone(context, data, box, row) {
  const { bins, counts } = data,
    at = (i) => (i < 0 || i >= bins ? 0 : counts[row * bins + i]);
  const height = heights(data, box, row),
    base = ridgeBase(data, box, row),
    wide = (box.right - box.left) / bins;
  for (let i = 0; i < bins; i++) {
    if (at(i) < 0.25 || height(i) >= LEAST || [i - 1, i + 1].some((beside) => at(beside) && height(beside) >= LEAST))
      continue;
    context.fillRect(box.left + i * wide + Math.max(0, wide / 2 - 1.5), base - LEAST, Math.min(3, wide), LEAST);
  }
}

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

// The bin under the mouse; null where values do not lie along an axis of their own.
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
export function binName({ edges, whole }, bin) {
  const [from, to] = [edges[bin] + (whole ? 0.5 : 0), edges[bin + 1] - (whole ? 0.5 : 0)];
  const [first, last] = whole
    ? [from, to].map((each) => format.exact(each))
    : [from, to].map((each) => format.value(each, 3));
  return whole && from === to ? first : `${first} to ${last}`;
}

// The row under the mouse; null beside the picture.
export function rowAt(data, box, px, py) {
  if (px < box.left - 8 || px > box.right + 8 || py < box.top - 8 || py > box.bottom + 8 || !data.rows) return null;
  if (data.mode === "one") return data.row;
  if (data.mode === "overlay") {
    const bin = binAt(data, box, Math.max(box.left, Math.min(box.right - 1, px)), py);
    const rows = [...Array(data.rows).keys()].filter((row) => finiteIn(data, row));
    const far = new Map(rows.map((row) => [row, Math.abs(box.bottom - heights(data, box, row)(bin) - py)]));
    return rows.reduce((best, row) => (best === null || far.get(row) <= far.get(best) ? row : best), null);
  }
  const off =
    data.mode === "ridge"
      ? (row) => Math.abs(ridgeBase(data, box, row) - py)
      : (row) => Math.abs(stepScale(data, box)(data.step[row]) - px);
  let best = 0;
  for (let row = 1; row < data.rows; row++) if (off(row) < off(best)) best = row;
  return best;
}

// The place of the step nearest to one.
export function nearest(steps, step) {
  let best = steps.length - 1;
  for (let i = 0; i < steps.length; i++) if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
  return best;
}

function valueMarks(data, count) {
  if (data.scale !== "log")
    return ticks.linear(data.low, data.high, count).map(({ at, text }) => ({ share: shareOf(data, at), text }));
  const found = [{ share: shareOf(data, 0), text: "0" }];
  const largest = Math.max(Math.abs(data.edges[0]), Math.abs(data.edges[data.bins]));
  const top = Math.floor(Math.log10(largest));
  for (const power of Number.isFinite(top) ? [top, top - 2, top - 4, top - 6] : []) {
    for (const sign of [1, -1]) {
      const at = sign * 10 ** power;
      if (at >= data.edges[0] && at <= data.edges[data.bins])
        found.push({
          share: shareOf(data, at),
          text: `${sign < 0 ? "−" : ""}${10 ** power >= 0.01 && 10 ** power <= 1000 ? 10 ** power : `1e${power}`.replace("-", "−")}`,
        });
    }
  }
  return found;
}

export function valueAxis(context, data, box, along) {
  context.fillStyle = css("--faint");
  context.strokeStyle = css("--grid");
  context.lineWidth = 1;
  let last = -Infinity;
  for (const { share, text } of valueMarks(data, along === "x" ? Math.max(2, (box.right - box.left) / 70) : 5).sort(
    (a, b) => a.share - b.share,
  )) {
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
function nothing(context, box) {
  context.fillStyle = css("--dim");
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText("no finite element", (box.left + box.right) / 2, (box.top + box.bottom) / 2);
}

// Steps whose elements are not all finite, above the picture.
function rail(context, data, box) {
  context.fillStyle = css("--bad");
  reaches(data, box).forEach(([from, to], row) => {
    if (oddIn(data, row)) context.fillRect(from, box.top - 6, Math.max(1.5, to - from + 0.5), 4);
  });
}

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
  image.getContext("2d").putImageData(pixels, 0, 0);
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
function shades(tint) {
  const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const from = parse(css("--card")),
    to = parse(tint);
  const end = isDark() ? to.map((c) => Math.min(255, c + 40)) : to.map((c) => Math.round(c * 0.75));
  return (share) =>
    from.map((c, i) =>
      share < 0.7 ? c + ((to[i] - c) * share) / 0.7 : to[i] + ((end[i] - to[i]) * (share - 0.7)) / 0.3,
    );
}

function bands(context, data, box, tint) {
  valueAxis(context, data, box, "y");
  stepAxis(context, data, box);
  rail(context, data, box);
  const q = data.quantiles.length;
  const scale = stepScale(data, box);
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

export function bars(context, box, counts, tint) {
  const peak = counts.reduce((most, count) => Math.max(most, count), 0);
  const wide = (box.right - box.left) / counts.length;
  context.fillStyle = tint;
  counts.forEach((count, i) => {
    const tall = peak ? (count / peak) * (box.bottom - box.top - 4) : 0;
    // A bin with anything in it is seen, however little that is beside the fullest.
    if (count)
      context.fillRect(
        box.left + i * wide + (wide > 5 ? 0.5 : 0),
        box.bottom - Math.max(1, tall),
        wide - (wide > 5 ? 1 : 0),
        Math.max(1, tall),
      );
  });
}

export const draw = { __proto__: null, ridge, overlay, heat, bands, one };
