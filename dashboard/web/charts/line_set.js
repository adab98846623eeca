// From runs and their curves to the lines of a chart: which colour, which dash, what stands out, which become one.
import { difference, group } from "./derive.js";
import { colour, dash, dashOf } from "./palette.js";
import { compare, keysOf, settingsOf } from "../text/config.js";
import { partsOf } from "./point_counts.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {import("../core/runs.js").Run} Run
 * @typedef {{
 *   curve: Curve, name: string, label: string, colour: string, dash: number[], number?: number, run?: Run,
 *   tag?: string, strong?: boolean, faded?: boolean, band?: boolean, members?: string[],
 *   parts?: import("./point_counts.js").Part[],
 * }} Line name: of the run, or of a group; number: of its colour; strong: stands out from others, which are faded;
 *   band: has a spread about it; members: names of a group's runs; parts: what it was made of
 * @typedef {Line & { run: Run, tag: string, number: number }} RunLine of one run
 * @typedef {{ run: Run, tag: string, curve: Curve | undefined }} Wanted
 * @typedef {{
 *   axis: import("./curve.js").Axis, smoothing: import("./smoothing.js").Smoothing, logx: boolean, full: number,
 *   group: string, centre: string, band: string, base: string, colourBy: string, dashBy: string, chosen: string[],
 *   highlight?: string | string[] | null,
 * }} Manner what of the page's state decides how lines look; full: of the x range, for smoothing
 * @typedef {Map<string, { version: string, curves: Curve[], made: Curve }>} Memo
 * @typedef {{ text: string, number: number | null, dash: number[], names: string[] }} LegendEntry
 */

const ALL = "*"; // the group of all runs

// The keys that a wish for groups names: "lr, width" those, "-seed" all others that differ between the runs; "*" none.
/**
 * @param {string} text
 * @param {Run[]} runs
 */
function groupKeys(text, runs) {
  const named = text
    .replace(ALL, "")
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  const without = named.filter((word) => word[0] === "-").map((word) => word.slice(1));
  const within = named.filter((word) => word[0] !== "-");
  return within.length
    ? within.filter((key) => !without.includes(key))
    : without.length
      ? keysOf(runs).filter((key) => !without.includes(key))
      : [];
}

/**
 * @param {Run} run
 * @param {string[]} keys
 */
const labelOf = (run, keys) => keys.map((key) => `${key}=${settingsOf(run).get(key) ?? "–"}`).join(", ") || "all runs";

// Which of a key's values a run has, counted in their order: numbers by size.
/**
 * @param {Run[]} runs
 * @param {string} key
 * @returns {(run: Run) => number}
 */
function ranks(runs, key) {
  const values = [...new Set(runs.map((run) => settingsOf(run).get(key) ?? ""))];
  values.sort(compare);
  return (run) => values.indexOf(settingsOf(run).get(key) ?? "");
}

// wanted: in the order of drawing; tags: of the card; memo: a Map that the card keeps; base: tag -> the baseline's
// curve.
/**
 * @param {Wanted[]} wanted
 * @param {Manner} how
 * @param {string[]} tags
 * @param {Memo} memo
 * @param {Map<string, Curve | undefined>} base
 * @returns {Line[]}
 */
export function linesOf(wanted, how, tags, memo, base) {
  const runs = [...new Set(wanted.map(({ run }) => run))];
  const several = tags.length > 1;
  const byColour = how.colourBy ? ranks(runs, how.colourBy) : null,
    byDash = how.dashBy ? ranks(runs, how.dashBy) : null;
  /** @type {RunLine[]} */
  const single = [];
  for (const { run, tag, curve: own } of wanted) {
    if (!own?.length) continue;
    const number = several && runs.length === 1 ? tags.indexOf(tag) : byColour ? byColour(run) : run.colour;
    const line = {
      curve: own,
      name: run.name,
      run,
      tag,
      number,
      label: several ? `${run.shown} · ${tag.replace(/^= /, "")}` : run.shown,
      colour: colour(number),
      dash:
        several && runs.length > 1
          ? dashOf(tags.indexOf(tag))
          : byDash
            ? dashOf(byDash(run))
            : byColour
              ? []
              : dash(number),
    };
    if (!how.base) single.push(line);
    else {
      const other = base.get(tag);
      if (!other?.length || run.name === how.base) continue;
      const curve = kept(memo, `- ${run.name} ${tag}`, [own, other], how, () => difference(own, other, how.axis));
      single.push({ ...line, curve, parts: [{ curve, raw: own }] });
    }
  }
  if (!several && !byColour && !byDash) undash(single);
  const keys = how.group ? groupKeys(how.group, runs) : [];
  const isGrouped = keys.length > 0 || how.group === ALL;
  const lines = isGrouped ? grouped(single, runs, keys, how, several, tags, memo) : single;
  const chosen = new Set(how.chosen);
  const lit = new Set([how.highlight ?? []].flat());
  /** @param {string} name */
  const isOut = (name) => chosen.has(name) || lit.has(name);
  /** @param {Line} line */
  const standsOut = ({ name, members }) => isOut(name) || Boolean(members?.some(isOut));
  const any = lines.some(standsOut);
  for (const line of lines) {
    line.strong = any && standsOut(line);
    line.faded = any && !line.strong && (chosen.size > 0 || lit.size > 0);
  }
  return lines;
}

// Where a colour stands for one run only its line needs no dashes to be told from another.
/** @param {{ colour: string, dash: number[] }[]} lines */
export function undash(lines) {
  const seen = new Map();
  for (const line of lines) seen.set(line.colour, (seen.get(line.colour) ?? 0) + 1);
  for (const line of lines) if (seen.get(line.colour) === 1) line.dash = [];
}

