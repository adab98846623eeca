// The lines of a card by name, in the order of what they end at; only where a chart covers the list of runs.
import * as format from "../../text/format.js";
import { row } from "../../charts/legend.js";

const ROWS = 300; // more names than anybody reads; the list of runs can be searched

export class CardLegend {
  /**
   * @param {HTMLElement} box
   * @param {{ pick: (line: any, event: MouseEvent) => void, highlight: (name: string | null) => void }} told
   */
  constructor(box, told) {
    this.box = box;
    this.told = told;
    this.says = "";
  }

  /**
   * @param {any[]} lines
   * @param {string[]} chosen runs that stand out
   * @param {boolean} isLarge
   */
  show(lines, chosen, isLarge) {
    const { box } = this;
    box.hidden = !isLarge || lines.length < 2;
    box.parentElement?.classList.toggle("has-legend", !box.hidden);
    if (box.hidden) {
      box.replaceChildren();
      this.says = "";
      return;
    }
    const last = (/** @type {any} */ { curve }) => curve.last[curve.length - 1];
    const shown = [...lines].sort((a, b) => last(b) - last(a) || 0).slice(0, ROWS);
    const value = (/** @type {any} */ line) => format.value(last(line), 4);
    const says = JSON.stringify(
      shown.map((line) => [line.label, line.colour, line.dash, line.curve.length ? value(line) : ""]).concat(chosen),
    );
    if (says === this.says) return;
    this.says = says;
    const focused = /** @type {Element} */ (document.activeElement);
    const at = [...box.children].indexOf(focused),
      { scrollTop } = box;
    box.replaceChildren(
      ...shown.map((line) =>
        row(
          {
            text: line.label,
            number: line.colour,
            dash: line.dash,
            value: value(line),
            on: chosen.includes(line.name),
          },
          {
            pick: (/** @type {MouseEvent} */ event) => this.told.pick(line, event),
            enter: () => this.told.highlight(line.name),
            leave: () => this.told.highlight(null),
          },
        ),
      ),
    );
    box.scrollTop = scrollTop;
    if (at >= 0) /** @type {HTMLElement | undefined} */ (box.children[at])?.focus();
  }
}
