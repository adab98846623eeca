// The cells of a case: a small bar for each version of the model, as high as what is expected is likely, of another
// colour and with a notch where another class was likelier. Pure: what is drawn where, and what is said of it.
import * as format from "../../text/format.js";
import { percent } from "./ranking.js";

/** @typedef {import("./cases.js").Answers} Answers */
/**
 * from, to: which versions it stands for, both included; p: the least of them, NaN where one puts out none, null where
 * none could be asked; is: the worst of them.
 * @typedef {{ from: number, to: number, p: number | null, is: "right" | "wrong" | "nan" | "none" }} Cell
 */

const WORST = ["right", "none", "wrong", "nan"];

/**
 * The cells for at most so many places: neighbours share one where there are more versions, and none that went wrong
 * is hidden by those beside it.
 * @param {Answers} answers
 * @param {string} expected
 * @param {number} most
 * @returns {Cell[]}
 */
export function cellsOf({ steps, p, top }, expected, most) {
  const together = Math.max(1, Math.ceil(steps.length / Math.max(1, most)));
  /** @type {Cell[]} */
  const made = [];
  for (let from = 0; from < steps.length; from += together) {
    const to = Math.min(steps.length, from + together) - 1;
    /** @type {Cell} */
    const cell = { from, to, p: null, is: "right" };
    for (let i = from; i <= to; i++) {
      const is = kindOf(p[i], top[i], expected);
      if (WORST.indexOf(is) > WORST.indexOf(cell.is)) cell.is = is;
      if (p[i] !== null) cell.p = cell.p === null ? p[i] : Math.min(cell.p, Number(p[i])); // NaN stays NaN
    }
    made.push(cell);
  }
  return made;
}

/**
 * @param {number | null} p
 * @param {string | null} top
 * @param {string} expected
 * @returns {Cell["is"]}
 */
export function kindOf(p, top, expected) {
  if (p === null) return "none";
  if (Number.isNaN(p)) return "nan";
  return top === expected ? "right" : "wrong";
}

/**
 * What is said of one version's answer.
 * @param {Answers} answers
 * @param {number} i
 * @param {string} expected
 */
export function cellWords({ steps, p, top }, i, expected) {
  const is = kindOf(p[i], top[i], expected),
    at = `step ${format.step(steps[i])}`;
  if (is === "none") return `${at}: could not be asked`;
  if (is === "nan") return `${at}: not a number`;
  return is === "right"
    ? `${at}: right, ${percent(p[i])}`
    : `${at}: ${top[i]} instead, ${expected} at ${percent(p[i])}`;
}

/**
 * All of a case in a sentence.
 * @param {Answers} answers
 * @param {string} expected
 */
export function summary(answers, expected) {
  const { steps, p, top } = answers;
  if (!steps.length) return "not asked yet";
  const kinds = steps.map((_, i) => kindOf(p[i], top[i], expected));
  const [right, none] = ["right", "none"].map((is) => kinds.filter((each) => each === is).length);
  if (none === steps.length) return "could not be asked";
  return `right in ${format.step(right)} of ${format.plural(steps.length - none, "version")}`;
}
