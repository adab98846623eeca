// Answers as people read them: probabilities of classes, the likeliest first; ties and what is no number are said.
import * as format from "../../text/format.js";

/**
 * @typedef {{ class: number, name: string, p: number }} Ranked class: its place among all; p may be NaN
 */

/**
 * Probabilities of what a network put out for one input: itself where it is such already, else softmax of it, as Python
 * has it (tracker/models/answers.py). With a NaN among them, or +∞, all are NaN.
 * @param {number[]} values
 * @returns {number[]}
 */
export function probabilities(values) {
  const sum = values.reduce((all, value) => all + value, 0);
  if (values.every((value) => value >= 0) && Math.abs(sum - 1) <= 1e-3 + 1e-5) return values;
  const most = values.reduce((high, value) => (value > high || Number.isNaN(high) ? value : high), NaN);
  const powers = values.map((value) => Math.exp(value - most)),
    whole = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / whole);
}

/**
 * The likeliest classes: of equals the first, NaN last.
 * @param {number[]} values of one input
 * @param {string[] | null} classes
 * @param {number} count
 * @returns {Ranked[]}
 */
export function likeliest(values, classes, count) {
  const all = probabilities(values).map((p, i) => ({ class: i, name: classes?.[i] ?? String(i), p }));
  const key = (/** @type {Ranked} */ { p }) => (Number.isNaN(p) ? -1 : p);
  return all.sort((a, b) => key(b) - key(a) || a.class - b.class).slice(0, count);
}

const ALIKE = 1e-3; // how far from 1 probabilities may add up to

/**
 * The likeliest classes of what a network put out for one input, as Python has it (dashboard/api/answers.py): of the
 * first output that is a row of classes; none where there is no such.
 * @param {Map<string, { shape: number[], values: number[] }>} outputs
 * @param {{ classes: string[] | null, method?: string | null }} model
 * @param {number} count
 * @returns {{ top: Ranked[], of: number }} of: how many there are in all
 */
export function topOf(outputs, { classes, method }, count) {
  for (const { shape, values } of outputs.values()) {
    const of = values.length;
    if (of < 2 || shape.at(-1) !== of || typeof values[0] !== "number" || (classes && classes.length !== of)) continue;
    const sum = values.reduce((all, value) => all + value, 0);
    const isSaid = classes !== null || method === "classify";
    if (isSaid || (values.every((value) => value >= 0) && Math.abs(sum - 1) < ALIKE))
      return { top: likeliest(values, classes, count), of };
  }
  return { top: [], of: 0 };
}

/**
 * What is answered, in a word: a class, several that are equally likely, or that it is no number.
 * @param {Ranked[]} top the likeliest first
 * @returns {{ text: string, p: number | null, is: "class" | "tie" | "nan" | "nothing" }}
 */
export function verdict(top) {
  if (!top.length) return { text: "", p: null, is: "nothing" };
  const [first] = top;
  if (Number.isNaN(first.p)) return { text: "not a number", p: NaN, is: "nan" };
  const equals = top.filter(({ p }) => p === first.p);
  if (equals.length === 1) return { text: first.name, p: first.p, is: "class" };
  if (equals.length === top.length) return { text: `${equals.length} alike`, p: first.p, is: "tie" };
  return { text: equals.map(({ name }) => name).join(" or "), p: first.p, is: "tie" };
}

/**
 * A probability in percent, of which nothing is made that it is not: 100 % and 0 % only where it is.
 * @param {number | null} p
 */
export function percent(p) {
  if (p === null || Number.isNaN(p)) return "NaN";
  if (p === 0 || p === 1) return `${p * 100} %`;
  const x = p * 100;
  if (x > 99.9 && x < 100) {
    for (let digits = 1; digits <= 6; digits++) if (Number(x.toFixed(digits)) < 100) return `${x.toFixed(digits)} %`;
    return "> 99.999999 %";
  }
  if (x < 0.05 && x > 0) return `${format.value(x, 1)} %`;
  return `${x.toFixed(1)} %`;
}

/**
 * Whether classes stay in their own order: few of them are read more easily when none moves.
 * @param {number} count of all classes
 * @param {number} shown
 */
export const isInOrder = (count, shown) => count <= shown;
