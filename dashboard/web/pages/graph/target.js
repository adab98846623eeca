// The node that an address, or another page, leads to: shown and selected once the graph of its run is there.
import * as state from "../../core/state.js";

export class Target {
  /**
   * @param {import("./visit.js").GraphVisit} visit
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(visit, scope) {
    this.visit = visit;
    /** @type {{ run: string, path: string } | null} */
    this.wanted = null; // until it is shown
    scope.on(state, "target", () => this.#take());
    this.#take();
  }

  #take() {
    const [page, run, path = ""] = state.get("target");
    this.wanted = page === "graph" && run ? { run, path } : null;
    if (!this.wanted) return;
    const { visit } = this;
    visit.chosen = run;
    if (visit.model?.run === run) this.reach(run);
    else if (visit.stage) visit.update();
  }

  /**
   * The graph of a run is there.
   * @param {string} run
   */
  async reach(run) {
    if (this.wanted?.run !== run) return;
    const { path } = this.wanted;
    this.wanted = null;
    if (path) await this.find(path);
  }

  // Shows the item of a path, or the scope nearest to it.
  /** @param {string} path */
  async find(path) {
    const { visit } = this;
    try {
      const hit = await visit.model?.nearest(path);
      if (hit) await visit.go(hit.up, hit.id);
      else visit.note(`This graph has no ${path}.`);
    } catch (error) {
      visit.note(`It could not be shown: ${/** @type {Error} */ (error).message}`);
    }
  }

  // The user looks at something else.
  leave() {
    this.wanted = null;
    if (state.get("target")[0] === "graph") state.set("target", []);
  }
}
