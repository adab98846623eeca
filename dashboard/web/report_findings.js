// The findings of a report: what went wrong in its runs, since when, and what to try; the worst first.
import * as format from "./text/format.js";
import { SEVERITIES, countsInWords, titleOf } from "./text/finding_words.js";
import { colour } from "./charts/palette.js";
import { node } from "./ui/dom.js";
import { severitySign } from "./ui/severity.js";

/** @typedef {import("./core/findings.js").Finding} Finding */
/** @typedef {{ run: string, number: number, finding: Finding }} Entry number: of the run, by which it is coloured */

const FIRST = 8; // so that the charts are in sight

export class ReportFindings {
  /**
   * @param {HTMLElement} element
   * @param {{ name: string, findings: Finding[] }[]} runs
   */
  constructor(element, runs) {
    this.entries = runs.flatMap(({ name, findings }, number) =>
      findings.map((finding) => ({ run: name, number, finding })),
    );
    this.entries.sort(
      ({ finding: a, number: first }, { finding: b, number: second }) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        b.confidence - a.confidence ||
        first - second,
    );
    this.isOne = runs.length === 1;
    this.most = FIRST;
    this.element = element;
    this.count = node("span", { class: "findings-count" });
    this.list = node("ul");
    this.more = node("button", { type: "button", class: "text-button" });
    this.more.addEventListener("click", () => {
      this.most = Infinity;
      this.show();
    });
    element.append(node("h2", {}, "Findings ", this.count), this.list, this.more);
    /** @type {Set<string>} */
    this.off = new Set();
    this.key = ""; // what is shown
  }

  /** @param {Set<string>} [off] runs that are switched off */
  show(off = this.off) {
    const key = JSON.stringify([[...off], this.most, document.documentElement.dataset.theme]);
    if (key === this.key) return; // a text that somebody marks stays as it is
    this.off = new Set(off);
    this.key = key;
    const shown = this.entries.filter(({ run }) => !off.has(run));
    this.element.hidden = !shown.length;
    this.count.textContent = countsInWords(
      SEVERITIES.map((severity) => shown.filter(({ finding }) => finding.severity === severity).length),
    );
    this.list.replaceChildren(...shown.slice(0, this.most).map((entry) => this.#item(entry)));
    this.more.hidden = shown.length <= this.most;
    this.more.textContent = `Show all ${format.plural(shown.length, "finding")}`;
  }

  /** @param {Entry} entry */
  #item({ run, number, finding }) {
    const { severity, kind, layer, sentence, advice } = finding;
    const dot = node("i", { class: "dot", "aria-hidden": "true" });
    dot.style.background = colour(number);
    const head = node("p", { class: "finding-head" }, node("b", { text: titleOf(kind) }));
    if (!this.isOne) head.append(node("span", { class: "finding-run" }, dot, node("bdi", { text: run })));
    if (layer !== null) head.append(node("bdi", { text: layer }));
    head.append(node("span", { text: stepsOf(finding) }));
    const words = node("div", {}, head, node("p", {}, node("bdi", { text: sentence })));
    if (advice)
      words.append(
        node("p", { class: "finding-advice" }, node("span", { text: "Try" }), node("bdi", { text: advice })),
      );
    return node("li", { "data-severity": severity }, severitySign(severity), words);
  }
}

/** @param {Finding} finding */
function stepsOf({ step, step_last }) {
  if (step === null) return "";
  return step_last !== null && step_last > step
    ? `steps ${format.step(step)} – ${format.step(step_last)}`
    : `step ${format.step(step)}`;
}
