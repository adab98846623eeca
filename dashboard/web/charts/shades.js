// The colour of each pixel of a density: the shade says how much of lines goes through it, and where colours stand for
// values of a setting, the colour whose.
import { between } from "./colour_maps.js";
import { css } from "./palette.js";

/**
 * @typedef {import("./density.js").Density} Density
 * @typedef {import("./density_layers.js").Shown} Shown
 * @typedef {[red: number, green: number, blue: number]} Colour each from 0 to 255
 */

const SHADES = 48;
const LEAST = 0.32; // of the way from little to much: a single line is told from the ground
const QUIET = 0.45; // of the way to the colour of what is behind others
const MIXES = 15; // steps of red, green and blue where lines of several values meet
const IS_THERE = 1 << 24; // so that black is told from nothing

// How much of the way to the deepest shade a weight is: the root, since most pixels have few lines.
/**
 * @param {number} weight
 * @param {number} greatest
 */
const depth = (weight, greatest) => Math.ceil(SHADES * Math.sqrt(Math.min(1, weight / greatest)));

/** @param {number} step from 1 to SHADES */
const share = (step) => LEAST + ((1 - LEAST) * (step - 1)) / (SHADES - 1);

/** @param {number[]} colour */
const packed = ([red, green, blue]) => IS_THERE | (red << 16) | (green << 8) | blue;

// A colour of the stylesheet or of a palette.
/** @param {string} text @returns {Colour} */
function parsed(text) {
  const hex = /^#(..)(..)(..)$/.exec(text);
  return hex ? /** @type {any} */ (hex.slice(1).map((two) => Number.parseInt(two, 16))) : [128, 128, 128];
}

/** @param {ArrayLike<number>} from @param {ArrayLike<number>} to @param {number} way */
const mixed = (from, to, way) => [0, 1, 2].map((k) => Math.round(from[k] + way * (to[k] - from[k])));

// The shades from a single line to most lines, for a legend: a gradient of CSS.
export const gradient = () =>
  `linear-gradient(to right, ${[1, SHADES / 4, SHADES / 2, (3 * SHADES) / 4, SHADES]
    .map((step) => `rgb(${between(share(step)).join(" ")})`)
    .join(", ")})`;

/** @param {number} colour of a pixel, as shadesOf gives it */
export const hexOf = (colour) => `#${(colour & 0xffffff).toString(16).padStart(6, "0")}`;

/**
 * Of each pixel its colour, column after column from the top; 0 where no line is.
 * @param {Density} density of all lines
 * @param {Shown[]} layers
 */
export function shadesOf({ columns, rows, cells, greatest }, layers) {
  const found = new Int32Array(columns * rows);
  if (!layers.length) paint(found, cells, greatest, ramp());
  for (const { isQuiet, density } of layers)
    if (isQuiet) paint(found, density.cells, density.greatest, tints(parsed(css("--dim")), QUIET));
  const front = layers.filter(({ isQuiet }) => !isQuiet);
  if (front.length === 1) {
    const [{ colour, density }] = front;
    paint(found, density.cells, density.greatest, colour ? tints(parsed(colour)) : ramp());
  } else if (front.length) mix(found, front);
  return found;
}

const ramp = () => Int32Array.from({ length: SHADES + 1 }, (_, step) => (step ? packed(between(share(step))) : 0));

// From the ground of the chart to a colour.
/** @param {ArrayLike<number>} colour @param {number} [most] */
function tints(colour, most = 1) {
  const ground = parsed(css("--card"));
  return Int32Array.from({ length: SHADES + 1 }, (_, step) =>
    step ? packed(mixed(ground, colour, most * share(step))) : 0,
  );
}

/**
 * @param {Int32Array} found
 * @param {Float64Array} cells
 * @param {number} greatest
 * @param {Int32Array} table
 */
function paint(found, cells, greatest, table) {
  for (let at = 0; at < found.length; at++) if (cells[at]) found[at] = table[depth(cells[at], greatest)];
}

// Where lines of several values meet, their colours in the shares of their weights.
/** @param {Int32Array} found @param {Shown[]} layers */
function mix(found, layers) {
  const all = new Float64Array(found.length);
  let greatest = 0;
  for (const { density } of layers)
    for (let at = 0; at < all.length; at++)
      if (density.cells[at] && (all[at] += density.cells[at]) > greatest) greatest = all[at];
  const colours = layers.map(({ colour }) => parsed(colour ?? css("--accent")));
  const ofOne = colours.map((colour) => tints(colour)),
    ground = parsed(css("--card"));
  for (let at = 0; at < all.length; at++) {
    if (!all[at]) continue;
    const step = depth(all[at], greatest);
    const alone = layers.findIndex(({ density }) => density.cells[at] === all[at]);
    if (alone >= 0) {
      found[at] = ofOne[alone][step];
      continue;
    }
    const colour = [0, 0, 0];
    layers.forEach(({ density }, i) => {
      const weight = density.cells[at] / all[at];
      for (let k = 0; k < 3; k++) colour[k] += weight * colours[i][k] ** 2; // squares: about as light adds up
    });
    const coarse = colour.map((sum) => (Math.round((Math.sqrt(sum) / 255) * MIXES) * 255) / MIXES);
    found[at] = packed(mixed(ground, coarse, share(step)));
  }
}
