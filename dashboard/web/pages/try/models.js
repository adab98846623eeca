// What models runs have, asked once for each run and again when the live feed tells of more.
import * as api from "../../core/api.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { Emitter } from "../../core/emitter.js";
import { touches } from "../../core/news.js";

/** @typedef {import("./signature.js").Model} Model */
/** @typedef {import("./askers.js").Chosen} Chosen */

export const KIND = "model";

export class Models {
  /** @param {import("../../core/scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    /** @type {Map<string, Model[]>} */
    this.found = new Map(); // by run
    /** @type {Map<string, string>} */
    this.problems = new Map(); // by run: why they cannot be read
    /** @type {Map<string, boolean>} */
    this.asking = new Map(); // run -> whether it is to be asked again after the answer that is under way
    this.news = new Emitter(["change"]);
    scope.on(live, "changed", (change) => {
      if (this.#isWanted(change.run) && touches(change, KIND)) this.ask(change.run);
    });
    scope.on(live, "restart", () => {
      for (const run of [...this.found.keys(), ...this.problems.keys()]) this.ask(run);
    });
  }

  /** @param {string} run */
  #isWanted(run) {
    return this.found.has(run) || this.problems.has(run) || this.asking.has(run);
  }

  /**
   * Told "change" with a run's name when other models are known of it.
   * @param {string | string[]} kinds
   * @param {(run: string) => void} listener
   */
  on(kinds, listener) {
    return this.news.on(kinds, listener);
  }

  /** @param {string} run */
  async ask(run) {
    if (this.asking.has(run)) {
      this.asking.set(run, true);
      return;
    }
    this.asking.set(run, false);
    try {
      /** @type {{ models: Model[] }} */
      const { models } = await api.json("models", { run });
      for (const model of models) model.versions.sort((a, b) => a.step - b.step);
      this.found.set(run, models);
      this.problems.delete(run);
    } catch (error) {
      this.problems.set(run, /** @type {Error} */ (error).message);
    }
    const again = this.asking.get(run);
    this.asking.delete(run);
    if (this.scope.isOver) return;
    this.news.tell("change", run);
    if (again) this.ask(run);
  }

  /**
   * A model by its place; asked for where nothing is known of its run yet.
   * @param {import("./askers.js").Place} place
   * @returns {Chosen | null} null while it is asked for, and where there is none
   */
  at({ run, name, step }) {
    if (!this.#isWanted(run)) this.ask(run);
    const model = this.found.get(run)?.find((each) => each.name === name);
    if (!model?.versions.length) return null;
    const last = model.versions[model.versions.length - 1];
    // The last that is not after the step; the first when all are.
    const version = step === null ? last : (model.versions.findLast((each) => each.step <= step) ?? model.versions[0]);
    return { run, name, step, model, version };
  }

  /** @param {string} run */
  isKnown(run) {
    return this.found.has(run) || this.problems.has(run);
  }
}

/**
 * Which models runs say that they have, the newest run first.
 * @returns {{ run: string, name: string }[]}
 */
export const offered = () =>
  runs
    .visible()
    .toReversed()
    .flatMap((run) => (run.series[KIND] ?? []).map((name) => ({ run: run.name, name })));
