// Colours of runs: twelve that the colour-blind tell apart, light enough for dark pages and dark enough for light
// ones, then the same again with dashes.

const light = [
  "#3b6fe0",
  "#d9620f",
  "#0c8f7d",
  "#b83290",
  "#4c8f1f",
  "#7a54d8",
  "#cf3b33",
  "#1583b8",
  "#a07400",
  "#8a5a34",
  "#d24c84",
  "#5b6b82",
];
const dark = [
  "#7ea2ff",
  "#ff9f5a",
  "#3fd0b9",
  "#f07cc8",
  "#93d05f",
  "#b59bff",
  "#ff8078",
  "#5cc0f0",
  "#e6bd45",
  "#cf9f78",
  "#ff9cc0",
  "#a3b1c6",
];
const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export const COLOURS = light.length;
export const isDark = () => document.documentElement.dataset.theme === "dark";

// The colours of the theme as it is now, for many at once: to ask the document for it takes a microsecond.
export function colouring() {
  const colours = isDark() ? dark : light;
  return (/** @type {number} */ index) => colours[((index % colours.length) + colours.length) % colours.length];
}

/** @param {number} index */
export const colour = (index) => colouring()(index);

/** @param {number} index */
export const dashNumber = (index) => Math.floor(index / light.length) % dashes.length;
/** @param {number} index */
export const dash = (index) => dashes[dashNumber(index)];

/** @param {number} number */
export const dashOf = (number) => dashes[((number % dashes.length) + dashes.length) % dashes.length];

// A colour of the stylesheet, asked once for each theme.
/** @type {Map<string, string>} */
const known = new Map();
/**
 * @param {string} name
 * @returns {string}
 */
export function css(name) {
  const root = document.documentElement,
    key = `${root.dataset.theme} ${name}`;
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = getComputedStyle(root).getPropertyValue(name).trim()));
  return found;
}
