// The page of paths: where optimizers went on a surface, step by step, from above and in three dimensions.
import * as api from "./api.js";
import * as frames from "./frames.js";
import * as format from "./format.js";
import * as live from "./live.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { hideTip, showTip } from "./tooltip.js";
import { colour } from "./palette.js";
import { emptyPage } from "./empty.js";
import { isPath, isSurface, nameOf } from "./path_tags.js";
import { Contour } from "./paths_contour.js";
import { Surface } from "./paths_surface.js";
import { View3d } from "./paths_view3d.js";
import { Walk, axisOf } from "./paths_walk.js";

const COLUMNS = 4096; // places of a walk asked for at once; more are merged, as those of a curve
const LAP_S = 9; // how long a whole walk takes to play at speed 1
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const REFRESH_MS = 200;
const FRAME = '<div class="paths"><div class="paths-tools"><div class="paths-names" role="radiogroup" aria-label="Surface"></div><div class="paths-transport"><button class="icon-button paths-play" title="Play (space)"><svg viewBox="0 0 20 20" aria-hidden="true"><path class="play" d="M6.5 4.2v11.6L15.5 10z"/><path class="pause" d="M7 4.5v11M13 4.5v11"/></svg></button><input type="range" min="0" step="1" aria-label="Step"><output></output><select aria-label="Speed" title="Speed"></select></div></div><div class="paths-views"><article class="panel"><div class="card-head"><h3 class="card-title"><span class="last"></span></h3><span class="paths-formula"></span></div><canvas class="paths-contour" tabindex="0" role="img"></canvas></article><article class="panel"><div class="card-head"><h3 class="card-title"><span class="last">On the surface</span></h3><span class="paths-formula">drag to turn · double click to reset</span></div><canvas class="paths-3d" tabindex="0" role="img"></canvas></article></div><article class="panel paths-standing"><table><thead><tr><th>Run</th><th>x</th><th>y</th><th>value</th><th>steps</th></tr></thead><tbody></tbody></table></article></div>';

let page = null;

// Everything that is shown of one surface at a time.
class Page {
  constructor(view) {
    this.view = view;
    this.name = null;
    this.walks = new Map(); // run -> Walk
    this.fresh = []; // points that came live and were not drawn yet
    this.surface = null;
    this.at = null; // the step that is shown; null follows the newest
    this.playing = false;
    this.speed = 1;
    this.highlight = null;
    this.isReady = false;
    this.asked = 0;
  }

  part(selector) { return this.view.querySelector(selector); }

  names() {
    return [...new Set([...runs.tags("scalar").filter(isPath), ...runs.tags("text").filter(isSurface)].map(nameOf))].sort();
  }

  update() {
    if (!runs.loaded) return;
    const names = this.names();
    if (!names.length) {
      this.built = false;
      this.isReady = true;
      this.view.replaceChildren(emptyPage("paths"));
      return;
    }
    if (!this.built) this.#build();
    const name = names.includes(state.get("surface")) ? state.get("surface") : names[0];
    this.#choices(names, name);
    const wanted = this.#runs(name);
    const isNew = name !== this.name;
    if (isNew) { this.name = name; this.walks.clear(); this.surface = null; this.at = null; this.play(false); }
    for (const run of this.walks.keys()) if (!wanted.includes(run)) this.walks.delete(run);
    const missing = wanted.filter((run) => !this.walks.has(run));
    live.watch(["x", "y", "value"].map((axis) => `path/${name}/${axis}`));
    if (isNew || missing.length) this.load(missing);
    else this.draw(true);
  }

