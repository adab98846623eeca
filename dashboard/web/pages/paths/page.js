// The page of paths: where optimizers went on a surface, step by step, from above and in three dimensions; landscapes
// of losses while they are computed, and lines through them.
import * as frames from "../../core/frames.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { colour } from "../../charts/palette.js";
import { CurveStore } from "../../core/curve_store.js";
import { emptyPage } from "../../ui/empty.js";
import { naturally } from "../../text/name_order.js";
import { isPath, isSurface, nameOf } from "../../text/path_tags.js";
import { touches } from "../../core/news.js";
import { part } from "../../ui/dom.js";
import { around, newestSurface, slicesOf } from "./data.js";
import { controls, tools } from "./controls.js";
import { pictures } from "./pictures.js";
import { FRAME } from "./frame.js";
import { Player } from "./player.js";
import { choices, said } from "./said.js";
import { standing, under } from "./standing.js";
import { AXES, Walk, axisOf } from "./walk.js";

const COLUMNS = 4096; // places of a walk asked for at once; more are merged, as those of a curve
const REFRESH_MS = 200;

/** @typedef {import("./surface.js").Slice} Slice */
/** @typedef {import("./data.js").Owned} Owned */
/** @typedef {import("./pictures.js").Pictures} Pictures */
/** @typedef {import("./contour.js").Contour} Contour */
/** @typedef {import("./slice.js").SliceChart} SliceChart */

