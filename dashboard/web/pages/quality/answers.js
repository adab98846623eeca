// What shown runs have logged under one tag of quality: asked for when they are shown, and again when there is news.
import * as api from "../../core/api.js";

const REFRESH_MS = 300;

/** @typedef {any} Logged a curve with its counts at each threshold, or a matrix, as the server has it, at a step */

export class Answers {
  /**
   * @param {string} kind pr_curve or confusion
   * @param {string} tag
   * @param {import("../../core/scope.js").Scope} scope
   * @param {() => void} onChange
   */
  constructor(kind, tag, scope, onChange) {
    this.kind = kind;
    this.tag = tag;
    this.scope = scope;
    this.onChange = onChange;
    /** @type {Map<string, Logged[]>} */
    this.series = new Map(); // by run
    /** @type {string[]} */
    this.names = []; // of the runs that are shown
    /** @type {Set<string>} */
    this.asking = new Set();
    /** @type {Set<string>} */
    this.again = new Set(); // runs that were asked for while their answer was under way
    /** @type {Map<string, number>} */
    this.timers = new Map(); // of a later question, by run
    /** @type {Map<string, string>} */
    this.problems = new Map(); // by run: why its last answer could not be had
  }

  get problem() {
    return this.names.flatMap((name) => this.problems.get(name) ?? [])[0] ?? "";
  }

  // Shows these runs. One that was hidden is asked for anew when it is shown again: nobody told of it meanwhile.
  /** @param {string[]} names */
  show(names) {
    this.names = names;
    for (const name of this.series.keys()) if (!names.includes(name)) this.series.delete(name);
    for (const name of names) if (!this.series.has(name)) this.ask(name);
  }

  /** @param {string} name */
  async ask(name) {
    if (this.asking.has(name)) {
      this.again.add(name);
      return;
    }
    this.asking.add(name);
    /** @type {Logged[] | null} */
    let found = null;
    try {
      found = this.#logged(
        await api.packed(this.kind === "pr_curve" ? "quality" : "confusion", { run: name, tag: this.tag }),
      );
      this.problems.delete(name);
    } catch (error) {
      this.problems.set(name, `${name}: ${/** @type {Error} */ (error).message}`);
    }
    if (this.scope.isOver) return;
    this.asking.delete(name);
    const isAgain = this.again.delete(name);
    if (!this.names.includes(name)) return; // hidden while the answer was on its way
    // What is there already stays where an answer cannot be had.
    if (found || !this.series.has(name)) this.series.set(name, found ?? []);
    this.onChange();
    if (isAgain) this.later(name);
  }

  /** @param {{ head: any, column: (length: number) => Float64Array }} answer */
  #logged({ head, column }) {
    if (this.kind !== "pr_curve")
      return head.matrices.map((/** @type {any} */ matrix) => ({ ...matrix, counts: column(matrix.size ** 2) }));
    return head.curves.map((/** @type {any} */ curve) => {
      const [tp, fp, tn, fn, confidence] = Array.from({ length: curve.rows }, () => column(curve.thresholds));
      return { ...curve, tp, fp, tn, fn, confidence };
    });
  }

  /** @param {string} name */
  later(name) {
    if (!this.names.includes(name) || this.timers.has(name)) return;
    const timer = this.scope.setTimeout(() => {
      this.timers.delete(name);
      if (this.names.includes(name)) this.ask(name);
    }, REFRESH_MS);
    this.timers.set(name, timer);
  }

  steps() {
    return [...new Set([...this.series.values()].flatMap((series) => series.map((each) => each.step)))].sort(
      (a, b) => a - b,
    );
  }
}
