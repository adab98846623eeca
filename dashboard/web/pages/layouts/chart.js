// A chart of a layout: several tags of the shown runs, as lines or, three tags at a time, as lines within a band.
import * as format from "../../text/format.js";
import * as runTip from "../../ui/run_tip.js";
import * as runs from "../../core/runs.js";
import * as ticks from "../../charts/ticks.js";
import { unitOf, widened } from "../../text/floats.js";
import { shortened } from "../../text/ellipsis.js";
import { CurveStore } from "../../core/curve_store.js";
import { colour, css, dash } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { part } from "../../ui/dom.js";

const LEFT = 46,
  RIGHT = 10,
  TOP = 8,
  BOTTOM = 22;
const COLUMNS = 400,
  REDRAW_MS = 100; // new points are drawn so often

/**
 * @typedef {import("../../charts/curve.js").Curve} Curve
 * @typedef {{ run: string, tag: string, k: number, curve: Curve }} Line of the k-th tag of a chart
 * @typedef {{ run: string, value: Line, low: Line | undefined, high: Line | undefined }} Band
 */

/** @param {string} tag */
const havingOf = (tag) =>
  runs
    .visible()
    .filter((run) => run.has.has(tag))
    .map(({ name }) => name);

export class LayoutChart {
  /**
   * @param {string} title
   * @param {string} kind
   * @param {string[]} tags
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(title, kind, tags, scope) {
    this.title = title;
    this.kind = kind;
    this.wanted = tags;
    /** @type {Line[]} */
    this.lines = [];
    this.timer = 0;
    /** @type {((px: number) => number) | null} */
    this.invert = null; // once it is drawn: the step at a place
    this.element = Object.assign(document.createElement("article"), { className: "layout-chart" });
    this.element.append(Object.assign(document.createElement("h4"), { textContent: title }));
    this.legend = this.element.appendChild(Object.assign(document.createElement("ul"), { className: "layout-legend" }));
    this.canvas = this.element.appendChild(document.createElement("canvas"));
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", title);
    this.canvas.addEventListener("pointermove", (event) => this.tell(event));
    this.canvas.addEventListener("pointerleave", () => runTip.hide());
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.canvas);
    const soon = () => {
      this.timer ||= scope.setTimeout(() => {
        this.timer = 0;
        this.show();
      }, REDRAW_MS);
    };
    this.store = new CurveStore({ form: () => ({ columns: COLUMNS }), onAnswer: soon, onPoints: soon }, scope);
  }

  // A margin chart names its tags; a multi-line one has expressions, and what is none is taken as a name.
  /** @returns {string[]} */
  tags() {
    if (this.kind === "Margin") return this.wanted;
    return runs.tags("scalar").filter((tag) =>
      this.wanted.some((wanted) => {
        try {
          return new RegExp(wanted).test(tag);
        } catch {
          return wanted === tag;
        }
      }),
    );
  }

  load() {
    const tags = this.tags();
    return Promise.all(tags.map((tag) => this.store.want(tag, havingOf(tag))));
  }

  // What is known of the shown runs, tag by tag.
  show() {
    this.lines = this.tags().flatMap((tag, k) =>
      havingOf(tag).flatMap((run) => {
        const curve = this.store.curve(run, tag);
        return curve?.length ? [{ run, tag, k, curve }] : [];
      }),
    );
    this.draw();
    this.drawLegend();
  }

  // Which line is which tag: the list of runs says the rest.
  drawLegend() {
    const shown = this.kind === "Margin" ? this.bands().map((band) => band.value) : this.lines;
    const many = new Set(shown.map((line) => line.run)).size > 1;
    const tags = new Map(shown.map((line) => [line.tag, line.k]));
    this.legend.replaceChildren(
      ...(tags.size > 1
        ? [...tags].map(([tag, k]) => {
            const item = Object.assign(document.createElement("li"), { title: tag });
            const box = document.createElementNS("http://www.w3.org/2000/svg", "svg");
            box.setAttribute("viewBox", "0 0 18 4");
            box.innerHTML = '<line x1="0" y1="2" x2="18" y2="2" stroke-width="2"/>';
            const line = part(box, "line", SVGElement);
            line.setAttribute("stroke", many ? "currentColor" : colour(this.kind === "Margin" ? 0 : k));
            line.setAttribute("stroke-dasharray", many ? dash(12 * k).join(" ") : "");
            item.append(box, tag);
            return item;
          })
        : []),
    );
  }

  // A margin's lines by run and by three tags.
  bands() {
    /** @type {Band[]} */
    const found = [];
    for (const run of new Set(this.lines.map((line) => line.run))) {
      for (let k = 0; k < this.wanted.length; k += 3) {
        const [value, low, high] = [0, 1, 2].map((part) =>
          this.lines.find((line) => line.run === run && line.tag === this.wanted[k + part]),
        );
        if (value) found.push({ run, value, low, high });
      }
    }
    return found;
  }

  draw() {
    const width = this.canvas.clientWidth,
      height = this.canvas.clientHeight;
    if (!width) return;
    const context = prepared(this.canvas, width, height);
    let low = Infinity,
      high = -Infinity,
      first = Infinity,
      last = -Infinity;
    for (const { curve } of this.lines)
      for (let i = 0; i < curve.length; i++) {
        if (curve.min[i] < low) low = curve.min[i];
        if (curve.max[i] > high) high = curve.max[i];
        first = Math.min(first, curve.x0[i]);
        last = Math.max(last, curve.x1[i]);
      }
    context.font = `11px ${css("--font")}`;
    context.fillStyle = css("--dim");
    if (!(low <= high)) {
      context.textAlign = "center";
      context.fillText(
        this.lines.length ? "nothing finite yet" : "no visible run has these tags",
        width / 2,
        height / 2,
      );
      return;
    }
    [low, high] =
      low === high ? widened(low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)) : widened(low, high);
    [first, last] = first === last ? widened(first - 1, last + 1) : widened(first, last);
    const unit = unitOf(low, high);
    const x = (/** @type {number} */ step) => LEFT + ((step - first) / (last - first)) * (width - LEFT - RIGHT),
      y = (/** @type {number} */ value) =>
        height - BOTTOM - ((value * unit - low * unit) / (high * unit - low * unit)) * (height - TOP - BOTTOM);
    this.invert = (px) => first + ((px - LEFT) / (width - LEFT - RIGHT)) * (last - first);
    context.strokeStyle = css("--grid");
    context.beginPath();
    context.textAlign = "right";
    for (const { at, text } of ticks.linear(low, high, 5)) {
      if (at < low || at > high) continue;
      context.moveTo(LEFT, y(at));
      context.lineTo(width - RIGHT, y(at));
      context.fillText(shortened(context, text, LEFT - 8), LEFT - 6, y(at) + 4);
    }
    context.stroke();
    context.textAlign = "center";
    const steps = ticks.linear(first, last, 5, true);
    for (const { at, text } of steps)
      if (at >= first && at <= last)
        context.fillText(shortened(context, text, (width - LEFT - RIGHT) / steps.length - 8), x(at), height - 6);
    const trace = (/** @type {Curve} */ curve, reverse = false) => {
      for (let k = 0; k < curve.length; k++) {
        const i = reverse ? curve.length - 1 - k : k;
        if (!Number.isNaN(curve.mean[i])) context.lineTo(x((curve.x0[i] + curve.x1[i]) / 2), y(curve.mean[i]));
      }
    };
    if (this.kind === "Margin")
      for (const { run, low: lower, high: upper } of this.bands()) {
        if (!lower || !upper) continue;
        context.globalAlpha = 0.18;
        context.fillStyle = colour(runs.index(run));
        context.beginPath();
        trace(lower.curve);
        trace(upper.curve, true);
        context.fill();
        context.globalAlpha = 1;
      }
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    const drawn = this.kind === "Margin" ? this.bands().map((band) => band.value) : this.lines;
    const many = new Set(drawn.map((line) => line.run)).size > 1;
    for (const { run, k, curve } of drawn) {
      // Of one run a colour says the tag; of several the colour is the run's, as everywhere, and the dashes the tag's.
      context.strokeStyle = colour(many || this.kind === "Margin" ? runs.index(run) : k);
      context.setLineDash(many ? dash(12 * k) : []);
      context.beginPath();
      trace(curve);
      context.stroke();
      if (curve.length === 1) {
        context.beginPath();
        context.arc(x(curve.x0[0]), y(curve.mean[0]), 3, 0, 7);
        context.stroke();
      }
    }
    context.setLineDash([]);
  }

  /** @param {PointerEvent} event */
  tell(event) {
    if (!this.invert || !this.lines.length) return;
    const step = this.invert(event.offsetX);
    /** @type {[name: string, text: string][]} */
    const rows = this.lines.map(({ run, tag, curve }) => {
      let best = 0;
      for (let i = 1; i < curve.length; i++)
        if (Math.abs(curve.x0[i] - step) < Math.abs(curve.x0[best] - step)) best = i;
      return [`${tag} · ${run}`, format.value(curve.mean[best])];
    });
    runTip.show(event, `step ${format.step(step)}`, rows.slice(0, 20));
  }
}
