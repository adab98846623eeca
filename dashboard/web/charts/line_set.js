// From runs and their curves to the lines of a chart: which colour, which dash, what stands out, which become one.
import { difference, group } from "./derive.js";
import { colour, dash, dashOf } from "./palette.js";
import { compare, keysOf, settingsOf } from "../text/config.js";
import { partsOf } from "./point_counts.js";

// The keys that a wish for groups names: "lr, width" those, "-seed" all others that differ between the runs.
export function groupKeys(text, runs) {
  const named = text
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

const labelOf = (run, keys) => keys.map((key) => `${key}=${settingsOf(run).get(key) ?? "–"}`).join(", ");

// Which of a key's values a run has, counted in their order: numbers by size.
function ranks(runs, key) {
  const values = [...new Set(runs.map((run) => settingsOf(run).get(key) ?? ""))];
  values.sort(compare);
  return (run) => values.indexOf(settingsOf(run).get(key) ?? "");
}

// wanted: [{run, tag, curve}], in the order of drawing; how: the page's state (group, centre, band, base, colourBy,
// dashBy, chosen, axis, smoothing); tags: of the card; memo: a Map that the card keeps; base: tag -> the baseline's curve.
export function linesOf(wanted, how, tags, memo, base) {
  const runs = [...new Set(wanted.map(({ run }) => run))];
  const several = tags.length > 1;
  const byColour = how.colourBy ? ranks(runs, how.colourBy) : null,
    byDash = how.dashBy ? ranks(runs, how.dashBy) : null;
  let lines = wanted
    .filter(({ curve }) => curve?.length)
    .map(({ run, tag, curve }) => {
      const number = several && runs.length === 1 ? tags.indexOf(tag) : byColour ? byColour(run) : run.colour;
      return {
        curve,
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
    });
  if (how.base)
    lines = lines
      .filter(({ tag, name }) => base.get(tag)?.length && name !== how.base)
      .map((line) => ({
        ...line,
        parts: [{ raw: line.curve }],
        curve: kept(memo, `- ${line.name} ${line.tag}`, [line.curve, base.get(line.tag)], how, () =>
          difference(line.curve, base.get(line.tag), how.axis),
        ),
      }));
  for (const line of lines) if (line.parts) line.parts[0].curve = line.curve;
  if (!several && !byColour && !byDash) undash(lines);
  const keys = how.group ? groupKeys(how.group, runs) : [];
  if (keys.length || how.group === "*") lines = grouped(lines, runs, keys, how, several, tags, memo);
  const chosen = new Set(how.chosen);
  const lit = new Set([].concat(how.highlight ?? []));
  const isOut = (name) => chosen.has(name) || lit.has(name);
  const standsOut = ({ name, members }) => isOut(name) || Boolean(members?.some(isOut));
  const any = lines.some(standsOut);
  for (const line of lines) {
    line.strong = any && standsOut(line);
    line.faded = any && !line.strong && (chosen.size > 0 || lit.size > 0);
  }
  return lines;
}

// Where a colour stands for one run only its line needs no dashes to be told from another.
export function undash(lines) {
  const seen = new Map();
  for (const line of lines) seen.set(line.colour, (seen.get(line.colour) ?? 0) + 1);
  for (const line of lines) if (seen.get(line.colour) === 1) line.dash = [];
}

// Which colour each run has in the charts when it is not its own: that of its group, or of a setting's value.
export function legend(runs, { group, colourBy }) {
  const keys = group ? groupKeys(group, runs) : [];
  if (colourBy) {
    const rank = ranks(runs, colourBy);
    return new Map(runs.map((run) => [run.name, rank(run)]));
  }
  if (!keys.length) return new Map(group === "*" ? runs.map(({ name }) => [name, 0]) : []);
  const labels = labelsOf(runs, keys);
  return new Map(runs.map((run) => [run.name, labels.indexOf(labelOf(run, keys))]));
}

// What the colours and dashes of all charts stand for, when it is no run each: [{ key, entries: [{ text, number, dash,
// names }] }], in the order of colours. number: of a colour, null where it does not tell.
export function legendOf(runs, { group, colourBy, dashBy }) {
  const parts = [];
  const values = (key, look) => {
    const rank = ranks(runs, key),
      entries = [];
    for (const run of runs) {
      const at = rank(run);
      entries[at] ??= { text: settingsOf(run).get(key) ?? "not set", ...look(at), names: [] };
      entries[at].names.push(run.name);
    }
    parts.push({ key, entries });
  };
  const keys = group ? groupKeys(group, runs) : [];
  if (keys.length && !colourBy) {
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
function labelsOf(runs, keys) {
  if (!keys.length) return ["all runs"];
  const found = new Map(runs.map((run) => [labelOf(run, keys), run]));
  const order = ([, a], [, b]) => {
    for (const key of keys) {
      const sign = compare(settingsOf(a).get(key) ?? "", settingsOf(b).get(key) ?? "");
      if (sign) return sign;
    }
    return 0;
  };
  return [...found].sort(order).map(([label]) => label);
}

function grouped(lines, runs, keys, how, several, tags, memo) {
  const groups = new Map();
  for (const line of lines) {
    const label = keys.length ? labelOf(line.run, keys) : "all runs";
    const id = several ? `${label} · ${line.tag}` : label;
    if (!groups.has(id)) groups.set(id, { label, tag: line.tag, members: [] });
    groups.get(id).members.push(line);
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
function kept(memo, key, curves, how, make) {
  const version = `${curves.map((curve) => curve.version).join()}|${how.axis}|${how.centre}|${how.band}|${how.smoothing.kind}|${how.smoothing.weight}|${how.logx}|${how.full}|${how.base}`;
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
