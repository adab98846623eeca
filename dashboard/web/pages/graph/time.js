// Time on the graph: what was watched of a model's parts (norms, ratios, shares) at the step of the page's cursor, and
// where the first value that is not finite was met.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { CurveStore } from "../../core/curve_store.js";
import { lookup } from "../../text/lookup.js";
import { node } from "../../ui/dom.js";

/**
 * What was watched of a part of the model.
 * @typedef {object} Series
 * @property {string} path of the node
 * @property {Float64Array} steps
 * @property {Float64Array} values
 * @property {number} first of its points that is not finite; -1 without
 */
/**
 * Where the first value that is not finite was met.
 * @typedef {object} Broken
 * @property {string} path
 * @property {number} step
 * @property {string} [mode] what was watched
 * @property {string} [text] what the training said, when it found it itself
 * @property {string[]} [inputs]
 * @property {string} [output]
 */
/** @typedef {import("./colour.js").Mode & { together: (values: number[]) => number, ofModules?: boolean }} Watched */

const FRAME_MS = 120; // a step of the player
const COLUMNS = 2000; // of each curve
const SAMPLES = 40; // steps at which the scale's end is looked for

// Tags "grad_norm/conv1.weight" belong to the node conv1/weight. Norms of parts add up as lengths do, of the others the
// largest stands for all.
/** @param {number[]} values */
const length = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
/** @param {number[]} values */
const largest = (values) => Math.max(...values);
/** @param {number} x */
const say = (x) => (x ? format.value(x, 3) : "0");
/** @type {Record<string, Watched>} */
export const WATCHED = lookup({
  grad_norm: { title: "Gradient norm", together: length, watched: true, say },
  weight_norm: { title: "Weight norm", together: length, watched: true, say },
  update_ratio: { title: "Update ratio", together: largest, watched: true, say },
  act_norm: { title: "Activation norm", together: length, ofModules: true, watched: true, say },
  dead: { title: "Dead units", together: largest, ofModules: true, watched: true, say },
});

// The last value of each column, and at which the first that is not finite was met.
/** @param {import("../../core/curve_store.js").StoredCurve} curve */
function valuesOf(curve) {
  const steps = curve.x1.subarray(0, curve.length),
    values = curve.last.subarray(0, curve.length);
  const isOdd = (/** @type {number} */ i) =>
    !Number.isFinite(values[i]) || curve.nan[i] + curve.pinf[i] + curve.ninf[i] > 0;
  return { steps, values, first: steps.findIndex((_, i) => isOdd(i)) };
}

export class Watch {
  /** @param {string} run */
  constructor(run) {
    this.run = run;
    /** @type {Map<string, Series[]>} */
    this.series = new Map(); // by mode
    /** @type {number[]} */
    this.steps = [];
    /** @type {Broken | null} */
    this.broken = null;
    /** @type {Broken | null} */
    this.anomaly = null; // the same, of what the training itself found and marked
  }

  // What the training found of itself: the operation that made the first value that is not finite.
  async look() {
    /** @type {{ marks: { kind: string, step: number, text: string, attributes?: Record<string, any> }[] }} */
    const { marks } = await api.json("marks", { run: this.run });
    const found = marks.filter(({ kind, attributes }) => kind === "anomaly" && attributes?.node);
    const [first] = found.sort((a, b) => a.step - b.step);
    if (first) {
      const { node: path, inputs = [], output = "" } = first.attributes ?? {};
      const { step, text } = first;
      this.anomaly = { path: String(path), step, text, inputs: [inputs].flat(), output };
    }
    this.broken = this.anomaly ?? this.broken;
    return Boolean(first);
  }

  // Which statistics the run has.
  get modes() {
    /** @type {string[]} */
    const tags = runs.get(this.run)?.series.scalar ?? [];
    return Object.keys(WATCHED).filter((mode) => tags.some((tag) => tag.startsWith(`${mode}/`)));
  }

  /** @param {string} mode */
  async load(mode) {
    /** @type {string[]} */
    const all = runs.get(this.run)?.series.scalar ?? [];
    const tags = all.filter((tag) => tag.startsWith(`${mode}/`));
    const store = new CurveStore({ form: () => ({ columns: COLUMNS }) });
    await Promise.all(tags.map((tag) => store.want(tag, [this.run])));
    const { problem } = store;
    const series = tags.flatMap((tag) => {
      const curve = store.curve(this.run, tag);
      return curve?.length ? [{ path: tag.slice(mode.length + 1).replaceAll(".", "/"), ...valuesOf(curve) }] : [];
    });
    store.close();
    if (problem) throw new Error(problem);
    this.series.set(mode, series);
    const steps = new Set(series.flatMap((each) => [...each.steps]));
    this.steps = [...steps].sort((a, b) => a - b);
    this.broken = this.anomaly;
    if (!this.anomaly)
      for (const [name, list] of this.series) {
        for (const { path, steps: at, first } of list) {
          if (first >= 0 && (!this.broken || at[first] < this.broken.step))
            this.broken = { path, mode: name, step: at[first] };
        }
      }
  }

