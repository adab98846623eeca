// How much a metric follows each setting, with how far that would go if other runs of the same kind had been made.
import * as format from "../../text/format.js";
import { dictionary } from "../../core/dictionary.js";
import { ask } from "../../core/study_api.js";
import { node } from "../../ui/dom.js";
import { tipOf, trendOf } from "./importance_words.js";

const FEWEST = 8; // runs that an importance is worked out from

/** @typedef {import("./data.js").Column} Column */
/** @typedef {import("./importance_words.js").Share} Share */

export class Importance {
  /**
   * @param {{ found(shares: Share[]): void }} told
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(told, scope) {
    this.told = told;
    this.scope = scope;
    this.asked = ""; // the question that was asked last
    this.busy = false;
    this.problem = "";
    /** @type {Share[] | null} */
    this.found = null;
    /** @type {Column | null} */
    this.metric = null;
    this.element = node("div", { class: "importance" });
  }

  /**
   * Asks when what it is asked of is new; the answer to an older question is dropped.
   * @param {Column[]} columns
   * @param {Column} metric
   */
  async show(columns, metric) {
    this.metric = metric;
    /** @param {unknown[]} values */
    const clean = (values) =>
      values.map((value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : (value ?? null)));
    const body = {
      parameters: dictionary(columns.map((column) => [column.name, clean(column.values)])),
      target: metric.values.map((_, i) => {
        const value = metric.number(i);
        return Number.isFinite(value) ? value : null;
      }),
    };
    const question = JSON.stringify(body);
    if (question === this.asked) return;
    this.asked = question;
    this.busy = true;
    this.draw();
    /** @type {Share[] | null} */
    let found = null;
    let problem = "";
    try {
      found = (await ask("importance", question)).importance;
    } catch (error) {
      problem = /** @type {Error} */ (error).message;
    }
    if (this.asked !== question || this.scope.isOver) return;
    this.found = found;
    this.problem = problem;
    this.busy = false;
    this.told.found(found ?? []);
    this.draw();
  }

  draw() {
    const { element, found, metric } = this;
    element.setAttribute("aria-busy", String(this.busy));
    if (this.problem) element.replaceChildren(note(this.problem));
    else if (!found)
      element.replaceChildren(...[0, 1, 2, 3].map(() => node("div", { class: "skeleton importance-skeleton" })));
    else if (found.length) {
      const most = Math.max(0.05, ...found.map((each) => each.high));
      element.replaceChildren(...found.map((each) => rowOf(each, most)));
    } else {
      const runs = metric?.values.filter((_, i) => Number.isFinite(metric.number(i))).length ?? 0;
      element.replaceChildren(
        note(
          runs < FEWEST
            ? `Importance needs at least ${FEWEST} runs that have logged the metric; ${runs} ${runs === 1 ? "has" : "have"}.`
            : "The metric, or every setting, is the same in all runs.",
        ),
      );
    }
  }
}

/** @param {string} text */
const note = (text) => node("p", { class: "compare-note", text });

/**
 * @param {Share} each
 * @param {number} most the share that the track's end stands for
 */
function rowOf(each, most) {
  /** @param {number} share */
  const percent = (share) => `${(100 * Math.max(0, share)) / most}%`;
  const between = `left: ${percent(each.low)}; width: calc(${percent(each.high)} - ${percent(each.low)})`;
  const row = node(
    "div",
    { class: each.clear ? "importance-row" : "importance-row is-unclear" },
    node("span", { class: "importance-name", text: each.name }),
    node(
      "span",
      { class: "importance-track" },
      node("i", { style: `width: ${percent(each.share)}` }),
      node("b", { style: between }),
    ),
    node("span", { class: "importance-share", text: each.clear ? format.value(each.share, 2) : "unsure" }),
    node("span", { class: "importance-way", text: trendOf(each.correlation) }),
  );
  row.title = tipOf(each);
  return row;
}
