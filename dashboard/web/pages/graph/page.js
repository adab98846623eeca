// The page of the computational graph: what is told of runs goes to the visit that draws it.
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { GraphVisit } from "./visit.js";

const SKELETON = `<div class="graph-skeleton">${'<i class="skeleton"></i>'.repeat(5)}</div>`;

// Runs that have logged a graph, the newest first.
const withGraph = () => runs.all().filter((run) => run.series.graph?.length);

export class GraphPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    view.innerHTML = SKELETON;
    const visit = new GraphVisit(view, scope, withGraph);
    this.visit = visit;
    scope.on(runs, runs.CHANGES, ({ kind }) => {
      if (kind === "runs" || kind === "visible") visit.update();
    });
    scope.on(live, "changed", ({ run, what }) => {
      if (what.includes("graph")) visit.changed(run);
      if (what.includes("marks")) visit.marked(run);
      if (what.includes("profile")) visit.profiled(run);
    });
    scope.on(live, "restart", () => visit.changed());
    scope.on(document, "themechange", () => visit.recolour());
    visit.update();
  }

  isReady() {
    return this.visit.isReady;
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new GraphPage(view, scope);
