// What a pane of lines says of how it looks, as our own charts have it: axes, names, colours, dashes.
import { FIELDS } from "../../charts/columns.js";
import { Curve } from "../../charts/curve.js";
import { colourOf } from "./view.js";

/**
 * @typedef {object} Trace one line; its points are scalars of the run
 * @property {string} name
 * @property {string} y the tag
 * @property {string | null} [x] the tag of where the points lie; null for their number
 * @property {number} [start] the number of the first point that is shown: those before it are of what was replaced
 * @property {string} [mode] lines | markers | lines+markers
 * @property {string} [fill]
 * @property {{ color?: unknown, dash?: unknown }} [line]
 */
/** @typedef {{ traces: Trace[], layout?: Record<string, any> }} LinesContent */
/**
 * @typedef {object} LineLook
 * @property {string} xName
 * @property {string} yName
 * @property {boolean} logx
 * @property {boolean} logy
 * @property {boolean} legend whether names stand above the lines
 */

const DASHES = new Map([
  ["dash", [6, 3]],
  ["dot", [2, 2]],
  ["dashdot", [8, 3, 2, 3]],
  ["longdash", [10, 4]],
  ["longdashdot", [10, 4, 2, 4]],
]);

/** @param {unknown} title of an axis, as Plotly has it: a text, or {text} */
const textOf = (title) => {
  const text = typeof title === "string" ? title : /** @type {any} */ (title)?.text;
  return typeof text === "string" ? text.replace(/<[^>]*>/g, "") : "";
};

/**
 * @param {LinesContent} content
 * @param {Record<string, any>} opts as Visdom calls them: xlabel, ylabel, xtype, ytype, legend, showlegend
 * @returns {LineLook}
 */
export function lookOf({ traces, layout = {} }, opts) {
  const [x, y] = [layout.xaxis ?? {}, layout.yaxis ?? {}];
  return {
    xName: textOf(opts.xlabel) || textOf(x.title),
    yName: textOf(opts.ylabel) || textOf(y.title),
    logx: (opts.xtype ?? x.type) === "log",
    logy: (opts.ytype ?? y.type) === "log",
    legend: opts.showlegend ?? layout.showlegend ?? (Array.isArray(opts.legend) || traces.length > 1),
  };
}

/**
 * The traces as far as they are such: what a run holds is anybody's.
 * @param {any} content
 * @returns {Trace[]}
 */
export const tracesOf = (content) =>
  (Array.isArray(content?.traces) ? content.traces : [])
    .filter((/** @type {any} */ each) => typeof each?.y === "string")
    .map((/** @type {any} */ each, /** @type {number} */ i) => ({
      ...each,
      name: String(each.name ?? i + 1),
      x: typeof each.x === "string" ? each.x : null,
      start: Number.isSafeInteger(each.start) && each.start > 0 ? each.start : undefined,
    }));

/**
 * The colour that a trace was given, or null, and how it is dashed.
 * @param {Trace} trace
 */
export const strokeOf = ({ line }) => ({
  colour: colourOf(line?.color),
  dash: DASHES.get(String(line?.dash)) ?? null,
});

/**
 * Whether a trace is more than a line: then Plotly draws it.
 * @param {Trace} trace
 */
export const isMore = ({ mode, fill }) => (mode ?? "lines").includes("markers") || Boolean(fill && fill !== "none");

/**
 * Gives the columns of a curve their places on the x axis. Both curves count the same points by their steps; where
 * columns of many points do not begin and end at the same ones, places between are on a straight line.
 * @param {Curve} y
 * @param {Curve | null} x null where the number of a point is its place
 * @param {number} [start] the number of the first
 * @returns {boolean} whether places go up from column to column, so that they make a curve
 */
export function place(y, x, start = 0) {
  const length = y.length;
  if (!x) {
    y.m0 = start ? y.x0.map((step) => step - start) : y.x0;
    y.m1 = start ? y.x1.map((step) => step - start) : y.x1;
    return true;
  }
  const m0 = new Float64Array(length),
    m1 = new Float64Array(length);
  let j = 0,
    before = -Infinity,
    isUp = true;
  for (let i = 0; i < length; i++) {
    while (j < x.length - 1 && x.x1[j] < y.x0[i]) j++;
    m0[i] = between(x, j, y.x0[i]);
    while (j < x.length - 1 && x.x1[j] < y.x1[i]) j++;
    m1[i] = between(x, j, y.x1[i]);
    if (!(m0[i] >= before && m1[i] >= m0[i])) isUp = false;
    before = m1[i];
  }
  y.m0 = m0;
  y.m1 = m1;
  return isUp;
}

/** @type {WeakMap<Curve, { version: number, start: number, part: Curve }>} */
const parts = new WeakMap(); // of curves, until more is known of them

/**
 * A curve without what lies before a step: the server gives a point more, so that lines run on to the edge of a window,
 * but what was replaced is none of this line.
 * @param {Curve} curve
 * @param {number | undefined} start
 * @returns {Curve}
 */
export function from(curve, start) {
  if (start === undefined || !curve.length || curve.x0[0] >= start) return curve;
  const known = parts.get(curve);
  if (known?.version === curve.version && known.start === start) return known.part;
  let first = 0;
  while (first < curve.length && curve.x0[first] < start) first++;
  /** @type {Curve} */
  const part = Object.assign(new Curve(curve.run), curve, { length: curve.length - first });
  for (const field of FIELDS) part[field] = curve[field].subarray(first);
  parts.set(curve, { version: curve.version, start, part });
  return part;
}

/**
 * The value at a step within a column.
 * @param {Curve} curve
 * @param {number} i
 * @param {number} step
 */
function between(curve, i, step) {
  if (i >= curve.length) return NaN;
  const from = curve.x0[i],
    to = curve.x1[i];
  if (step <= from || to === from) return curve.first[i];
  if (step >= to) return curve.last[i];
  return curve.first[i] + ((curve.last[i] - curve.first[i]) * (step - from)) / (to - from);
}

/**
 * The same lines as a figure of Plotly's, for what is more than lines, or goes back and forth.
 * @param {{ trace: Trace, label: string, colour: string, dash: number[], curve: Curve }[]} lines whose columns have
 *   places
 * @param {LineLook} look
 * @returns {{ data: any[], layout: Record<string, any> }}
 */
export function figureOf(lines, look) {
  return {
    data: lines.map(({ trace, label, colour, dash, curve }) => ({
      type: "scatter",
      name: label,
      x: Array.from({ length: curve.length }, (_, i) => ((curve.m0?.[i] ?? 0) + (curve.m1?.[i] ?? 0)) / 2),
      y: Array.from({ length: curve.length }, (_, i) => (curve.count[i] === 1 ? curve.last[i] : curve.mean[i])),
      mode: typeof trace.mode === "string" ? trace.mode : "lines",
      fill: typeof trace.fill === "string" ? trace.fill : undefined,
      line: { color: colour, dash: dash.length ? dash.map((each) => `${each}px`).join() : "solid", width: 1.75 },
      marker: { color: colour, size: 6 },
    })),
    layout: {
      showlegend: look.legend,
      xaxis: { title: { text: look.xName }, type: look.logx ? "log" : "linear" },
      yaxis: { title: { text: look.yName }, type: look.logy ? "log" : "linear" },
    },
  };
}
