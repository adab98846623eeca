// The curves that a place of the page shows, by run and tag: asked for, decoded, kept live, asked for after a gap.
//
// Every place has a store of its own, for each asks in its own form (columns, axis, window); what they ask at the same
// moment becomes one question (curve_requests.js). A store is kept up to date until its scope is left, or it is closed.
import { Series, beyond, within } from "./curve_series.js";
import { ask, partsOf } from "./curve_requests.js";
import { kept } from "./live_stores.js";
import { curvesOf, named } from "./wire.js";

/** @typedef {import("./curve_requests.js").Form} Form */
/** @typedef {import("./curve_requests.js").Column} Column */
/** @typedef {import("./curve_series.js").StoredCurve} StoredCurve */
/** @typedef {import("./curve_series.js").LivePoints} LivePoints */

/**
 * What a place says of its curves.
 * @typedef {object} Place
 * @property {() => Form | null} form in what form they are asked for now; null while the place is not there
 * @property {() => [number, number] | null} [window] the part of the axis that is shown, where that is not all of it
 * @property {() => number} [rank] whose question goes first: the least
 * @property {() => boolean} [isSeen] what is not seen is not asked for again by itself, but when it is wanted next
 * @property {boolean} [isSketch] whether a line may skip points: only the last of a tag that is not watched is sent
 * @property {number} [pause] ms between two questions for what cannot be appended
 * @property {(tag: string) => void} [onAnswer] a question has come to its end, with curves or without
 * @property {(curve: StoredCurve, points: LivePoints) => void} [onPoints] points were appended
 */

const GAP_MS = 100; // not put off by the next point that finds the gap
const FAILED_MS = 2000; // after a question that was not answered: whoever shows its curves wants them at once
const DERIVED_MS = 1000; // between two questions for what the server works out from points that keep coming

let questions = 0;

export class CurveStore {
  /** @type {Map<string, Series>} */
  #series = new Map();

  #forget = () => {};

  /**
   * @param {Place} place
   * @param {import("./scope.js").Scope} [scope] with which it is closed
   */
  constructor(place, scope) {
    this.place = place;
    this.pause = place.pause ?? GAP_MS; // ms from a gap to the question
    kept.add(this);
    if (scope) this.#forget = scope.onLeave(() => this.close());
  }

  // --- what is known --------------------------------------------------------------------------------------

  /**
   * @param {string} run
   * @param {string} tag
   */
  curve(run, tag) {
    return this.#series.get(tag)?.curves.get(run);
  }