// Which colour each run has in the charts when it is not its own: that of its group, or of a setting's value.
/**
 * @param {Run[]} runs
 * @param {{ group: string, colourBy: string }} how
 * @returns {Map<string, number>}
 */
export function legend(runs, { group, colourBy }) {
  const keys = group ? groupKeys(group, runs) : [];
  if (colourBy) {
    const rank = ranks(runs, colourBy);
    return new Map(runs.map((run) => [run.name, rank(run)]));
  }
  if (!keys.length && group !== ALL) return new Map();
  const labels = labelsOf(runs, keys);
  return new Map(runs.map((run) => [run.name, labels.indexOf(labelOf(run, keys))]));
}

// What the colours and dashes of all charts stand for, when it is no run each: the entries of each key in the order of
// colours. number: of a colour, null where it does not tell.
/**
 * @param {Run[]} runs
 * @param {{ group: string, colourBy: string, dashBy: string }} how
 */
export function legendOf(runs, { group, colourBy, dashBy }) {
  /** @type {{ key: string, entries: LegendEntry[] }[]} */
  const parts = [];
  /**
   * @param {string} key
   * @param {(rank: number) => { number: number | null, dash: number[] }} look
   */
  const values = (key, look) => {
    const rank = ranks(runs, key);
    /** @type {LegendEntry[]} */
    const entries = [];
    for (const run of runs) {
      const at = rank(run);
      entries[at] ??= { text: settingsOf(run).get(key) ?? "not set", ...look(at), names: [] };
      entries[at].names.push(run.name);
    }
    parts.push({ key, entries });
  };
  const keys = group ? groupKeys(group, runs) : [];
  if ((keys.length || group === ALL) && !colourBy) {
    const labels = labelsOf(runs, keys);
    const byDash = dashBy ? ranks(runs, dashBy) : null;
    const entries = labels.map((text, number) => {
      const members = runs.filter((run) => labelOf(run, keys) === text);
      return {
        text: keys.length === 1 ? text.slice(keys[0].length + 1) : text,
        number,
        dash: byDash ? dashOf(byDash(members[0])) : dash(number),
        names: members.map(({ name }) => name),
      };
    });
    parts.push({ key: keys.length === 1 ? keys[0] : "groups", entries });
  }
  if (colourBy) values(colourBy, (number) => ({ number, dash: [] }));
  if (dashBy) values(dashBy, (number) => ({ number: null, dash: dashOf(number) }));
  return parts;
}

// The groups of some runs, by the values of their settings in turn.
/**
 * @param {Run[]} runs
 * @param {string[]} keys
 */
function labelsOf(runs, keys) {
  const found = new Map(runs.map((run) => [labelOf(run, keys), run]));
  /**
   * @param {[string, Run]} a
   * @param {[string, Run]} b
   */
  const order = ([, a], [, b]) => {
    for (const key of keys) {
      const sign = compare(settingsOf(a).get(key) ?? "", settingsOf(b).get(key) ?? "");
      if (sign) return sign;
    }
    return 0;
  };
  return [...found].sort(order).map(([label]) => label);
}

/**
 * @param {RunLine[]} lines
 * @param {Run[]} runs
 * @param {string[]} keys
 * @param {Manner} how
 * @param {boolean} several
 * @param {string[]} tags
 * @param {Memo} memo
 * @returns {Line[]}
 */
function grouped(lines, runs, keys, how, several, tags, memo) {
  /** @type {Map<string, { label: string, tag: string, members: RunLine[] }>} */
  const groups = new Map();
  for (const line of lines) {
    const label = labelOf(line.run, keys);
    const id = several ? `${label} · ${line.tag}` : label;
    const found = groups.get(id);
    if (found) found.members.push(line);
    else groups.set(id, { label, tag: line.tag, members: [line] });
  }
  const labels = labelsOf(runs, keys);
  const byColour = how.colourBy ? ranks(runs, how.colourBy) : null,
    byDash = how.dashBy ? ranks(runs, how.dashBy) : null;
  return [...groups].map(([id, { label, tag, members }]) => {
    const number = byColour ? byColour(members[0].run) : labels.indexOf(label);
    const curves = members.map(({ curve }) => curve);
    const curve = kept(memo, `g ${id}`, curves, how, () => group(id, curves, how.axis, how, how.smoothing, how.full));
    return {
      curve,
      name: id,
      tag,
      members: members.map(({ name }) => name),
      parts: members.flatMap(partsOf),
      number,
      band: true,
      label: several ? id : label,
      colour: colour(number),
      dash: several ? dashOf(tags.indexOf(tag)) : byDash ? dashOf(byDash(members[0].run)) : dash(number),
    };
  });
}

// What was worked out from curves, until one of them or the manner changes.
/**
 * @param {Memo} memo
 * @param {string} key
 * @param {Curve[]} curves
 * @param {Manner} how
 * @param {() => Curve} make
 */
function kept(memo, key, curves, how, make) {
  const { axis, centre, band, smoothing, logx, full, base } = how;
  const versions = curves.map((curve) => curve.version).join();
  const version = [versions, axis, centre, band, smoothing.kind, smoothing.weight, logx, full, base].join("|");
  const known = memo.get(key);
  if (
    known?.version === version &&
    known.curves.length === curves.length &&
    known.curves.every((curve, i) => curve === curves[i])
  )
    return known.made;
  const made = make();
  memo.set(key, { version, curves, made });
  return made;
}
