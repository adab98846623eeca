// What a card knows of its distribution, and what it asks for when something else is wanted or something new has come.
import * as state from "../../core/state.js";
import { comesRough, over } from "../../core/histograms.js";
import { draw } from "./draw.js";
import { nearest } from "./geometry.js";
import { binning } from "./pick.js";

/** @typedef {import("../../core/histograms.js").Distribution} Distribution */
/** @typedef {import("../../core/histograms.js").Mode} Mode */

const REFRESH_MS = 400; // a training that logs histograms at every step is followed this often

export class Loader {
  /**
   * @param {string} run
   * @param {string} tag
   * @param {{ isInSight(): boolean, onChange(): void, onCame(): void }} card onCame: something has come for the first
   *   time or anew
   * @param {import("../../core/histograms.js").StepQuestions} steps
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(run, tag, card, steps, scope) {
    this.run = run;
    this.tag = tag;
    this.card = card;
    this.steps = steps;
    this.scope = scope;
    /** @type {Distribution | null} */
    this.data = null;
    this.problem = "";
    this.stale = false; // there is something newer
    this.asking = false;
    this.refining = false; // whether the finest rows are asked for
    this.again = false; // another picture is wanted than the one that is under way
    /** @type {number | null | undefined} */
    this.wanted = undefined; // the step that was asked for last
    this.timer = 0;
  }

  // The steps that a cursor can stand on.
  get places() {
    return this.data?.places ?? this.data?.step ?? new Float64Array(0);
  }

  // What is at hand comes first; once every card in sight has something, each asks for its finest rows.
  async load() {
    this.stale = false;
    if (this.asking) {
      this.stale = true;
      return;
    }
    const mode = /** @type {Mode} */ (draw[state.get("bins")] ? state.get("bins") : "ridge");
    if (mode === "one") {
      this.#loadStep(true);
      return;
    }
    this.asking = true;
    const rough = comesRough(mode) && !(this.data?.mode === mode && !this.data.rough) && !this.refining;
    try {
      this.data = await over(this.run, this.tag, mode, binning(), rough);
      this.problem = "";
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    if (this.scope.isOver) return;
    this.asking = this.refining = false;
    if (this.again) {
      this.again = false;
      this.data = null;
      this.load();
      return;
    }
    this.card.onChange();
    if (this.stale) this.later();
    else this.card.onCame();
  }

  // What the layer held at the cursor; whole: also which steps there are, and the range that all their bins share.
  /** @param {boolean} whole */
  #loadStep(whole) {
    const known = whole || this.data?.mode !== "one" ? null : this.data;
    const places = known?.places;
    const pace = state.get("pace");
    const step = !places?.length ? pace : pace === null ? places[places.length - 1] : places[nearest(places, pace)];
    if (known && this.wanted === step) return;
    this.wanted = step;
    this.steps.ask({
      run: this.run,
      tag: this.tag,
      scale: binning(),
      step,
      span: known?.span,
      take: (data) => {
        if (this.scope.isOver || state.get("bins") !== "one" || data.scale !== binning()) return;
        const all = data.places ?? places;
        this.data = { ...data, places: all, steps: all?.length ?? data.steps };
        this.problem = "";
        if (whole) {
          // the cursor may have moved meanwhile
          this.wanted = data.rows ? data.step[0] : step;
          this.#loadStep(false);
        }
        this.card.onChange();
        this.card.onCame();
      },
      fail: (error) => {
        this.problem = error.message;
        this.card.onChange();
      },
    });
  }

  // Another picture is wanted: what is known is of no use to it.
  forget() {
    this.data = null;
    if (this.asking) this.again = true;
    else if (this.card.isInSight()) this.load();
  }

  // The page's cursor has moved.
  paced() {
    if (this.card.isInSight() && this.data?.mode === "one") this.#loadStep(false);
  }

  refine() {
    if (!this.card.isInSight() || !this.data?.rough || this.asking) return;
    this.refining = true;
    this.load();
  }

  later() {
    if (this.timer) return;
    this.timer = this.scope.setTimeout(() => {
      this.timer = 0;
      if (this.card.isInSight()) this.load();
      else this.stale = true;
    }, REFRESH_MS);
  }

  // It has come into sight.
  seen() {
    if (!this.data || this.stale) this.load();
    else this.paced();
  }
}
