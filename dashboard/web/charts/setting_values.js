// Which of a setting's values each run has: every value by itself, or ranges of numbers where there are too many for
// colours to tell.
import * as format from "../text/format.js";
import { COLOURS } from "./palette.js";
import { compare, isNumber, settingsOf } from "../text/config.js";

/**
 * @typedef {import("../text/config.js").Config} Config
 * @typedef {{ number: number, text: string }} Value counted in their order: numbers by size, then words, then none
 */

const RANGES = 8; // each of about as many runs

/**
 * @param {{ config: Config }[]} runs
 * @param {string} key
 * @param {number} [most] values that are told apart
 * @returns {(run: { config: Config }) => Value} the same for all runs of a value
 */
export function valuesOf(runs, key, most = COLOURS) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const run of runs) {
    const text = settingsOf(run).get(key) ?? "";
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const texts = [...counts.keys()].sort(compare);
  const numbers = texts.filter(Boolean);
  /** @type {Map<string, Value>} */
  const found = new Map();
  if (numbers.length > most && numbers.every(isNumber)) {
    for (const range of ranges(numbers, counts)) {
      const value = { number: new Set(found.values()).size, text: said(range) };
      for (const text of range) found.set(text, value);
    }
    if (counts.has("")) found.set("", { number: new Set(found.values()).size, text: "not set" });
  } else texts.forEach((text, number) => found.set(text, { number, text: text || "not set" }));
  const none = { number: -1, text: "not set" };
  return (run) => found.get(settingsOf(run).get(key) ?? "") ?? none;
}

// Runs of one value are in one range.
/**
 * @param {string[]} numbers by size
 * @param {Map<string, number>} counts
 */
function ranges(numbers, counts) {
  const all = numbers.reduce((sum, text) => sum + (counts.get(text) ?? 0), 0);
  /** @type {Map<number, string[]>} */
  const found = new Map();
  let before = 0;
  for (const text of numbers) {
    const count = counts.get(text) ?? 0,
      at = Math.floor((RANGES * (before + count / 2)) / all);
    found.set(at, [...(found.get(at) ?? []), text]);
    before += count;
  }
  return found.values();
}

/** @param {string[]} range */
function said(range) {
  const [low, high] = [range[0], range[range.length - 1]].map((text) => format.value(Number(text), 4));
  return low === high ? low : `${low} to ${high}`;
}
