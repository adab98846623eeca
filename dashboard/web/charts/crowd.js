// Where a chart has many lines: whether they are drawn as a density, and which of them are drawn as lines above it.
import { isMoreBetter } from "../text/better.js";

/**
 * @typedef {import("./line_set.js").Line} Line
 * @typedef {"density" | "quantiles"} Crowd how many lines are drawn as one picture
 */

export const LINES = 50; // so many can be told apart, with goodwill
const BEST = 5;
const OUT = 50; // that stand out above a density, at the most

/**
 * What many lines are drawn as; null for lines. Groups have a band each, and stay lines.
 * @param {{ band?: boolean }[]} lines
 * @param {{ many?: string }} settings
 * @returns {Crowd | null}
 */
export function crowdOf(lines, { many = "lines" }) {
  if (many === "lines" || lines.length < 2 || lines.some(({ band }) => band)) return null;
  if (many === "auto") return lines.length > LINES ? "density" : null;
  return many === "quantiles" ? "quantiles" : "density";
}

// The lines above a density: those that stand out, and where all are of one metric the best by their last value.
/**
 * @param {Line[]} lines
 * @returns {Line[]} in the order of drawing
 */
export function above(lines) {
  const strong = lines.filter(({ strong: isStrong }) => isStrong).slice(-OUT);
  const { tag } = lines[0];
  if (tag === undefined || lines.some((line) => line.tag !== tag)) return strong;
  const sign = isMoreBetter(tag) ? -1 : 1;
  /** @type {{ line: Line, value: number }[]} */
  const best = [];
  for (const line of lines) {
    const value = sign * lastOf(line);
    if (line.strong || !(value < (best[BEST - 1]?.value ?? Infinity))) continue;
    const at = best.findIndex((other) => value < other.value);
    best.splice(at < 0 ? best.length : at, 0, { line, value });
    best.length = Math.min(best.length, BEST);
  }
  return [...best.map(({ line }) => line).reverse(), ...strong];
}

// The last finite value; NaN without one.
/** @param {Line} line */
function lastOf({ curve }) {
  for (let i = curve.length - 1; i >= 0; i--) {
    const value = Number.isFinite(curve.last[i]) ? curve.last[i] : curve.mean[i];
    if (value === value) return value;
  }
  return NaN;
}

// What lines are: of several metrics a run has several.
/** @param {{ tag?: string }[]} lines */
export const nounOf = (lines) => (lines.some(({ tag }) => tag !== lines[0].tag) ? "line" : "run");
