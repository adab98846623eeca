// One visit to the graph page: which graph, what is open in it, what is selected; the parts do the rest.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { emptyPage } from "../../ui/empty.js";
import { css } from "../../charts/palette.js";
import { Camera } from "./camera.js";
import { Colouring } from "./colouring.js";
import { Drawing } from "./draw.js";
import { nameOf } from "./draw_box.js";
import { asFile, save } from "./export.js";
import { FRAME, message } from "./frame.js";
import { listen } from "./input.js";
import { GraphModel } from "./model.js";
import { Panel } from "./panel.js";
import { compose } from "./place.js";
import { Search } from "./search.js";
import { Trace } from "./trace.js";

export class GraphVisit {
  // withGraph: the runs to choose from. early: the overview of a run that was asked for before this part had come,
  // { run, about } with a promise.
  constructor(view, scope, withGraph, early) {
    Object.assign(this, { view, scope, withGraph, early });
    this.built = scope.child(); // while there is a graph
    this.model = null;
    this.chosen = null; // the run the user picked
    this.noting = 0; // a timer
    this.touched = false; // whether the user has done anything to this graph
    this.selected = null;
    this.isReady = false;
    this.asked = 0;
    this.colouring = new Colouring(this, scope);
  }

  // --- which graph -----------------------------------------------------------------------------------------

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
  profiled(run) {
    if (this.model?.run === run) this.colouring.lookForTimes(true);
  }

  marked(run) {
    this.colouring.marked(run);
  }

  changed(run) {
    if (this.model && (run === undefined || run === this.model.run))
      this.#load(this.model.run, this.model.about.tag, true);
  }

