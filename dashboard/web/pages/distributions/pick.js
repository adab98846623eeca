// What is picked of distributions: layers of one run and a range of steps, shown merged at the page's foot.
import * as state from "../../core/state.js";
import { Merge } from "./merge.js";

/** @typedef {{ run: string | null, tags: Set<string>, start: number | null, stop: number | null }} Picked */

/** @returns {import("../../charts/histogram.js").Binning} */
export const binning = () => (state.get("binning") === "log" ? "log" : "linear");

export class Picks {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {HTMLElement} view where what was picked is shown
   * @param {Picked | undefined} before what was picked on the last visit
   * @param {() => void} changed
   */
  constructor(scope, view, before, changed) {
    this.scope = scope;
    this.view = view;
    this.changed = changed;
    /** @type {Picked} */
    this.picked = before ?? { run: null, tags: new Set(), start: null, stop: null };
    /** @type {Merge | null} */
    this.merge = null;
    this.merged = scope.child(); // while something is shown merged
  }

  /** @param {string} run @param {string} tag */
  has(run, tag) {
    return this.picked.run === run && this.picked.tags.has(tag);
  }

  /**
   * Picks a layer, or lets go of it when it toggles, and steps; a tag of null lets go of everything.
   * @param {string | null} run
   * @param {string | null} tag
   * @param {number | null} start
   * @param {number | null} stop
   */
  pick(run, tag, start, stop, toggles = false) {
    const { picked } = this;
    if (picked.run !== run || tag === null) picked.tags.clear();
    if (tag !== null && toggles && picked.tags.has(tag)) picked.tags.delete(tag);
    else if (tag !== null) picked.tags.add(tag);
    const any = picked.tags.size > 0;
    Object.assign(picked, { run, start: any ? start : null, stop: any ? stop : null });
    this.show();
    this.changed();
  }

  /** Shows what is picked at the end of the page, or nothing. */
  show() {
    const { picked } = this;
    if (!picked.tags.size) {
      this.merge?.element.remove();
      this.merge = null;
      this.merged.leave();
      return;
    }
    if (!this.merge) {
      this.merged = this.scope.child();
      this.merge = new Merge(() => this.pick(picked.run, null, null, null), this.merged);
    }
    if (!this.merge.element.isConnected) this.view.append(this.merge.element);
    const { run, tags, start, stop } = picked;
    if (run !== null) this.merge.show({ run, tags: [...tags], start, stop }, binning());
  }
}
