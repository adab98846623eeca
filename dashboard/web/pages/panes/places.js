// Where somebody put the panes of an environment: kept by the server, a moment after the last change; a server that is
// read-only keeps nothing, and the places last as long as the page.
import { dictionary } from "../../core/dictionary.js";
import * as data from "./data.js";

/** @typedef {import("./tiling.js").Place} Place */

const LATER_MS = 500;

/** @param {any} value @returns {Place | null} */
const placeOf = (value) => {
  const place = { x: Number(value?.x), y: Number(value?.y), w: Number(value?.w), h: Number(value?.h) };
  return Object.values(place).every((each) => Number.isFinite(each) && Math.abs(each) < 1e6) ? place : null;
};

export class Places {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, Map<string, Place>>} byRun what this page knows from before
   * @param {(message: string) => void} fail
   */
  constructor(scope, byRun, fail) {
    this.scope = scope;
    this.byRun = byRun;
    this.fail = fail;
    /** @type {Map<string, number>} */
    this.timers = new Map();
    /** @type {Map<string, Map<string, Place>>} */
    this.heard = new Map(); // what the server has
    /** @type {Set<string>} */
    this.readOnly = new Set();
    // What was not said yet is said now.
    scope.onLeave(() => {
      for (const run of this.timers.keys()) this.#send(run);
    });
  }

  /**
   * Takes in what the server says, unless somebody has moved something here since.
   * @param {import("./data.js").Environment} environment
   */
  hear({ run, places, read_only }) {
    if (read_only) this.readOnly.add(run);
    if (this.timers.has(run) || (read_only && this.byRun.has(run))) return;
    /** @type {Map<string, Place>} */
    const found = new Map();
    for (const [id, value] of Object.entries(places)) {
      const place = placeOf(value);
      if (place) found.set(id, place);
    }
    this.byRun.set(run, found);
    this.heard.set(run, found);
  }

  /** @param {string} run */
  of(run) {
    return this.byRun.get(run) ?? new Map();
  }

  /**
   * @param {string} run
   * @param {Map<string, Place>} places none: all lie by themselves
   */
  set(run, places) {
    this.byRun.set(run, places);
    if (this.readOnly.has(run)) return;
    this.scope.clearTimeout(this.timers.get(run) ?? 0);
    this.timers.set(
      run,
      this.scope.setTimeout(() => this.#send(run), LATER_MS),
    );
  }

  /** @param {string} run */
  async #send(run) {
    const own = this.timers.get(run),
      now = this.of(run),
      changes = changesOf(this.heard.get(run) ?? new Map(), now);
    try {
      if (changes) await data.keep(run, changes);
      this.heard.set(run, now);
    } catch (error) {
      this.fail(`Where the panes lie could not be kept: ${/** @type {Error} */ (error).message}`);
    }
    // Until it is answered the server may say what was before.
    if (this.timers.get(run) === own) this.timers.delete(run);
  }
}

/**
 * What is to be said of places so that those before become those now; null where nothing is.
 * @param {Map<string, Place>} before
 * @param {Map<string, Place>} now
 * @returns {Record<string, { [side in keyof Place]: number | null }> | null}
 */
export function changesOf(before, now) {
  const changes = dictionary();
  for (const [id, { x, y, w, h }] of now) {
    const old = before.get(id);
    if (!old || old.x !== x || old.y !== y || old.w !== w || old.h !== h) changes[id] = { x, y, w, h };
  }
  for (const id of before.keys()) if (!now.has(id)) changes[id] = { x: null, y: null, w: null, h: null };
  return Object.keys(changes).length ? changes : null;
}
