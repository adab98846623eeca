// Cases that were kept: what was asked, and what is expected; and what each version of the model answers to them.
import * as api from "../../core/api.js";
import * as live from "../../core/live.js";
import { Emitter } from "../../core/emitter.js";
import { touches } from "../../core/news.js";
import { KIND } from "./models.js";

/**
 * @typedef {{
 *   id: string, model: string, input: Record<string, any>, expected: string, title: string, wall_time: number,
 * }} Case
 * @typedef {{ steps: number[], p: (number | null)[], top: (string | null)[], more: number }} Answers of the versions,
 *   the oldest first; p: of what is expected, null where the version cannot be asked, NaN where it puts out none
 */

const REST_MS = 250; // between two questions for the rows of a run: a training may log versions faster than eyes follow

export class Cases {
  /** @param {import("../../core/scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    /** @type {Map<string, Case[]>} */
    this.found = new Map(); // by run
    /** @type {Map<string, Answers>} */
    this.answers = new Map(); // by id
    /** @type {Set<string>} */
    this.followed = new Set(); // runs
    /** @type {Map<string, boolean>} */
    this.asking = new Map(); // run -> whether there was news meanwhile
    this.acts = 0; // what was done here, and answered
    this.isReadOnly = false;
    this.news = new Emitter(["change"]);
    scope.on(live, "changed", (change) => {
      if (this.followed.has(change.run) && (touches(change, KIND) || change.what.includes("runs")))
        this.ask(change.run);
    });
    scope.on(live, "restart", () => {
      for (const run of this.followed) this.ask(run);
    });
  }

  /**
   * Told "change" with a run's name.
   * @param {string | string[]} kinds
   * @param {(run: string) => void} listener
   */
  on(kinds, listener) {
    return this.news.on(kinds, listener);
  }

  /** @param {Iterable<string>} some whose cases are shown from now on */
  follow(some) {
    const wanted = new Set(some);
    for (const run of this.followed) if (!wanted.has(run)) this.followed.delete(run);
    for (const run of wanted)
      if (!this.followed.has(run)) {
        this.followed.add(run);
        this.ask(run);
      }
  }

  /** @param {string} run */
  of(run) {
    return this.found.get(run) ?? [];
  }

  /** @param {string} run */
  async ask(run) {
    if (this.asking.has(run)) {
      this.asking.set(run, true);
      return;
    }
    this.asking.set(run, false);
    let isMore = false;
    try {
      const before = this.acts,
        told = await api.json("cases", { run });
      if (this.acts === before) this.#take(run, told);
      else this.asking.set(run, true); // it may be older than what was kept or let go of here meanwhile
      for (const { id } of this.of(run)) {
        if (this.scope.isOver || !this.followed.has(run)) break;
        if (!this.of(run).some((each) => each.id === id)) continue; // let go of meanwhile
        /** @type {Answers} */
        const row = await api.json("cases/row", { run, id });
        // In JSON NaN is a word.
        this.answers.set(id, { ...row, p: row.p.map((p) => (p === null ? null : Number(p))) });
        isMore ||= row.more > 0;
        if (this.scope.isOver) break;
        this.news.tell("change", run);
      }
    } catch {
      /* the run has gone, or the line broke, after which all is asked again */
    }
    this.scope.setTimeout(() => {
      const again = this.asking.get(run) || isMore;
      this.asking.delete(run);
      if (again) this.ask(run);
    }, REST_MS);
  }

  /**
   * @param {string} run
   * @param {{ cases: Case[], read_only: boolean }} told
   */
  #take(run, { cases, read_only }) {
    this.isReadOnly = read_only;
    this.found.set(run, cases);
    if (!this.scope.isOver) this.news.tell("change", run);
  }

  /**
   * Keeps a case of a model.
   * @param {string} run
   * @param {{ model: string, input: Record<string, any>, expected: string, title: string }} what
   */
  async keep(run, what) {
    const told = await api.post("cases", { run, ...what });
    this.acts += 1;
    this.#take(run, told);
    this.ask(run);
  }

  /** @param {string} run @param {string} id */
  async letGo(run, id) {
    const told = await api.post("cases", { run, remove: id });
    this.acts += 1;
    this.#take(run, told);
    this.answers.delete(id);
  }
}
