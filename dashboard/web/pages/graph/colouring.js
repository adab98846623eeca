// What the boxes of a graph are coloured by: the choices that there are for it, the fills, and the step they are of.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { DeviceScale, MODES, Scale, deviceNames, sayDevices } from "./colour.js";
import { legend } from "./legend.js";
import { Player, Watch } from "./time.js";

export class Colouring {
  // page: of the graph; its model, scene and drawing are what is coloured.
  constructor(page, scope) {
    this.page = page;
    this.scope = scope;
    const mode = state.local.get("graph.colour", "structure");
    this.#set(MODES[mode] ? mode : "structure");
  }

  // Once there is a place for the player. find(path): shows the item of a path.
  begin(canvas, find) {
    this.built?.leave();
    this.built = this.scope.child();
    this.player = new Player(find, this.built);
    canvas.append(this.player.element);
    this.built.on(state, "pace", () => {
      if (MODES[this.mode].watched || this.watch?.broken) this.paint();
    });
  }

  watchRun(run) {
    if (this.watch?.run !== run) this.watch = new Watch(run);
    this.#lookForAnomalies();
  }

  marked(run) {
    if (this.watch?.run === run) this.#lookForAnomalies();
  }

  // Puts the choices of this graph on the page.
  offer() {
    const group = this.page.part(".graph-modes");
    const watched = this.watch.modes;
    if (!this.#has(this.mode, watched)) this.mode = "structure";
    this.#set(this.mode);
    if (MODES[this.mode].watched && !this.watch.series.has(this.mode)) this.#follow();
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
  #has(mode, watched) {
    if (MODES[mode].watched) return watched.includes(mode);
    if (MODES[mode].timed) return Boolean(this.page.model.times);
    return !MODES[mode].placed || this.page.model.about.devices.length > 0;
  }

  // Asks what the nodes took, once the run has profiles; again when there are new ones.
  async lookForTimes(again = false) {
    const { model } = this.page;
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

  #set(mode) {
    this.mode = mode;
    const words = this.page.model?.words;
    if (!words) return;
    if (MODES[mode].placed) {
      const names = deviceNames(this.page.model.about.devices);
      words.setAmount("devices", (devices) => sayDevices(devices, names));
      return;
    }
    // Of what was watched only the colours move, so that no box changes its size while it plays.
    words.setAmount(mode === "structure" || MODES[mode].watched ? null : mode, MODES[mode].say);
  }

  // Fetches what was watched and colours by it.
  async #follow() {
    const { watch, mode } = this;
    try {
      await watch.load(mode);
    } catch (error) {
      this.page.note(`What was watched could not be read: ${error.message}`);
      return;
    }
    if (watch === this.watch && mode === this.mode && !this.scope.isOver) this.paint();
  }

  async #lookForAnomalies() {
    const { watch } = this;
    try {
      if ((await watch.look()) && watch === this.watch && !this.scope.isOver) this.paint();
    } catch {
      /* the graph is of use without it */
    }
  }

  // Colours the boxes by what is chosen, marks those that broke, and says what the colours mean.
  paint() {
    if (!this.page.scene) return;
    const closed = this.page.scene.boxes.filter((box) => !box.open);
    const watch = MODES[this.mode].watched ? this.watch : null;
    const path = (item) => this.page.model.way(item.id).join("/");
    const amount = watch ? (item) => watch.at(path(item), this.mode) : undefined;
    const items = closed.map((box) => box.item);
    const scale =
      this.mode === "structure"
        ? null
        : MODES[this.mode].placed
          ? new DeviceScale(this.page.model.about.devices)
          : new Scale(items, this.mode, amount, watch?.most(items.map(path), this.mode));
    const { broken: met } = this.watch;
    const at = watch?.steps.length ? watch.step : (state.get("pace") ?? Infinity);
    // What the training marked ended it: the newest step that was watched may lie before.
    const broken = met && (at >= met.step || (met.text && state.get("pace") === null)) ? met.path : null;
    const ill = new Set(
      broken === null
        ? []
        : met.text
          ? nearest(broken, closed, path)
          : closed.filter((box) => within(broken, path(box.item))),
    );
    this.player.show(this.watch, Boolean(watch));
    for (const box of closed) {
      const { g } = this.page.drawing.boxes.get(box.id);
      g.classList.toggle("is-broken", ill.has(box));
      const colour = scale?.colour(box.item);
      g.classList.toggle("is-scaled", Boolean(scale));
      g.style.setProperty("--fill", colour?.fill ?? "");
      g.style.setProperty("--ink", colour?.ink ?? "");
    }
    legend(this.page.part(".graph-legend"), this.mode, scale, closed, this.mode === "time" ? this.#measured() : "");
    this.page.camera.drawMap();
  }

  #measured() {
    const { tag, step, named, total } = this.page.model.timed;
    return `in profile ${tag}${step > 0 ? `, step ${format.step(step)}` : ""}; ${Math.round((100 * named) / total)} % of its operations' time is of this graph`;
  }
}

const within = (path, outer) => path === outer || path.startsWith(`${outer}/`);

// The boxes that a path lies in, or that lie in it; of a node that the graph does not show those of the nearest scope.
function nearest(path, boxes, pathOf) {
  for (let wanted = path; wanted; wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf("/")))) {
    const found = boxes.filter((box) => within(wanted, pathOf(box.item)) || within(pathOf(box.item), wanted));
    if (found.length) return found;
  }
  return [];
}
