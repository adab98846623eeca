// The page of layouts: charts that a run's author put together, of several tags each, as lines or as a band.
import * as api from "../../core/api.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { LayoutChart } from "./chart.js";
import { touches } from "../../core/news.js";
import { dictionary } from "../../core/dictionary.js";
import { emptyPage } from "../../ui/empty.js";

const REFRESH_MS = 500;

export class LayoutsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {LayoutChart[]} */
    this.charts = [];
    this.built = scope.child(); // of the charts that there are
    this.said = ""; // what the charts were made of, as JSON
    this.ready = false;
    this.timer = 0;
    this.#listen(scope);
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, ["runs", "visible"], () => this.soon());
    scope.on(live, "changed", (change) => {
      if (touches(change, "layout")) this.soon();
    });
    scope.on(live, "restart", () => this.soon());
    scope.on(document, "themechange", () => {
      for (const chart of this.charts) {
        chart.draw();
        chart.drawLegend();
      }
    });
  }

  // The newest layout of each shown run; two that say the same are one.
  async arrange() {
    const having = runs.all().filter((run) => run.series.layout?.length);
    if (!having.length) {
      this.ready = runs.loaded;
      this.view.replaceChildren(runs.loaded ? emptyPage("layouts") : "");
      return;
    }
    const found = await Promise.all(
      having
        .slice(0, 20)
        .flatMap((run) => run.series.layout.map((tag) => api.json("layout", { run: run.name, tag }).catch(() => null))),
    );
    if (this.scope.isOver) return;
    const text = JSON.stringify(found);
    if (text !== this.said || !this.view.childElementCount) {
      this.said = text;
      this.charts = [];
      this.built.leave();
      this.built = this.scope.child();
      const whole = dictionary();
      for (const each of found)
        for (const [category, titled] of Object.entries(each?.charts ?? {}))
          whole[category] = Object.assign(whole[category] ?? dictionary(), titled);
      this.view.replaceChildren(
        ...Object.entries(whole).map(([category, titled]) => {
          const section = Object.assign(document.createElement("section"), { className: "layout-group" });
          section.append(Object.assign(document.createElement("h3"), { textContent: category }));
          const grid = section.appendChild(Object.assign(document.createElement("div"), { className: "layout-grid" }));
          for (const [title, [kind, tags]] of Object.entries(titled)) {
            const chart = new LayoutChart(title, kind, tags, this.built);
            this.charts.push(chart);
            grid.append(chart.element);
          }
          return section;
        }),
      );
    }
    this.scope.watch(this.charts.flatMap((chart) => chart.tags()));
    const { charts } = this; // others may be built while their curves come
    await Promise.all(charts.map((chart) => chart.load()));
    if (this.scope.isOver) return;
    for (const chart of charts) chart.show();
    this.ready = true;
  }

  soon() {
    this.timer ||= this.scope.setTimeout(() => {
      this.timer = 0;
      this.arrange();
    }, REFRESH_MS);
  }

  isReady() {
    return this.ready;
  }

  // For automation: what is drawn now.
  drawn() {
    return dictionary(
      this.charts.map((chart) => [
        chart.title,
        {
          kind: chart.kind,
          lines: chart.lines.map((line) => [line.run, line.tag, line.curve.length]),
          legend: [...chart.legend.children].map((item) => item.textContent),
          bands: chart.kind === "Margin" ? chart.bands().filter((band) => band.low && band.high).length : 0,
        },
      ]),
    );
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new LayoutsPage(view, scope);
