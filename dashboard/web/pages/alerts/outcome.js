// What a back-test found: in how many runs a rule would have fired, and in each where, as ticks over its curve.
import { node } from "../../ui/dom.js";
import * as format from "../../text/format.js";

/** @typedef {import("../../core/alerts.js").BackTest} BackTest */
/** @typedef {import("../../core/alerts.js").Fired} Fired */

const WIDTH = 220;
const HEIGHT = 44;
const MOST_SHOWN = 24;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @param {BackTest} found */
export function outcome(found) {
  const of = found.examined;
  const runs = format.plural(of, "run");
  const words = [
    found.n_fired
      ? `It would have fired in ${format.step(found.n_fired)} of ${runs}.`
      : `It would have fired in none of ${runs}.`,
  ];
  if (found.lacking) words.push(`${format.plural(found.lacking, "run")} did not log what it asks for.`);
  if (found.left) words.push(`${format.plural(found.left, "older run")} could not be looked at in time.`);
  if (found.problems.length) words.push(`${format.plural(found.problems.length, "run")} could not be read.`);
  const more = found.n_fired - Math.min(found.fired.length, MOST_SHOWN);
  return node(
    "div",
    {},
    node("p", { class: "alert-summary", text: words.join(" ") }),
    node("div", { class: "alert-thumbs" }, ...found.fired.slice(0, MOST_SHOWN).map(thumb)),
    ...(more > 0 ? [node("p", { class: "alert-summary", text: `and in ${format.plural(more, "run")} more` })] : []),
  );
}

/** @param {Fired} fired */
function thumb(fired) {
  const [first] = fired.crossings;
  const at = first.step === null ? "" : `step ${format.step(first.step)}, `;
  const left = `${Math.round(100 * (1 - first.share))} % of it, ${format.duration(first.before_end_s)}, before its end`;
  const early = first.before_end_s > 0 ? left : "at its end";
  const more = fired.count > 1 ? `, and ${format.step(fired.count - 1)} times more` : "";
  return node(
    "figure",
    { class: "alert-thumb", title: first.sentence },
    node("figcaption", { class: "alert-run", text: fired.run }),
    picture(fired),
    node("span", { class: "alert-early", text: `${at}${early}${more}` }),
  );
}

/** @param {Fired} fired */
function picture(fired) {
  const box = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: "alert-picture",
    "aria-hidden": "true",
    preserveAspectRatio: "none",
  });
  const { curve } = fired;
  const steps = curve?.step ?? [];
  const [begin, end] = [steps[0] ?? 0, steps.at(-1) ?? 0];
  const isPlaced = end > begin;
  if (curve && isPlaced) {
    const values = [...curve.min, ...curve.max].filter(Number.isFinite);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const x = (/** @type {number} */ step) => (WIDTH * (step - begin)) / (end - begin);
    const y = (/** @type {number} */ value) => HEIGHT - 3 - ((HEIGHT - 6) * (value - low)) / (high - low || 1);
    let last = NaN;
    const line = steps.flatMap((step, i) => {
      const ends = [curve.min[i], curve.max[i]].filter(Number.isFinite);
      if (Math.abs(ends[1] - last) < Math.abs(ends[0] - last)) ends.reverse(); // the nearer one first: no saw
      last = ends.at(-1) ?? last;
      return ends.map((value) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
    });
    box.append(svg("polyline", { points: line.join(" "), class: "alert-line" }));
  }
  for (const { step, share, level } of fired.crossings) {
    const place = isPlaced && step !== null ? Math.min(1, (step - begin) / (end - begin)) : share;
    const x = Math.max(1, Math.min(WIDTH - 1, WIDTH * place));
    box.append(svg("line", { x1: x, x2: x, y1: 0, y2: HEIGHT, class: `alert-tick is-${level}` }));
  }
  return box;
}
