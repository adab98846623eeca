// Which colour a point has by a column of what is known of it, and the legend that says so.
import * as format from "../../text/format.js";
import { colour, css, isDark } from "../../charts/palette.js";
import { shade } from "../../charts/colour_maps.js";
import { node } from "../../ui/dom.js";

/** @typedef {{ header: string[], rows: string[][] }} Table what is known of the points */
/** @typedef {{ word: string, count: number, paint: string }} Entry */
/** @typedef {Entry[] | { low: number, high: number } | null} Legend of groups, or of shades */

const GROUPS = 24; // more different words than this are no groups; numbers have shades then
const SHADES = 64;
const WORDS = 40; // in the legend

/**
 * A colour's red, green and blue.
 * @param {string} text
 */
export const bytes = (text) =>
  text.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16))
    : (text.match(/\d+/g) ?? []).map(Number);

/** @param {string} word */
const isNumber = (word) => word !== "" && Number.isFinite(Number(word));
/** @param {string} word */
const isMeasure = (word) => isNumber(word) && !Number.isInteger(Number(word)); // neither a class nor a name
/**
 * @param {string[][]} rows
 * @param {number} k
 */
const distinct = (rows, k) => {
  /** @type {Set<string>} */
  const words = new Set();
  for (const row of rows) words.add(row[k]);
  return words;
};

// The column that groups best: a few words or whole numbers, or else a few others; -1 for none.
/** @param {Table} table */
export function bestColour({ header, rows }) {
  const few = header
    .map((_, k) => distinct(rows, k))
    .map((words) => (words.size > 1 && words.size <= GROUPS ? words : null));
  const ofClasses = few.findIndex((words) => words && ![...words].some(isMeasure));
  return ofClasses >= 0 ? ofClasses : few.findIndex(Boolean);
}

// The column that names a point: the first of words or whole numbers, or else the first.
/** @param {Table} table */
export const bestLabel = ({ header, rows }) =>
  Math.max(
    0,
    header.findIndex((_, k) => !rows.slice(0, 1000).some((row) => isMeasure(row[k]))),
  );

/**
 * Colours by a column, -1 for none.
 * @param {string[][]} rows
 * @param {number} column
 * @returns {{ of(i: number): number[], legend: Legend }} of: a point's red, green and blue
 */
export function colouring(rows, column) {
  const plain = bytes(css("--accent"));
  if (column < 0 || !rows.length) return { of: () => plain, legend: null };
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const row of rows) counts.set(row[column], (counts.get(row[column]) ?? 0) + 1);
  const words = [...counts.keys()].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  if (words.length > GROUPS && words.every(isNumber)) {
    const numbers = rows.map((row) => Number(row[column]));
    const low = numbers.reduce((a, b) => Math.min(a, b)),
      high = numbers.reduce((a, b) => Math.max(a, b));
    const shades = Array.from({ length: SHADES }, (_, k) => bytes(shade(k / (SHADES - 1), isDark())));
    return {
      of: (i) => shades[Math.round(((SHADES - 1) * (numbers[i] - low)) / (high - low || 1))],
      legend: { low, high },
    };
  }
  const rank = new Map(words.map((word, k) => [word, bytes(colour(k))]));
  return {
    of: (i) => rank.get(rows[i][column]) ?? plain,
    legend: words.map((word, k) => ({ word, count: counts.get(word) ?? 0, paint: colour(k) })),
  };
}

// Writes a legend into an element; chosen(word) is called for a word that is clicked.
/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {Legend} legend
 * @param {(word: string) => void} chosen
 */
export function drawLegend(element, name, legend, chosen) {
  element.hidden = !legend;
  if (!legend) return;
  element.replaceChildren(node("strong", { text: name }));
  if (!Array.isArray(legend)) {
    const stops = Array.from({ length: 9 }, (_, k) => shade(k / 8, isDark()));
    element.append(
      node("i", { class: "embeddings-scale", style: `background: linear-gradient(90deg, ${stops.join(", ")})` }),
      node("span", { text: `${format.value(legend.low)} to ${format.value(legend.high)}` }),
    );
    return;
  }
  for (const { word, count, paint } of legend.slice(0, WORDS)) {
    const dot = node("i", { class: "dot", style: `background: ${paint}` });
    const button = node("button", { title: `Select ${format.plural(count, "vector")}` }, dot, word);
    button.addEventListener("click", () => chosen(word));
    element.append(button);
  }
  if (legend.length > WORDS) element.append(node("span", { text: `and ${legend.length - WORDS} more` }));
}

// The colour of each point, 4 bytes each; where some are lit the others are faint.
/**
 * @param {Table & { count: number }} data
 * @param {number} column
 * @param {number[] | null} lit
 */
export function paints(data, column, lit) {
  const made = new Uint8Array(4 * data.count);
  const { of } = colouring(data.rows, column);
  for (let i = 0; i < data.count; i++) {
    made.set(of(i), 4 * i);
    made[4 * i + 3] = lit ? 40 : 240;
  }
  for (const i of lit ?? []) made[4 * i + 3] = 255;
  return made;
}
