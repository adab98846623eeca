// What a card is made of before anything is drawn: its title, its buttons, the places where something is said.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";

const CARD = `
  <div class="card-head"><h3 class="card-title"><span class="path"></span><span class="last"></span></h3><span
    class="card-key" hidden></span><span class="card-odd"></span><span class="card-value"></span></div>
  <div class="card-plot"><div class="skeleton"></div></div>
  <div class="card-foot"><span class="told"></span><span class="how"></span></div>
  <div class="card-actions">
    <button class="icon-button reset" hidden aria-label="Show all steps"
      title="Show all (double click)"><svg viewBox="0 0 20 20" aria-hidden="true"><path
      d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg></button>
    <button class="icon-button brush" aria-label="Choose runs by a box" aria-pressed="false"
      title="Drag a box to choose runs (b, or Shift drag)"><svg viewBox="0 0 20 20" aria-hidden="true"><path
      stroke-dasharray="3 2" d="M4 5h12v10H4z"/></svg></button>
    <button class="icon-button pin" aria-label="Pin" aria-pressed="false"
      title="Pin to the top (p)"><svg viewBox="0 0 20 20" aria-hidden="true"><path
      d="M7 3h6l-1 5 3 3H5l3-3zM10 11v6"/></svg></button>
    <button class="icon-button enlarge" aria-label="Large"
      title="Large (Enter)" aria-pressed="false"><svg viewBox="0 0 20 20" aria-hidden="true"><path
      d="M12 4h4v4M8 16H4v-4M16 4l-5 5M4 16l5-5"/></svg></button>
    <button class="icon-button more" aria-label="More" aria-haspopup="menu"
      title="Download, data table, more"><svg viewBox="0 0 20 20" aria-hidden="true"><path
      d="M4 10h.01M10 10h.01M16 10h.01"/></svg></button>
  </div>
  <div class="card-legend" hidden></div>
  <div class="card-grip" aria-hidden="true"></div>`;

/**
 * A part of a card, which its markup has.
 * @param {Element} card
 * @param {string} selector
 */
export const part = (card, selector) => /** @type {HTMLElement} */ (card.querySelector(selector));

/**
 * @param {HTMLElement} element
 * @param {string[]} tags
 */
export function fill(element, tags) {
  element.innerHTML = CARD;
  const [path, last] =
    tags.length === 1 && !runs.isExpression(tags[0]) ? format.split(tags[0]) : ["", tags.map(runs.titleOf).join(", ")];
  part(element, ".path").textContent = path;
  part(element, ".last").textContent = last;
  part(element, ".card-title").title = tags.join(", ");
  part(element, ".card-head").draggable = true;
}

/**
 * Over an empty chart.
 * @param {HTMLElement} plot
 * @param {string} text
 */
export function note(plot, text) {
  let element = /** @type {HTMLElement | null} */ (plot.querySelector(".card-note"));
  if (!text) {
    element?.remove();
    return;
  }
  element ??= plot.appendChild(Object.assign(document.createElement("div"), { className: "card-note" }));
  element.textContent = text;
}

/**
 * Keeps the Tab key within a card that lies before all others.
 * @param {HTMLElement} element
 * @param {boolean} isBack
 */
export function goOn(element, isBack) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("button, canvas.over"));
  const stops = [...all].filter((each) => each.offsetParent && !each.hidden);
  const next = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + (isBack ? -1 : 1);
  stops.at(next % stops.length)?.focus();
}
