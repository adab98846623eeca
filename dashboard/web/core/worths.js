// What runs are judged by on all charts: their last values of one metric, asked for once and kept as points come.
import * as api from "./api.js";
import * as live from "./live.js";
import { Emitter } from "./emitter.js";

/** @type {{ tag: string, values: Map<string, number> } | null} */
let known = null;
const news = new Emitter(["change"]);

/**
 * Told "change" when values of the metric that was asked for have come.
 * @param {string | string[]} kinds
 * @param {() => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

/**
 * The last value of a metric, by run: NaN where it is not known, or not yet. null where no metric is named.
 * @param {string} tag
 * @returns {((run: { name: string }) => number) | null}
 */
export function by(tag) {
  if (!tag) return null;
  if (known?.tag !== tag) {
    known = { tag, values: new Map() };
    ask(known);
  }
  const { values } = known;
  return ({ name }) => values.get(name) ?? NaN;
}

/** @param {{ tag: string, values: Map<string, number> }} wanted */
async function ask(wanted) {
  try {
    /** @type {{ runs: Record<string, Record<string, [last: number | string, ...rest: unknown[]]>> }} */
    const { runs } = await api.json("table", { tag: wanted.tag });
    for (const [run, tags] of Object.entries(runs)) {
      const [last] = tags[wanted.tag] ?? [NaN];
      wanted.values.set(run, Number(last)); // NaN and the infinities are words
    }
  } catch {
    if (known === wanted) known = null; // the next chart that is drawn asks again
    return;
  }
  news.tell("change", undefined);
}

// Follows what the server says, for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  scope.on(live, "points", (/** @type {import("../charts/curve.js").LivePoints} */ { run, tag, values, count }) => {
    if (known?.tag === tag && count) known.values.set(run, Number(values[count - 1]));
  });
  scope.on(live, "restart", () => {
    known = null;
  });
}
