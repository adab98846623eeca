// What a training marked of the first value that is not finite, as rows of words. Pure.
import * as format from "../../text/format.js";

/**
 * What a mark of kind "anomaly" says.
 * @typedef {{ step: number | null, kind: string, text: string, attributes?: Record<string, any> }} Mark
 */

/** @param {unknown} value a text, a number, or names to such */
function inWords(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return format.value(value, 5);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {unknown} value @returns {[name: string, text: string][]} */
export function rowsOf(value) {
  if (value === null || value === undefined || value === "") return [];
  if (Array.isArray(value))
    return value.flatMap((each, i) => {
      if (each && typeof each === "object") return rowsOf(each);
      return /** @type {[string, string][]} */ ([[value.length > 1 ? String(i + 1) : "", inWords(each)]]);
    });
  if (typeof value === "object") return Object.entries(value).map(([name, each]) => [name, inWords(each)]);
  return [["", inWords(value)]];
}

// The mark that belongs to a finding: the first one, or that of its step.
/**
 * @param {Mark[]} marks
 * @param {number | null} step
 * @returns {Mark | null}
 */
export function anomalyOf(marks, step) {
  const found = marks.filter(({ kind }) => kind === "anomaly").sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  return found.find((mark) => mark.step === step) ?? found[0] ?? null;
}
