// How a picture becomes the numbers that a network takes, as Python does it (tracker/models/preprocess.py): both are
// whole numbers from 0 to 255 until the scale is applied, so that they differ by one of them at most.

/**
 * @typedef {{ width: number, height: number, data: Uint8ClampedArray | Uint8Array }} Picture opaque, four bytes a pixel
 * @typedef {{ name: string, dtype: string, shape: (number | null)[] }} Input of a model; null is any size
 * @typedef {{
 *   size: [height: number, width: number], mode: "RGB" | "L", layout: "NCHW" | "NHWC" | "NHW" | "flat",
 *   scale: [number, number], mean: number[], std: number[], resize: "bilinear" | "nearest" | "area",
 *   fit: "stretch" | "crop" | "pad", invert: boolean,
 * }} Preprocess
 * @typedef {Uint8Array} Levels of a picture in the network's size: rows of pixels of as many channels as it has
 */
import { lookup } from "../../text/lookup.js";

const KNOWN = lookup({
  mobilenet: { size: [224, 224], mode: "RGB", scale: [-1, 1], resize: "bilinear", fit: "stretch" },
});
const LONGEST_SIDE = 4096;

/**
 * What is said of a model, completed by the shape of the input that takes the picture; null where it says no size.
 * @param {any} said fields by name, the name of one that is known, or null
 * @param {Input} input
 * @returns {Preprocess | null}
 */
export function preprocessOf(said, input) {
  const fields = typeof said === "string" ? (KNOWN[said] ?? null) : said;
  const told = byShape(fields ?? lookup({}), input.shape);
  const size = fields?.size ?? told.size;
  if (!Array.isArray(size) || !size.every((side) => Number.isInteger(side) && side >= 1 && side <= LONGEST_SIDE))
    return null;
  return {
    size: [size[0], size[1]],
    mode: fields?.mode ?? told.mode ?? "RGB",
    layout: fields?.layout ?? told.layout ?? "NCHW",
    scale: fields?.scale ?? [0, 1],
    mean: [fields?.mean ?? 0].flat(),
    std: [fields?.std ?? 1].flat(),
    resize: fields?.resize ?? "bilinear",
    fit: fields?.fit ?? "stretch",
    invert: Boolean(fields?.invert),
  };
}

/**
 * Layout, mode and size as a shape tells them; each only where it does.
 * @param {any} said
 * @param {(number | null)[]} shape
 * @returns {{ layout?: Preprocess["layout"], mode?: Preprocess["mode"], size?: [number, number] }}
 */
function byShape(said, shape) {
  const sizes = shape.slice(1);
  const isFirst =
    [1, 3].includes(/** @type {number} */ (sizes[0])) || ![1, 3].includes(/** @type {number} */ (sizes[2]));
  const layout = said.layout ?? ["NHWC", "flat", "NHW", isFirst ? "NCHW" : "NHWC"][sizes.length];
  /** @type {(number | null | undefined)[]} */
  let [height, width, channels] = /** @type {(number | null | undefined)[]} */ ([]);
  if (layout === "flat" && sizes.length === 1 && sizes[0]) {
    channels = said.mode ? (said.mode === "L" ? 1 : 3) : Number.isInteger(Math.sqrt(sizes[0])) ? 1 : 3;
    const side = Math.sqrt(sizes[0] / channels);
    if (Number.isInteger(side)) height = width = side;
  } else if (layout === "NHW" && sizes.length === 2) [height, width, channels] = [...sizes, 1];
  else if (layout === "NCHW" && sizes.length === 3) [channels, height, width] = sizes;
  else if (layout === "NHWC" && sizes.length === 3) [height, width, channels] = sizes;
  return {
    layout,
    ...(channels === 1 || channels === 3 ? { mode: /** @type {"L" | "RGB"} */ (channels === 1 ? "L" : "RGB") } : null),
    ...(height && width ? { size: /** @type {[number, number]} */ ([height, width]) } : null),
  };
}

/** @param {Preprocess} how */
export const channelsOf = ({ mode }) => (mode === "RGB" ? 3 : 1);

/**
 * The shape of one picture, the batch of one included.
 * @param {Preprocess} how
 * @returns {number[]}
 */
export function shapeOf(how) {
  const [height, width] = how.size,
    channels = channelsOf(how);
  if (how.layout === "NCHW") return [1, channels, height, width];
  if (how.layout === "NHWC") return [1, height, width, channels];
  return how.layout === "NHW" ? [1, height, width] : [1, height * width * channels];
}

/**
 * A picture as the network sees it, before the scale.
 * @param {Picture} picture
 * @param {Preprocess} how
 * @returns {Levels}
 */
export function fitted(picture, how) {
  const [height, width] = how.size,
    channels = channelsOf(how);
  const { left, top, across, down, columns, rows } = placed(picture, how);
  const taken = converted(picture, left, top, across, down, channels);
  const small = resized(taken, across, down, columns, rows, channels, how.resize);
  if (how.invert) for (let i = 0; i < small.length; i++) small[i] = 255 - small[i];
  if (rows === height && columns === width) return small;
  const padded = new Uint8Array(height * width * channels);
  const above = Math.floor((height - rows) / 2),
    before = Math.floor((width - columns) / 2);
  for (let y = 0; y < rows; y++)
    padded.set(
      small.subarray(y * columns * channels, (y + 1) * columns * channels),
      ((y + above) * width + before) * channels,
    );
  return padded;
}

