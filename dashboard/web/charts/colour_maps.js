// Colour maps, from little to much: a few colours for areas, and viridis where numbers are told apart.
import { isDark } from "./palette.js";

// From little to much; in the dark from dark to light, so that much always stands out from the page.
const light = ["#eef5ee", "#bfe3cb", "#7cc7b4", "#3f9fa6", "#2d6f95", "#3d4281"];
const dark = ["#1d2a33", "#1f4757", "#23707a", "#3a9c8b", "#7cc48a", "#d6e58a"];
export const ramp = () => (isDark() ? dark : light);

// What colour stands for a place on the metric's axis: dark to light in dark pages, light to dark in light ones.
// Viridis without its ends (van der Walt and Smith, 2015), which no page's ground swallows.
const scale = [
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [230, 215, 40],
];
export const SHADES = 32;

/**
 * @param {number} place from 0 to 1
 * @param {boolean} isDark
 */
export function shade(place, isDark) {
  const at = Math.min(0.9999, Math.max(0, isDark ? 0.12 + 0.88 * place : 0.88 * place)) * (scale.length - 1);
  const [a, b] = [scale[Math.floor(at)], scale[Math.floor(at) + 1]];
  return `rgb(${a.map((part, k) => Math.round(part + (at % 1) * (b[k] - part))).join(" ")})`;
}

// A colour between those of the ramp. place: from 0, little, to 1, much; gives red, green, blue.
/**
 * @param {number} place
 * @returns {number[]}
 */
export function between(place) {
  const colours = ramp().map((colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));
  const at = Math.min(1, Math.max(0, place)) * (colours.length - 1),
    below = Math.min(colours.length - 2, Math.floor(at));
  return colours[below].map((part, k) => Math.round(part + (at - below) * (colours[below + 1][k] - part)));
}