  get step() {
    const at = state.get("pace");
    return at === null
      ? this.steps[this.steps.length - 1]
      : (this.steps.findLast((step) => step <= at) ?? this.steps[0]);
  }

  // What was watched of everything at or below a path; null when nothing was.
  /**
   * @param {string} path
   * @param {string} mode
   * @param {number} [step]
   * @returns {number | null}
   */
  at(path, mode, step = this.step) {
    const values = [];
    for (const series of this.series.get(mode) ?? []) {
      if (series.path !== path && !series.path.startsWith(`${path}/`)) continue;
      const i = series.steps.findLastIndex((each) => each <= step);
      if (i >= 0) values.push(series.values[i]);
    }
    if (values.length) return WATCHED[mode].together(values);
    // What a module put out was watched of it as a whole: that is what its last operation put out.
    if (!WATCHED[mode].ofModules) return null;
    const around = (this.series.get(mode) ?? []).find((series) => path.startsWith(`${series.path}/`));
    const i = around ? around.steps.findLastIndex((each) => each <= step) : -1;
    return around && i >= 0 ? around.values[i] : null;
  }

  // The end of the scale: the largest that any of the paths reaches, so that colours mean the same at every step.
  /**
   * @param {string[]} paths
   * @param {string} mode
   */
  most(paths, mode) {
    let most = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const step = this.steps[Math.round((i / (SAMPLES - 1)) * (this.steps.length - 1))];
      for (const path of paths) {
        const value = this.at(path, mode, step);
        if (value !== null && Number.isFinite(value)) most = Math.max(most, value);
      }
    }
    return most;
  }

  get sentence() {
    if (!this.broken) return "";
    const { path, mode, step, text, inputs = [], output } = this.broken;
    if (text)
      return [
        `Step ${format.step(step)}: ${text}`,
        inputs.length ? `Its inputs: ${inputs.join("; ")}.` : "",
        output ? `Its output: ${output}.` : "",
      ]
        .filter(Boolean)
        .join(" ");
    const what = WATCHED[mode ?? ""]?.title.toLowerCase() ?? "a value";
    return `First NaN or infinite value: ${what} of ${path} at step ${format.step(step)}.`;
  }
}

// Play, pause and a slider of steps.
export class Player {
  // find(path): called with where the first value that is not finite was met, to show it.
  /**
   * @param {(path: string) => void} find
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(find, scope) {
    this.scope = scope;
    /** @type {Watch | null} */
    this.watch = null;
    this.timer = 0;
    this.button = node("button", { type: "button", class: "icon-button", "aria-label": "Play or pause", text: "▶" });
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step of the graph" });
    this.output = node("output");
    this.said = node("button", { type: "button", class: "graph-broken" });
    this.element = node(
      "div",
      { class: "graph-player", hidden: true },
      this.button,
      this.slider,
      this.output,
      this.said,
    );
    this.slider.addEventListener("input", () => {
      this.pause();
      this.#go(Number(this.slider.value));
    });
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.#play()));
    this.said.addEventListener("click", () => {
      if (!this.watch?.broken) return;
      state.set("pace", this.watch.broken.step);
      find(this.watch.broken.path);
    });
  }

  // follows: whether the colours are those of something that was watched; else only what broke is told.
  /**
   * @param {Watch} watch
   * @param {boolean} follows
   */
  show(watch, follows) {
    this.watch = watch;
    const plays = follows && watch.steps.length > 1;
    const said = follows || watch.anomaly ? watch.sentence : "";
    this.element.hidden = !plays && !said;
    for (const part of [this.button, this.slider, this.output]) part.hidden = !plays;
    if (!follows) this.pause();
    this.slider.max = String(watch.steps.length - 1);
    this.slider.value = String(watch.steps.indexOf(watch.step));
    this.output.textContent = watch.steps.length ? `step ${format.step(watch.step)}` : "";
    this.said.textContent = said;
    this.said.hidden = !said;
  }

  /** @param {number} at */
  #go(at) {
    const steps = this.watch?.steps ?? [];
    state.set("pace", at >= steps.length - 1 ? null : steps[at]);
  }

  #play() {
    this.button.textContent = "❚❚";
    const { length: count } = this.watch?.steps ?? [];
    let at = Number(this.slider.value) >= count - 1 ? 0 : Number(this.slider.value);
    const stride = Math.max(1, Math.round(count / 200));
    this.timer = this.scope.setInterval(() => {
      this.#go(at);
      at += stride;
      if (at >= (this.watch?.steps.length ?? 0)) this.pause();
    }, FRAME_MS);
  }

  pause() {
    this.scope.clearTimeout(this.timer);
    this.timer = 0;
    this.button.textContent = "▶";
  }
}