// A quotient rounded half up, and at least 1.
/** @param {number} part @param {number} whole */
const rounded = (part, whole) => Math.max(1, Math.floor((2 * part + whole) / (2 * whole)));

/**
 * Which part of a picture is taken, and its size then.
 * @param {Picture} picture
 * @param {Preprocess} how
 */
function placed({ width: columns, height: rows }, { size: [height, width], fit }) {
  const whole = { left: 0, top: 0, across: columns, down: rows, columns: width, rows: height };
  if (fit === "crop") {
    const down = Math.min(rows, rounded(columns * height, width)),
      across = Math.min(columns, rounded(rows * width, height));
    return { ...whole, left: Math.floor((columns - across) / 2), top: Math.floor((rows - down) / 2), across, down };
  }
  if (fit === "stretch") return whole;
  if (columns * height >= rows * width) return { ...whole, rows: Math.min(height, rounded(rows * width, columns)) };
  return { ...whole, columns: Math.min(width, rounded(columns * height, rows)) };
}

/**
 * A part of a picture in the network's channels.
 * @param {Picture} picture
 * @param {number} left
 * @param {number} top
 * @param {number} across
 * @param {number} down
 * @param {number} channels
 */
function converted({ width, data }, left, top, across, down, channels) {
  const made = new Uint8Array(across * down * channels);
  let at = 0;
  for (let y = 0; y < down; y++) {
    let from = ((y + top) * width + left) * 4;
    for (let x = 0; x < across; x++, from += 4) {
      if (channels === 1)
        made[at++] = (19595 * data[from] + 38470 * data[from + 1] + 7471 * data[from + 2] + 32768) >> 16;
      else {
        made[at++] = data[from];
        made[at++] = data[from + 1];
        made[at++] = data[from + 2];
      }
    }
  }
  return made;
}

/**
 * In another size: rows first, rounded, then columns.
 * @param {Uint8Array} levels
 * @param {number} across
 * @param {number} down
 * @param {number} columns
 * @param {number} rows
 * @param {number} channels
 * @param {Preprocess["resize"]} method
 */
function resized(levels, across, down, columns, rows, channels, method) {
  const wide = weighted(levels, down, across * channels, channels, weightsOf(across, columns, method));
  // Of columns a pixel's neighbour is a row away.
  const stride = columns * channels,
    made = new Uint8Array(rows * stride);
  weightsOf(down, rows, method).forEach(({ from, weights }, y) => {
    for (let x = 0; x < stride; x++) {
      let sum = 0.5;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * wide[(from + i) * stride + x];
      made[y * stride + x] = sum;
    }
  });
  return made;
}

/**
 * @param {Uint8Array} levels
 * @param {number} rows
 * @param {number} stride numbers in a row
 * @param {number} channels
 * @param {Weights[]} columns
 */
function weighted(levels, rows, stride, channels, columns) {
  const made = new Uint8Array(rows * columns.length * channels);
  let at = 0;
  for (let y = 0; y < rows; y++)
    for (const { from, weights } of columns)
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0.5;
        for (let i = 0; i < weights.length; i++)
          sum += weights[i] * levels[y * stride + (from + i) * channels + channel];
        made[at++] = sum; // cut off, and so rounded
      }
  return made;
}

/** @typedef {{ from: number, weights: number[] }} Weights of the pixels that one becomes, from the first on */

/**
 * @param {number} size of a row
 * @param {number} wanted
 * @param {Preprocess["resize"]} method
 * @returns {Weights[]}
 */
function weightsOf(size, wanted, method) {
  const ratio = size / wanted;
  return Array.from({ length: wanted }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    if (method === "nearest") return { from: Math.min(size - 1, Math.floor(centre)), weights: [1] };
    const reach = Math.max(1, ratio),
      support = (method === "area" ? 0.5 : 1) * reach;
    const from = Math.max(0, Math.floor(centre - support + 0.5)),
      to = Math.min(size, Math.floor(centre + support + 0.5));
    const weights = Array.from({ length: to - from }, (_each, x) => {
      const t = (from + x + 0.5 - centre) / reach;
      if (method === "area") return t > -0.5 && t <= 0.5 ? 1 : 0;
      return Math.max(0, 1 - Math.abs(t));
    });
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return { from, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * The numbers that the network takes: scaled, in its layout.
 * @param {Levels} levels
 * @param {Preprocess} how
 * @returns {Float32Array}
 */
export function numbersOf(levels, how) {
  const channels = channelsOf(how),
    [low, high] = how.scale,
    pixels = levels.length / channels;
  const made = new Float32Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    const channel = i % channels;
    const mean = how.mean[how.mean.length > 1 ? channel : 0],
      std = how.std[how.std.length > 1 ? channel : 0];
    const value = ((levels[i] * (high - low)) / 255 + low - mean) / std;
    made[how.layout === "NCHW" ? channel * pixels + Math.floor(i / channels) : i] = value;
  }
  return made;
}
