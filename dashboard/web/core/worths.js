// What runs are judged by on all charts: their last values of one metric.
import * as metrics from "./run_metrics.js";

const owner = Symbol("what runs are judged by"); // in whose name the metric is wanted
let judged = ""; // the metric

/**
 * Told "change" when values of the metric that was asked for have come.
 * @param {"change"} kind
 * @param {() => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kind, listener) => metrics.on(kind, () => judged && listener());

/**
 * The last value of a metric, by run: NaN where it is not known, or not yet. null where no metric is named.
 * @param {string} tag
 * @returns {((run: { name: string }) => number) | null}
 */
export function by(tag) {
  judged = tag;
  metrics.want(owner, tag ? [tag] : []);
  return tag ? ({ name }) => metrics.value(name, tag, "last") ?? NaN : null;
}
