// What a card says: why there is no line, of how many points its lines are, what of them is not seen.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { nothing, words } from "../../charts/point_counts.js";
import { settings } from "./settings.js";

/** @typedef {import("./card_curves.js").Wanted} Wanted */

/**
 * @typedef {object} Drawn what a card has drawn
 * @property {any[]} lines
 * @property {Wanted[]} wanted
 * @property {any} told how many points: see point_counts.js
 * @property {string | null} problem why curves could not be read
 * @property {number} outside points outside the range of y
 * @property {boolean} isZoomed
 */

/** @param {Wanted[]} wanted */
export const isLoading = (wanted) => wanted.some(({ curve }) => !curve?.loaded);

/**
 * Over an empty chart.
 * @param {Drawn} drawn
 */
export function note({ lines, wanted, told, problem }) {
  if (lines.length) return nothing(told);
  return isLoading(wanted) ? "" : (problem ?? missing(wanted));
}

// Why there is no line.
/** @param {Wanted[]} wanted */
function missing(wanted) {
  const base = state.get("base"),
    { axis, xName } = settings();
  if (base && !runs.get(base)) return "The baseline run is not there.";
  if (base && wanted.some(({ run, curve }) => curve?.length && run.name !== base))
    return `The baseline ${base} has not logged this.`;
  if (base && wanted.some(({ curve }) => curve?.length)) return "Only the baseline itself has logged this.";
  if (axis === "metric" && wanted.length) return `No visible run has logged ${xName} together with this metric.`;
  return "No visible run has logged this metric.";
}

/**
 * At the foot and the head of a card.
 * @param {HTMLElement} element
 * @param {Drawn} drawn
 */
export function say(element, { lines, wanted, told: { odd, ...rest }, problem, outside, isZoomed }) {
  const put = (/** @type {string} */ name, /** @type {string} */ text) => {
    const part = /** @type {HTMLElement} */ (element.querySelector(name));
    part.textContent = text;
    return part;
  };
  const last = lines.length === 1 ? lines[0].curve.last[lines[0].curve.length - 1] : NaN;
  put(".card-value", lines.length === 1 ? format.value(last, 5) : "");
  const { axis, xName } = settings();
  const placeless =
    axis === "metric"
      ? wanted.filter(({ curve }) => curve?.loaded && !curve.asked && !curve.length && !curve.unplaced).length
      : 0;
  const isPart = Boolean(problem) && lines.length > 0;
  // In few words, for there is room for few: all of them are in the title.
  const text =
    lines.length > 0 && isLoading(wanted)
      ? `Loading: ${format.plural(rest.points, "point")} so far`
      : isPart
        ? `${format.plural(rest.points, "point")}, not all could be read`
        : words(rest) +
          (outside ? `, ${format.step(outside)} outside the range` : "") +
          (placeless && lines.length ? `, ${format.plural(placeless, "run")} without ${xName}` : "");
  put(".told", text).title = isPart ? `${text}. ${problem}` : text;
  element.classList.toggle("hides", rest.hidden > 0 || isPart);
  put(".card-odd", odd ? `${odd.toLocaleString("en-US")} not finite` : "");
  put(".how", isZoomed ? "double click: show all" : "drag: zoom");
}
