// The page of the computational graph. Asks for the graph at once; what draws it is loaded meanwhile.
import * as api from "../../core/api.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";

// All parts at once, and not each when another has turned out to need it: that took three rounds, beside a server
// that is busy reading the graph (measured: 120 ms of the first paint of ten thousand nodes).
const parts = Promise.all([
  import("./visit.js"),
  import("./layout.js"),
  import("./coordinates.js"),
  import("./lines.js"),
  import("./order.js"),
  import("./box.js"),
  import("./place.js"),
  import("./model.js"),
  import("./draw.js"),
  import("./draw_box.js"),
  import("./svg.js"),
  import("./trace.js"),
  import("./panel.js"),
  import("./camera.js"),
  import("./colour.js"),
  import("./colouring.js"),
  import("./input.js"),
  import("./time.js"),
  import("./search.js"),
  import("./stage.js"),
  import("./choices.js"),
  import("./export.js"),
  import("./legend.js"),
  import("./frame.js"),
]);
const SKELETON = `<div class="graph-skeleton">${'<i class="skeleton"></i>'.repeat(5)}</div>`;

// Runs that have logged a graph, the newest first.
const withGraph = () => runs.all().filter((run) => run.series.graph?.length);

export class GraphPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {any} */
    this.visit = null; // what is there, once its parts have come
    /** @type {{ run: string, about: Promise<any> } | null} */
    this.early = null; // what was asked for before that
    this.#listen(scope);
    view.innerHTML = SKELETON;
    this.#askEarly();
    this.#begin();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, runs.CHANGES, ({ kind }) => {
      if (!this.visit) this.#askEarly();
      else if (kind === "runs" || kind === "visible") this.visit.update();
    });
    scope.on(live, "changed", ({ run, what }) => {
      if (what.includes("graph")) this.visit?.changed(run);
      if (what.includes("marks")) this.visit?.marked(run);
      if (what.includes("profile")) this.visit?.profiled(run);
    });
    scope.on(live, "restart", () => this.visit?.changed());
    scope.on(document, "themechange", () => this.visit?.recolour());
  }

  async #begin() {
    const [{ GraphVisit }] = await parts;
    if (this.scope.isOver) return;
    this.visit = new GraphVisit(this.view, this.scope, withGraph, this.early);
    this.visit.update();
  }

  #askEarly() {
    const run = runs.loaded && withGraph().find(({ name }) => runs.isVisible(name))?.name;
    if (!run || this.early) return;
    const about = api.json("graph/overview", { run });
    about.catch(() => {}); // told by the visit, which awaits it
    this.early = { run, about };
  }

  isReady() {
    return Boolean(this.visit?.isReady);
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new GraphPage(view, scope);
