// The stores of curves that are kept up to date: whatever the live feed tells, each of them is told.
import * as live from "./live.js";

/** @typedef {import("./curve_series.js").LivePoints} LivePoints */

/** @type {Set<import("./curve_store.js").CurveStore>} */
export const kept = new Set();

/**
 * Tells every store what is new, for as long as the scope lasts.
 * @param {import("./scope.js").Scope} scope
 */
export function start(scope) {
  scope.on(live, "points", (/** @type {LivePoints} */ points) => {
    for (const store of kept) store.take(points);
  });
  scope.on(live, "again", (/** @type {string} */ run, /** @type {string} */ tag) => {
    for (const store of kept) store.missed(run, tag);
  });
  // Points were cut off by a rewind, or a new segment began: what was known of the run may not be so any more.
  scope.on(live, "changed", (/** @type {{ run: string, what: string[] }} */ { run, what }) => {
    if (what.includes("line")) for (const store of kept) store.missed(run, null);
  });
  scope.on(live, "removed", (/** @type {string} */ run) => {
    for (const store of kept) store.remove(run);
  });
  scope.on(live, "restart", () => {
    for (const store of kept) store.restart();
  });
}
