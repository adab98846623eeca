// From runs and their curves to the lines of a chart: which colour, which dash, what stands out, which become one.
import { difference, group } from "./derive.js";
import { colour, colouring, dash, dashOf } from "./palette.js";
import { ALL, groupKeys, groupsIn, labelOf } from "./run_groups.js";
import { partsOf } from "./point_counts.js";
import { valuesOf } from "./setting_values.js";

/**
 * @typedef {import("./curve.js").Curve} Curve
 * @typedef {Pick<import("../core/runs.js").Run, "name" | "shown" | "colour" | "config">} Run what lines need of one
 * @typedef {{
 *   curve: Curve, name: string, label: string, colour: string, dash: number[], number?: number, run?: Run,
 *   tag?: string, strong?: boolean, faded?: boolean, band?: boolean, members?: string[], chosen?: boolean,
 *   lit?: boolean, pinned?: boolean, worth?: number, setting?: import("./setting_values.js").Value,
 *   parts?: import("./point_counts.js").Part[],
 * }} Line name: of the run, or of a group; number: of its colour; strong: stands out from others, which are faded, as
 *   it is chosen, or lit: the pointer is at it; pinned: is drawn above others; worth: of its run, by the metric that
 *   runs are judged by on all charts; setting: the value that its colour stands for, or its group; band: has a spread
 *   about it; members: names of a group's runs; parts: what it was made of
 * @typedef {Line & { run: Run, tag: string, number: number }} RunLine of one run
 * @typedef {{ run: Run, tag: string, curve: Curve | undefined }} Wanted
 * @typedef {{
 *   axis: import("./curve.js").Axis, smoothing: import("./smoothing.js").Smoothing, logx: boolean, full: number,
 *   group: string, centre: string, band: string, base: string, colourBy: string, dashBy: string, chosen: string[],
 *   highlight?: string | string[] | null, many?: string, pinned?: string[],
 *   worthOf?: ((run: Run) => number) | null,
 * }} Manner what of the page's state decides how lines look; full: of the x range, for smoothing; many: as crowd.js has
 *   it; worthOf: null where each chart judges runs by its own metric
 * @typedef {Map<string, { version: string, curves: Curve[], made: Curve }>} Memo
 * @typedef {{ text: string, number: number | null, dash: number[], names: string[] }} LegendEntry
 */

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
  const keys = how.group ? groupKeys(how.group, runs) : [];
  const hasGroups = keys.length > 0 || how.group === ALL;
  const byDash = how.dashBy ? valuesOf(runs, how.dashBy, Infinity) : null,
    byColour = how.colourBy ? valuesOf(runs, how.colourBy) : hasGroups ? groupsIn(runs, keys) : null;
  const colourOf = colouring();
  /** @type {RunLine[]} */
  const single = [];
  for (const { run, tag, curve: own } of wanted) {
    if (!own?.length) continue;
    const setting = byColour?.(run);
    const number = several && runs.length === 1 ? tags.indexOf(tag) : setting ? setting.number : run.colour;
    const line = {
      curve: own,
      name: run.name,
      run,
      tag,
      number,
      setting,
      worth: how.worthOf?.(run),
      label: several ? `${run.shown} · ${tag.replace(/^= /, "")}` : run.shown,
      colour: colourOf(number),
      dash:
        several && runs.length > 1
          ? dashOf(tags.indexOf(tag))
          : byDash
            ? dashOf(byDash(run).number)
            : byColour
              ? []
              : dash(number),
      // Said below; named here, for what an object is given later lies in a second one.
      chosen: false,
      lit: false,
      pinned: false,
      strong: false,
      faded: false,
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
  // Where groups are chosen and no setting is named for them, they are of what colours stand for, or of all runs.
  const { many = "auto" } = how;
  /** @param {RunLine} line */
  const labelIn = ({ run, setting }) =>
    hasGroups || !setting ? labelOf(run, keys) : `${how.colourBy}=${setting.text}`;
  const lines =
    many === "groups" || (many === "auto" && hasGroups)
      ? grouped(single, labelIn, how, several, tags, memo, byDash)
      : single;
  /** @param {string[]} names @returns {(line: Line) => boolean} */
  const among = (names) => {
    const some = new Set(names);
    return ({ name, members }) => some.has(name) || Boolean(members?.some((each) => some.has(each)));
  };
  const [isChosen, isLit, isPinned] = [how.chosen, [how.highlight ?? []].flat(), how.pinned ?? []].map(among);
  let any = false;
  for (const line of lines) {
    line.chosen = isChosen(line);
    line.lit = isLit(line);
    line.pinned = isPinned(line);
    line.strong = line.chosen || line.lit;
    any ||= line.strong;
  }
  for (const line of lines) line.faded = any && !line.strong && !line.pinned;
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
  if (!colourBy && !keys.length && group !== ALL) return new Map();
  const of = colourBy ? valuesOf(runs, colourBy) : groupsIn(runs, keys);
  return new Map(runs.map((run) => [run.name, of(run).number]));
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
   * @param {(run: Run) => import("./setting_values.js").Value} of
   * @param {(value: number, run: Run) => { number: number | null, dash: number[] }} look
   */
  const values = (key, of, look) => {
    /** @type {LegendEntry[]} */
    const entries = [];
    for (const run of runs) {
      const { number, text } = of(run);
      entries[number] ??= { text, ...look(number, run), names: [] };
      entries[number].names.push(run.name);
    }
    parts.push({ key, entries });
  };
  const keys = group ? groupKeys(group, runs) : [];
  const byDash = dashBy ? valuesOf(runs, dashBy, Infinity) : null;
  if ((keys.length || group === ALL) && !colourBy)
    values(keys.length === 1 ? keys[0] : "groups", groupsIn(runs, keys), (number, run) => ({
      number,
      dash: byDash ? dashOf(byDash(run).number) : dash(number),
    }));
  if (colourBy) values(colourBy, valuesOf(runs, colourBy), (number) => ({ number, dash: [] }));
  if (byDash) values(dashBy, byDash, (number) => ({ number: null, dash: dashOf(number) }));
  return parts;
}

/**
 * @param {RunLine[]} lines
 * @param {(line: RunLine) => string} labelIn the group that a line is in
 * @param {Manner} how
 * @param {boolean} several
 * @param {string[]} tags
 * @param {Memo} memo
 * @param {((run: Run) => import("./setting_values.js").Value) | null} byDash
 * @returns {Line[]}
 */
function grouped(lines, labelIn, how, several, tags, memo, byDash) {
  /** @type {Map<string, { label: string, tag: string, members: RunLine[] }>} */
  const groups = new Map();
  for (const line of lines) {
    const label = labelIn(line);
    const id = several ? `${label} · ${line.tag}` : label;
    const found = groups.get(id);
    if (found) found.members.push(line);
    else groups.set(id, { label, tag: line.tag, members: [line] });
  }
  return [...groups].map(([id, { label, tag, members }]) => {
    const number = members[0].setting?.number ?? 0;
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
      dash: several ? dashOf(tags.indexOf(tag)) : byDash ? dashOf(byDash(members[0].run).number) : dash(number),
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
