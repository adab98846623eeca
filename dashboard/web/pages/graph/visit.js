// One visit to the graph page: which graph, what is open in it, what is selected; the parts do the rest.
import * as runs from "../../core/runs.js";
import { part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { css } from "../../charts/palette.js";
import { Colouring } from "./colouring.js";
import { asFile, save } from "./export.js";
import { message } from "./frame.js";
import { Choices, allHidden } from "./choices.js";
import { listen } from "./input.js";
import { GraphModel } from "./model.js";
import { Stage } from "./stage.js";
import { Target } from "./target.js";

/**
 * @typedef {import("../../core/runs.js").Run} Run
 * @typedef {[number, import("./model.js").Form][]} Up scopes to be opened, the outer ones first
 */

/** @param {unknown} error */
const said = (error) => /** @type {Error} */ (error).message;

export class GraphVisit {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {() => Run[]} withGraph the runs to choose from
   */
  constructor(view, scope, withGraph) {
    this.view = view;
    this.scope = scope;
    this.withGraph = withGraph;
    /** @type {Run[]} */
    this.choices = []; // those with a graph that are visible
    this.built = scope.child(); // while there is a graph
    /** @type {GraphModel | null} */
    this.model = null;
    /** @type {Choices | null} */
    this.choice = null; // of another, while there is one
    /** @type {Stage | null} */
    this.stage = null; // of the graph, while there is one
    /** @type {string | null} */
    this.chosen = null; // the run the user picked
    this.touched = false; // whether the user has done anything to this graph
    /** @type {number | null} */
    this.selected = null;
    this.isReady = false;
    this.asked = 0;
    this.colouring = new Colouring(this, scope);
    this.target = new Target(this, scope);
  }

  update() {
    if (!runs.loaded) return;
    const all = this.withGraph();
    const visible = all.filter((run) => runs.isVisible(run.name));
    this.choices = visible;
    if (!visible.length) {
      this.#nothing(all.length);
      return;
    }
    const wanted =
      visible.find((run) => run.name === this.chosen) ||
      (this.touched && visible.find((run) => run.name === this.model?.run)) ||
      visible[0];
    if (wanted.name !== this.model?.run) this.#load(wanted.name);
    else {
      this.#choices();
      this.colouring.lookForTimes();
    }
  }

  // A profile was logged: it may be a newer one of nodes of this graph.
  /** @param {string} run */
  profiled(run) {
    if (this.model?.run === run) this.colouring.lookForTimes(true);
  }

  /** @param {string} run */
  marked(run) {
    this.colouring.marked(run);
  }

  /** @param {string} [run] any, when it is left out */
  changed(run) {
    if (this.model && (run === undefined || run === this.model.run))
      this.#load(this.model.run, this.model.about.tag, true);
  }

  /** @param {number} hidden how many runs have a graph */
  #nothing(hidden) {
    this.#clear();
    this.isReady = true;
    if (!hidden) {
      this.view.replaceChildren(emptyPage("graph"));
      return;
    }
    this.view.replaceChildren(allHidden(hidden));
  }

  #clear() {
    this.model = null;
    this.stage = null;
    this.asked += 1; // what is on its way is not wanted any more
    this.built.leave();
  }

  /**
   * @param {string} run
   * @param {string | null} [tag]
   * @param {boolean} [again]
   */
  async #load(run, tag = null, again = false) {
    const asked = ++this.asked;
    let model;
    try {
      model = await GraphModel.load(run, tag, again && this.touched ? this.model?.opened() : []);
    } catch (error) {
      if (asked === this.asked && !this.scope.isOver) this.#failed(run, error);
      return;
    }
    if (asked !== this.asked || this.scope.isOver) return;
    const same = again && this.model?.about.hash === model.about.hash;
    if (same) return;
    const selected = again && this.selected !== null ? (this.model?.way(this.selected).join("/") ?? null) : null;
    if (!again) this.touched = false;
    this.model = model;
    this.selected =
      selected === null ? null : ([...model.items.keys()].find((id) => model.way(id).join("/") === selected) ?? null);
    this.colouring.watchRun(run);
    this.stage ??= this.#build();
    this.colouring.offer();
    this.#choices();
    this.stage.search.clear();
    this.draw({ first: !again, moving: again });
    this.#showDetails();
    if (!model.about.nodes) this.note("This graph has no nodes.");
    await this.target.reach(run);
    if (asked !== this.asked || this.scope.isOver) return;
    this.isReady = true;
    // Once the picture stands: to read a profile keeps a core busy (measured with 50,000 events: 200 ms of the first
    // paint).
    const { scope } = this;
    scope.requestAnimationFrame(() =>
      scope.requestAnimationFrame(() =>
        scope.setTimeout(() => {
          if (asked === this.asked) this.colouring.lookForTimes();
        }),
      ),
    );
  }

  /**
   * @param {string} run
   * @param {unknown} error
   */
  #failed(run, error) {
    this.isReady = true;
    if (this.stage) {
      this.note(`The graph of ${run} could not be read: ${said(error)}`);
      return;
    }
    this.view.replaceChildren(message("The graph could not be read", said(error)));
  }

  #choices() {
    if (this.model) this.choice?.show(this.choices, this.model);
  }

  /** @param {string} selector */
  part(selector) {
    return part(this.view, selector, HTMLElement);
  }

  #build() {
    this.built.leave();
    this.built = this.scope.child();
    const stage = new Stage(
      this.view,
      {
        select: (id) => this.reach(id),
        toggle: (id) => this.toggle(id),
        spread: (id) => this.spread(id),
        search: async (text) => (await this.model?.search(text)) ?? { total: 0, found: [] },
        go: (hit) => {
          this.target.leave();
          this.go(hit.up, hit.id);
        },
      },
      this.built,
    );
    this.choice = new Choices(this.view, (run, tag) => {
      if (tag === null) this.chosen = run;
      this.#load(run, tag);
    });
    this.part("#graph-export").addEventListener("click", () => {
      if (!stage.scene || !this.model) return;
      save(asFile(stage.svg, stage.scene, css("--page")), `${this.model.run.replaceAll("/", "_")}-graph.svg`);
    });
    this.colouring.begin(stage.canvas, (path) => this.target.find(path));
    listen(this, stage, this.built);
    return stage;
  }

  /**
   * Draws what is open.
   * @param {import("./stage.js").How} [how]
   */
  draw(how = {}) {
    const { model, stage } = this;
    if (!model || !stage) return;
    const scene = stage.draw(model, how);
    if (this.selected !== null && !scene.byId.has(this.selected)) this.selected = null;
    this.recolour();
    this.trace(null);
    stage.panel.outline(model, this.selected);
  }

  recolour() {
    this.colouring.paint();
  }

  /** @param {number | null} id */
  trace(id) {
    this.stage?.trace(id, this.selected);
  }

  /** @param {number | null} id */
  select(id) {
    if (id !== null) this.touched = true;
    this.selected = id;
    this.trace(null);
    this.#showDetails();
    if (this.model) this.stage?.panel.outline(this.model, id);
    this.#say();
  }

  #showDetails() {
    const { model, stage } = this;
    if (!model || !stage) return;
    if (this.selected === null) stage.panel.showWhole(model);
    else stage.panel.show(model, this.selected);
  }

  #say() {
    this.stage?.tell(this.selected);
  }

  // Opens or closes a scope.
  /** @param {number} id */
  async toggle(id) {
    const { model } = this;
    if (!model?.canOpen(id)) return;
    if (model.content(id)) {
      model.hide(id);
      this.#opened(id);
      return;
    }
    await this.#open(id, model.usualForm(id));
  }

  // Of a fold: all its members instead of one, or one again.
  /** @param {number} id */
  async spread(id) {
    if (!this.model) return;
    await this.#open(id, this.model.open.get(id) === "spread" && this.model.content(id) ? "one" : "spread");
  }

  /**
   * @param {number} id
   * @param {import("./model.js").Form} form
   */
  async #open(id, form) {
    const { model } = this;
    if (!model) return;
    try {
      await model.show([[id, form]]);
    } catch (error) {
      this.note(`${model.items.get(id)?.label} could not be opened: ${said(error)}`);
      return;
    }
    if (model === this.model && !this.scope.isOver) this.#opened(id);
  }

  /** @param {number} id */
  #opened(id) {
    const { model } = this;
    this.touched = true;
    this.draw({ anchor: id });
    if (this.selected !== null) this.#showDetails();
    this.stage?.say(`${model?.items.get(id)?.label} ${model?.content(id) ? "opened" : "closed"}`);
  }

  // Shows an item wherever it is: opens what it lies in, and looks at it.
  /**
   * @param {Up} up
   * @param {number} id
   */
  async go(up, id) {
    const { model } = this;
    if (!model) return;
    try {
      await model.show(up);
    } catch (error) {
      this.note(`It could not be shown: ${said(error)}`);
      return;
    }
    if (model !== this.model || this.scope.isOver) return;
    this.touched = true;
    this.selected = id;
    this.draw({ show: id });
    this.#showDetails();
    this.#say();
  }

  /** @param {number} id */
  async reach(id) {
    const { model, stage } = this;
    if (!model || !stage) return;
    this.target.leave();
    const box = stage.scene?.byId.get(id);
    if (box) {
      this.select(id);
      stage.camera.centre(box, false);
      return;
    }
    try {
      const { up } = await model.details(id);
      await this.go(up, id);
    } catch (error) {
      this.note(`It could not be shown: ${said(error)}`);
    }
  }

  /** @param {string} text */
  note(text) {
    if (!this.scope.isOver) this.stage?.note(text);
  }
}
