// The columns of the table of runs: what each is called, what a run has in it, and how that is read, sorted and filtered.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import * as settings from "../../text/config.js";
import { keysOf, settingsOf } from "../../text/config.js";

export const WAYS = ["last", "min", "max"];
const METRICS = 4; // tags with columns at first
const SETTINGS = 8; // and configuration keys

const took = (run) => (run.started ? (run.ended ?? run.updated ?? run.started) - run.started : null);
const FIXED = {
  __proto__: null, // addresses name columns
  name: { title: "Run", of: (run) => run.shown, tip: (run) => run.name, wide: 240 },
  status: { title: "Status", of: (run) => run.status, wide: 96 },
  started: {
    title: "Started",
    kind: "time",
    of: (run) => run.started ?? null,
    text: (value) => format.ago(value),
    exact: (value) => format.moment(value),
    wide: 104,
  },
  took: {
    title: "Took",
    kind: "number",
    of: took,
    text: (value) => format.duration(value),
    exact: (value) => format.duration(value),
    wide: 96,
  },
  step: {
    title: "Step",
    kind: "number",
    of: (run) => run.step ?? null,
    text: (value) => format.step(value),
    exact: (value) => format.step(value),
    wide: 84,
  },
  labels: { title: "Tags", of: (run) => run.labels.join(", "), wide: 110 },
  note: { title: "Note", of: (run) => run.said?.note ?? run.notes ?? "", wide: 150 },
};

// What a column of an id is: { id, title, group, kind: text | number | time, of(run), text(value), exact(value), wide }.
// metrics: run -> tag -> [last, least, greatest, points], for those who ask of().
export function column(id, metrics = null) {
  if (FIXED[id]) return { id, group: "", kind: "text", text: String, exact: String, ...FIXED[id] };
  const cut = id.indexOf(":"),
    kind = id.slice(0, cut),
    name = id.slice(cut + 1);
  if (kind === "config") return setting(id, name);
  const way = WAYS.indexOf(kind);
  const of = (run) => {
    const found = metrics?.get(run.name)?.[name];
    return found ? runs.number(found[way]) : null;
  };
  return {
    id,
    tag: name,
    title: kind,
    group: name,
    kind: "number",
    of,
    text: (value) => format.value(value, 5),
    exact: format.exact,
    wide: 92,
  };
}

// A setting is shown as it was logged. It is aligned and filtered by size where all runs that have it have a number.
function setting(id, key) {
  const texts = runs
    .all()
    .map((run) => settingsOf(run).get(key))
    .filter((text) => text !== undefined);
  const kind = texts.length > 0 && texts.every(settings.isNumber) ? "number" : "text";
  return {
    id,
    title: key,
    group: "Settings",
    kind,
    of: (run) => settingsOf(run).get(key) ?? null,
    text: String,
    exact: String,
    wide: Math.min(200, Math.max(76, key.length * 7.5 + 40)),
  };
}

const isBest = (tag) => /acc|score|reward|auc|f1|bleu|map/i.test(tag);

// Tags of curves, those that most runs have first; a sweep's runs share the list itself.
function common(all) {
  const lists = new Map(),
    counts = new Map();
  for (const { series } of all) if (series.scalar) lists.set(series.scalar, (lists.get(series.scalar) ?? 0) + 1);
  for (const [list, count] of lists) for (const tag of list) counts.set(tag, (counts.get(tag) ?? 0) + count);
  return runs
    .tags("scalar")
    .filter((tag) => !tag.startsWith("machine/"))
    .sort((a, b) => counts.get(b) - counts.get(a));
}

// What is shown until somebody chooses: who, when, what was set, and of the metrics people judge by the last and the best.
function usual() {
  const all = runs.all(),
    tags = common(all);
  const first = [...new Set([runs.headline, ...tags.filter((tag) => /loss|acc/i.test(tag)), ...tags])]
    .filter(Boolean)
    .slice(0, METRICS);
  return [
    "status",
    "started",
    ...keysOf(all)
      .slice(0, SETTINGS)
      .map((key) => `config:${key}`),
    ...first.flatMap((tag) => [`last:${tag}`, `${isBest(tag) ? "max" : "min"}:${tag}`]),
    "step",
    "took",
    ...(all.some((run) => run.labels.length) ? ["labels"] : []),
    ...(all.some((run) => run.said?.note || run.notes) ? ["note"] : []),
  ];
}

// An address may name what is no column.
const isColumn = (id) => Boolean(FIXED[id]) || ["config", ...WAYS].includes(id.slice(0, Math.max(0, id.indexOf(":"))));

export const shown = () => [
  "name",
  ...(state.get("columns").length ? state.get("columns").filter((id) => id !== "name" && isColumn(id)) : usual()),
];

// Every column there could be, in the order in which they are offered.
export const all = () => [
  ...Object.keys(FIXED).filter((id) => id !== "name"),
  ...[...new Set(runs.all().flatMap((run) => [...settingsOf(run).keys()]))].sort().map((key) => `config:${key}`),
  ...runs.tags("scalar").flatMap((tag) => WAYS.map((way) => `${way}:${tag}`)),
];

const isNone = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);

// Numbers by size, then words; what has no value is at the end, whichever way.
export function compare(a, b, _, __, falling) {
  if (isNone(a) || isNone(b)) return (isNone(a) - isNone(b)) * (falling ? -1 : 1);
  return typeof a === "number" && typeof b === "number" ? a - b : settings.compare(String(a), String(b));
}
