// What the boxes of a graph are coloured by: the choices that there are for it, the fills, and the step they are of.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { DeviceScale, MODES, Scale, deviceNames, sayDevices } from "./colour.js";
import { legend } from "./legend.js";
import { Player, Watch } from "./time.js";

/** @typedef {import("./model.js").Item} Item */
/** @typedef {import("./place.js").Box} Box */

export class Colouring {
  // page: of the graph; its model, scene and drawing are what is coloured.
  /**
   * @param {import("./visit.js").GraphVisit} page
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(page, scope) {
    this.page = page;
    this.scope = scope;
    this.built = scope.child(); // while there is a graph
    this.mode = "structure";
    /** @type {Watch | null} */
    this.watch = null;
    /** @type {Player | null} */
    this.player = null;
    const mode = state.local.get("graph.colour", "structure");
    this.#set(MODES[mode] ? mode : "structure");
  }

  // Once there is a place for the player. find(path): shows the item of a path.
  /**
   * @param {HTMLElement} canvas
   * @param {(path: string) => void} find
   */
  begin(canvas, find) {
    this.built.leave();
    this.built = this.scope.child();
    this.player = new Player(find, this.built);
    canvas.append(this.player.element);
    this.built.on(state, "pace", () => {
      if (MODES[this.mode].watched || this.watch?.broken) this.paint();
    });
  }

  /** @param {string} run */
  watchRun(run) {
    if (this.watch?.run !== run) this.watch = new Watch(run);
    this.#lookForAnomalies();
  }

  /** @param {string} run */
  marked(run) {
    if (this.watch?.run === run) this.#lookForAnomalies();
  }

  // Puts the choices of this graph on the page.
  offer() {
    const group = this.page.part(".graph-modes");
    const { watch } = this;
    const watched = watch?.modes ?? [];
    if (!this.#has(this.mode, watched)) this.mode = "structure";
    this.#set(this.mode);
    if (MODES[this.mode].watched && !watch?.series.has(this.mode)) this.#follow();
    group.replaceChildren();
    for (const [mode, { title }] of Object.entries(MODES)) {
      if (!this.#has(mode, watched)) continue;
      const label = group.appendChild(document.createElement("label"));
      const input = label.appendChild(
        Object.assign(document.createElement("input"), {
          type: "radio",
          name: "graph-mode",
          value: mode,
          checked: mode === this.mode,
        }),
      );
      label.append(Object.assign(document.createElement("span"), { textContent: title }));
      input.addEventListener("change", () => {
        state.local.set("graph.colour", mode);
        this.#set(mode);
        this.page.draw({ moving: false });
        if (MODES[mode].watched) this.#follow();
      });
    }
  }

  // Whether there is something to colour by.
  /**
   * @param {string} mode
   * @param {string[]} watched
   */
  #has(mode, watched) {
    if (MODES[mode].watched) return watched.includes(mode);
    const { model } = this.page;
    if (MODES[mode].timed) return Boolean(model?.times);
    return !MODES[mode].placed || Boolean(model?.about.devices.length);
  }

  // Asks what the nodes took, once the run has profiles; again when there are new ones.
  async lookForTimes(again = false) {
    const { model } = this.page;
    if (!model) return;
    const profiles = (runs.get(model.run)?.series.profile ?? []).join("\n");
    if (!profiles || (model.asked === profiles && !again)) return;
    model.asked = profiles;
    try {
      if (!(await model.measure()) || model !== this.page.model || this.scope.isOver) return;
    } catch {
      return; /* the graph is of use without it */
    }
    if (state.local.get("graph.colour", "structure") === "time") this.mode = "time";
    this.offer();
    if (this.mode === "time") this.page.draw({ moving: false });
  }

  /** @param {string} mode */
  #set(mode) {
    this.mode = mode;
    const { model } = this.page;
    if (!model) return;
    if (MODES[mode].placed) {
      const names = deviceNames(model.about.devices);
      model.words.setAmount({ has: (item) => Boolean(item.devices), say: (item) => sayDevices(item.devices, names) });
      return;
    }
    // Of what was watched only the colours move, so that no box changes its size while it plays.
    const { of, say } = MODES[mode];
    model.words.setAmount(of && say ? { has: (item) => Boolean(of(item)), say: (item) => say(of(item) ?? 0) } : null);
  }

  // Fetches what was watched and colours by it.
  async #follow() {
    const { watch, mode } = this;
    try {
      await watch?.load(mode);
    } catch (error) {
      const { title } = MODES[mode];
      this.page.note(`${title} could not be read: ${/** @type {Error} */ (error).message}`);
      return;
    }
    if (watch === this.watch && mode === this.mode && !this.scope.isOver) this.paint();
  }

  async #lookForAnomalies() {
    const { watch } = this;
    try {
      if ((await watch?.look()) && watch === this.watch && !this.scope.isOver) this.paint();
    } catch {
      /* the graph is of use without it */
    }
  }

  // Colours the boxes by what is chosen, marks those that broke, and says what the colours mean.
  paint() {
    const { scene, drawing, camera } = this.page.stage ?? {};
    if (!scene || !drawing) return;
    /** @type {Box[]} */
    const closed = scene.boxes.filter((box) => !box.open);
    const ill = new Set(this.#broken(closed));
    const scale = this.#scale(closed.map((box) => box.item));
    if (this.watch) this.player?.show(this.watch, Boolean(MODES[this.mode].watched));
    for (const box of closed) {
      const g = drawing.boxes.get(box.id)?.g;
      if (!g) continue;
      g.classList.toggle("is-broken", ill.has(box));
      const colour = scale?.colour(box.item);
      g.classList.toggle("is-scaled", Boolean(scale));
      g.style.setProperty("--fill", colour?.fill ?? "");
      g.style.setProperty("--ink", colour?.ink ?? "");
    }
    legend(this.page.part(".graph-legend"), this.mode, scale, closed, this.mode === "time" ? this.#measured() : "");
    camera?.drawMap();
  }

  /** @param {Item} item */
  #path(item) {
    return this.page.model?.way(item.id).join("/") ?? "";
  }

  // What the items are coloured by; null where it is what they do.
  /** @param {Item[]} items */
  #scale(items) {
    const { mode, watch } = this;
    const { placed, watched, of } = MODES[mode];
    if (placed) return new DeviceScale(this.page.model?.about.devices ?? []);
    if (of) return new Scale(items, of);
    if (!watched || !watch) return null;
    const paths = items.map((item) => this.#path(item));
    return new Scale(items, (item) => watch.at(this.#path(item), mode), watch.most(paths, mode));
  }

  // The boxes in which the first value that is not finite was met, at the step that is shown.
  /** @param {Box[]} closed */
  #broken(closed) {
    const { watch } = this;
    const met = watch?.broken;
    if (!met) return [];
    const isWatched = MODES[this.mode].watched && watch.steps.length;
    const at = isWatched ? watch.step : (state.get("pace") ?? Infinity);
    // What the training marked ended it: the newest step that was watched may lie before.
    if (at < met.step && !(met.text && state.get("pace") === null)) return [];
    /** @param {Item} item */
    const pathOf = (item) => this.#path(item);
    return met.text ? nearest(met.path, closed, pathOf) : closed.filter((box) => within(met.path, pathOf(box.item)));
  }

  #measured() {
    const timed = this.page.model?.timed;
    if (!timed) return "";
    const { tag, step, named, total } = timed;
    const at = step > 0 ? `, step ${format.step(step)}` : "";
    return `Measured in profile ${tag}${at}; ${Math.round((100 * named) / total)} % of its time is in this graph`;
  }
}

/**
 * @param {string} path
 * @param {string} outer
 */
const within = (path, outer) => path === outer || path.startsWith(`${outer}/`);

// The boxes that a path lies in, or that lie in it; of a node that the graph does not show those of the nearest scope.
/**
 * @param {string} path
 * @param {Box[]} boxes
 * @param {(item: Item) => string} pathOf
 */
function nearest(path, boxes, pathOf) {
  for (let wanted = path; wanted; wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf("/")))) {
    const found = boxes.filter((box) => within(wanted, pathOf(box.item)) || within(pathOf(box.item), wanted));
    if (found.length) return found;
  }
  return [];
}