// Everything that is shown of one surface at a time.
export class PathsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {import("../../core/scope.js").Scope | null} */
    this.built = null; // a scope, while there is something to show
    /** @type {string} */
    this.name = ""; // of the surface; "" before there is one
    /** @type {Map<string, Walk>} */
    this.walks = new Map(); // run -> Walk
    /** @type {import("../../core/curve_store.js").LivePoints[]} */
    this.fresh = []; // points that came live and were not drawn yet
    /** @type {Owned | null} */
    this.surface = null;
    /** @type {Map<string, Slice | null>} */
    this.slices = new Map(); // run -> what it logged along a line
    this.of = ""; // the run whose surface was chosen
    this.problem = ""; // why something could not be read
    /** @type {import("./walk.js").Shown[]} */
    this.shown = []; // as they were drawn last
    /** @type {Pictures | null} */
    this.pictures = null; // while there is something to show
    /** @type {string | null} */
    this.highlight = null;
    this.player = new Player(scope, {
      last: () => this.last,
      onFrame: () => this.draw(),
      onPlay: (on) => this.#marked(on),
    });
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
    /** @type {string[]} */
    this.owners = []; // with a surface when it was last asked for; news of one may come before those of its run
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
      this.player.playing = false;
      frames.forget(this);
    });
  }

  isReady() {
    return runs.loaded && this.isDrawn;
  }

  /**
   * @template {Element} T
   * @param {string} selector
   * @param {new () => T} kind
   */
  part(selector, kind) {
    return part(this.view, selector, kind);
  }

  // The button says what it does next.
  /** @param {boolean} on */
  #marked(on) {
    const button = this.view.querySelector(".paths-play");
    button?.classList.toggle("is-playing", on);
    button?.setAttribute("aria-label", on ? "Pause" : "Play");
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
    choices(this.part(".paths-names", HTMLElement), names, name);
    const wanted = this.#runs(name);
    const isNew = name !== this.name;
    if (isNew) {
      this.name = name;
      this.walks.clear();
      this.store.clear();
      this.surface = null;
      this.slices.clear();
      this.player.at = null;
      this.player.play(false);
    }
    for (const run of this.walks.keys()) if (!wanted.includes(run)) this.walks.delete(run);
    const missing = wanted.filter((run) => !this.walks.has(run));
    this.scope.watch(AXES.map((axis) => `path/${name}/${axis}`));
    const isOther = this.surface !== null && this.#owners("surface").join("\n") !== this.owners.join("\n");
    if (isNew || missing.length || isOther || this.#owners("slice").some((run) => !this.slices.has(run)))
      this.load(missing);
    else this.draw();
  }

  // Whether a text that a run has logged may be a surface that is shown, or could be.
  /** @param {string} run */
  isOf(run) {
    return !this.surface || ["surface", "slice"].some((what) => this.#owners(what).includes(run));
  }

  // The shown runs that have logged a surface or a slice of the name, the newest first.
  /** @param {string} what */
  #owners(what) {
    const tag = `path/${this.name}/${what}`;
    return runs
      .visible()
      .toReversed()
      .filter((run) => run.series.text?.includes(tag))
      .map((run) => run.name);
  }

  /** @param {string} name */
  #runs(name) {
    return runs
      .visible()
      .filter((run) => run.series.scalar?.includes(`path/${name}/x`))
      .map((run) => run.name);
  }

  /** @param {string[]} names */
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
      this.problem = this.store.problem ?? "";
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    if (asked !== this.asked || this.scope.isOver) return;
    this.isDrawn = true;
    this.draw();
  }

  /** @param {string} name */
  async #loadSurface(name) {
    const owners = this.#owners("surface");
    this.owners = owners;
    const first = owners.filter((each) => each === this.of);
    const found = await newestSurface(name, [...first, ...owners], () => name !== this.name);
    if (name === this.name) this.surface = found;
  }

  /** @param {string} name */
  async #loadSlices(name) {
    const found = await slicesOf(name, this.#owners("slice"));
    if (name === this.name) this.slices = found;
  }

  later() {
    this.timer ||= this.scope.setTimeout(() => {
      this.timer = 0;
      if (this.built) this.load(this.#runs(this.name));
    }, REFRESH_MS);
  }

  // Points were appended to a walk.
  /** @param {import("../../core/curve_store.js").LivePoints} points */
  #grown(points) {
    if (this.player.at !== null || this.player.playing) return;
    if (axisOf(points.tag) === "x" && !document.hidden) this.fresh.push(points);
    frames.request(this);
  }

  // --- the frame -------------------------------------------------------------------------------------------

  #build() {
    this.view.innerHTML = FRAME; // constant text of ours; names of runs and surfaces are set as text
    const built = (this.built = this.scope.child());
    const act = {
      redraw: () => frames.request(this, true),
      tableAt: (/** @type {Contour} */ contour, /** @type {MouseEvent} */ event) =>
        under(contour, this.shown, this.player.at ?? this.last, event),
      choose: (/** @type {string} */ run) => {
        this.of = run;
        this.later();
      },
    };
    this.pictures = pictures(this.view, built, act);
    controls(this.view, built, this.player, act);
  }

  // The last step of all walks.
  get last() {
    return Math.max(0, ...[...this.walks.values()].map((walk) => (walk.length ? walk.end : 0)));
  }

  // --- drawing ---------------------------------------------------------------------------------------------

  draw() {
    const { pictures, name } = this;
    if (!pictures || !this.built || !name || this.scope.isOver) return;
    for (const walk of this.walks.values()) walk.join();
    const surface = this.surface ?? around([...this.walks.values()]),
      owner = this.surface?.run ?? null;
    const step = this.player.at ?? this.last;
    const shown = [...this.walks.values()]
      .filter((walk) => walk.length && (!surface.isOwn || walk.run === owner))
      .map((walk) => this.#dressed(walk.run, { walk }));
    this.shown = shown;
    const wanted = /** @type {import("./surface.js").Way | ""} */ (state.get("heights"));
    const hasPlane = Boolean(this.surface) || this.walks.size > 0;
    for (const panel of this.view.querySelectorAll(".paths-plane")) panel.toggleAttribute("hidden", !hasPlane);
    this.part(".paths-transport", HTMLElement).hidden = !shown.length;
    this.part(".paths-standing", HTMLElement).hidden = !shown.length;
    surface.spread(wanted);
    if (hasPlane) {
      pictures.contour.draw(surface, shown, step);
      pictures.view3d.draw(surface, shown, step);
    }
    this.part(".paths-plane .card-title .last", HTMLElement).textContent = this.name;
    const formula = this.problem || surface.formula || (this.surface ? "" : "no surface was logged");
    said(this.part(".paths-plane", HTMLElement), surface, owner, formula);
    this.#drawSlices(pictures.chart, wanted);
    tools(this.view, this.#owners("surface"), surface, owner, wanted);
    this.part(".paths-heights", HTMLElement).hidden = surface.isFlat && !this.slices.size;
    const slider = this.part("input[type=range]", HTMLInputElement);
    slider.max = String(this.last);
    slider.value = String(step);
    this.part("output", HTMLOutputElement).textContent = `step ${format.step(Math.floor(step))}`;
    for (const [selector, what] of [
      [".paths-contour", "Contours"],
      [".paths-3d", "Surface"],
    ])
      this.part(selector, HTMLCanvasElement).setAttribute(
        "aria-label",
        `${what} of ${name} with ${format.plural(shown.length, "path")} at step ${Math.floor(step)}`,
      );
    standing(this.part("tbody", HTMLElement), shown, step);
    const { fresh } = this,
      began = live.now();
    this.fresh = [];
    if (fresh.length) frames.afterPaint(() => live.drawn(fresh, began));
  }

  /**
   * @template T
   * @param {string} run
   * @param {T} rest
   */
  #dressed(run, rest) {
    return { ...rest, run, colour: colour(runs.index(run)), faint: this.highlight !== null && this.highlight !== run };
  }

  /**
   * @param {SliceChart} chart
   * @param {string} wanted
   */
  #drawSlices(chart, wanted) {
    const panel = this.part(".paths-slice", HTMLElement);
    const found = [...this.slices].flatMap(([run, slice]) =>
      slice && runs.isVisible(run) ? [this.#dressed(run, { slice })] : [],
    );
    panel.hidden = !found.length;
    if (!found.length) return;
    const newest = found[found.length - 1];
    chart.draw(found, wanted || (found.some(({ slice }) => slice.scale === "log") ? "log" : "linear"));
    part(panel, ".last", HTMLElement).textContent = `${this.name}, along a line`;
    said(panel, newest.slice, newest.run, newest.slice.formula);
    part(panel, "canvas", HTMLCanvasElement).setAttribute(
      "aria-label",
      `Loss along a line of ${format.plural(found.length, "run")}`,
    );
  }

  // Which run's surface, where each has its own; how heights are told apart.
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new PathsPage(view, scope);
