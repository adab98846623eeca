// What the page shows: one place for it, in the address so that a link shows the same, and told to whoever asks.
import { parse } from "./dictionary.js";

/**
 * @typedef {{
 *   page: string, tags: string, runs: string, smooth: number, kind: string, x: import("../charts/curve.js").Axis,
 *   metric: string, logx: boolean, logy: boolean, robust: boolean, marks: boolean, off: string[], chosen: string[],
 *   order: string, asTree: string, tableBy: string[],
 *   group: string, centre: string, band: string, base: string, colourBy: string, dashBy: string, one: string,
 *   cards: string[], pins: string[], bins: string, binning: string, medium: string, across: string, surface: string,
 *   heights: string, pace: number | null, sort: string, columns: string[], columnFilter: string, envs: string[],
 *   panes: string, pane: string, tried: string[], severity: string, findingsBy: string, rankTag: string,
 *   rankBy: string, rankValue: string, joinRanks: boolean, many: string, best: string, bestBy: string,
 *   pinned: string[], target: string[],
 * }} State what the page shows
 * @typedef {keyof State} Key
 * @typedef {{ [K in Key]: string extends State[K] ? K : never }[Key]} TextKey of what any text can be
 * @typedef {{ [K in Key]: boolean extends State[K] ? K : never }[Key]} SwitchKey
 */

/** @type {State} */
const defaults = {
  page: "curves", // which tab
  tags: "", // filter of tags
  runs: "", // filter of the list of runs
  smooth: 0.9, // what counts of a value a thousandth of the range ago, 0 to 0.999
  kind: "ema", // ema | gauss | mean: how lines are smoothed
  x: "step", // step | time | relative | metric
  metric: "", // the tag, or = an expression, that x is when it is a metric
  logx: false,
  logy: false,
  robust: false, // whether the y range leaves outliers out
  marks: true, // whether marks are drawn
  off: [], // runs that are hidden, as core/hidden.js reads it
  order: "", // what the list of runs is sorted by, with - in front for the other way; empty is the newest first
  asTree: "auto", // auto | yes | no: whether the list shows folders
  chosen: [], // runs that stand out, the others faded
  group: "", // config keys that make a group: "lr, width", or all but some: "-seed"
  centre: "mean", // mean | median of a group
  band: "std", // std | sem | range | boot | none
  base: "", // the run that the others are shown as a difference to
  colourBy: "", // a config key, or "" for a colour a run
  dashBy: "",
  one: "", // only this chart, without a frame around it: for a notebook's cell
  cards: [], // cards that the user made: JSON lists of tags and = expressions
  pins: [], // cards that stand on top
  bins: "ridge", // ridge | overlay | heat | bands | one: how distributions are drawn
  binning: "linear", // linear | log
  medium: "", // the kind of media that is shown alone
  across: "runs", // runs | steps: what stands side by side on the page of media
  surface: "", // of the page of paths; empty is the first
  heights: "", // even | linear | log: how heights become colours there; empty is as the surface says
  pace: null, // step that distributions, media and the graph show; null is the newest
  sort: "", // columns that the table of runs is sorted by, a line each, with - in front when falling
  tableBy: [], // what its runs are put together by; none for a line a run
  columns: [], // columns of the table of runs, in order; none for the usual ones
  columnFilter: "", // what its columns are filtered by, as AG Grid's JSON
  envs: [], // environments whose panes are shown side by side; none for the newest
  panes: "", // filter of panes
  pane: "", // the one that fills the page
  tried: [], // models that are asked side by side: JSON lists of run, model and step; none for the newest run's first
  severity: "", // error | warning | info: which findings are shown; empty is all
  findingsBy: "kind", // kind | run: what findings are put together by
  rankTag: "", // the metric that ranks are shown by; empty is the time of a step, or what runs are judged by
  rankBy: "rank", // rank | slowest: their order
  rankValue: "mean", // mean | min | max of a column
  joinRanks: true, // whether what several ranks logged under a tag is one curve, with a band from least to greatest
  many: "auto", // auto | lines | density | groups | quantiles: how many runs are drawn on one chart
  best: "5", // so many of the best runs are lines above a density
  bestBy: "", // the metric they are the best by; empty is each chart's own
  pinned: [], // runs that are lines above a density, whatever is chosen
  target: [], // what a page begins at: its name, a run, and a finding, a node of the graph or the tag of a tensor
};

/** @type {Record<Key, string>} */
const short = {
  page: "p",
  tags: "tags",
  runs: "runs",
  smooth: "s",
  kind: "sk",
  x: "x",
  metric: "xm",
  logx: "lx",
  logy: "log",
  robust: "rob",
  marks: "mk",
  off: "off",
  order: "o",
  asTree: "tree",
  chosen: "sel",
  group: "g",
  centre: "gc",
  band: "gb",
  base: "base",
  colourBy: "cb",
  dashBy: "db",
  one: "one",
  cards: "c",
  pins: "pin",
  bins: "bins",
  binning: "bin",
  medium: "m",
  across: "across",
  surface: "on",
  heights: "ht",
  pace: "at",
  sort: "sort",
  tableBy: "tb",
  columns: "col",
  columnFilter: "cf",
  envs: "env",
  panes: "pf",
  pane: "pane",
  tried: "try",
  severity: "sev",
  findingsBy: "by",
  rankTag: "rt",
  rankBy: "rb",
  rankValue: "rv",
  joinRanks: "jr",
  many: "mn",
  best: "bn",
  bestBy: "bb",
  pinned: "pr",
  target: "of",
};
// What can be chosen of: an address may say anything.
/** @type {{ [key in Key]?: string[] }} */
const choices = {
  asTree: ["auto", "yes", "no"],
  kind: ["ema", "gauss", "mean"],
  x: ["step", "time", "relative", "metric"],
  centre: ["mean", "median"],
  band: ["std", "sem", "range", "boot", "none"],
  bins: ["ridge", "overlay", "heat", "bands", "one"],
  binning: ["linear", "log"],
  across: ["runs", "steps"],
  severity: ["", "error", "warning", "info"],
  findingsBy: ["kind", "run"],
  rankBy: ["rank", "slowest"],
  rankValue: ["mean", "min", "max"],
  many: ["auto", "lines", "density", "groups", "quantiles"],
  best: ["0", "1", "3", "5", "10", "20"],
};
const names = /** @type {[Key, string][]} */ (Object.entries(short));
/** @type {Map<Key, Set<(value: any) => void>>} */ // each takes the kind of value that its key has
const listeners = new Map();
const current = { ...defaults };

