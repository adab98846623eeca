// What the card on top of the curves says of findings: a line for each kind, the worst first. Pure.
import { SEVERITIES, titleOf } from "../../text/finding_words.js";

/** @typedef {import("../../core/findings.js").Finding} Finding */
/**
 * @typedef {{ finding: Finding, title: string, run: string, more: number, runs: number }} FindingLine the worst of its
 *   kind, in a run; how many more there are, and in how many runs all of them
 */

const MOST = 4;

/**
 * Errors and warnings that nobody dismissed.
 * @param {Iterable<[run: string, findings: Finding[]]>} found by run, the first counts more
 * @param {number} [most]
 * @returns {{ lines: FindingLine[], counts: [errors: number, warnings: number], left: number }} left: kinds without a
 *   line
 */
export function linesOf(found, most = MOST) {
  /** @type {Map<string, FindingLine & { names: Set<string> }>} */
  const kinds = new Map();
  /** @type {[number, number]} */
  const counts = [0, 0];
  for (const [run, findings] of found)
    for (const finding of findings) {
      const rank = SEVERITIES.indexOf(finding.severity);
      if (finding.dismissed || rank > 1) continue;
      counts[rank]++;
      const line = kinds.get(finding.kind);
      if (!line)
        kinds.set(finding.kind, {
          finding,
          title: titleOf(finding.kind),
          run,
          more: 0,
          runs: 1,
          names: new Set([run]),
        });
      else {
        line.more++;
        line.names.add(run);
        line.runs = line.names.size;
        if (rank < SEVERITIES.indexOf(line.finding.severity)) Object.assign(line, { finding, run });
      }
    }
  const lines = [...kinds.values()].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.finding.severity) - SEVERITIES.indexOf(b.finding.severity) ||
      b.runs - a.runs ||
      b.finding.confidence - a.finding.confidence ||
      (a.title < b.title ? -1 : 1),
  );
  return {
    lines: lines.slice(0, most).map(({ names, ...line }) => line),
    counts,
    left: Math.max(0, lines.length - most),
  };
}
