// What is said below a chart: how many points it stands for, how many of them it cannot show, and why.
import * as format from "../text/format.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {{ curve: Curve, raw: Curve }} Part of a line
 * @typedef {{ curve: Curve, parts?: Part[] }} Line what is counted of one
 * @typedef {{ count: number, where: string, log: "x" | "y" | "" }} Reason log: the logarithmic axis they are not on
 * @typedef {{
 *   points: number, odd: number, hidden: number, isAll: boolean, why: Reason[],
 * }} Found
 */

// What a line was made of, a curve of one run each: { curve: as it would be drawn alone, raw: as it was logged }.
/**
 * @param {Line} line
 * @returns {Part[]}
 */
export const partsOf = (line) => line.parts ?? [{ curve: line.curve, raw: line.curve }];

// The points of some lines: { points, odd, hidden, why }. In a zoom those of the columns that reach into it. odd: not
// finite, and so on the rail. why: those that have no place; hidden is their sum, and where `isAll` is false there may
// be more, in columns of which only a part can be seen.
/**
 * @param {Line[]} lines
 * @param {{ axis: import("./curve.js").Axis, logx: boolean, logy: boolean, xName: string }} settings
 * @param {import("./scale.js").Zoom | null} zoom
 * @returns {Found}
 */
export function count(lines, { axis, logx, logy, xName }, zoom) {
  /** @type {Found} */
  const found = { points: 0, odd: 0, hidden: 0, isAll: true, why: [] };
  let left = 0,
    low = 0,
    alone = 0,
    unplaced = 0;
  for (const { curve, raw } of lines.flatMap(partsOf)) {
    if (axis === "metric" && !zoom) {
      unplaced += raw.unplaced;
      found.points += raw.unplaced;
    }
    if (!zoom && !logx && !logy && curve === raw) {
      found.points += raw.points;
      found.odd += raw.notFinite;
      continue;
    }
    const [begin, end, shift] = raw.ends(axis);
    for (let i = 0; i < raw.length; i++) {
      if (zoom && (end[i] - shift < zoom[0] || begin[i] - shift > zoom[1])) continue;
      const n = raw.count[i],
        odd = raw.nan[i] + raw.pinf[i] + raw.ninf[i];
      found.points += n;
      found.odd += odd;
      if (logx && end[i] - shift <= 0) {
        left += n;
        continue;
      }
      if (logx && begin[i] - shift <= 0) {
        left++;
        found.isAll = false;
      }
      if (n === odd) continue;
      if (curve.mean[i] !== curve.mean[i]) alone += n - odd;
      else if (logy && curve.max[i] <= 0) low += n - odd;
      else if (logy && curve.min[i] <= 0) {
        low++;
        found.isAll = false;
      }
    }
  }
  /** @type {Found["why"]} */
  const why = [
    { count: left, where: "at x ≤ 0", log: "x" },
    { count: low, where: "at y ≤ 0", log: "y" },
    { count: alone, where: "where the baseline has no value", log: "" },
    { count: unplaced, where: `where ${xName} has no value`, log: "" },
  ];
  found.why = why.filter(({ count: some }) => some);
  found.hidden = left + low + alone + unplaced;
  return found;
}

// In a few words: "220 points, 0 hidden"; "220 points, 45 hidden at y ≤ 0".
/** @param {Found} found */
export function words({ points, hidden, isAll, why }) {
  const reasons =
    why.length > 1
      ? `: ${why.map((each) => `${format.step(each.count)} ${each.where}`).join(", ")}`
      : why.length
        ? ` ${why[0].where}`
        : "";
  return `${format.plural(points, "point")}, ${isAll ? "" : "at least "}${format.step(hidden)} hidden${reasons}`;
}

// What stands in a chart that has lines and can show nothing of them; "" where it shows something.
/** @param {Found} found */
export function nothing({ points, odd, hidden, why }) {
  if (!points || hidden + odd < points) return "";
  if (odd >= hidden) return "No value is finite.";
  const { where, log } = why.reduce((most, each) => (each.count > most.count ? each : most));
  const which = hidden === points && why.length === 1 ? "All points are" : "Most points are";
  const hint = log ? `: log ${log} cannot show that` : "";
  return `${points === 1 ? "The point is" : which} ${where}${hint}.`;
}
