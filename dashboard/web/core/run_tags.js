// Which tags some runs have.
import { naturally } from "../text/name_order.js";
import { isOfPane } from "../text/pane_tags.js";

/** @typedef {import("./runs.js").Run} Run */

/** @type {WeakMap<Run[], Map<string, Run[]>>} */
const having = new WeakMap(); // some runs -> a curve's tag -> those that have it: asked for by each card and frame

/**
 * Those of some runs that have a curve.
 * @param {Run[]} some
 * @param {string} tag
 */
export function havingOf(some, tag) {
  const known = having.get(some) ?? new Map();
  having.set(some, known);
  const found = known.get(tag) ?? some.filter((run) => run.has.has(tag));
  known.set(tag, found);
  return found;
}

/**
 * @param {Iterable<Run>} some
 * @param {string} kind
 * @returns {Set<string>}
 */
export function tagsOf(some, kind) {
  const found = new Set(),
    seen = new Set(); // runs of one sweep share the list itself
  for (const { series } of some) {
    const own = series[kind];
    if (!own || seen.has(own)) continue;
    seen.add(own);
    for (const tag of own) if (kind !== "scalar" || !isOfPane(tag)) found.add(tag);
  }
  return found;
}

// Every tag that some run has, until a run changes.
export class KnownTags {
  /** @param {() => Iterable<Run>} runs all of them */
  constructor(runs) {
    this.runs = runs;
    /** @type {Map<string, string[]>} */
    this.known = new Map(); // by kind, in their order
    /** @type {Map<Run["series"], Run> | null} */
    this.differing = null; // a run of each set of tags: those of one sweep share theirs
  }

  forget() {
    this.known.clear();
    this.differing = null;
  }

  /** @param {string} kind */
  of(kind) {
    if (!this.differing) {
      this.differing = new Map();
      for (const run of this.runs()) if (!this.differing.has(run.series)) this.differing.set(run.series, run);
    }
    const found = this.known.get(kind) ?? naturally(tagsOf(this.differing.values(), kind));
    this.known.set(kind, found);
    return found;
  }
}
