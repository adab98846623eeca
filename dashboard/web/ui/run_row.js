// A run's row in the list of runs: its colour, name, how it stands, and its value with a sketch.
import * as format from "../text/format.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { colour } from "../charts/palette.js";
import { clipped, clippedPath, within } from "../text/ellipsis.js";
import { FindingsBadge } from "./findings_badge.js";
import { part } from "./dom.js";
import { runMenu } from "./run_menu.js";
import { aboutRun, moreAboutRun, valueOfRun } from "./run_words.js";
import { drawSpark } from "./sparks.js";

/** @typedef {import("../core/runs.js").Run} Run */
/** @typedef {import("./run_tree.js").Row} Row */
/**
 * @typedef {object} Look
 * @property {Set<string>} chosen
 * @property {(run: Run) => number} number of its colour
 * @property {(run: Run, number: number) => number} dashes
 * @property {(name: string) => import("../core/curve_store.js").StoredCurve | undefined} sketch
 */

const MARKUP = `
<input type="checkbox" class="swatch">
<div>
  <div class="name"><span class="path"></span><span class="last"></span></div>
  <div class="about"><i class="status" role="img"></i><span class="words"></span></div>
</div>
<div class="right"><span class="value"></span><canvas aria-hidden="true"></canvas></div>
<button class="run-more icon-button">
  <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10h.01M10 10h.01M16 10h.01"/></svg>
</button>`;

export class RunRow {
  /**
   * @param {string} name
   * @param {(name: string, event: MouseEvent) => void} choose
   */
  constructor(name, choose) {
    this.key = name;
    const element = document.createElement("div");
    this.element = element;
    element.className = "run";
    element.setAttribute("role", "listitem");
    element.innerHTML = MARKUP;
    this.focusable = part(element, "input", HTMLInputElement);
    this.focusable.setAttribute("aria-label", `Show ${name}`);
    this.focusable.addEventListener("change", () => runs.toggle(name));
    this.more = part(element, ".run-more", HTMLButtonElement);
    this.more.setAttribute("aria-label", `More about ${name}`);
    this.more.tabIndex = -1; // the key m opens the same
    this.more.addEventListener("click", (event) => {
      event.stopPropagation();
      runMenu(this.more, name);
    });
    element.addEventListener("click", (event) => {
      if (event.target !== this.focusable) choose(name, event);
    });
    element.addEventListener("dblclick", (event) => {
      if (event.target !== this.focusable) {
        state.set("chosen", []);
        runs.isolate(name);
      }
    });
    element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      runMenu(this.more, name, event);
    });
    element.addEventListener("pointerenter", () => runs.highlight(name));
    element.addEventListener("pointerleave", () => runs.highlight(null));
    this.badge = new FindingsBadge(name);
    part(element, ".name", HTMLElement).append(this.badge.element);
    this.path = part(element, ".path", HTMLElement);
    this.last = part(element, ".last", HTMLElement);
    this.status = part(element, ".status", HTMLElement);
    this.words = part(element, ".words", HTMLElement);
    this.value = part(element, ".value", HTMLElement);
    this.canvas = part(element, "canvas", HTMLCanvasElement);
    this.named = ""; // what it shows of the name, and which part of that stays
  }

  /** @param {Row} row @param {Look} look */
  show(row, look) {
    const run = runs.get(this.key);
    if (!run) return;
    const { element } = this;
    this.#name(run, run.shown === run.name ? row.from : 0);
    const isVisible = runs.isVisible(run.name);
    element.classList.toggle("is-off", !isVisible);
    element.classList.toggle("is-chosen", look.chosen.has(run.name));
    const number = look.number(run);
    element.style.setProperty("--run", colour(number));
    this.focusable.dataset.dash = String(look.dashes(run, number));
    this.focusable.checked = isVisible;
    const standing = runs.standing(run);
    this.status.dataset.status = standing;
    this.status.setAttribute("aria-label", standing);
    this.words.textContent = aboutRun(run);
    this.badge.show(run);
    this.value.textContent = valueOfRun(run);
    element.classList.toggle("is-bare", !this.value.textContent && !(runs.headline && run.has.has(runs.headline)));
    element.title = moreAboutRun(run);
    drawSpark(this.canvas, look.sketch(run.name), number);
  }

  /** @param {Run} run @param {number} from where what the folders above do not say begins */
  #name(run, from) {
    const [path, last] = format.split(run.shown);
    const kept = runs.partOf(run.shown) ?? [run.shown.length, run.shown.length];
    const key = `${run.shown}\n${kept}\n${from}`;
    if (this.named === key) return;
    this.named = key;
    const rest = path.slice(from);
    const { children, kept: letters } = clippedPath(rest, [kept[0] - from, kept[1] - from]);
    this.path.replaceChildren(...children);
    // So much of it is always there, less than it is wide: a little, or what tells it apart.
    this.path.style.minWidth = letters ? `min(${letters}ch, 60%)` : `${Math.min(4, rest.length / 2)}ch`;
    this.last.replaceChildren(clipped(last, within(kept, path.length, run.shown.length)));
  }
}
