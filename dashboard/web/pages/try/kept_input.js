// Inputs as cases keep them, and as the server is asked with them: lists of numbers, or a small PNG; and back.
import { channelsOf } from "./preprocess.js";
import { flat, nested } from "./signature.js";
import { decoded } from "./pictures.js";
import { dictionary } from "../../core/dictionary.js";

/** @typedef {import("./askers.js").Inputs} Inputs */
/** @typedef {import("./preprocess.js").Preprocess} Preprocess */

const FEW = 4096; // numbers that are told as such; more of a picture are its PNG

/**
 * Inputs as JSON.
 * @param {Inputs} inputs
 */
export const written = (inputs) =>
  dictionary(
    [...inputs].map(([name, { shape, values, picture }]) => {
      const plain = /** @type {any} */ (values);
      if (picture && values.length > FEW) return [name, { b64: picture() }];
      if (typeof values[0] === "string") return [name, [...plain]];
      return [name, nested(plain, shape).map(told)];
    }),
  );

// JSON has no NaN: it is told as its word. Of numbers of 32 bits no more digits are told than tell them apart.
/** @param {any} value @returns {any} */
function told(value) {
  if (Array.isArray(value)) return value.map(told);
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : String(value);
}

/**
 * A kept picture in levels, as the network sees it.
 * @param {any} kept lists of numbers, or { b64 }
 * @param {Preprocess} how
 * @returns {Promise<Uint8Array>}
 */
export async function levelsOf(kept, how) {
  const [height, width] = how.size;
  if (typeof kept?.b64 === "string") return read(await decoded(blobOf(kept.b64)), how);
  const { values } = flat(kept),
    channels = channelsOf(how),
    [low, high] = how.scale;
  const made = new Uint8Array(height * width * channels),
    pixels = height * width;
  if (values.length !== made.length) throw new Error("This case was kept of another shape than the model takes now.");
  for (let i = 0; i < made.length; i++) {
    const channel = i % channels,
      at = how.layout === "NCHW" ? channel * pixels + Math.floor(i / channels) : i;
    const mean = how.mean[how.mean.length > 1 ? channel : 0],
      std = how.std[how.std.length > 1 ? channel : 0];
    const level = ((values[at] * std + mean - low) * 255) / (high - low);
    made[i] = Math.max(0, Math.min(255, Math.round(level)));
  }
  return made;
}

/** @param {string} text */
function blobOf(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

/** @param {ImageBitmap} bitmap of the network's size @param {Preprocess} how */
function read(bitmap, how) {
  const [height, width] = how.size,
    channels = channelsOf(how);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const made = new Uint8Array(height * width * channels);
  for (let i = 0; i < made.length; i++) {
    const level = data[Math.floor(i / channels) * 4 + (i % channels)];
    made[i] = how.invert ? 255 - level : level;
  }
  return made;
}
