// Saliency: how much each place of the picture speaks for the answer, or against it, over the picture; and its legend.
import { node } from "../../ui/dom.js";
import { isDark } from "../../charts/palette.js";
import { ramp } from "../../charts/colour_maps.js";

/** @typedef {{ shape: number[], values: number[], signed: boolean }} Saliency height and width */
/** @typedef {[red: number, green: number, blue: number, alpha: number]} Colour of 0 to 255 */

const AGAINST = [38, 99, 235];
const FOR = [220, 53, 40];
const STRONGEST = 0.75; // opacity

/**
 * The colour of a value beside the largest of all: from blue through nothing to red where it has a sign, from nothing
 * to much where not. What is no number is transparent.
 * @param {number} share of the largest, from -1 to 1
 * @param {boolean} signed
 * @param {string[]} colours of magnitudes, from little to much
 * @returns {Colour}
 */
export function colourOf(share, signed, colours) {
  if (!Number.isFinite(share)) return [0, 0, 0, 0];
  const size = Math.min(1, Math.abs(share)),
    alpha = Math.round(255 * STRONGEST * size);
  if (signed) {
    const [red, green, blue] = share < 0 ? AGAINST : FOR;
    return [red, green, blue, alpha];
  }
  const at = size * (colours.length - 1),
    low = Math.floor(at),
    high = Math.min(colours.length - 1, low + 1);
  const mixed = [1, 3, 5].map((from) => {
    const [a, b] = [colours[low], colours[high]].map((each) => Number.parseInt(each.slice(from, from + 2), 16));
    return Math.round(a + (b - a) * (at - low));
  });
  return [mixed[0], mixed[1], mixed[2], alpha];
}

/**
 * @param {HTMLCanvasElement} canvas over the picture
 * @param {Saliency} saliency
 */
export function draw(canvas, { shape: [height, width], values, signed }) {
  Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height),
    most = largest(values),
    colours = ramp();
  values.forEach((value, i) => image.data.set(colourOf(most ? value / most : 0, signed, colours), i * 4));
  context.putImageData(image, 0, 0);
}

/** @param {number[]} values */
const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * What its colours mean.
 * @param {boolean} signed
 * @param {string} name of the class that it is about
 */
export function legend(signed, name) {
  const colours = Array.from({ length: 9 }, (_, i) => {
    const [red, green, blue, alpha] = colourOf(signed ? i / 4 - 1 : i / 8, signed, ramp());
    return `rgb(${red} ${green} ${blue} / ${(alpha / 255).toFixed(2)})`;
  });
  const bar = node("i", { class: "try-ramp", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(90deg, ${colours.join(", ")}), ${isDark() ? "#5a606b" : "#c9ced6"}`;
  const [low, high] = signed ? ["against", "for"] : ["little", "much"];
  return node(
    "p",
    { class: "try-legend", title: `Gradient of “${name}” by each place of what the network sees` },
    node("span", { text: low }),
    bar,
    node("span", { text: high }),
  );
}
