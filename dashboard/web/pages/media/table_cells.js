// Cells of a logged table: how they are written, sorted and filtered.
import * as format from "../../text/format.js";

/** @typedef {{ image: number }} Picture which of the item's parts it is */
/** @typedef {string | number | boolean | Picture | null} Cell "NaN", "Infinity" and such as text */
/** @typedef {{ name: string, kind: string, values: Cell[] }} Column of kind text, number, image or mixed */

// How the numbers of a column are written: whole ones with all their digits; others with as many decimals as leave five
// digits to the largest, so that points stand below each other; of very different sizes each by itself.
/** @param {Column} column */
export function wording({ values }) {
  const numbers = values.filter((cell) => typeof cell === "number").filter((x) => x !== 0);
  const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (numbers.every(Number.isInteger)) return (/** @type {number} */ x) => x.toLocaleString("en-US").replace("-", "−");
  const decimals = Math.max(1, 4 - Math.max(0, Math.floor(Math.log10(most)))),
    nothing = 0.5 * 10 ** -decimals;
  if (most >= 1e7 || numbers.filter((x) => Math.abs(x) < nothing).length > numbers.length / 2)
    return (/** @type {number} */ x) => format.value(x, 5);
  const written = new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  // What would be written as zero and is not.
  return (/** @type {number} */ x) =>
    x !== 0 && Math.abs(x) < nothing ? format.value(x, 2) : written.format(x).replace("-", "−");
}

/** @type {(cell: Cell) => cell is Picture} */
export const isPicture = (cell) => typeof cell === "object" && cell !== null;

/** @param {Column} column */
export const holdsPictures = ({ kind, values }) => kind === "image" || (kind === "mixed" && values.some(isPicture));

/**
 * A cell that is no number, in words.
 * @param {Cell} cell
 * @param {string} kind of its column
 */
export function said(cell, kind) {
  if (cell === null) return "";
  if (kind === "number" && cell === "Infinity") return "∞";
  return kind === "number" && cell === "-Infinity" ? "−∞" : String(cell);
}

/**
 * What a cell is sorted by: a number, or text in lower case; null where it is empty, no number or a picture.
 * @param {Cell} cell
 */
export function keyOf(cell) {
  if (cell === null || cell === "NaN" || isPicture(cell)) return null;
  if (cell === "Infinity") return Infinity;
  if (cell === "-Infinity") return -Infinity;
  if (typeof cell === "boolean") return Number(cell);
  return typeof cell === "string" ? cell.toLowerCase() : cell;
}

/**
 * The order of two such keys: numbers before text, and what has none last, whichever way one sorts.
 * @param {number | string | null} a
 * @param {number | string | null} b
 * @param {1 | -1} sign
 */
export function compared(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -sign : sign;
  return a < b ? -sign : a > b ? sign : 0;
}

// A filter as a test of a row: "> 0.5", "<= 3", "= 7", "1..2"; else what the cell's words hold.
/**
 * @param {Column} column
 * @param {string} text
 */
export function columnTest({ kind, values }, text) {
  const wanted = text.trim();
  if (!wanted) return null;
  const range = /^(-?[\d.]+(?:e[+-]?\d+)?)\s*\.\.\s*(-?[\d.]+(?:e[+-]?\d+)?)$/i.exec(wanted);
  const sign = /^(<=|>=|<|>|=|!=)\s*(-?[\d.]+(?:e[+-]?\d+)?)$/i.exec(wanted);
  const passes = range
    ? between(Number(range[1]), Number(range[2]))
    : sign
      ? comparison(sign[1], Number(sign[2]))
      : null;
  if (kind !== "text" && passes) {
    return (/** @type {number} */ i) => {
      const key = keyOf(values[i]);
      return typeof key === "number" && passes(key);
    };
  }
  const words = wanted.toLowerCase();
  return (/** @type {number} */ i) => values[i] !== null && String(values[i]).toLowerCase().includes(words);
}

/**
 * @param {number} low
 * @param {number} high
 */
const between = (low, high) => (/** @type {number} */ x) => x >= low && x <= high;

/**
 * @param {string} sign
 * @param {number} bound
 */
function comparison(sign, bound) {
  return (/** @type {number} */ x) => {
    if (sign === "<") return x < bound;
    if (sign === ">") return x > bound;
    if (sign === "<=") return x <= bound;
    if (sign === ">=") return x >= bound;
    return (x === bound) === (sign === "=");
  };
}

/**
 * @param {Column} column
 * @returns {number} in characters
 */
export function widthOf({ name, kind, values }) {
  if (kind === "image") return 12;
  const written = wording({ name, kind, values });
  const few = values
    .slice(0, 50)
    .map((cell) => (cell === null ? 0 : typeof cell === "number" ? written(cell).length : String(cell).length));
  return Math.max(8, Math.min(44, Math.max(name.length + 2, ...few) + 3));
}