  #nothing(hidden) {
    this.#clear();
    this.isReady = true;
    if (!hidden) {
      this.view.replaceChildren(emptyPage("graph"));
      return;
    }
    const words = `${format.plural(hidden, "run")} with a graph ${hidden === 1 ? "is" : "are"} switched off or filtered out in the list of runs.`;
    const box = message("Every run with a graph is hidden", words);
    const button = box.appendChild(
      Object.assign(document.createElement("button"), { className: "button", textContent: "Show all runs" }),
    );
    button.addEventListener("click", () => {
      state.set("runs", "");
      state.set("off", []);
      document.getElementById("run-search").value = "";
    });
    this.view.replaceChildren(box);
  }

  #clear() {
    this.model = null;
    this.drawing = null;
    this.asked += 1; // what is on its way is not wanted any more
    this.built.leave();
  }

  async #load(run, tag = null, again = false) {
    const asked = ++this.asked;
    let model;
    try {
      const early = this.early?.run === run && !tag ? this.early : null;
      this.early = null;
      model = early
        ? new GraphModel(run, await early.about)
        : await GraphModel.load(run, tag, again && this.touched ? this.model.opened() : []);
    } catch (error) {
      if (asked === this.asked && !this.scope.isOver) this.#failed(run, error);
      return;
    }
    if (asked !== this.asked || this.scope.isOver) return;
    const same = again && this.model?.about.hash === model.about.hash;
    if (same) return;
    const selected = again && this.selected !== null ? this.model.way(this.selected).join("/") : null;
    if (!again) this.touched = false;
    this.model = model;
    this.selected =
      selected === null ? null : ([...model.items.keys()].find((id) => model.way(id).join("/") === selected) ?? null);
    this.colouring.watchRun(run);
    if (!this.drawing) this.#build();
    this.colouring.offer();
    this.#choices();
    this.search.clear();
    this.draw({ first: !again, moving: again });
    this.#showDetails();
    if (!model.about.nodes) this.note("This graph has no nodes.");
    this.isReady = true;
    // Once the picture stands: to read a profile keeps a core busy (measured with 50,000 events: 200 ms of the first paint).
    const { scope } = this;
    scope.requestAnimationFrame(() =>
      scope.requestAnimationFrame(() =>
        scope.setTimeout(() => {
          if (asked === this.asked) this.colouring.lookForTimes();
        }),
      ),
    );
  }

  #failed(run, error) {
    this.isReady = true;
    if (this.drawing) {
      this.note(`The graph of ${run} could not be read: ${error.message}`);
      return;
    }
    this.view.replaceChildren(message("The graph could not be read", error.message));
  }

  #choices() {
    const { run, about } = this.model;
    fill(
      this.part("#graph-run"),
      this.choices.map((each) => each.name),
      run,
    );
    const tags = this.part("#graph-tag");
    fill(tags, about.tags, about.tag);
    tags.parentElement.hidden = about.tags.length < 2;
  }

  // --- the frame -------------------------------------------------------------------------------------------

  part(selector) {
    return this.view.querySelector(selector);
  }

  #build() {
    this.view.innerHTML = FRAME; // constant text of ours; what comes from a graph is set as text
    this.canvas = this.part(".graph-canvas");
    this.svg = this.part(".graph-svg");
    this.built.leave();
    this.built = this.scope.child();
    this.drawing = new Drawing(this.svg, this.built);
    this.camera = new Camera(this.svg, this.drawing.world, this.part(".graph-map"), () => {});
    this.panel = new Panel(this.part("#graph-panel"), {
      select: (id) => this.reach(id),
      toggle: (id) => this.toggle(id),
      spread: (id) => this.spread(id),
    });
    this.search = new Search(
      this.part("#graph-search"),
      this.part("#graph-hits"),
      (text) => this.model.search(text),
      (hit) => {
        this.canvas.focus({ preventScroll: true }); // arrow keys go on from what was found
        this.go(hit.up, hit.id);
      },
      this.built,
    );
    this.part("#graph-run").addEventListener("change", (event) => {
      this.chosen = event.target.value;
      this.#load(this.chosen);
    });
    this.part("#graph-tag").addEventListener("change", (event) => this.#load(this.model.run, event.target.value));
    this.part("#graph-export").addEventListener("click", () =>
      save(asFile(this.svg, this.scene, css("--page")), `${this.model.run.replaceAll("/", "_")}-graph.svg`),
    );
    this.part("#graph-panel-toggle").addEventListener("click", () => {
      const shown = this.part("#graph-panel").hidden;
      this.#showPanel(shown);
      state.local.set("graph.panel", shown);
    });
    this.part(".graph-zoom").addEventListener("click", (event) => {
      const act = event.target.closest("[data-zoom]")?.dataset.zoom;
      if (act === "fit") this.camera.fit();
      else if (act) this.camera.zoom(act === "in" ? 1.25 : 0.8);
    });
    this.colouring.begin(this.canvas, (path) => this.#find(path));
    listen(this, this.built);
    this.#showPanel(state.local.get("graph.panel", true) !== false && this.view.clientWidth >= 620);
    this.built.observer(new ResizeObserver(() => this.camera.drawMap())).observe(this.canvas);
  }

  #showPanel(shown) {
    this.part("#graph-panel").hidden = !shown;
    this.part("#graph-panel-toggle").setAttribute("aria-expanded", String(shown));
  }

  // Shows the item of a path, or the scope nearest to it.
  async #find(path) {
    const parts = path.split("/");
    try {
      for (let length = parts.length; length; length--) {
        const wanted = parts.slice(0, length).join("/");
        const hit = (await this.model.search(wanted)).found.find(({ name }) => name === wanted);
        if (hit) {
          await this.go(hit.up, hit.id);
          return;
        }
      }
    } catch (error) {
      this.note(`It could not be shown: ${error.message}`);
    }
  }

  // --- what is seen ----------------------------------------------------------------------------------------

  // Draws what is open. `anchor`: the box that stays where it is on the screen.
  draw({ anchor = null, moving = true, first = false, show = null } = {}) {
    const before = anchor === null ? null : this.scene?.byId.get(anchor);
    const scene = compose(this.model);
    const { x, y } = this.camera;
    this.scene = this.camera.scene = scene;
    this.tracing = new Trace(scene);
    const after = before && scene.byId.get(anchor);
    const shift = after ? [(before.x - after.x) * this.camera.k, (before.y - after.y) * this.camera.k] : null;
    this.drawing.show(scene, this.model.words, {
      moving: moving && !first && !show,
      onFrame: (share) => {
        if (shift) this.camera.set(x + shift[0] * share, y + shift[1] * share);
      },
    });
    this.svg.setAttribute("aria-label", `Graph of ${this.model.run}, ${format.plural(this.model.about.nodes, "node")}`);
    if (first) this.camera.fit(scene, true);
    else if (show !== null && scene.byId.has(show)) this.camera.centre(scene.byId.get(show));
    else if (!shift) this.camera.set(x, y);
    if (this.selected !== null && !scene.byId.has(this.selected)) this.selected = null;
    this.recolour();
    this.trace(null);
    this.panel.outline(this.model, this.selected);
  }

  recolour() {
    this.colouring.paint();
  }

  // Lights what an item reads and what reads it; nothing when null, but the neighbours of what is selected.
  trace(id) {
    const hovered = id !== null && this.scene?.byId.has(id);
    const about = hovered ? id : this.selected;
    const none = { items: new Set(), edges: new Set(), ghosts: new Set() };
    const inputs = about === null ? none : this.tracing.follow(about, false, !hovered);
    const outputs = about === null ? none : this.tracing.follow(about, true, !hovered);
    this.svg.classList.toggle("is-tracing", Boolean(hovered));
    for (const [key, { g, back, box }] of this.drawing.boxes) {
      g.classList.toggle("is-focus", key === about);
      g.classList.toggle("is-selected", key === this.selected);
      back?.classList.toggle("is-selected", key === this.selected);
      g.classList.toggle("is-traced-in", inputs.items.has(key));
      g.classList.toggle("is-traced-out", outputs.items.has(key));
      if (box.open) g.classList.toggle("is-focus", true);
    }
    for (const [key, { path, label }] of this.drawing.edges) {
      for (const element of [path, label]) {
        element?.classList.toggle("is-input", inputs.edges.has(key));
        element?.classList.toggle("is-output", outputs.edges.has(key));
      }
    }
    this.drawing.ghosts([
      ...[...inputs.ghosts].map((ghost) => ({ ghost, kind: "input" })),
      ...[...outputs.ghosts].map((ghost) => ({ ghost, kind: "output" })),
    ]);
  }

  // --- what the user does ----------------------------------------------------------------------------------

  select(id) {
    if (id !== null) this.touched = true;
    this.selected = id;
    this.trace(null);
    this.#showDetails();
    this.panel.outline(this.model, id);
    this.#say();
  }

  #showDetails() {
    if (this.selected === null) this.panel.showWhole(this.model);
    else this.panel.show(this.model, this.selected);
  }

  #say() {
    const box = this.scene.byId.get(this.selected);
    if (!box) {
      this.canvas.removeAttribute("aria-activedescendant");
      return;
    }
    this.canvas.setAttribute("aria-activedescendant", `graph-box-${box.id}`);
    const count = (down) => this.tracing.follow(box.id, down, true).items.size;
    this.part("#graph-said").textContent = `${nameOf(box)}; reads ${count(false)}, read by ${count(true)}`;
  }

  // Opens or closes a scope.
  async toggle(id) {
    if (!this.model.canOpen(id)) return;
    if (this.model.content(id)) {
      this.model.hide(id);
      this.#opened(id);
      return;
    }
    await this.#open(id, this.model.usualForm(id));
  }

  // Of a fold: all its members instead of one, or one again.
  async spread(id) {
    await this.#open(id, this.model.open.get(id) === "spread" && this.model.content(id) ? "one" : "spread");
  }

  async #open(id, form) {
    const { model } = this;
    try {
      await model.show([[id, form]]);
    } catch (error) {
      this.note(`${model.items.get(id).label} could not be opened: ${error.message}`);
      return;
    }
    if (model === this.model && !this.scope.isOver) this.#opened(id);
  }

  #opened(id) {
    this.touched = true;
    this.draw({ anchor: id });
    if (this.selected !== null) this.#showDetails();
    this.part("#graph-said").textContent =
      `${this.model.items.get(id).label} ${this.model.content(id) ? "opened" : "closed"}`;
  }

  // Shows an item wherever it is: opens what it lies in, and looks at it.
  async go(up, id) {
    const { model } = this;
    try {
      await model.show(up);
    } catch (error) {
      this.note(`It could not be shown: ${error.message}`);
      return;
    }
    if (model !== this.model || this.scope.isOver) return;
    this.touched = true;
    this.selected = id;
    this.draw({ show: id });
    this.#showDetails();
    this.#say();
  }

  async reach(id) {
    if (this.scene.byId.has(id)) {
      this.select(id);
      this.camera.centre(this.scene.byId.get(id), false);
      return;
    }
    try {
      const { up } = await this.model.details(id);
      await this.go(up, id);
    } catch (error) {
      this.note(`It could not be shown: ${error.message}`);
    }
  }

  note(text) {
    if (this.scope.isOver) return;
    const element = this.part(".graph-note");
    element.textContent = text;
    element.hidden = false;
    this.scope.clearTimeout(this.noting);
    this.noting = this.scope.setTimeout(() => {
      element.hidden = true;
    }, 8000);
  }
}

function fill(select, names, chosen) {
  if (select.options.length !== names.length || names.some((name, i) => select.options[i].value !== name)) {
    select.replaceChildren(
      ...names.map((name) => Object.assign(document.createElement("option"), { value: name, textContent: name })),
    );
  }
  select.value = chosen;
}