// As dashboard/server/html.py writes it.
/** @type {{ logdir: string, version: string, key?: string, read_only?: boolean }} */
const said = parse(/** @type {HTMLElement} */ (document.getElementById("boot")).textContent);
// prefix: the path below which the page is, as the browser knows it: a proxy may have put it anywhere.
export const boot = { ...said, prefix: location.pathname.replace(/\/[^/]*$/, "") };

/**
 * @template {Key} K
 * @param {K} key
 * @returns {State[K]}
 */
export function get(key) {
  return current[key];
}

/**
 * @template {Key} K
 * @param {K} key
 * @param {State[K]} value
 */
export function set(key, value) {
  if (current[key] === value) return;
  current[key] = value;
  writeAddress();
  for (const listener of listeners.get(key) ?? []) listener(value);
}

/**
 * @template {Key} K
 * @param {K | K[]} keys
 * @param {(value: State[K]) => void} listener
 * @returns {() => void} which ends it
 */
export function on(keys, listener) {
  for (const key of [keys].flat()) {
    if (!listeners.has(key)) listeners.set(key, new Set());
    listeners.get(key)?.add(listener);
  }
  return () => [keys].flat().forEach((key) => listeners.get(key)?.delete(listener));
}

// A value as text, and back, by the kind of its default.
/** @param {State[Key]} value */
const written = (value) =>
  Array.isArray(value) ? value.join("\n") : typeof value === "boolean" ? (value ? "y" : "n") : String(value);
/**
 * @param {Key} key
 * @param {string} text
 * @returns {State[Key]}
 */
function parsed(key, text) {
  const usual = defaults[key];
  if (Array.isArray(usual)) return text ? text.split("\n") : [];
  if (typeof usual === "boolean") return text === "y";
  if (key === "smooth") return Math.min(0.999, Math.max(0, Number(text) || 0));
  if (key === "pace") return Number.isFinite(Number(text)) ? Number(text) : null;
  return choices[key]?.includes(text) === false ? usual : text;
}

// All that differs from the usual, as the words of an address.
export function words() {
  const query = new URLSearchParams();
  for (const [key, name] of names) {
    if (JSON.stringify(current[key]) !== JSON.stringify(defaults[key])) query.set(name, written(current[key]));
  }
  return query.toString();
}

// Shows what such words say; what they leave out becomes usual again.
/**
 * @param {string} text
 * @param {Key[]} [keep]
 */
export function show(text, keep = ["page"]) {
  const query = new URLSearchParams(text);
  for (const [key, name] of names) {
    if (keep.includes(key)) continue;
    const value = query.has(name) ? parsed(key, query.get(name) ?? "") : defaults[key];
    if (JSON.stringify(value) !== JSON.stringify(current[key])) set(key, value);
  }
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const [key, name] of names)
    if (query.has(name)) Object.assign(current, { [key]: parsed(key, query.get(name) ?? "") });
  if (query.has("token")) writeAddress(); // a cookie stands for it now; it need not stay on the screen
}

// Each page that is turned to is an entry of the browser's history; all else changes the entry that there is.
let writing = 0;
/** @type {string | null} */
let entered = null;
function writeAddress() {
  cancelAnimationFrame(writing);
  writing = requestAnimationFrame(writeNow);
}
function writeNow() {
  cancelAnimationFrame(writing);
  const text = words(),
    turned = entered !== current.page;
  entered = current.page;
  history[turned ? "pushState" : "replaceState"](null, "", location.pathname + (text ? `?${text}` : ""));
}

readAddress();
entered = current.page;
// Back and forward turn the page, for as long as the scope lasts; settings stay as they were chosen last.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  scope.on(globalThis, "popstate", () => {
    cancelAnimationFrame(writing); // what was about to be written belongs to the entry that was left
    entered = new URLSearchParams(location.search).get(short.page) ?? defaults.page;
    set("page", entered);
    writeNow(); // at once: written a frame later, it would cancel a step back that is asked for in between
  });
}

// What belongs to this browser and not to a link.
export const local = {
  /**
   * @param {string} key
   * @param {any} [fallback]
   */
  get(key, fallback) {
    try {
      return parse(localStorage.getItem(`everystep.${key}`)) ?? fallback;
    } catch {
      return fallback;
    }
  },
  /**
   * @param {string} key
   * @param {any} value
   */
  set(key, value) {
    try {
      localStorage.setItem(`everystep.${key}`, JSON.stringify(value));
    } catch {
      /* storage may be closed to us */
    }
  },
};
