// The page of meshes: surfaces and clouds of points of runs side by side, one camera for all, a slider of steps each.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { Camera } from "../../gl/camera.js";
import { Surface } from "../../gl/surface.js";
import { colour, css } from "../../charts/palette.js";
import { touches } from "../../core/news.js";
import { part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";

const AT_ONCE = 9; // views: a browser has room for sixteen
const REFRESH_MS = 300;

const PANEL =
  '<div class="mesh-head"><h3></h3><span><i class="dot"></i><span></span></span></div><canvas></canvas>' +
  '<div class="mesh-steps"><input type="range" min="0" step="1"><output></output></div>';

class Panel {
  /**
   * @param {string} tag
   * @param {string} run
   * @param {Camera} camera
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(tag, run, camera, scope) {
    this.tag = tag;
    this.run = run;
    this.camera = camera;
    this.scope = scope;
    /** @type {number | null} */
    this.at = null;
    /** @type {number[]} */
    this.steps = [];
    this.busy = false;
    this.stale = false; // asked for while an answer was under way
    this.loaded = false;
    /** @type {number | null} */
    this.timer = null;
    /** @type {any} */
    this.head = null; // of the last answer
    /** @type {{ vertices: Float64Array, faces: Float64Array | null, colors: Float64Array | null } | null} */
    this.parts = null;
    const element = Object.assign(document.createElement("article"), { className: "mesh-panel" });
    element.setAttribute("aria-label", `${tag} of ${run}`);
    element.innerHTML = PANEL;
    part(element, "h3", HTMLElement).textContent = tag;
    part(element, ".mesh-head span span", HTMLElement).textContent = run;
    const slider = part(element, "input", HTMLInputElement);
    slider.setAttribute("aria-label", `Step of ${tag}`);
    slider.addEventListener("input", () => {
      const at = Number(slider.value);
      this.at = at === this.steps.length - 1 ? null : this.steps[at]; // at the right end it follows what comes
      this.load();
    });
    this.canvas = part(element, "canvas", HTMLCanvasElement);
    this.canvas.addEventListener("dblclick", () => camera.reset());
    this.surface = new Surface(this.canvas, camera);
    camera.attach(this.canvas);
    scope.onLeave(() => this.surface.close());
    this.element = element;
    this.load();
  }

  async load() {
    if (this.busy) {
      this.stale = true;
      return;
    }
    this.busy = true;
    let said = "";
    try {
      const { head, column } = await api.packed("mesh", { run: this.run, tag: this.tag, step: this.at });
      const [vertices, faces, colors] = ["vertices", "faces", "colors"].map((name) =>
        head[name] ? column(3 * head[name]) : null,
      );
      this.steps = head.steps;
      this.head = head;
      this.parts = { vertices: vertices ?? new Float64Array(0), faces, colors };
      const corners = format.plural(head.vertices, faces ? "vertex" : "point").replace("vertexs", "vertices");
      said = `step ${format.step(head.step)} · ${corners}${faces ? `, ${format.plural(head.faces, "face")}` : ""}`;
    } catch (error) {
      said = /** @type {Error} */ (error).message;
    }
    if (this.scope.isOver) return;
    this.busy = false;
    this.loaded = true;
    part(this.element, "output", HTMLElement).textContent = said;
    this.draw();
    if (this.stale) {
      this.stale = false;
      this.load();
    }
  }

  later() {
    this.timer ??= this.scope.setTimeout(() => {
      this.timer = null;
      this.load();
    }, REFRESH_MS);
  }

  draw() {
    const slider = part(this.element, "input", HTMLInputElement);
    slider.hidden = this.steps.length < 2;
    slider.max = String(Math.max(0, this.steps.length - 1));
    slider.value = String(this.steps.indexOf(this.head?.step));
    part(this.element, ".dot", HTMLElement).style.background = colour(runs.index(this.run));
    if (!this.parts) return;
    if (!this.surface.gl) {
      part(this.element, "output", HTMLElement).textContent = "This browser draws no WebGL, which meshes need.";
      return;
    }
    const { vertices, faces, colors } = this.parts;
    this.surface.show(
      vertices,
      faces,
      colors,
      [1, 3, 5].map((at) => parseInt(css("--accent").slice(at, at + 2), 16)),
    );
  }
}

export class MeshesPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept the camera
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    this.camera = kept.get("camera") ?? new Camera(); // as somebody turned it on the last visit
    kept.set("camera", this.camera);
    /** @type {Map<string, Panel>} */
    this.panels = new Map(); // by tag and run
    this.#listen(scope);
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, ["runs", "visible"], () => this.arrange());
    scope.on(live, "changed", (change) => {
      for (const panel of this.panels.values())
        if (panel.run === change.run && touches(change, "mesh", panel.tag)) panel.later();
    });
    scope.on(live, "restart", () => {
      for (const panel of this.panels.values()) panel.later();
    });
    scope.on(document, "themechange", () => {
      for (const panel of this.panels.values()) panel.draw();
    });
  }

  arrange() {
    const tags = runs.tags("mesh");
    if (!tags.length) {
      this.view.replaceChildren(runs.loaded ? emptyPage("meshes") : "");
      return;
    }
    const all = tags.flatMap((tag) =>
      runs
        .visible()
        .toReversed()
        .filter((run) => run.series.mesh?.includes(tag))
        .map((run) => [tag, run.name]),
    );
    const wanted = all.slice(0, AT_ONCE),
      keys = new Set(wanted.map((pair) => pair.join("\n")));
    for (const [key, panel] of this.panels)
      if (!keys.has(key)) {
        panel.scope.leave();
        this.panels.delete(key);
      }
    const grid = Object.assign(document.createElement("div"), { className: "meshes" });
    for (const [tag, run] of wanted) {
      const key = `${tag}\n${run}`;
      const panel = this.panels.get(key) ?? new Panel(tag, run, this.camera, this.scope.child());
      this.panels.set(key, panel);
      grid.append(panel.element);
    }
    const note = !all.length
      ? "No visible run has logged meshes. Select one in the run list."
      : all.length > wanted.length
        ? `${wanted.length} of ${all.length} views. Hide runs in the list to see others.`
        : "Drag turns all of them, shift-drag moves, scroll zooms, double click resets.";
    this.view.replaceChildren(
      Object.assign(document.createElement("p"), { className: "mesh-note", textContent: note }),
      grid,
    );
  }

  isReady() {
    return runs.loaded && [...this.panels.values()].every((panel) => panel.loaded);
  }

  // For automation: what is drawn now.
  drawn() {
    return [...this.panels.values()].map((panel) => ({
      tag: panel.tag,
      run: panel.run,
      step: panel.head?.step,
      corners: panel.surface.count,
      isCloud: panel.surface.isCloud,
      yaw: this.camera.yaw,
    }));
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new MeshesPage(view, scope, kept);
