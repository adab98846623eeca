// What is drawn of a finding's evidence: which part of the steps, which tags share a chart, which histogram. Pure.

/** @typedef {import("../../core/findings.js").Finding} Finding */
/** @typedef {[low: number, high: number]} Span of steps */

const WIDER = 0.75; // of the evidence, before it and behind it
const LEAST = 0.08; // of the run, so that a single step has surroundings
const STEPS = 8;
const MOST = 0.6; // evidence that is more of the run than this is shown in all of it
const CHARTS = 3;
const LINES = 4; // of a chart

/**
 * The steps that the evidence is of; without an end it goes on to the run's last.
 * @param {Pick<Finding, "evidence" | "step" | "step_last">} finding
 * @param {number} last step of the run
 * @returns {Span | null}
 */
export function spanOf({ evidence, step, step_last }, last) {
  if (evidence.window) return [evidence.window[0], Math.max(...evidence.window)];
  return step === null ? null : [step, Math.max(step, step_last ?? last)];
}

/**
 * The steps that are shown around it; null for all of them.
 * @param {Span | null} span
 * @param {number} last step of the run
 * @returns {Span | null}
 */
export function windowOf(span, last) {
  if (!span) return null;
  const [low, high] = span;
  if (high - low > MOST * last) return null;
  const room = Math.max(STEPS, WIDER * (high - low), LEAST * last);
  return [Math.max(0, low - room), Math.max(low + 1, Math.min(last, high + room))];
}

const SIDES = /^(train|training|val|valid|validation|test|eval|dev)$/i; // one metric on them shares an axis

/** @param {string} tag */
function scaleOf(tag) {
  const parts = tag.split("/");
  if (parts.length < 2) return tag.replace(/^(train|val|valid|test|eval)_/i, "");
  // grad_norm/fc1.weight and grad_norm/fc2.weight are of one kind; train/loss and val/loss, too.
  return SIDES.test(parts[0]) ? parts.slice(1).join("/") : `${parts[0]}/`;
}

/**
 * Tags in charts: those that are of one scale together.
 * @param {string[]} tags
 * @returns {string[][]}
 */
export function chartsOf(tags) {
  /** @type {Map<string, string[]>} */
  const charts = new Map();
  for (const tag of new Set(tags)) {
    const scale = scaleOf(tag);
    charts.set(scale, [...(charts.get(scale) ?? []), tag]);
  }
  return [...charts.values()].slice(0, CHARTS).map((chart) => chart.slice(0, LINES));
}

// Whether values lie so far apart that only a logarithmic axis shows all of them.
/**
 * @param {number} least
 * @param {number} most
 */
export const isWide = (least, most) => least > 0 && most / least > 300;

const OF_KIND = /** @type {[RegExp, string[]][]} */ ([
  [/gradient|clipping/, ["gradients", "grads"]],
  [/dead|saturated|activation/, ["activations", "outputs"]],
]);
const OTHERWISE = ["weights", "parameters", "params"];

/**
 * The histogram that shows a finding: one that its evidence names, or that of its layer.
 * @param {Pick<Finding, "kind" | "layer" | "evidence">} finding
 * @param {string[]} tags of the run's histograms
 * @returns {string | null}
 */
export function histogramOf({ kind, layer, evidence }, tags) {
  const named = evidence.tags.find((tag) => tags.includes(tag));
  if (named !== undefined || !layer) return named ?? null;
  const families = [...(OF_KIND.find(([word]) => word.test(kind))?.[1] ?? []), ...OTHERWISE];
  for (const family of families)
    for (const path of [layer, `${layer}.weight`, layer.replaceAll(".", "/")])
      if (tags.includes(`${family}/${path}`)) return `${family}/${path}`;
  return null;
}
