// Where a chart has many lines: whether they are drawn as a density, of which lines each, and which are lines above it.
import { isMoreBetter } from "../text/better.js";
import { colour } from "./palette.js";

/**
 * @typedef {import("./line_set.js").Line} Line
 * @typedef {"density" | "quantiles"} Crowd how many lines are drawn as one picture
 * @typedef {{ key: string, lines: Line[], text: string, colour: string | null, isQuiet: boolean }} Layer of a picture:
 *   text: the value that its lines share; colour: null where shades alone tell; isQuiet: behind those that are chosen
 */

export const LINES = 50; // so many can be told apart, with goodwill
export const BEST = 5;

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

// What stands out of many lines, where that is too many for lines: those that the pointer is at, else those chosen.
/** @param {Line[]} lines */
function front(lines) {
  const lit = lines.filter((line) => line.lit);
  if (lit.length > LINES) return lit;
  const chosen = lines.filter((line) => line.chosen);
  return chosen.length > LINES ? chosen : null;
}

/**
 * The layers of the picture of many lines, from behind: a density a value of the setting that colours stand for, and
 * behind very many that stand out all the others. Empty where it is one density of all lines.
 * @param {Line[]} lines
 * @returns {Layer[]}
 */
export function layersOf(lines) {
  const out = front(lines),
    some = out ?? lines;
  /** @type {Layer[]} */
  const layers = [];
  if (out && out.length < lines.length) {
    const those = new Set(out),
      others = lines.filter((line) => !those.has(line));
    layers.push({ key: "others", lines: others, text: "others", colour: null, isQuiet: true });
  }
  /** @type {Map<number, Layer>} */
  const values = new Map();
  for (const line of some) {
    if (!line.setting) continue;
    const { number, text } = line.setting;
    const found = values.get(number);
    if (found) found.lines.push(line);
    else values.set(number, { key: `${number}`, lines: [line], text, colour: colour(number), isQuiet: false });
  }
  if (values.size) layers.push(...[...values].sort(([a], [b]) => a - b).map(([, layer]) => layer));
  else if (layers.length) layers.push({ key: "out", lines: some, text: "selected", colour: null, isQuiet: false });
  return layers;
}

/**
 * The lines above a density: the best runs by their last value of the chart's own metric, or by the one that all charts
 * judge them by; and those that are chosen, pinned or under the pointer. Of very many that are chosen the best.
 * @param {Line[]} lines
 * @param {{ best?: number, bestBy?: string }} [how] best: so many; bestBy: the metric that lines have their worth by
 * @returns {Line[]} in the order of drawing
 */
export function above(lines, { best = BEST, bestBy = "" } = {}) {
  const chosen = lines.filter((line) => line.chosen);
  const shown = new Set(chosen.length > LINES ? [] : chosen);
  for (const line of lines) if (line.pinned) shown.add(line);
  const lit = lines.filter((line) => line.lit);
  if (lit.length <= LINES)
    for (const line of lit) {
      shown.delete(line); // once, and on top
      shown.add(line);
    }
  const { tag } = lines[0];
  const isOne = tag !== undefined && lines.every((line) => line.tag === tag);
  if (!bestBy && !isOne) return [...shown];
  const sign = isMoreBetter(bestBy || (tag ?? "")) ? -1 : 1;
  const names = bestNames(front(lines) ?? lines, best, (line) => sign * (bestBy ? (line.worth ?? NaN) : lastOf(line)));
  const found = names.flatMap((name) => lines.filter((line) => line.name === name && !shown.has(line)));
  // Where very many are chosen these are of them, and need not stand out from the others once more.
  const isFront = chosen.length > LINES;
  return [...found.reverse(), ...shown].map((line) => (isFront ? { ...line, strong: line.lit, faded: false } : line));
}

// The names of the runs that are least by something, the least first.
/**
 * @param {Line[]} lines
 * @param {number} most
 * @param {(line: Line) => number} of
 */
function bestNames(lines, most, of) {
  /** @type {{ name: string, value: number }[]} */
  const best = [];
  for (const line of most > 0 ? lines : []) {
    const value = of(line);
    if (!(value < (best[most - 1]?.value ?? Infinity)) || best.some(({ name }) => name === line.name)) continue;
    const at = best.findIndex((other) => value < other.value);
    best.splice(at < 0 ? best.length : at, 0, { name: line.name, value });
    best.length = Math.min(best.length, most);
  }
  return best.map(({ name }) => name);
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
