// What some layers held over a range of steps, merged exactly: a picture with its quantiles, at the page's foot.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { node } from "../../ui/dom.js";
import { bars, valueAxis } from "./draw.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

const NAMES = [
  ["0.0", "smallest"],
  ["0.01", "1 %"],
  ["0.05", "5 %"],
  ["0.25", "25 %"],
  ["0.5", "median"],
  ["0.75", "75 %"],
  ["0.95", "95 %"],
  ["0.99", "99 %"],
  ["1.0", "largest"],
];

export class Merge {
  // done: called when it is closed.
  constructor(done, scope) {
    this.scope = scope;
    this.title = node("h2");
    this.canvas = node("canvas", { role: "img", "aria-label": "Merged histogram" });
    this.told = node("dl", { class: "merge-told" });
    const close = node("button", { type: "button", class: "icon-button", "aria-label": "Close", text: "✕" });
    close.addEventListener("click", done);
    this.element = node(
      "section",
      { class: "merge", "aria-label": "Merged" },
      node("header", {}, this.title, close),
      node("div", { class: "merge-body" }, node("div", { class: "merge-plot" }, this.canvas), this.told),
    );
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.canvas.parentElement);
    this.asked = 0;
  }

  // picked: { run, tags, start, stop } ; start and stop may be null, for all steps.
  async show(picked, scale) {
    const asked = ++this.asked;
    const { run, tags, start, stop } = picked;
    const layers = tags.length === 1 ? tags[0] : format.plural(tags.length, "layer");
    const range = start === null ? "all steps" : `steps ${format.step(start)} – ${format.step(stop)}`;
    this.title.textContent = `${layers} of ${run}, ${range}`;
    try {
      const found = await api.json(
        "histograms/merged",
        { run, scale, start: start === null ? null : Math.ceil(start), stop: stop === null ? null : Math.floor(stop) },
        tags.map((tag) => ["tag", tag]),
      );
      if (asked !== this.asked || this.scope.isOver) return;
      this.run = run;
      this.found = {
        ...found,
        scale,
        bins: found.counts.length,
        low: found.edges[0],
        high: found.edges[found.edges.length - 1],
      };
      const rows = [
        ["Histograms", found.histograms.toLocaleString("en-US")],
        ["Elements", found.total.toLocaleString("en-US")],
      ];
      for (const [name, key] of [
        ["NaN", "nan"],
        ["+∞", "posinf"],
        ["−∞", "neginf"],
      ])
        if (found[key]) rows.push([name, found[key].toLocaleString("en-US"), true]);
      const number = (value) => (typeof value === "number" ? format.value(value, 5) : String(value));
      rows.push(
        ["Mean", number(found.mean)],
        ["Deviation", number(found.std)],
        ...NAMES.map(([key, name]) => [name, number(found.quantiles[key])]),
      );
      this.told.replaceChildren(
        ...rows.flatMap(([name, text, bad]) => [
          node("dt", { text: name }),
          node("dd", { text, class: bad ? "bad" : null }),
        ]),
      );
    } catch (error) {
      if (asked !== this.asked || this.scope.isOver) return;
      this.found = null;
      this.told.replaceChildren(node("dt", { text: error.message }));
    }
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    if (!this.found) return;
    context.font = `11px ${css("--font")}`;
    const box = { left: 8, right: width - 8, top: 6, bottom: height - 20 };
    valueAxis(context, this.found, box, "x");
    bars(context, box, this.found.counts, colour(runs.index(this.run)));
  }
}
