// The page of paths: where optimizers went on a surface, step by step, from above and in three dimensions; landscapes
// of losses while they are computed, and lines through them.
import * as api from "../../core/api.js";
import * as frames from "../../core/frames.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { hideTip, showTip } from "../../charts/tooltip.js";
import { colour } from "../../charts/palette.js";
import { CurveStore } from "../../core/curve_store.js";
import { emptyPage } from "../../ui/empty.js";
import { naturally } from "../../text/name_order.js";
import { isPath, isSurface, nameOf } from "../../text/path_tags.js";
import { touches } from "../../core/news.js";
import { FRAME } from "./frame.js";
import { standing, under } from "./standing.js";
import { Contour } from "./contour.js";
import { SliceChart } from "./slice.js";
import { Surface, progress, readSlice } from "./surface.js";
import { View3d } from "./view3d.js";
import { AXES, Walk, axisOf } from "./walk.js";

const COLUMNS = 4096; // places of a walk asked for at once; more are merged, as those of a curve
const LAP_S = 9; // how long a whole walk takes to play at speed 1
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const REFRESH_MS = 200;
// Everything that is shown of one surface at a time.
export class PathsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    this.built = null; // a scope, while there is something to show
    this.name = null;
    this.walks = new Map(); // run -> Walk
    this.fresh = []; // points that came live and were not drawn yet
    this.surface = null;
    this.slices = new Map(); // run -> what it logged along a line
    this.at = null; // the step that is shown; null follows the newest
    this.playing = false;
    this.speed = 1;
    this.highlight = null;
    this.isDrawn = false;
    this.asked = 0;
    this.store = new CurveStore(
      {
        form: () => ({ columns: COLUMNS }),
        pause: REFRESH_MS,
        onAnswer: () => frames.request(this, true),
        onPoints: (_, points) => this.#grown(points),
      },
      scope,
    );
    this.timer = 0;
    this.#listen(scope);
    this.update();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, "highlight", ({ names }) => {
      this.highlight = this.walks.has(names) ? names : null;
      frames.request(this, true);
    });
    scope.on(runs, runs.CHANGES, () => this.update());
    scope.on(state, "surface", () => this.update());
    scope.on(state, "heights", () => this.draw());
    scope.on(live, "changed", (change) => {
      const tags = ["surface", "slice"].map((what) => `path/${this.name}/${what}`);
      if (this.isOf(change.run) && tags.some((tag) => touches(change, "text", tag))) this.later();
    });
    scope.on(live, "restart", () => this.later());
    scope.on(document, "themechange", () => this.draw());
    scope.onLeave(() => {
      this.playing = false;
      frames.forget(this);
    });
  }

  isReady() {
    return runs.loaded && this.isDrawn;
  }

  part(selector) {
    return this.view.querySelector(selector);
  }

  names() {
    const tags = [...runs.tags("scalar").filter(isPath), ...runs.tags("text").filter(isSurface)];
    return naturally(new Set(tags.map(nameOf)));
  }

  update() {
    if (!runs.loaded) return;
    const names = this.names();
    if (!names.length) {
      this.built?.leave();
      this.built = null;
      this.isDrawn = true;
      this.view.replaceChildren(emptyPage("paths"));
      return;
    }
    if (!this.built) this.#build();
    const name = names.includes(state.get("surface")) ? state.get("surface") : names[0];
    this.#choices(names, name);
    const wanted = this.#runs(name);
    const isNew = name !== this.name;
    if (isNew) {
      this.name = name;
      this.walks.clear();
      this.store.clear();
      this.surface = null;
      this.slices.clear();
      this.at = null;
      this.play(false);
    }
    for (const run of this.walks.keys()) if (!wanted.includes(run)) this.walks.delete(run);
    const missing = wanted.filter((run) => !this.walks.has(run));
    this.scope.watch(AXES.map((axis) => `path/${name}/${axis}`));
    const isOther = this.surface && !this.#owners("surface").includes(this.surface.run);
    if (isNew || missing.length || isOther || this.#owners("slice").some((run) => !this.slices.has(run)))
      this.load(missing);
    else this.draw();
  }

  // Whether a text that a run has logged may be a surface that is shown, or could be.
  isOf(run) {
    return !this.surface || ["surface", "slice"].some((what) => this.#owners(what).includes(run));
  }

  // The shown runs that have logged a surface or a slice of the name, the newest first.
  #owners(what) {
    const tag = `path/${this.name}/${what}`;
    return runs
      .visible()
      .toReversed()
      .filter((run) => run.series.text?.includes(tag))
      .map((run) => run.name);
  }

  #runs(name) {
    return runs
      .visible()
      .filter((run) => run.series.scalar?.includes(`path/${name}/x`))
      .map((run) => run.name);
  }

  async load(names) {
    const asked = ++this.asked,
      name = this.name;
    for (const run of names)
      if (!this.walks.has(run))
        this.walks.set(run, new Walk(run, (axis) => this.store.curve(run, `path/${name}/${axis}`)));
    try {
      await Promise.all([
        ...AXES.map((axis) => this.store.want(`path/${name}/${axis}`, [...this.walks.keys()])),
        this.#loadSurface(name),
        this.#loadSlices(name),
      ]);
      this.problem = this.store.problem;
    } catch (error) {
      this.problem = error.message;
    }
    if (asked !== this.asked || this.scope.isOver) return;
    this.isDrawn = true;
    this.draw();
  }

  // The newest surface of the name that can be read: of the run that was chosen, or of the newest that is shown.
  async #loadSurface(name) {
    const owners = this.#owners("surface");
    for (const run of [...owners.filter((each) => each === this.of), ...owners]) {
      const found = Surface.read(await newest(run, `path/${name}/surface`));
      if (name !== this.name) return;
      if (found) {
        this.surface = Object.assign(found, { run });
        return;
      }
    }
    this.surface = null;
  }

  async #loadSlices(name) {
    const owners = this.#owners("slice");
    const read = await Promise.all(
      owners.map(async (run) => [run, readSlice(await newest(run, `path/${name}/slice`))]),
    );
    if (name === this.name) this.slices = new Map(read.toReversed());
  }

  later() {
    this.timer ||= this.scope.setTimeout(() => {
      this.timer = 0;
      if (this.built) this.load(this.#runs(this.name));
    }, REFRESH_MS);
  }

  // Points were appended to a walk.
  #grown(points) {
    if (axisOf(points.tag) === "x" && !document.hidden && this.at === null && !this.playing) this.fresh.push(points);
    if (this.at === null && !this.playing) frames.request(this);
  }

  // --- the frame -------------------------------------------------------------------------------------------

  #build() {
    this.view.innerHTML = FRAME; // constant text of ours; names of runs and surfaces are set as text
    const built = (this.built = this.scope.child());
    this.contour = new Contour(this.part(".paths-contour"));
    this.view3d = new View3d(this.part(".paths-3d"), () => frames.request(this, true));
    const speed = this.part(".paths-transport select");
    for (const each of SPEEDS) speed.append(new Option(`${each}×`, each, each === 1, each === 1));
    speed.addEventListener("change", () => {
      this.speed = Number(speed.value);
    });
    this.part(".paths-play").addEventListener("click", () => this.play(!this.playing));
    this.part(".paths-of select").addEventListener("change", (event) => {
      this.of = event.target.value;
      this.later();
    });
    this.part(".paths-heights select").addEventListener("change", (event) => state.set("heights", event.target.value));
    const lines = this.part(".paths-slice canvas");
    this.chart = new SliceChart(lines);
    lines.addEventListener("pointermove", (event) => {
      const table = this.chart.under(event.offsetX, event.offsetY);
      if (table) showTip(event, table);
      else hideTip();
    });
    lines.addEventListener("pointerleave", hideTip);
    const slider = this.part("input[type=range]");
    slider.addEventListener("input", () => {
      this.play(false);
      this.at = slider.value === slider.max ? null : Number(slider.value); // at the right end it follows what comes
      frames.request(this, true);
    });
    const contour = this.part(".paths-contour");
    contour.addEventListener("pointermove", (event) => {
      const table = under(this.contour, this.shown, this.at ?? this.last, event);
      if (table) showTip(event, table);
      else hideTip();
    });
    contour.addEventListener("pointerleave", hideTip);
    const resized = built.observer(new ResizeObserver(() => frames.request(this, true)));
    for (const canvas of this.view.querySelectorAll("canvas")) resized.observe(canvas);
    built.on(document, "keydown", (event) => {
      if (event.key !== " " || event.target.matches("input, select, button, textarea")) return;
      this.play(!this.playing);
      event.preventDefault();
    });
  }

  #choices(names, chosen) {
    const holder = this.part(".paths-names");
    if (holder.dataset.names !== JSON.stringify(names)) {
      holder.dataset.names = JSON.stringify(names);
      holder.replaceChildren(
        ...names.map((name) => {
          const button = document.createElement("button");
          button.setAttribute("role", "radio");
          button.textContent = name;
          button.addEventListener("click", () => state.set("surface", name));
          return button;
        }),
      );
    }
    for (const button of holder.children) button.setAttribute("aria-checked", String(button.textContent === chosen));
  }

  // --- playing ---------------------------------------------------------------------------------------------

  get last() {
    return Math.max(0, ...[...this.walks.values()].map((walk) => (walk.length ? walk.end : 0)));
  }

  play(on) {
    if (on === this.playing) return;
    this.playing = on;
    this.part(".paths-play")?.classList.toggle("is-playing", on);
    this.part(".paths-play")?.setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) {
      if (this.at !== null) this.at = Math.round(this.at);
      return;
    }
    if (this.at === null || this.at >= this.last) this.at = 0;
    let before = performance.now();
    const frame = (now) => {
      if (!this.playing) return;
      this.at += ((now - before) / 1000) * (this.last / LAP_S) * this.speed;
      before = now;
      if (this.at >= this.last) {
        this.at = null;
        this.play(false);
      }
      this.draw();
      if (this.playing) this.scope.requestAnimationFrame(frame);
    };
    this.scope.requestAnimationFrame(frame);
  }

  // --- drawing ---------------------------------------------------------------------------------------------

  draw() {
    if (!this.built || !this.name || this.scope.isOver) return;
    for (const walk of this.walks.values()) walk.join();
    const surface = this.surface ?? around([...this.walks.values()]);
    const step = this.at ?? this.last;
    const shown = [...this.walks.values()]
      .filter((walk) => walk.length && (!surface.isOwn || walk.run === surface.run))
      .map((walk) => this.#dressed(walk.run, { walk }));
    this.shown = shown;
    const wanted = state.get("heights");
    const hasPlane = Boolean(this.surface) || this.walks.size > 0;
    for (const panel of this.view.querySelectorAll(".paths-plane")) panel.hidden = !hasPlane;
    this.part(".paths-transport").hidden = this.part(".paths-standing").hidden = !shown.length;
    surface.spread(wanted);
    if (hasPlane) {
      this.contour.draw(surface, shown, step);
      this.view3d.draw(surface, shown, step);
    }
    this.part(".paths-plane .card-title .last").textContent = this.name;
    const formula = this.problem ?? (surface.formula || (this.surface ? "" : "no surface was logged"));
    this.#said(this.part(".paths-plane"), surface, surface.run, formula);
    this.#drawSlices(wanted);
    this.#tools(surface, wanted);
    const slider = this.part("input[type=range]");
    slider.max = String(this.last);
    slider.value = String(step);
    this.part("output").textContent = `step ${format.step(Math.floor(step))}`;
    for (const [selector, what] of [
      [".paths-contour", "Contours"],
      [".paths-3d", "Surface"],
    ])
      this.part(selector).setAttribute(
        "aria-label",
        `${what} of ${this.name} with ${format.plural(shown.length, "path")} at step ${Math.floor(step)}`,
      );
    standing(this.part("tbody"), shown, step);
    const { fresh } = this,
      began = live.now();
    this.fresh = [];
    if (fresh.length) frames.afterPaint(() => live.drawn(fresh, began));
  }

  #dressed(run, rest) {
    return { ...rest, run, colour: colour(runs.index(run)), faint: this.highlight !== null && this.highlight !== run };
  }

  // Formula and progress of what is computed.
  #said(panel, what, run, formula) {
    const isLive = runs.get(run)?.status === "running";
    panel.querySelector(".paths-formula").textContent = panel.querySelector(".paths-formula").title = [
      progress(what, isLive),
      formula,
    ]
      .filter(Boolean)
      .join(" · ");
    const bar = panel.querySelector(".paths-progress");
    bar.hidden = !(what.state === "computing" && isLive);
    bar.firstElementChild.style.width = `${(100 * what.done) / (what.total || 1)}%`;
  }

  #drawSlices(wanted) {
    const panel = this.part(".paths-slice");
    const found = [...this.slices]
      .filter(([run, slice]) => slice && runs.isVisible(run))
      .map(([run, slice]) => this.#dressed(run, { slice }));
    panel.hidden = !found.length;
    if (!found.length) return;
    const newest = found[found.length - 1];
    this.chart.draw(found, wanted || (found.some(({ slice }) => slice.scale === "log") ? "log" : "linear"));
    panel.querySelector(".last").textContent = `${this.name}, along a line`;
    this.#said(panel, newest.slice, newest.run, newest.slice.formula);
    panel
      .querySelector("canvas")
      .setAttribute("aria-label", `Loss along a line of ${format.plural(found.length, "run")}`);
  }

  // Which run's surface, where each has its own; how heights are told apart.
  #tools(surface, wanted) {
    const owners = this.#owners("surface"),
      of = this.part(".paths-of");
    of.hidden = !surface.isOwn || owners.length < 2;
    const select = of.querySelector("select");
    if (select.dataset.names !== JSON.stringify(owners)) {
      select.dataset.names = JSON.stringify(owners);
      select.replaceChildren(...owners.map((run) => new Option(run, run)));
    }
    if (surface.run) select.value = surface.run;
    const heights = this.part(".paths-heights");
    heights.hidden = surface.isFlat && !this.slices.size;
    heights.querySelector("select").value = wanted;
  }
}

async function newest(run, tag) {
  const { items } = await api.json("media", { run, tag, kind: "text", step: "newest", last: 1 });
  return items.length ? items[0].text : "";
}

// A window around walks that have no surface.
function around(walks) {
  const window = (axis) => {
    let low = Infinity,
      high = -Infinity;
    for (const walk of walks)
      for (const x of walk[axis])
        if (Number.isFinite(x)) {
          low = Math.min(low, x);
          high = Math.max(high, x);
        }
    if (!(low <= high)) return [-1, 1];
    const room = (high - low || 1) * 0.08;
    return [low - room, high + room];
  };
  return Surface.flat(window("x"), window("y"));
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new PathsPage(view, scope);