  #runs(name) {
    return runs.visible().filter((run) => run.series.scalar?.includes(`path/${name}/x`)).map((run) => run.name);
  }

  async load(names) {
    const asked = ++this.asked, name = this.name;
    const fresh = new Map(names.map((run) => [run, new Walk(run)]));
    for (const [run, walk] of fresh) if (!this.walks.has(run)) this.walks.set(run, walk);
    const each = async (axis) => {
      for (const walk of fresh.values()) walk.curves[axis].ask();
      let isWhole = true;
      try {
        const { head, column } = await api.curves({ tag: `path/${name}/${axis}`, runs: names, columns: COLUMNS });
        for (const found of head.curves) isWhole = fresh.get(found.run).curves[axis].load(found, column) && isWhole;
      } finally {
        for (const walk of fresh.values()) walk.curves[axis].answered();
      }
      if (!isWhole) this.later();
    };
    try {
      await Promise.all([...["x", "y", "value"].map(each), this.surface ? null : this.#loadSurface(name)]);
      this.problem = null;
    } catch (error) {
      this.problem = error.message;
    }
    if (asked !== this.asked || page !== this) return;
    for (const [run, walk] of fresh) if (this.walks.has(run)) this.walks.set(run, walk); // hidden meanwhile, perhaps
    this.isReady = true;
    this.draw(true);
  }

  // The newest surface of the name that some shown run has logged and that can be read.
  async #loadSurface(name) {
    const tag = `path/${name}/surface`;
    for (const run of runs.visible().toReversed().filter((each) => each.series.text?.includes(tag))) {
      const { items } = await api.json("media", { run: run.name, tag, kind: "text" });
      const found = items.length ? Surface.read(items[items.length - 1].text) : null;
      if (found && name === this.name) { this.surface = found; return; }
    }
  }

  later() {
    this.timer ||= setTimeout(() => { this.timer = 0; if (page === this && this.built) this.load(this.#runs(this.name)); }, REFRESH_MS);
  }

  take(points) {
    if (!isMine(points.tag, this.name)) return;
    const walk = this.walks.get(points.run);
    if (!walk) return;
    if (!walk.curves[axisOf(points.tag)].append(points)) this.later();
    if (axisOf(points.tag) === "x" && !document.hidden && this.at === null && !this.playing) this.fresh.push(points);
    if (this.at === null && !this.playing) frames.request(this);
  }

  // --- the frame -------------------------------------------------------------------------------------------

  #build() {
    this.view.innerHTML = FRAME; // constant text of ours; names of runs and surfaces are set as text
    this.built = true;
    this.contour = new Contour(this.part(".paths-contour"));
    this.view3d = new View3d(this.part(".paths-3d"), () => frames.request(this, true));
    const speed = this.part("select");
    for (const each of SPEEDS) speed.append(new Option(`${each}×`, each, each === 1, each === 1));
    speed.addEventListener("change", () => { this.speed = Number(speed.value); });
    this.part(".paths-play").addEventListener("click", () => this.play(!this.playing));
    const slider = this.part("input[type=range]");
    slider.addEventListener("input", () => {
      this.play(false);
      this.at = slider.value === slider.max ? null : Number(slider.value); // at the right end it follows what comes
      frames.request(this, true);
    });
    const contour = this.part(".paths-contour");
    contour.addEventListener("pointermove", (event) => this.#hover(event));
    contour.addEventListener("pointerleave", hideTip);
    this.resize = new ResizeObserver(() => frames.request(this, true));
    for (const canvas of this.view.querySelectorAll("canvas")) this.resize.observe(canvas);
    this.onKey = (event) => {
      if (event.key !== " " || event.target.matches("input, select, button, textarea")) return;
      this.play(!this.playing);
      event.preventDefault();
    };
    document.addEventListener("keydown", this.onKey);
  }

  end() {
    this.play(false);
    this.resize?.disconnect();
    if (this.onKey) document.removeEventListener("keydown", this.onKey);
    live.watch([]);
    hideTip();
  }

  #choices(names, chosen) {
    const holder = this.part(".paths-names");
    if (holder.dataset.names !== JSON.stringify(names)) {
      holder.dataset.names = JSON.stringify(names);
      holder.replaceChildren(...names.map((name) => {
        const button = document.createElement("button");
        button.setAttribute("role", "radio");
        button.textContent = name;
        button.addEventListener("click", () => state.set("surface", name));
        return button;
      }));
    }
    for (const button of holder.children) button.setAttribute("aria-checked", String(button.textContent === chosen));
  }

  // --- playing ---------------------------------------------------------------------------------------------

  get last() { return Math.max(0, ...[...this.walks.values()].map((walk) => (walk.length ? walk.end : 0))); }

  play(on) {
    if (on === this.playing) return;
    this.playing = on;
    this.part(".paths-play")?.classList.toggle("is-playing", on);
    this.part(".paths-play")?.setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) { if (this.at !== null) this.at = Math.round(this.at); return; }
    if (this.at === null || this.at >= this.last) this.at = 0;
    let before = performance.now();
    const frame = (now) => {
      if (!this.playing || page !== this) return;
      this.at += ((now - before) / 1000) * (this.last / LAP_S) * this.speed;
      before = now;
      if (this.at >= this.last) { this.at = null; this.play(false); }
      this.draw();
      if (this.playing) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  // --- drawing ---------------------------------------------------------------------------------------------

  draw() {
    if (!this.built || page !== this || !this.name) return;
    for (const walk of this.walks.values()) walk.join();
    const surface = this.surface ?? around([...this.walks.values()]);
    const step = this.at ?? this.last;
    const shown = [...this.walks.values()].filter((walk) => walk.length).map((walk) => ({ walk, colour: colour(runs.index(walk.run)), faint: this.highlight !== null && this.highlight !== walk.run }));
    this.shown = shown;
    this.contour.draw(surface, shown, step);
    this.view3d.draw(surface, shown, step);
    this.part(".card-title .last").textContent = this.name;
    this.part(".paths-formula").textContent = this.problem ?? (surface.formula || (this.surface ? "" : "no surface was logged"));
    const slider = this.part("input[type=range]");
    slider.max = String(this.last);
    slider.value = String(step);
    this.part("output").textContent = `step ${format.step(Math.floor(step))}`;
    for (const [selector, what] of [[".paths-contour", "Contours"], [".paths-3d", "Surface"]]) this.part(selector).setAttribute("aria-label", `${what} of ${this.name} with ${format.plural(shown.length, "path")} at step ${Math.floor(step)}`);
    this.#standing(shown, step);
    const { fresh } = this, began = live.now();
    this.fresh = [];
    if (fresh.length) frames.afterPaint(() => live.drawn(fresh, began));
  }

  // Who is lowest now, in a table that a screen reader can read as well.
  #standing(shown, step) {
    const rows = shown.map((each) => ({ ...each, place: each.walk.place(step) })).filter(({ place }) => place);
    const height = ({ place }) => (Number.isNaN(place.value) ? Infinity : place.value);
    rows.sort((a, b) => height(a) - height(b) || (a.walk.run < b.walk.run ? -1 : 1));
    const body = this.part("tbody");
    while (body.children.length > rows.length) body.lastChild.remove();
    rows.forEach(({ walk, colour: paint, place }, i) => {
      let row = body.children[i];
      if (!row) {
        row = body.appendChild(document.createElement("tr"));
        row.innerHTML = '<td><i class="dot"></i><span></span></td><td></td><td></td><td></td><td></td>';
      }
      row.querySelector(".dot").style.background = paint;
      row.querySelector("span").textContent = walk.run;
      [place.x, place.y, place.value].forEach((number, k) => { row.children[k + 1].textContent = format.value(number); });
      row.children[4].textContent = format.step(place.step);
    });
  }

  #hover(event) {
    const found = this.shown && this.contour.nearest(this.shown, this.at ?? this.last, event.offsetX, event.offsetY);
    if (!found) { hideTip(); return; }
    const { walk, index } = found;
    const table = document.createElement("table");
    table.append(Object.assign(document.createElement("caption"), { textContent: `${walk.run} · step ${format.step(walk.steps[index])}` }));
    for (const axis of ["x", "y", "value"]) {
      const row = table.insertRow();
      row.insertCell().textContent = axis;
      row.insertCell().textContent = format.value(walk[axis][index]);
    }
    showTip(event, table);
  }
}

const isMine = (tag, name) => tag.startsWith("path/") && tag.slice(5, tag.lastIndexOf("/")) === name;

// A window around walks that have no surface.
function around(walks) {
  const window = (axis) => {
    let low = Infinity, high = -Infinity;
    for (const walk of walks) for (const x of walk[axis]) if (Number.isFinite(x)) { low = Math.min(low, x); high = Math.max(high, x); }
    if (!(low <= high)) return [-1, 1];
    const room = (high - low || 1) * 0.08;
    return [low - room, high + room];
  };
  return Surface.flat(window("x"), window("y"));
}

export function mount(view) {
  page = new Page(view);
  page.update();
}

export function unmount() {
  page?.end();
  page = null;
}

export const isReady = () => runs.loaded && Boolean(page?.isReady);

runs.onChange((what) => {
  if (!page) return;
  if (what?.highlight !== undefined) { page.highlight = page.walks.has(what.highlight) ? what.highlight : null; frames.request(page, true); } else page.update();
});
state.on("surface", () => page?.update());
live.on("points", (points) => page?.take(points));
live.on("again", (_, tag) => { if (page && isMine(tag, page.name)) page.later(); });
live.on("changed", ({ what }) => { if (page && (what.includes("line") || (what.includes("text") && !page.surface))) page.later(); });
live.on("restart", () => page?.later());
document.addEventListener("themechange", () => page?.draw());
