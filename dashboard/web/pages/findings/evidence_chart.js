// A small chart of a finding's evidence: some curves of its run around the steps that it is of, which are shaded.
import * as frames from "../../core/frames.js";
import * as runs from "../../core/runs.js";
import { CurveStore } from "../../core/curve_store.js";
import { Chart } from "../../charts/chart.js";
import { colour } from "../../charts/palette.js";
import { node } from "../../ui/dom.js";
import { isWide, spanOf, windowOf } from "./evidence.js";

/** @typedef {import("../../core/findings.js").Finding} Finding */
/** @typedef {import("../../charts/line_set.js").Line} Line */

export class EvidenceChart {
  /**
   * @param {string} run
   * @param {string[]} tags
   * @param {Finding} finding
   * @param {{ isSeen: () => boolean, onNeeds: () => void }} host
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(run, tags, finding, host, scope) {
    this.run = run;
    this.tags = tags;
    this.finding = finding;
    this.host = host;
    this.isOver = false;
    this.shade = node("i", { class: "evidence-shade", "aria-hidden": "true" });
    this.plot = node("div", { class: "evidence-plot card-plot" }, this.shade);
    this.note = node("p", { class: "evidence-note" });
    this.names = node("figcaption");
    this.element = node("figure", { class: "evidence-chart" }, this.names, this.plot, this.note);
    this.chart = new Chart(this.plot, {
      onZoom: () => frames.request(this, true),
      onHover: (x) => this.chart.setCursor(x),
    });
    this.chart.over.setAttribute("aria-label", `Chart of ${tags.join(", ")} of ${run}`);
    this.home = this.#home(); // the window that it begins with
    this.chart.zoom = this.home;
    this.store = new CurveStore(
      {
        form: () => ({ columns: Math.max(200, 2 * Math.round(this.chart.width || 300)) }),
        window: () => this.chart.zoom,
        rank: () => (host.isSeen() ? 1 : 10),
        isSeen: host.isSeen,
        onAnswer: () => {
          host.onNeeds();
          frames.request(this, true);
        },
        onPoints: () => frames.request(this),
      },
      scope,
    );
    scope.observer(new ResizeObserver(() => this.resized())).observe(this.plot);
    scope.onLeave(() => {
      this.isOver = true;
      frames.forget(this);
    });
    this.load();
  }

  get last() {
    return runs.get(this.run)?.step ?? 0;
  }

  #home() {
    return windowOf(spanOf(this.finding, this.last), this.last);
  }

  load() {
    for (const tag of this.tags) this.store.want(tag, [this.run]);
  }

  // The finding goes on, or its run does. Where somebody looks at another window it stays.
  /** @param {Finding} finding */
  update(finding) {
    this.finding = finding;
    const home = this.#home();
    if (JSON.stringify(home) !== JSON.stringify(this.home)) {
      if (this.chart.zoom === this.home) {
        this.chart.zoom = home;
        this.store.outdate();
      }
      this.home = home;
    }
    frames.request(this);
  }

  resized() {
    this.chart.measure();
    frames.request(this, true);
  }

  /** @returns {Line[]} */
  lines() {
    const run = runs.get(this.run);
    return this.tags.flatMap((tag, i) => {
      const curve = this.store.curve(this.run, tag);
      if (!curve?.length || !run) return [];
      const own = colour(this.tags.length > 1 ? i : run.colour);
      return [{ curve, name: this.run, run, tag, label: tag, colour: own, dash: [], parts: [{ curve, raw: curve }] }];
    });
  }

  get isLoaded() {
    return this.tags.every((tag) => this.store.curve(this.run, tag)?.loaded);
  }

  draw() {
    if (this.isOver) return false;
    // Double click shows what the finding is of, and not all.
    if (!this.chart.zoom && this.home) this.chart.zoom = this.home;
    const lines = this.lines();
    const { problem } = this.store;
    this.note.textContent = lines.length || !this.isLoaded ? "" : problem || "These points are not there any more.";
    let [least, most] = [Infinity, -Infinity];
    const [low, high] = this.chart.zoom ?? [-Infinity, Infinity];
    for (const { curve } of lines)
      for (let i = 0; i < curve.length; i++) {
        if (curve.x1[i] < low || curve.x0[i] > high) continue;
        if (curve.min[i] < least) least = curve.min[i];
        if (curve.max[i] > most) most = curve.max[i];
      }
    this.#name(lines);
    const isWhole = this.chart.draw(lines, {
      axis: "step",
      smoothing: { kind: "ema", weight: 0, isLog: false },
      logx: false,
      logy: isWide(least, most),
      robust: false,
      xName: "",
    });
    this.#shade();
    return isWhole;
  }

  /** @param {Line[]} lines */
  #name(lines) {
    const key = lines.map((line) => `${line.tag} ${line.colour}`).join("\n");
    if (this.names.dataset.key === key && key) return;
    this.names.dataset.key = key;
    this.names.replaceChildren(
      ...this.tags.map((tag) => {
        const dot = node("i", { class: "dot", "aria-hidden": "true" });
        dot.style.background = lines.find((line) => line.tag === tag)?.colour ?? "transparent";
        return node("span", { title: tag }, dot, node("bdi", { text: tag }));
      }),
    );
  }

  // The steps of the evidence, behind the lines; a single one is a line of its own, and all of them need no telling.
  #shade() {
    const { view } = this.chart;
    const span = spanOf(this.finding, this.last);
    this.shade.hidden = !view || !span || !view.lines.length;
    if (!view || !span) return;
    const { plot, scale } = view;
    const within = (/** @type {number} */ px) => Math.min(plot.right, Math.max(plot.left, px));
    const [from, to] = [within(scale.x(span[0])), within(scale.x(span[1]))];
    if (to - from > plot.right - plot.left - 2) this.shade.hidden = true;
    Object.assign(this.shade.style, {
      left: `${Math.round(from) - (to - from < 2 ? 1 : 0)}px`,
      width: `${Math.max(2, Math.round(to - from))}px`,
      top: `${plot.top}px`,
      height: `${plot.bottom + view.rail - plot.top}px`,
    });
  }
}
