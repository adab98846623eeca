// What colours and dashes mean: on the page when they are of groups or settings, and beside a chart that is large.
import { clipped } from "../text/ellipsis.js";
import { colour } from "./palette.js";

/**
 * @typedef {{
 *   text: string, number: number | string | null, dash?: number[], value?: string, on?: boolean, off?: boolean,
 * }} Entry number: of a colour, a colour itself, or null for a quiet one; on: stands out; off: is hidden
 */

const SVG = "http://www.w3.org/2000/svg";

// A short piece of a line as it is drawn. number: of its colour, or null for a quiet one.
/**
 * @param {number | string | null} number
 * @param {number[]} [dashes]
 */
export function sample(number, dashes = []) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 22 8");
  svg.setAttribute("class", "sample");
  svg.setAttribute("aria-hidden", "true");
  const line = svg.appendChild(document.createElementNS(SVG, "line"));
  for (const [key, value] of Object.entries({ x1: 1, x2: 21, y1: 4, y2: 4, "stroke-dasharray": dashes.join(" ") }))
    line.setAttribute(key, String(value));
  line.style.stroke = number === null ? "var(--dim)" : typeof number === "string" ? number : colour(number);
  return svg;
}

// A row of a legend. entry: { text, number, dash, value, on, off }; act: { pick(event), enter(), leave() }.
/**
 * @param {Entry} entry
 * @param {{ pick: (event: MouseEvent) => void, enter: () => void, leave: () => void }} act
 */
export function row(entry, act) {
  const button = document.createElement("button");
  button.className = "legend-row";
  button.type = "button";
  button.setAttribute("aria-pressed", String(Boolean(entry.on)));
  button.classList.toggle("is-off", Boolean(entry.off));
  button.title = entry.text;
  button.append(sample(entry.number, entry.dash), clipped(entry.text));
  if (entry.value !== undefined)
    button.append(
      Object.assign(document.createElement("span"), { className: "legend-value", textContent: entry.value }),
    );
  button.addEventListener("click", act.pick);
  for (const kind of ["pointerenter", "focus"]) button.addEventListener(kind, act.enter);
  for (const kind of ["pointerleave", "blur"]) button.addEventListener(kind, act.leave);
  return button;
}
