// The histogram of a tensor nearest to a finding's step, small, with a way to the page of distributions.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { StepQuestions } from "../../core/histograms.js";
import { bars, valueAxis } from "../../charts/histogram.js";
import { prepared } from "../../charts/chart.js";
import { colour, css } from "../../charts/palette.js";
import { node } from "../../ui/dom.js";

/** @typedef {import("../../core/histograms.js").Distribution} Distribution */

export class SmallHistogram {
  /**
   * @param {string} run
   * @param {string} tag
   * @param {number | null} step null for the newest
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(run, tag, step, scope) {
    this.run = run;
    this.tag = tag;
    this.step = step;
    /** @type {Distribution | null} */
    this.data = null;
    this.problem = "";
    this.canvas = node("canvas", { role: "img", "aria-label": `Histogram of ${tag} of ${run}` });
    this.plot = node("div", { class: "evidence-plot" }, this.canvas);
    this.at = node("span", { class: "evidence-step" });
    const name = node("button", { type: "button", class: "evidence-link", title: "Open in Distributions" });
    name.append(node("bdi", { text: tag }));
    name.addEventListener("click", () => {
      state.set("pace", this.data?.step[this.data.row] ?? step);
      state.set("target", ["distributions", run, tag]);
      state.set("page", "distributions");
    });
    this.element = node("figure", { class: "evidence-chart" }, node("figcaption", {}, name, this.at), this.plot);
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.plot);
    new StepQuestions().ask({
      run,
      tag,
      scale: "linear",
      step,
      take: (data) => {
        if (scope.isOver) return;
        this.data = data;
        this.draw();
      },
      fail: ({ message }) => {
        if (scope.isOver) return;
        this.problem = message;
        this.draw();
      },
    });
  }

  get isLoaded() {
    return Boolean(this.data || this.problem);
  }

  draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (!this.data) this.at.textContent = this.problem;
    if (!this.data || !width || !height) return;
    const { data } = this;
    this.at.textContent = `step ${format.step(data.step[data.row])}`;
    const context = prepared(this.canvas, width, height);
    context.font = `11px ${css("--font")}`;
    const box = { left: 12, right: width - 12, top: 6, bottom: height - 20 };
    valueAxis(context, data, box, "x");
    const counts = data.counts.subarray(data.row * data.bins, (data.row + 1) * data.bins);
    bars(context, box, counts, colour(runs.index(this.run)));
  }
}
