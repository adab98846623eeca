// The frame of a graph and what is in it: the picture, where one looks at it from, its details, its search.
import * as format from "../../text/format.js";
import * as state from "../../core/state.js";
import { part } from "../../ui/dom.js";
import { Camera } from "./camera.js";
import { Drawing } from "./draw.js";
import { nameOf } from "./draw_box.js";
import { FRAME } from "./frame.js";
import { Panel } from "./panel.js";
import { compose } from "./place.js";
import { Search } from "./search.js";
import { Trace } from "./trace.js";

/**
 * @typedef {import("./place.js").Scene} Scene
 * @typedef {import("./model.js").GraphModel} GraphModel
 * @typedef {import("./panel.js").Act & {
 *   search(text: string): Promise<import("./model.js").Hits>, go(hit: import("./model.js").Hit): void,
 * }} Act what its parts ask of the page
 * @typedef {{ anchor?: number | null, moving?: boolean, first?: boolean, show?: number | null }} How to draw. anchor:
 *   the box that stays where it is on the screen; show: the one to look at
 */

/** @returns {import("./trace.js").Found} */
const nothing = () => ({ items: new Set(), edges: new Set(), ghosts: new Set() });

export class Stage {
  /**
   * @param {HTMLElement} view
   * @param {Act} act
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, act, scope) {
    this.view = view;
    this.scope = scope;
    this.noting = 0; // a timer
    view.innerHTML = FRAME; // constant text of ours; what comes from a graph is set as text
    this.canvas = part(view, ".graph-canvas", HTMLElement);
    this.svg = part(view, ".graph-svg", SVGSVGElement);
    /** @type {Scene | null} */
    this.scene = null; // what is drawn
    /** @type {Trace | null} */
    this.tracing = null; // of it
    this.drawing = new Drawing(this.svg, scope);
    this.camera = new Camera(this.svg, this.drawing.world, part(view, ".graph-map", HTMLCanvasElement), () => {});
    this.details = part(view, "#graph-panel", HTMLElement);
    this.panel = new Panel(this.details, act);
    this.search = new Search(
      part(view, "#graph-search", HTMLInputElement),
      part(view, "#graph-hits", HTMLElement),
      act.search,
      (hit) => {
        this.canvas.focus({ preventScroll: true }); // arrow keys go on from what was found
        act.go(hit);
      },
      scope,
    );
    part(view, "#graph-panel-toggle", HTMLElement).addEventListener("click", () => {
      const shown = Boolean(this.details.hidden);
      this.#showPanel(shown);
      state.local.set("graph.panel", shown);
    });
    part(view, ".graph-zoom", HTMLElement).addEventListener("click", (event) => {
      /** @type {HTMLElement | null} */
      const button = /** @type {Element} */ (event.target).closest("[data-zoom]");
      const asked = button?.dataset.zoom;
      if (asked === "fit") this.camera.fit();
      else if (asked) this.camera.zoom(asked === "in" ? 1.25 : 0.8);
    });
    this.#showPanel(state.local.get("graph.panel", true) !== false && view.clientWidth >= 620);
    scope.observer(new ResizeObserver(() => this.camera.drawMap())).observe(this.canvas);
  }

  /** @param {boolean} shown */
  #showPanel(shown) {
    this.details.hidden = !shown;
    part(this.view, "#graph-panel-toggle", HTMLElement).setAttribute("aria-expanded", String(shown));
  }

  /**
   * Draws what is open; gives what is seen.
   * @param {GraphModel} model
   * @param {How} how
   */
  draw(model, { anchor = null, moving = true, first = false, show = null }) {
    const { camera } = this;
    const before = anchor === null ? null : this.scene?.byId.get(anchor);
    const scene = compose(model);
    const { x, y } = camera;
    this.scene = camera.scene = scene;
    this.tracing = new Trace(scene);
    const after = anchor === null ? null : scene.byId.get(anchor);
    const shift = before && after ? [(before.x - after.x) * camera.k, (before.y - after.y) * camera.k] : null;
    this.drawing.show(scene, model.words, {
      moving: moving && !first && !show,
      onFrame: (share) => {
        if (shift) camera.set(x + shift[0] * share, y + shift[1] * share);
      },
    });
    this.svg.setAttribute("aria-label", `Graph of ${model.run}, ${format.plural(model.about.nodes, "node")}`);
    const shown = show === null ? null : scene.byId.get(show);
    if (first) camera.fit(scene, true);
    else if (shown) camera.centre(shown);
    else if (!shift) camera.set(x, y);
    return scene;
  }

  /**
   * Lights what an item reads and what reads it; nothing when null, but the neighbours of what is selected.
   * @param {number | null} id
   * @param {number | null} selected
   */
  trace(id, selected) {
    const { tracing, scene } = this;
    const hovered = id !== null && Boolean(scene?.byId.has(id));
    const about = hovered ? id : selected;
    const follow = (/** @type {boolean} */ down) =>
      about === null || !tracing ? nothing() : tracing.follow(about, down, !hovered);
    const inputs = follow(false);
    const outputs = follow(true);
    this.svg.classList.toggle("is-tracing", hovered);
    for (const [key, { g, back, box }] of this.drawing.boxes) {
      g.classList.toggle("is-focus", key === about);
      g.classList.toggle("is-selected", key === selected);
      back?.classList.toggle("is-selected", key === selected);
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

  // Says what is selected, and with how many others it is joined.
  /** @param {number | null} selected */
  tell(selected) {
    const { scene, tracing } = this;
    const box = selected === null ? null : scene?.byId.get(selected);
    if (!box || !tracing) {
      this.canvas.removeAttribute("aria-activedescendant");
      return;
    }
    this.canvas.setAttribute("aria-activedescendant", `graph-box-${box.id}`);
    const count = (/** @type {boolean} */ down) => tracing.follow(box.id, down, true).items.size;
    this.say(`${nameOf(box)}; reads ${count(false)}, read by ${count(true)}`);
  }

  /** @param {string} text that is shown for a while */
  note(text) {
    const element = part(this.view, ".graph-note", HTMLElement);
    element.textContent = text;
    element.hidden = false;
    this.scope.clearTimeout(this.noting);
    this.noting = this.scope.setTimeout(() => {
      element.hidden = true;
    }, 8000);
  }

  /** @param {string} text to those who do not see the picture */
  say(text) {
    part(this.view, "#graph-said", HTMLElement).textContent = text;
  }
}
