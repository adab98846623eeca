// What the server answers about distributions, as a place keeps it: columns, a row for each step or for a few merged.
import * as api from "./api.js";
import { lookup } from "../text/lookup.js";

/** @typedef {"ridge" | "overlay" | "heat" | "bands" | "one"} Mode */
/** @typedef {[low: number, high: number, elements: number, isWhole: number]} Span that all bins of a series share */
/** @typedef {import("../charts/histogram.js").Binning} Binning */
/** @typedef {import("../charts/histogram.js").Bins} Bins */
/**
 * Rows of counts, each of a step or of a few that were merged.
 * @typedef {object} Rows
 * @property {Mode} mode
 * @property {number} rows
 * @property {Span} span
 * @property {boolean} whole whether the elements are whole numbers, each in a bin of its own
 * @property {number[]} quantiles that are known of each row: 0 to 1
 * @property {number} merged the most steps that are in one row
 * @property {number} steps
 * @property {number} elements
 * @property {boolean} [rough] whether finer rows are to be had
 * @property {Float64Array} first the first step of each row
 * @property {Float64Array} step and its last
 * @property {Float64Array} time
 * @property {Float64Array} of how many steps
 * @property {Float64Array} total elements
 * @property {Float64Array} nan
 * @property {Float64Array} pinf
 * @property {Float64Array} ninf
 * @property {Float64Array} quantile rows × quantiles
 * @property {Float64Array} counts rows × bins
 * @property {number} row the one at the page's cursor
 * @property {Float64Array | null} [places] of one step: all steps that there are
 * @property {{ of: Float64Array, low: number, high: number }} [reach] the least and the greatest step
 */
/** @typedef {Bins & Rows} Distribution */
/**
 * What a place wants to know of one step.
 * @typedef {object} Wish
 * @property {string} run
 * @property {string} tag
 * @property {Binning} scale
 * @property {number | null} step null: the last
 * @property {Span} [span]
 * @property {(data: Distribution) => void} take
 * @property {(error: Error) => void} fail
 */

/** @type {Record<string, number>} */
export const ROWS = lookup({ ridge: 24, overlay: 24, heat: 240, bands: 240 });
/** @type {Record<string, number>} */
export const BINS = lookup({ ridge: 72, overlay: 72, heat: 96, bands: 64, one: 72 });
const MANY_ROWS = new Set(["heat", "bands"]); // of so many that reading them is felt: fewer come first
const LAYERS = 64; // in one question about a step

/** @param {string} mode */
export const comesRough = (mode) => MANY_ROWS.has(mode);

/**
 * @param {any} head
 * @param {(length: number) => Float64Array} column the answer's next one
 * @param {Mode} mode
 * @param {Binning} scale
 * @returns {Distribution}
 */
function columns(head, column, mode, scale) {
  const { rows, bins } = head;
  const [first, step, time, of, total, nan, pinf, ninf] = Array.from({ length: 8 }, () => column(rows));
  const quantile = column(rows * head.quantiles.length);
  const edges = column(bins + 1);
  const counts = column(rows * bins);
  const known = { first, step, time, of, total, nan, pinf, ninf, quantile, edges, counts };
  return { ...head, ...known, row: rows - 1, mode, scale };
}

// Rows over all steps.
/**
 * @param {string} run
 * @param {string} tag
 * @param {Mode} mode
 * @param {Binning} scale
 * @param {boolean} rough
 * @returns {Promise<Distribution>}
 */
export async function over(run, tag, mode, scale, rough) {
  const { head, column } = await api.packed("histograms", {
    run,
    tag,
    rows: ROWS[mode],
    bins: BINS[mode],
    scale,
    honest: 1,
    rough: rough ? 1 : undefined,
  });
  return columns(head, column, mode, scale);
}

// --- one step ----------------------------------------------------------------------------------------------

// What is asked at once is one question, and one question is under way at a time, so that a slider that is dragged
// skips steps rather than lag.
export class StepQuestions {
  constructor() {
    /** @type {Map<string, Map<string, Wish>>} */
    this.wishes = new Map(); // "run\nscale" -> Map(tag -> wish), each wish the newest of its place
    /** @type {Set<string>} */
    this.underWay = new Set();
    this.scheduled = false;
  }

  /**
   * Asks for a layer at a step (null: its last; with a span, one that it has); take(data) or fail(error) is called,
   * unless the place has asked anew.
   * @param {Wish} wish
   */
  ask(wish) {
    const group = `${wish.run}\n${wish.scale}`;
    const some = this.wishes.get(group) ?? new Map();
    this.wishes.set(group, some.set(wish.tag, wish));
    if (!this.scheduled) queueMicrotask(() => this.#send());
    this.scheduled = true;
  }

  #send() {
    this.scheduled = false;
    for (const [group, some] of this.wishes) if (some.size && !this.underWay.has(group)) this.#put(group, some);
  }

  /**
   * @param {string} group
   * @param {Map<string, Wish>} some
   */
  async #put(group, some) {
    this.underWay.add(group);
    const asked = [...some.values()].slice(0, LAYERS);
    const [{ run, scale }] = asked;
    for (const { tag } of asked) some.delete(tag);
    try {
      const layers = asked.map(({ tag, step, span }) => ({ tag, step, span }));
      const { head, column } = await api.postPacked("histograms/step", { run, scale, bins: BINS.one, layers });
      asked.forEach((wish, i) => {
        const answer = head.answers[i];
        if (answer.missing) {
          wish.fail(new Error(`There is no histogram ${wish.tag} in ${run}.`));
          return;
        }
        const places = column(answer.places);
        const data = columns(answer, column, "one", scale);
        wish.take({ ...data, places: answer.places ? places : null });
      });
    } catch (error) {
      for (const wish of asked) wish.fail(/** @type {Error} */ (error));
    }
    this.underWay.delete(group);
    this.#send();
  }
}
