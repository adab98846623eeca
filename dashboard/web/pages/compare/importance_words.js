// What is said of how much a metric follows a setting. Pure.
import * as format from "../../text/format.js";

/**
 * How much a metric follows a setting.
 * @typedef {object} Share
 * @property {string} name
 * @property {number} share of the variance
 * @property {number} low its 5th percentile
 * @property {number} high and its 95th
 * @property {boolean} clear whether it is more than chance
 * @property {number | null} correlation of the ranks
 */

/**
 * Whether the metric rises or falls with a setting.
 * @param {number | null} correlation
 */
export function trendOf(correlation) {
  if (typeof correlation !== "number" || Number.isNaN(correlation)) return "";
  if (Math.abs(correlation) < 0.1) return "·";
  return correlation > 0 ? `↑ ${correlation.toFixed(2)}` : `↓ ${(-correlation).toFixed(2)}`;
}

/** @param {Share} each */
export function tipOf({ name, share, low, high, clear, correlation }) {
  const range = `5th to 95th percentile ${format.value(low, 2)} to ${format.value(high, 2)}`;
  const parts = [`${name}: shuffling it adds ${format.value(share, 2)} of the variance to the error (${range}).`];
  if (!clear) parts.push("This may be chance: more runs would tell.");
  if (typeof correlation === "number") parts.push(`Rank correlation ${correlation.toFixed(2)}.`);
  return parts.join("\n");
}
