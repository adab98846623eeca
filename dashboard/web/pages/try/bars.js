// An answer as bars: a class each with its name and its probability. Few of them keep their order: nothing moves.
import { node } from "../../ui/dom.js";
import * as format from "../../text/format.js";
import { isInOrder, percent, verdict } from "./ranking.js";

/** @typedef {import("./askers.js").Answer} Answer */
/** @typedef {import("./ranking.js").Ranked} Ranked */
/** @typedef {{ element: HTMLElement, name: HTMLElement, bar: HTMLElement, p: HTMLElement }} Row */

const MOST_VALUES = 12; // of an output that is no row of classes

export class Bars {
  constructor() {
    this.word = node("strong", { class: "try-word" });
    this.share = node("span", { class: "try-share" });
    this.list = node("ol", { class: "try-bars" });
    /** @type {Row[]} */
    this.rows = [];
    this.element = node(
      "div",
      { class: "try-answer" },
      node("p", { class: "try-verdict" }, this.word, this.share),
      this.list,
    );
    this.nothing();
  }

  /** Another model answers from now on: what the last one had is not its. */
  forget() {
    this.#fit(0);
    this.nothing();
  }

  /** Nothing is asked: the bars keep their places. */
  nothing() {
    this.word.textContent = "–";
    this.share.textContent = "nothing asked yet";
    this.element.dataset.is = "nothing";
    for (const row of this.rows) {
      row.bar.style.width = "0";
      row.p.textContent = "";
      row.element.classList.remove("is-first", "is-nan");
    }
  }

  /** @param {Answer} answer */
  show({ top, of, outputs }) {
    if (!top.length) {
      this.#values(outputs);
      return;
    }
    const said = verdict(top);
    this.element.dataset.is = said.is;
    this.word.textContent = said.text;
    this.word.title = said.text;
    this.share.textContent =
      said.is === "nan"
        ? "the network puts out NaN or ∞"
        : said.is === "tie"
          ? `tie at ${percent(said.p)}`
          : percent(said.p);
    const first = top[0].p;
    const shown = isInOrder(of, top.length) ? top.toSorted((a, b) => a.class - b.class) : top;
    this.#fit(shown.length);
    shown.forEach((each, i) => this.#fill(this.rows[i], each, each.p === first));
  }

  /** @param {Row} row @param {Ranked} each @param {boolean} isFirst */
  #fill(row, { name, p }, isFirst) {
    if (row.name.textContent !== name) row.name.textContent = row.name.title = name;
    const isNumber = !Number.isNaN(p);
    row.bar.style.width = isNumber ? `${(p * 100).toFixed(2)}%` : "0";
    row.p.textContent = percent(p);
    row.p.title = isNumber ? format.exact(p) : "not a number";
    row.element.classList.toggle("is-first", isFirst);
    row.element.classList.toggle("is-nan", !isNumber);
  }

  /** @param {number} count */
  #fit(count) {
    while (this.rows.length > count) this.rows.pop()?.element.remove();
    while (this.rows.length < count) {
      const name = node("span", { class: "try-class" }),
        bar = node("i", {}),
        p = node("span", { class: "try-p" });
      const element = node("li", {}, name, node("span", { class: "try-track", "aria-hidden": "true" }, bar), p);
      this.rows.push({ element, name, bar, p });
      this.list.append(element);
    }
  }

  // What is no row of classes, number by number.
  /** @param {Answer["outputs"]} outputs */
  #values(outputs) {
    /** @type {[name: string, value: string][]} */
    const rows = [];
    for (const [name, { shape, values }] of outputs) {
      const one = values.length === 1;
      for (const [i, value] of values.slice(0, MOST_VALUES).entries())
        rows.push([
          one ? name : `${name} ${i + 1}`,
          typeof value === "number" ? format.value(value, 6) : String(value),
        ]);
      if (values.length > MOST_VALUES) rows.push([name, `${format.step(values.length)} in all, ${shape.join(" × ")}`]);
    }
    const [first] = rows;
    this.element.dataset.is = "values";
    this.word.textContent = rows.length === 1 && first ? first[1] : "";
    this.share.textContent = rows.length === 1 && first ? first[0] : format.plural(rows.length, "number");
    this.#fit(rows.length === 1 ? 0 : rows.length);
    this.rows.forEach((row, i) => {
      row.name.textContent = row.name.title = rows[i][0];
      row.bar.style.width = "0";
      row.p.textContent = rows[i][1];
      row.element.classList.remove("is-first", "is-nan");
    });
  }
}
