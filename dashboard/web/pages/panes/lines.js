// A pane of lines: scalars of the run, drawn by our own chart, growing live; of several environments over each other.
import { Chart } from "../../charts/chart.js";
import { sample } from "../../charts/legend.js";
import { colour, dashOf } from "../../charts/palette.js";
import { node } from "../../ui/dom.js";
import { drawFigure, purge } from "../../ui/plotly.js";
import { figureOf, from, isMore, lookOf, place, strokeOf, tracesOf } from "./line_look.js";

/** @typedef {import("./view.js").Pane} Pane */
/** @typedef {import("./line_look.js").Trace} Trace */
/** @typedef {import("../../charts/line_set.js").Line & { trace: Trace, of: string }} PaneLine of: which run */

const REDRAW_MS = 80; // new points are drawn so often
const REDRAW_FIGURE_MS = 700; // Plotly's figure is made anew each time

class LinesView {
  /** @param {import("./view.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.legend = node("div", { class: "pane-legend", hidden: true });
    this.plot = node("div", { class: "pane-chart" });
    this.figure = node("div", { class: "figure-holder", hidden: true });
    this.note = node("p", { class: "page-note", hidden: true });
    this.element = node("div", { class: "pane-lines" }, this.legend, this.plot, this.figure, this.note);
    /** @type {Pane[]} */
    this.panes = [];
    /** @type {PaneLine[]} */
    this.lines = [];
    /** @type {[label: string, points: number][]} */
    this.drawn = []; // what stands in the picture, for automation
    this.timer = 0;
    this.isDrawn = false;
    this.isFigure = false; // whether Plotly draws them
    this.said = ""; // what the legend says
    this.curves = frame.source.curves(() => this.#soon(), frame.scope);
    this.chart = new Chart(this.plot, {
      onZoom: () => this.draw(),
      onHover: (x) => this.chart.setCursor(x),
      onPick: (line) => this.#pick(line),
    });
    frame.scope.onLeave(() => purge(this.figure));
  }

  /** @param {Pane[]} panes */
  update(panes) {
    this.panes = panes;
    const wished = panes.flatMap(({ run, content }) =>
      tracesOf(content).flatMap(({ x, y, start }) => (x ? [y, x] : [y]).map((tag) => ({ run, tag, start }))),
    );
    this.frame.scope.watch(new Set(wished.map(({ tag }) => tag)));
    this.curves.want(wished);
    this.plot.setAttribute("aria-label", `Lines ${panes[0]?.title ?? ""}`);
    this.draw();
  }

  #soon() {
    this.timer ||= this.frame.scope.setTimeout(
      () => {
        this.timer = 0;
        this.draw();
      },
      this.isFigure ? REDRAW_FIGURE_MS : REDRAW_MS,
    );
  }

  resize() {
    this.chart.measure();
    this.draw();
  }

  theme() {
    this.said = "";
    this.draw();
  }

  // Every trace of every environment that has points, and whether each is a plain line.
  #gather() {
    const many = this.panes.length > 1,
      before = this.lines;
    let isPlain = true;
    const lines = this.panes.flatMap(({ run, content }) =>
      tracesOf(content).flatMap((trace, k) => {
        const { start } = trace,
          name = `${run}\n${k}`;
        const all = this.curves.curve({ run, tag: trace.y, start }),
          x = trace.x ? this.curves.curve({ run, tag: trace.x, start }) : null;
        // What took the place of others is on its way: they are shown until it is there.
        if (!all?.loaded || (trace.x && !x?.loaded)) return before.filter((line) => line.name === name);
        const curve = from(all, start);
        if (!curve.length || (trace.x && !x?.length)) return [];
        if (!place(curve, x ?? null, start) || isMore(trace)) isPlain = false;
        const own = strokeOf(trace),
          number = many ? this.frame.source.number(run) : k;
        const label = many ? `${this.frame.source.label(run)} · ${trace.name}` : trace.name;
        /** @type {PaneLine} */
        const line = {
          curve,
          name,
          tag: trace.y,
          label,
          number,
          // Of several environments a colour says which; of one it is the line's own.
          colour: (many ? null : own.colour) ?? colour(number),
          dash: many ? dashOf(k) : (own.dash ?? []),
          trace,
          of: run,
        };
        return [line];
      }),
    );
    return { lines, isPlain };
  }

  draw() {
    if (!this.panes.length || this.frame.scope.isOver) return;
    const { lines, isPlain } = this.#gather();
    this.lines = lines;
    const look = lookOf(this.panes[0].content, this.panes[0].opts);
    this.#drawLegend(look.legend || this.panes.length > 1);
    const problem = this.curves.problem();
    this.note.textContent = problem ?? (lines.length || !this.curves.isIdle() ? "" : "No points yet");
    this.note.hidden = !this.note.textContent;
    this.isFigure = !isPlain;
    // Axes without lines would say that there is nothing between 0 and 1.
    this.plot.hidden = this.isFigure || !lines.length;
    this.figure.hidden = !this.isFigure;
    if (this.isFigure) {
      const height = this.element.clientHeight - this.legend.offsetHeight;
      const bare = figureOf(lines, { ...look, legend: false });
      if (height > 0) drawFigure(this.figure, () => bare, { isWanted: () => this.isFigure, height });
    } else if (lines.length) {
      if (!this.chart.width) this.chart.measure();
      const isLive = this.panes.some(({ run }) => this.frame.source.isLive(run));
      const { logx, logy, xName, yName } = look;
      this.chart.draw(
        lines,
        { axis: "metric", smoothing: { kind: "ema", weight: 0 }, robust: false, logx, logy, xName, yName },
        null,
        isLive,
      );
    }
    this.drawn = lines.map(({ label, curve }) => [label, curve.points]);
    this.isDrawn ||= this.curves.isIdle();
  }

  /** @param {boolean} isShown */
  #drawLegend(isShown) {
    const said = JSON.stringify([isShown, this.lines.map(({ label, colour, dash }) => [label, colour, dash])]);
    if (said === this.said) return;
    this.said = said;
    this.legend.hidden = !isShown || !this.lines.length;
    this.legend.replaceChildren(
      ...this.lines.map(({ label, colour, dash }) => node("span", { title: label }, sample(colour, dash), label)),
    );
    this.chart.measure();
  }

  /** @param {import("../../charts/line_set.js").Line | null} line */
  #pick(line) {
    const found = /** @type {(PaneLine & { at: number, value: number, step: number }) | null} */ (line);
    if (!found) return;
    this.frame.tell({ kind: "click", x: found.at, y: found.value, name: found.trace.name, point: found.step });
  }

  isReady() {
    return this.isDrawn;
  }

  files() {
    const { chart } = this;
    const [{ title, id }] = this.panes;
    if (this.isFigure || !chart.view) return [];
    return this.frame.source.chartFiles({ title: title || id, tags: [], chart, lines: () => this.lines });
  }
}

/** @type {import("./view.js").Make} */
export const make = (frame) => new LinesView(frame);
