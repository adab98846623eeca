// The small window beside the pointer over a density: how many lines there are, their quantiles, and the nearest.
import * as format from "../text/format.js";
import { clipped } from "../text/ellipsis.js";
import { css } from "./palette.js";

/**
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./density.js").Density} Density
 * @typedef {{ n: number, median: number, low: number, high: number, min: number, max: number }} Told of a column
 */

/**
 * What a column of pixels says, in values; null where no line is.
 * @param {View} view
 * @param {Density} density
 * @param {number} c
 * @returns {Told | null}
 */
export function columnOf({ scale, plot, settings, y }, density, c) {
  if (!density.n[c]) return null;
  // What is next to nothing beside the range is zero: pixels are not told apart as finely as numbers.
  const least = 1e-12 * Math.max(Math.abs(y.low), Math.abs(y.high));
  /** @param {Float64Array} edge */
  const value = (edge) => {
    const found = scale.invertY(plot.top + edge[c]);
    return Math.abs(found) < least && !settings.logy ? 0 : found;
  };
  return {
    n: density.n[c],
    median: value(density.middle),
    low: value(density.lower),
    high: value(density.upper),
    min: value(density.bottom),
    max: value(density.top),
  };
}

const MOST = 12; // values that are told one by one

/**
 * What a column says of each layer of a density that lies in front.
 * @param {View} view
 * @param {number} c
 */
export const layersAt = (view, c) =>
  view.layers.flatMap(({ isQuiet, text, colour, density }) => {
    const told = isQuiet ? null : columnOf(view, density, c);
    return told ? [{ text, colour, told }] : [];
  });

/**
 * @param {Told} told
 * @param {string} noun what lines are, as nounOf in crowd.js says
 * @param {import("./chart.js").Found | null} nearest
 * @param {{ axis: import("./curve.js").Axis, xName: string }} settings
 * @param {ReturnType<typeof layersAt>} [layers]
 */
export function densityTip(told, noun, nearest, { axis, xName }, layers = []) {
  const table = document.createElement("table");
  const said = [format.plural(told.n, noun)];
  if (nearest && axis === "metric") said.unshift(`${xName} ${format.value(nearest.at)}`);
  else if (nearest && axis === "relative") said.unshift(format.duration(nearest.at));
  else if (nearest && axis === "time") said.unshift(new Date(nearest.time * 1000).toLocaleTimeString());
  else if (nearest) said.unshift(`step ${format.step(nearest.exactStep ?? nearest.step)}`);
  table.createCaption().textContent = said.join(" · ");
  /** @param {string} name @param {string} text */
  const row = (name, text) => {
    const made = table.insertRow();
    made.insertCell().textContent = name;
    made.insertCell().textContent = text;
    return made;
  };
  row("median", format.value(told.median, 5));
  row("10–90 %", `${format.value(told.low)} to ${format.value(told.high)}`);
  row("min–max", `${format.value(told.min)} to ${format.value(told.max)}`);
  /** @param {string} colour @param {string} text @param {string} value */
  const coloured = (colour, text, value) => {
    const made = table.insertRow(),
      name = made.insertCell(),
      dot = name.appendChild(document.createElement("i"));
    dot.className = "dot";
    dot.style.background = colour;
    name.append(clipped(text));
    made.insertCell().textContent = value;
    return made;
  };
  for (const { text, colour, told: own } of layers.slice(0, MOST))
    coloured(colour ?? css("--accent"), `${text} · ${format.plural(own.n, noun)}`, format.value(own.median, 5));
  if (!nearest) return table;
  const value = nearest.smooth ? format.value(nearest.value, 6) : format.exact(nearest.value);
  coloured(nearest.colour, nearest.label, value).className = "nearest";
  return table;
}
