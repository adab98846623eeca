// The curves of a card: of which runs and tags they are, and in what form they are asked for.
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { CurveStore } from "../../core/curve_store.js";
import { ROOM } from "../../charts/growth.js";
import { domain } from "../../charts/scale.js";
import { settings } from "./settings.js";

const ALL_COLUMNS = 160_000,
  LEAST_COLUMNS = 100; // of all curves of a card, and of one

/** @typedef {import("../../core/curve_store.js").StoredCurve} StoredCurve */
/** @typedef {{ run: any, tag: string, curve: StoredCurve | undefined }} Wanted */

export class CardCurves {
  /**
   * @param {string[]} tags tags, and expressions with = before them
   * @param {import("../../core/scope.js").Scope} scope
   * @param {object} place
   * @param {() => any} place.chart null while there is none
   * @param {() => boolean} place.isSeen
   * @param {() => void} place.onAnswer
   * @param {(curve: StoredCurve, points: import("../../core/curve_store.js").LivePoints) => void} place.onPoints
   */
  constructor(tags, scope, { chart, isSeen, onAnswer, onPoints }) {
    this.tags = tags;
    this.chart = chart;
    this.zoomedTo = JSON.stringify(chart()?.zoom ?? null); // the window that was asked for, as JSON
    this.store = new CurveStore(
      {
        form: () => (chart() ? this.#form() : null),
        window: () => chart()?.zoom ?? null,
        rank: () => (isSeen() ? 0 : 10),
        isSeen,
        onAnswer,
        onPoints,
      },
      scope,
    );
  }

  /**
   * @param {string} run
   * @param {string} [tag]
   */
  of(run, tag = this.tags[0]) {
    return this.store.curve(run, tag);
  }

  // How many there are.
  get size() {
    let size = 0;
    for (const _ of this.store.curves()) size++;
    return size;
  }

  // The runs and tags whose curves belong on this card, in the order of drawing.
  /** @returns {Wanted[]} */
  wanted() {
    return this.tags.flatMap((tag) => this.#having(tag).map((run) => ({ run, tag, curve: this.of(run.name, tag) })));
  }

  // The visible runs that may have a tag, or what an expression asks for.
  /**
   * @param {string} tag
   * @returns {any[]}
   */
  #having(tag) {
    return runs.isExpression(tag) ? runs.visible().filter((run) => this.#has(run, tag)) : runs.having(tag);
  }

  load() {
    const base = runs.get(state.get("base"));
    for (const tag of this.tags) {
      const names = this.#having(tag).map(({ name }) => name);
      if (base && this.#has(base, tag) && !names.includes(base.name)) names.push(base.name);
      this.store.want(tag, names);
    }
  }

  // What the places of points are has changed: nothing of what is known can be shown meanwhile.
  replace() {
    this.store.clear();
    this.load();
  }

  // Whether x is logarithmic has changed: columns are spaced as the axis is, and points stay what they are.
  respace() {
    this.store.refetch((curve) => curve.loaded && !curve.single);
  }

  /** @param {[number, number] | null} window */
  zoom(window) {
    const said = JSON.stringify(window);
    if (said === this.zoomedTo) return;
    this.zoomedTo = said;
    this.store.outdate();
    this.load();
  }

  // What smoothing is measured by: the window, or all there is; a live chart's, while it stands still, as it stands.
  /**
   * @param {Wanted[]} wanted
   * @returns {number}
   */
  span(wanted) {
    const { axis, logx } = settings();
    const { zoom, view } = this.chart() ?? {};
    const known = /** @type {{ curve: StoredCurve }[]} */ (wanted.filter(({ curve }) => curve?.length));
    const span = known.length ? domain(known, { axis, logx }, zoom).full : 0;
    const holds =
      view?.settings.axis === axis &&
      view.settings.logx === logx &&
      view.x.full <= span &&
      span <= (1 + ROOM) * view.x.full;
    return holds && wanted.some(({ run }) => run.status === "running") ? view.x.full : span;
  }

  #count() {
    return this.tags.reduce((sum, tag) => sum + this.#having(tag).length, 0);
  }

  // Whether a run may have what a tag or an expression asks for.
  /**
   * @param {any} run
   * @param {string} tag
   */
  #has(run, tag) {
    return runs.isExpression(tag)
      ? this.store.needs(tag).every((need) => runs.isExpression(need) || run.has.has(need))
      : run.has.has(tag);
  }

  /** @returns {import("../../core/curve_requests.js").Form} */
  #form() {
    const { axis, logx } = settings();
    return {
      columns: this.#columns(),
      axis: axis === "time" ? "wall_time" : axis,
      ...(logx ? { log: true } : {}),
      ...(axis === "metric" ? { x: state.get("metric") } : {}),
      .../** @type {{ ranks?: "joined" }} */ (state.get("joinRanks") && runs.haveRanks() ? { ranks: "joined" } : {}),
    };
  }

  // How many columns a curve is asked for in: two for each pixel, but of a thousand lines no more than can be told
  // apart. Fewer are as exact: each column says the extremes of what it holds.
  #columns() {
    const fitting = Math.max(200, Math.min(4000, 2 * Math.round(this.chart().width || 400)));
    return Math.min(fitting, Math.max(LEAST_COLUMNS, Math.round(ALL_COLUMNS / Math.max(1, this.#count()))));
  }
}
