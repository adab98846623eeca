// What is told of a row of a distribution: in the tip under the pointer, and below the card.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { BINS } from "../../core/histograms.js";
import { binName } from "./geometry.js";

/** @typedef {import("../../core/histograms.js").Distribution} Distribution */

/** @type {Record<string, string>} */
const NAMES = { 0: "min", 0.05: "5 %", 0.25: "25 %", 0.5: "median", 0.75: "75 %", 0.95: "95 %", 1: "max" };

/** @param {number} count */
const whole = (count) => count.toLocaleString("en-US");

// Elements in a bin: whole, but where a bin ends within a bucket of the server's, which it then has its share of.
/** @param {number} count */
export const about = (count) =>
  Number.isInteger(count) ? whole(count) : count < 0.5 ? "≈ 0" : `≈ ${whole(Math.round(count))}`;

/**
 * @param {Distribution} data
 * @param {number} row
 */
export const stepsOf = ({ first, step }, row) =>
  first[row] === step[row]
    ? `step ${format.step(step[row])}`
    : `steps ${format.step(first[row])} – ${format.step(step[row])}`;

/**
 * The row in words, for those who do not see the picture.
 * @param {Distribution} data
 * @param {number} row
 */
export function spoken(data, row) {
  const median = data.quantile[row * data.quantiles.length + data.quantiles.indexOf(0.5)];
  return `${stepsOf(data, row)}, ${Number.isNaN(median) ? "no finite values" : `median ${format.value(median, 3)}`}`;
}

/**
 * Elements that are not finite, by their kind; those that there are.
 * @param {Distribution} data
 * @param {number} [row] only of this one
 */
export function oddOf({ nan, pinf, ninf }, row) {
  /** @param {Float64Array} column */
  const total = (column) => (row === undefined ? column.reduce((a, b) => a + b, 0) : column[row]);
  const all = [
    { name: "NaN", count: total(nan) },
    { name: "+∞", count: total(pinf) },
    { name: "−∞", count: total(ninf) },
  ];
  return all.filter(({ count }) => count).map(({ name, count }) => ({ name, text: whole(count) }));
}

/**
 * @param {Distribution} data
 * @param {number} row
 * @param {number | null} bin the one under the pointer
 */
export function rowTip(data, row, bin) {
  const merged = data.of[row] > 1 ? `${data.of[row]} merged` : new Date(data.time[row] * 1000).toLocaleTimeString();
  /** @type {HTMLElement[]} */
  const lines = [];
  /**
   * @param {string} name
   * @param {string} text
   * @param {boolean} [isBad]
   */
  const add = (name, text, isBad = false) => {
    const told = isBad ? node("span", { class: "bad", text }) : text;
    lines.push(node("tr", {}, node("td", {}, name), node("td", {}, told)));
  };
  if (bin !== null) add(binName(data, bin), about(data.counts[row * data.bins + bin]));
  const q = data.quantiles.length;
  if (!Number.isNaN(data.quantile[row * q]))
    for (let i = q - 1; i >= 0; i--)
      add(NAMES[data.quantiles[i]] ?? String(data.quantiles[i]), format.value(data.quantile[row * q + i], 5));
  add("elements", whole(data.total[row]));
  for (const { name, text } of oddOf(data, row)) add(name, text, true);
  const caption = node("caption", { text: `${stepsOf(data, row)} · ${merged}` });
  return node("table", {}, caption, node("tbody", {}, ...lines));
}

/**
 * How many bins, where they are fewer than there is room for; else nothing.
 * @param {Distribution} data
 */
export const fewBins = ({ bins, mode, scale }) =>
  bins < BINS[mode] && scale !== "log" && mode !== "bands" ? ` in ${bins} bins` : "";
