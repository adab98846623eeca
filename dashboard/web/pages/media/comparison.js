// What a picture at large is compared with: another run or another step, beside it or as the difference from it.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { choice, node } from "../../ui/dom.js";
import { logged } from "./data.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {"one" | "two" | "diff"} Mode */

/** @param {string} run */
export const nameOf = (run) => runs.get(run)?.shown ?? run;

export class Comparison {
  /**
   * @param {Panel} panel
   * @param {{ onMode(): void, onOther(): void, onProblem(text: string): void }} told
   */
  constructor(panel, told) {
    this.panel = panel;
    this.told = told;
    /** @type {Mode} */
    this.mode = "one";
    /** @type {Item[]} */
    this.others = []; // of every step of the other run
    /** @type {Item | undefined} */
    this.other = undefined; // the one that is compared with
    this.modes = choice(
      "Compare",
      [
        ["one", "Single"],
        ["two", "Side by side"],
        ["diff", "Difference"],
      ],
      "one",
      (mode) => {
        this.mode = /** @type {Mode} */ (mode);
        told.onMode();
      },
    );
    this.select = node("select", { "aria-label": "Run to compare with" });
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step to compare with" });
    this.output = node("output");
    this.element = node(
      "div",
      { class: "large-with" },
      node("span", { text: "with" }),
      this.select,
      node("div", { class: "large-step" }, this.slider, this.output),
    );
    this.slider.addEventListener("input", () => this.#take());
  }

  // The run that is compared with; the picture's own until another is chosen.
  get run() {
    return this.select.value || this.panel.run;
  }

  /**
   * Offers all runs in sight that have logged such pictures.
   * @param {() => Item} shown
   */
  offer(shown) {
    const { run: own, kind, tag } = this.panel;
    const names = runs
      .visible()
      .toReversed()
      .filter((run) => run.series[kind]?.includes(tag))
      .map((run) => run.name);
    this.select.replaceChildren(...names.map((name) => node("option", { value: name, text: nameOf(name) })));
    this.select.value = own;
    this.select.hidden = names.length < 2;
    this.select.addEventListener("change", () => this.ask(shown()));
  }

  /**
   * With another step of the same picture.
   * @param {Item[]} all
   * @param {number} at
   */
  within(all, at) {
    this.others = all;
    this.#offerSteps(at);
    this.#take();
  }

  /**
   * With another run, at the step that is shown or the last one before it.
   * @param {Item} shown
   */
  async ask(shown) {
    try {
      this.others = await logged(this.panel, this.run, shown.position);
    } catch (error) {
      this.told.onProblem(`The other run could not be read: ${/** @type {Error} */ (error).message}`);
      return;
    }
    this.#offerSteps(this.others.findLastIndex((item) => item.step <= shown.step));
    this.#take();
  }

  /** @param {number} at */
  #offerSteps(at) {
    this.slider.max = String(Math.max(0, this.others.length - 1));
    this.slider.value = String(Math.max(0, at));
  }

  #take() {
    this.other = this.others[Number(this.slider.value)];
    this.told.onOther();
  }

  // Nothing, until the other pictures have come.
  forget() {
    this.other = undefined;
  }

  show() {
    this.element.hidden = this.mode === "one";
    this.output.textContent = this.other ? `step ${format.step(this.other.step)}` : "not logged there";
  }
}
