// A confusion matrix of one run: rows what is true, columns what was predicted, shaded by their share of the row.
import * as format from "../../text/format.js";
import * as runTip from "../../ui/run_tip.js";
import * as runs from "../../core/runs.js";
import { node } from "../../ui/dom.js";
import { overall } from "./data.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

const LARGEST = 24; // classes up to which each has a number in its cell; more are drawn as a picture

export class ConfusionTable {
  /** @param {string} name of the run */
  constructor(name) {
    this.name = name;
    this.dot = node("i", { class: "dot" });
    this.output = node("output");
    this.body = node("div", { class: "confusion-body" });
    this.list = node("dl");
    this.canvas = node("canvas");
    this.element = node(
      "figure",
      { class: "confusion" },
      node("figcaption", {}, this.dot, node("span", { text: name }), this.output),
      this.body,
      this.list,
    );
    /** @type {number[][]} */
    this.rows = []; // counts: of each class, what it was predicted as
    /** @type {number[]} */
    this.totals = [];
  }

  /**
   * @param {number[]} counts row by row
   * @param {string[]} classes
   * @param {[string, number][]} said what was logged of it; worked out when it is empty
   * @param {number} step
   */
  show(counts, classes, said, step) {
    this.dot.style.background = colour(runs.index(this.name));
    this.output.textContent = `step ${format.step(step)}`;
    const size = classes.length;
    this.rows = Array.from({ length: size }, (_, i) => counts.slice(i * size, (i + 1) * size));
    this.totals = this.rows.map((row) => row.reduce((sum, each) => sum + each, 0));
    if (size <= LARGEST) this.body.replaceChildren(this.#table(classes));
    else this.#paint(classes);
    const facts = said.length ? said.map(([word, value]) => ({ word, value })) : overall(this.rows, this.totals);
    this.list.replaceChildren(
      ...facts.flatMap(({ word, value }) => [
        node("dt", { text: word }),
        node("dd", { text: Number.isNaN(value) ? "–" : format.value(value, 3) }),
      ]),
    );
  }

  /** @param {string[]} classes */
  #table(classes) {
    const heads = classes.map((name) => node("th", { text: name, title: name, scope: "col" }));
    const lines = this.rows.map((row, i) =>
      node(
        "tr",
        {},
        node("th", { text: classes[i], title: classes[i], scope: "row" }),
        ...row.map((count, j) => this.#cell(count, i, j, classes)),
      ),
    );
    return node(
      "table",
      { class: classes.length > 6 ? "is-many" : "" },
      node("thead", {}, node("tr", {}, node("th", { text: "actual ↓  predicted →" }), ...heads)),
      node("tbody", {}, ...lines),
    );
  }

  /**
   * @param {number} count
   * @param {number} i what is true
   * @param {number} j what was predicted
   * @param {string[]} classes
   */
  #cell(count, i, j, classes) {
    const total = this.totals[i],
      share = total > 0 ? count / total : 0;
    const of = `${format.value(count)} of ${format.value(total)}`;
    return node("td", {
      class: i === j ? "is-right" : "is-wrong",
      style: `--share: ${Math.round(62 * share)}%`,
      title: `Actual ${classes[i]}, predicted ${classes[j]}: ${of} (${(100 * share).toFixed(1)} %)`,
      text: format.value(count, 4),
    });
  }

  /** @param {string[]} classes */
  #paint(classes) {
    const { canvas } = this;
    if (!canvas.isConnected) this.body.replaceChildren(canvas);
    const size = 320,
      cell = size / classes.length;
    canvas.style.width = canvas.style.height = `${size}px`;
    const context = prepared(canvas, size, size);
    this.rows.forEach((row, i) =>
      row.forEach((count, j) => {
        if (!count) return;
        context.globalAlpha = 0.12 + 0.88 * (count / this.totals[i]);
        context.fillStyle = i === j ? css("--accent") : css("--bad");
        context.fillRect(j * cell, i * cell, Math.max(1, cell), Math.max(1, cell));
      }),
    );
    canvas.onpointermove = (event) => {
      const i = Math.floor(event.offsetY / cell),
        j = Math.floor(event.offsetX / cell);
      if (this.rows[i]?.[j] !== undefined)
        runTip.show(event, this.name, [
          ["actual", classes[i]],
          ["predicted", classes[j]],
          ["count", format.value(this.rows[i][j])],
          ["of", format.value(this.totals[i])],
        ]);
    };
    canvas.onpointerleave = () => runTip.hide();
  }
}