  /** Every curve that is known or asked for. */
  *curves() {
    for (const { curves } of this.#series.values()) yield* curves.values();
  }

  /**
   * The tags that a tag or an expression is worked out from, as far as is known.
   * @param {string} tag
   */
  needs(tag) {
    return this.#series.get(tag)?.needs ?? [tag];
  }

  /** All of these: the tags whose points are to be sent. */
  get tags() {
    return new Set([...this.#series.values()].flatMap(({ needs }) => needs));
  }

  /** Why the curves of some tag could not be read; null where all could. */
  get problem() {
    for (const { problem } of this.#series.values()) if (problem) return problem;
    return null;
  }

  /** Whether no question is under way. */
  get isIdle() {
    for (const curve of this.curves()) if (curve.asked) return false;
    return true;
  }

  // --- asking ---------------------------------------------------------------------------------------------

  /**
   * Asks for what is not known of some runs; what is known in far fewer columns than are shown by now, too.
   * @param {string} tag
   * @param {string[]} runs in the order of drawing: of very many the last come first
   * @returns {Promise<void>} once all that was asked for is answered, or has failed
   */
  want(tag, runs) {
    const series = this.#seriesOf(tag);
    const columns = this.place.form()?.columns ?? 0;
    // Asked for in few columns, beside very many others, and now seen among few.
    const isCoarse = (/** @type {StoredCurve | undefined} */ curve) =>
      curve?.loaded && !curve.single && curve.columns * 1.5 <= columns;
    return this.#ask(
      series,
      runs.filter((run) => !series.asked.has(run) || isCoarse(series.curves.get(run))),
    );
  }

  /**
   * Those of some runs that are not asked for.
   * @param {string} tag
   * @param {string[]} runs
   */
  missing(tag, runs) {
    const asked = this.#series.get(tag)?.asked;
    return runs.filter((run) => !asked?.has(run));
  }

  /**
   * Asks anew at once; what is known is shown meanwhile.
   * @param {(curve: StoredCurve) => boolean} [which] of all that are known
   */
  refetch(which = () => true) {
    for (const series of this.#series.values())
      this.#ask(
        series,
        [...series.curves].filter(([, curve]) => which(curve)).map(([run]) => run),
      );
  }

  /** What is known is of another window, or another axis: shown until something better comes, not gone on with. */
  outdate() {
    for (const curve of this.curves()) curve.isOutdated = true;
    this.refetch();
  }

  /** All is asked for anew when it is wanted next. */
  invalidate() {
    for (const series of this.#series.values()) series.asked.clear();
  }

  /**
   * Asks for a curve anew after a pause, which is not put off by what comes meanwhile.
   * @param {string} tag
   * @param {string} run
   */
  again(tag, run, pause = GAP_MS) {
    const series = this.#series.get(tag);
    if (series) this.#again(series, run, pause);
  }

  /** Forgets all; answers that come later are nobody's. */
  clear() {
    for (const { timer } of this.#series.values()) clearTimeout(timer);
    this.#series.clear();
  }

  /** The same, and nothing is taken any more: the place is gone. */
  close() {
    this.clear();
    kept.delete(this);
    this.#forget();
  }

  /** @param {string} tag */
  #seriesOf(tag) {
    let series = this.#series.get(tag);
    if (!series) this.#series.set(tag, (series = new Series(tag, this.place.form())));
    return series;
  }

  /**
   * @param {Series} series
   * @param {string} run
   * @param {number} pause
   */
  #again(series, run, pause) {
    if (this.place.isSeen && !this.place.isSeen()) {
      series.asked.delete(run);
      return;
    }
    series.later.add(run);
    series.timer ??= setTimeout(() => {
      series.timer = undefined;
      const runs = [...series.later];
      series.later.clear();
      this.#ask(series, runs);
    }, pause);
  }

  /**
   * @param {Series} series
   * @param {string[]} runs
   */
  async #ask(series, runs) {
    const form = this.place.form();
    if (!form || !runs.length) return;
    const window = this.place.window?.();
    if (window) Object.assign(form, beyond(window, form.axis));
    await Promise.all(partsOf(runs).map((part, i) => this.#askFor(series, part, form, i)));
  }

  /**
   * @param {Series} series
   * @param {string[]} runs
   * @param {Form} form
   * @param {number} part
   * @returns {Promise<void>}
   */
  #askFor(series, runs, form, part) {
    const number = ++questions;
    series.axis = form.axis === "wall_time" ? "time" : (form.axis ?? "step");
    const asked = runs.map((run) => {
      const curve = series.curve(run);
      series.asked.add(run);
      series.newest.set(run, number);
      curve.ask();
      return curve;
    });
    return new Promise((done) =>
      ask({
        tag: series.tag,
        runs,
        form,
        isRest: part > 0,
        rank: () => part + (this.place.rank?.() ?? 0),
        take: (head, column) => this.#take(series, form, number, head, column),
        fail: ({ message }) => {
          const isOurs = /^The expression|names no tag/.test(message);
          series.problem = isOurs ? message : `These curves could not be read: ${message}`;
          if (!isOurs) for (const run of runs) this.#again(series, run, FAILED_MS);
        },
        done: () => {
          for (const curve of asked) {
            curve.answered();
            curve.loaded = true;
            if (series.newest.get(curve.run) === number) curve.isOutdated = false;
          }
          if (this.#series.get(series.tag) === series) this.place.onAnswer?.(series.tag);
          done();
        },
      }),
    );
  }

  /**
   * @param {Series} series
   * @param {Form} form
   * @param {number} number of the question
   * @param {any} head
   * @param {Column} column
   */
  #take(series, form, number, head, column) {
    series.needs = head.needs;
    series.problem = null;
    for (const { curve: found, columns } of series.steps.kept(curvesOf(head, column))) {
      const known = series.curves.get(found.run);
      // One that was overtaken by the answer to a later question says less, or of another window.
      if (!known || number < (series.answered.get(found.run) ?? 0)) continue;
      series.answered.set(found.run, number);
      known.columns = form.columns;
      if (!known.load(found, columns)) this.#again(series, found.run, this.pause);
    }
    for (const { run, length } of head.tails) {
      const tail = named(head.columns.points, length, column);
      const of = (/** @type {string} */ name) => tail.get(name) ?? new Float64Array(0);
      const curve = series.curves.get(run);
      if (curve) curve.tails = [...curve.tails, { steps: of("step"), times: of("wall_time"), values: of("value") }];
    }
  }

  // --- live -----------------------------------------------------------------------------------------------

  /** @param {LivePoints} points */
  take(points) {
    const own = this.#series.get(points.tag);
    const curve = own?.isOwn ? own.curves.get(points.run) : undefined;
    // What ranks logged is joined by the server.
    if (own && curve && curve.ranks > 1) this.#again(own, points.run, DERIVED_MS);
    else if (own && curve) this.#append(own, curve, points);
    for (const series of this.#series.values())
      if (!series.isOwn && series.needs.includes(points.tag) && series.curves.has(points.run))
        this.#again(series, points.run, DERIVED_MS);
  }

  /**
   * @param {Series} series
   * @param {StoredCurve} curve
   * @param {LivePoints} points
   */
  #append(series, curve, points) {
    // What is known is of another window than the one that was asked for: no line leads from there to here.
    if (curve.isOutdated && curve.asked) {
      curve.pending = [...curve.pending, points];
      return;
    }
    const window = curve.loaded ? this.place.window?.() : null;
    const part = window ? within(curve, points, series.axis, window[1]) : points;
    if (this.place.isSketch) curve.counts.set(points.segment, points.n);
    // While a question is under way its answer says whether something is missing.
    if (part && !curve.append(part) && !curve.asked && !this.place.isSketch)
      this.#again(series, points.run, this.pause);
    if (part !== points) curve.counts.set(points.segment, points.n + points.count);
    if (part) this.place.onPoints?.(curve, points);
  }

  /**
   * What was missed of a series, or is not so any more.
   * @param {string} run
   * @param {string | null} tag null for all of the run
   */
  missed(run, tag) {
    for (const series of this.#series.values())
      if ((tag === null || series.needs.includes(tag)) && series.curves.has(run)) this.#again(series, run, this.pause);
  }

  /** @param {string} run */
  remove(run) {
    for (const series of this.#series.values()) {
      series.curves.delete(run);
      series.asked.delete(run);
    }
  }

  /** The line broke: whatever came meanwhile was told to nobody. */
  restart() {
    this.invalidate();
    if (!this.place.isSeen || this.place.isSeen()) this.refetch();
  }
}
