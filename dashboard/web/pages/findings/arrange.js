// Which findings are shown, in which order and under which headings. Pure.
import { SEVERITIES, titleOf } from "../../text/finding_words.js";

/** @typedef {import("../../core/findings.js").Finding} Finding */
/** @typedef {{ run: string, finding: Finding, key: string }} Entry key: of the finding of that run */
/** @typedef {{ key: string, title: string, entries: Entry[] }} Group of a kind, or of a run, whose name is the key */

/** @param {Finding} finding */
const rank = ({ severity, dismissed }) => (dismissed ? SEVERITIES.length : SEVERITIES.indexOf(severity));

// Errors first, the surest first, dismissed ones last.
/**
 * @param {Entry} a
 * @param {Entry} b
 */
const compare = (a, b) =>
  rank(a.finding) - rank(b.finding) ||
  b.finding.confidence - a.finding.confidence ||
  (a.finding.step ?? 0) - (b.finding.step ?? 0);

/** @param {string} run @param {string} id */
export const keyOf = (run, id) => `${run}\n${id}`;

/**
 * @param {Iterable<[run: string, findings: Finding[]]>} found by run, in the order of runs
 * @param {string} severity that is shown; "" for all
 * @returns {Entry[]}
 */
export function entriesOf(found, severity) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  for (const [run, findings] of found)
    for (const finding of findings) {
      if (severity && finding.severity !== severity) continue;
      let key = keyOf(run, finding.id);
      while (entries.has(key)) key += "\n"; // a detector of somebody's own may find the same twice
      entries.set(key, { run, finding, key });
    }
  return [...entries.values()];
}

/**
 * By kind the worst kinds come first, then what most runs have; by run in the order of runs.
 * @param {Entry[]} entries
 * @param {string} by kind | run
 * @returns {Group[]}
 */
export function groupsOf(entries, by) {
  /** @type {Map<string, Entry[]>} */
  const groups = new Map();
  for (const entry of entries) {
    const key = by === "run" ? entry.run : entry.finding.kind;
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  const found = [...groups].map(([key, members]) => ({
    key,
    title: by === "run" ? key : titleOf(key),
    entries: members.sort(compare),
  }));
  if (by === "run") return found;
  return found.sort(
    (a, b) =>
      rank(a.entries[0].finding) - rank(b.entries[0].finding) ||
      b.entries.length - a.entries.length ||
      (a.title < b.title ? -1 : 1),
  );
}

/** How many of each severity there are, dismissed ones included. @param {Entry[]} entries */
export const countsOf = (entries) =>
  SEVERITIES.map((severity) => entries.filter(({ finding }) => finding.severity === severity).length);
