// What some layers held over a range of steps, merged exactly: a picture with its quantiles, at the page's foot.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { node } from "../../ui/dom.js";
import { bars, valueAxis } from "../../charts/histogram.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

/** @typedef {import("../../charts/histogram.js").Bins} Bins */
/** @typedef {{ run: string, tags: string[], start: number | null, stop: number | null }} Wanted null: all steps */
/**
 * The server's answer. What is not finite comes as text.
 * @typedef {object} Merged
 * @property {number} histograms
 * @property {number} total elements
 * @property {number} nan
 * @property {number} posinf
 * @property {number} neginf
 * @property {number | string} mean
 * @property {number | string} std
 * @property {Record<string, number | string>} quantiles
 * @property {number[]} edges
 * @property {number[]} counts
 */
/** @typedef {[name: string, text: string, isBad?: boolean]} Row */

/** @type {[key: string, name: string][]} */
const NAMES = [
  ["0.0", "Min"],
  ["0.01", "1 %"],
  ["0.05", "5 %"],
  ["0.25", "25 %"],
  ["0.5", "Median"],
  ["0.75", "75 %"],
  ["0.95", "95 %"],
  ["0.99", "99 %"],
  ["1.0", "Max"],
];

export class Merge {
  // done: called when it is closed.
  /**
   * @param {() => void} done
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(done, scope) {
    this.scope = scope;
    this.title = node("h2");
    this.canvas = node("canvas", { role: "img", "aria-label": "Merged histogram" });
    this.plot = node("div", { class: "merge-plot" }, this.canvas);
    this.told = node("dl", { class: "merge-told" });
    const close = node("button", { type: "button", class: "icon-button", "aria-label": "Close", text: "✕" });
    close.addEventListener("click", done);
    this.element = node(
      "section",
      { class: "merge", "aria-label": "Merged" },
      node("header", {}, this.title, close),
      node("div", { class: "merge-body" }, this.plot, this.told),
    );
    /** @type {Bins | null} */
    this.bins = null;
    /** @type {number[]} */
    this.counts = [];
    this.run = "";
    this.asked = 0;
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.plot);
  }

  /**
   * @param {Wanted} picked
   * @param {import("../../charts/histogram.js").Binning} scale
   */
  async show(picked, scale) {
    const asked = ++this.asked;
    const { run, tags, start, stop } = picked;
    const layers = tags.length === 1 ? tags[0] : format.plural(tags.length, "layer");
    const isAll = start === null || stop === null;
    const range = isAll ? "all steps" : `steps ${format.step(start)} – ${format.step(stop)}`;
    this.title.textContent = `${layers} of ${run}, ${range}`;
    try {
      const steps = { start: isAll ? null : Math.ceil(start), stop: isAll ? null : Math.floor(stop) };
      /** @type {Merged} */
      const found = await api.json(
        "histograms/merged",
        { run, scale, ...steps },
        tags.map((tag) => ["tag", tag]),
      );
      if (asked !== this.asked || this.scope.isOver) return;
      this.run = run;
      const { edges, counts } = found;
      this.bins = { scale, bins: counts.length, low: edges[0], high: edges[counts.length], edges };
      this.counts = counts;
      const rows = rowsOf(found);
      this.told.replaceChildren(
        ...rows.flatMap(([name, text, bad]) => [
          node("dt", { text: name }),
          node("dd", { text, class: bad ? "bad" : null }),
        ]),
      );
    } catch (error) {
      if (asked !== this.asked || this.scope.isOver) return;
      this.bins = null;
      this.told.replaceChildren(node("dt", { text: /** @type {Error} */ (error).message }));
    }
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    if (!this.bins) return;
    context.font = `11px ${css("--font")}`;
    const box = { left: 8, right: width - 8, top: 6, bottom: height - 20 };
    valueAxis(context, this.bins, box, "x");
    bars(context, box, this.counts, colour(runs.index(this.run)));
  }
}

/**
 * @param {Merged} found
 * @returns {Row[]}
 */
function rowsOf(found) {
  /** @param {number} count */
  const whole = (count) => count.toLocaleString("en-US");
  /** @param {number | string} value */
  const number = (value) => (typeof value === "number" ? format.value(value, 5) : value);
  /** @type {Row[]} */
  const odd = [
    ["NaN", whole(found.nan), true],
    ["+∞", whole(found.posinf), true],
    ["−∞", whole(found.neginf), true],
  ];
  return [
    ["Histograms", whole(found.histograms)],
    ["Elements", whole(found.total)],
    ...odd.filter(([, count]) => count !== "0"),
    ["Mean", number(found.mean)],
    ["Std. deviation", number(found.std)],
    ...NAMES.map(([key, name]) => /** @type {Row} */ ([name, number(found.quantiles[key])])),
  ];
}
