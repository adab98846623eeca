// What the shades and the lines of a density mean, in the head of its card.
import * as format from "../../text/format.js";
import { crowdOf, nounOf } from "../../charts/crowd.js";
import { gradient } from "../../charts/shades.js";
import { isDark } from "../../charts/palette.js";

/**
 * What a chart is called for those who do not see it.
 * @param {string} title
 * @param {import("../../charts/chart.js").View | null} view
 */
export function named(title, view) {
  const crowd = view?.density && crowdOf(view.lines, view.settings);
  return crowd ? `Chart of ${title}: ${crowd} of ${counted(view)}` : `Chart of ${title}`;
}

/** @param {import("../../charts/chart.js").View} view */
const counted = ({ lines }) => format.plural(lines.length, nounOf(lines));

/**
 * @param {HTMLElement} box
 * @param {import("../../charts/chart.js").View | null} view
 */
export function showKey(box, view) {
  const crowd = view?.density ? crowdOf(view.lines, view.settings) : null;
  box.hidden = !crowd;
  if (!crowd || !view?.density) return;
  const { greatest } = view.density,
    all = counted(view);
  const layers = view.layers.filter(({ isQuiet }) => !isQuiet),
    isColoured = layers.some(({ colour }) => colour);
  const front = layers.reduce((sum, { lines }) => sum + lines.length, 0),
    some = layers.length && front < view.lines.length ? `${format.step(front)} selected of ${all}` : all;
  const text = isColoured
    ? `${some} by ${view.settings.by || "group"}`
    : layers.length
      ? some
      : crowd === "density"
        ? `up to ${greatest < 1.5 ? format.value(greatest, 2) : format.step(greatest)} of ${all}`
        : `${all}: 10–90 %, min–max`;
  const says = `${text} ${isDark()}`;
  if (box.dataset.says === says) return;
  box.dataset.says = says;
  const lines = "Lines: the median, 10 % and 90 % of them, the least and the greatest value";
  box.title =
    (crowd === "density"
      ? `Shade: how many of ${all} go through a place; in each column of pixels one weighs 1. `
      : `Of ${all}. `) + (isColoured ? "Colours and lines: of each value by itself; the ends of all." : `${lines}.`);
  const ramp = Object.assign(document.createElement("i"), { className: "card-ramp" });
  ramp.style.background = gradient();
  box.replaceChildren(...(crowd === "density" && !isColoured ? [ramp] : []), text);
}
